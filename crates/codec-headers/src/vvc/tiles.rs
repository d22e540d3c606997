// SPDX-License-Identifier: MPL-2.0
//! Tiles and slices of a picture: ISO/IEC 23090-3, 6.5.1 and 7.3.2.5. Kept is how many entry points a slice may have.

use crate::Error;
use crate::bits::BitReader;

/// The most tile columns, tile rows and slices that any level allows, with room.
const MAX_TILES: u32 = 255;
const MAX_SLICES: u32 = 1023;

/// The tiles of a picture.
#[derive(Debug, Clone, Default)]
pub(super) struct Tiles {
    pub(super) columns: u32,
    /// RowHeightVal
    rows: Vec<u32>,
}

/// What a slice consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Tiles in it; 1 if it is a part of a tile.
    pub(super) tiles: u32,
    /// Rows of CTUs of all its tiles.
    pub(super) ctu_rows: u32,
}

/// A rectangle of whole tiles.
#[derive(Debug, Clone, Copy)]
struct Rectangle {
    top_left: u32,
    width: u32,
    height: u32,
}

impl Tiles {
    /// One tile, of a picture of so many rows of CTUs.
    pub(super) fn single(ctu_rows: u32) -> Self {
        Self {
            columns: 1,
            rows: vec![ctu_rows],
        }
    }

    /// pps_num_exp_tile_columns_minus1 up to the heights of tile rows, of a picture of so many CTUs.
    pub(super) fn read(
        bits: &mut BitReader<'_>,
        (width, height): (u32, u32),
    ) -> Result<Self, Error> {
        let columns = bits.ue_max(MAX_TILES - 1, "pps_num_exp_tile_columns_minus1")? + 1;
        let rows = bits.ue_max(MAX_TILES - 1, "pps_num_exp_tile_rows_minus1")? + 1;
        let columns = read_sizes(bits, columns, width)?;
        let rows = read_sizes(bits, rows, height)?;
        let tiles = Self {
            columns: u32::try_from(columns.len()).unwrap_or(u32::MAX),
            rows,
        };
        if tiles.columns > MAX_TILES || tiles.row_count() > MAX_TILES {
            return Err(bits.out_of_range("NumTilesInPic"));
        }
        Ok(tiles)
    }

    fn row_count(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    /// NumTilesInPic
    pub(super) fn count(&self) -> u32 {
        self.columns * self.row_count()
    }

    /// Rows of CTUs of the tile with this number.
    fn ctu_rows(&self, tile: u32) -> u32 {
        let row = self.rows.get((tile / self.columns.max(1)) as usize);
        row.copied().unwrap_or_default()
    }

    /// The shape of all tiles together.
    pub(super) fn whole(&self) -> Shape {
        self.run(0, self.count())
    }

    /// The shape of `count` tiles in raster order.
    pub(super) fn run(&self, first: u32, count: u32) -> Shape {
        let rows = (first..first + count).map(|tile| self.ctu_rows(tile));
        Shape {
            tiles: count,
            ctu_rows: rows.sum(),
        }
    }

    fn rectangle(&self, rectangle: Rectangle) -> Shape {
        let tops = (0..rectangle.height).map(|row| rectangle.top_left + row * self.columns);
        Shape {
            tiles: rectangle.width * rectangle.height,
            ctu_rows: tops.map(|tile| rectangle.width * self.ctu_rows(tile)).sum(),
        }
    }

    /// The rectangular slices: pps_num_slices_in_pic_minus1 up to the last pps_tile_idx_delta_val.
    pub(super) fn read_slices(&self, bits: &mut BitReader<'_>) -> Result<Vec<Shape>, Error> {
        let last = bits.ue_max(MAX_SLICES - 1, "pps_num_slices_in_pic_minus1")? as usize;
        let tells_delta = last > 1 && bits.flag()?;
        let mut shapes: Vec<Shape> = Vec::new();
        let mut next = Rectangle {
            top_left: 0,
            width: 1,
            height: 1,
        };
        while shapes.len() < last {
            self.read_rectangle(bits, &mut next, tells_delta)?;
            let rows = self.ctu_rows(next.top_left);
            if (next.width, next.height) == (1, 1) && rows > 1 {
                read_parts(bits, rows, &mut shapes)?;
            } else {
                shapes.push(self.rectangle(next));
            }
            if tells_delta && shapes.len() <= last {
                let delta = bits.se()?;
                next.top_left = next.top_left.wrapping_add_signed(delta);
            } else {
                next.top_left += next.width;
                if next.top_left.is_multiple_of(self.columns) {
                    next.top_left += (next.height - 1) * self.columns;
                }
            }
            if shapes.len() <= last && next.top_left >= self.count() {
                return Err(bits.out_of_range("SliceTopLeftTileIdx"));
            }
        }
        if shapes.len() == last {
            next.width = self.columns - next.top_left % self.columns;
            next.height = self.row_count() - next.top_left / self.columns;
            shapes.push(self.rectangle(next));
        }
        Ok(shapes)
    }

    /// The size in tiles of a slice that is not the last.
    fn read_rectangle(
        &self,
        bits: &mut BitReader<'_>,
        slice: &mut Rectangle,
        tells_delta: bool,
    ) -> Result<(), Error> {
        let column = slice.top_left % self.columns;
        let right = self.columns - column;
        let below = self.row_count() - slice.top_left / self.columns;
        slice.width = 1;
        if right > 1 {
            slice.width = bits.ue_max(right - 1, "pps_slice_width_in_tiles_minus1")? + 1;
        }
        if below == 1 {
            slice.height = 1;
        } else if tells_delta || column == 0 {
            slice.height = bits.ue_max(below - 1, "pps_slice_height_in_tiles_minus1")? + 1;
        }
        Ok(())
    }
}

/// Sizes of tile columns or rows: those told, then the last of them as often as it fits, then what is left.
fn read_sizes(bits: &mut BitReader<'_>, told: u32, total: u32) -> Result<Vec<u32>, Error> {
    let mut sizes = Vec::new();
    let mut left = total;
    for _ in 0..told {
        let size = bits.ue()?.saturating_add(1);
        left = left
            .checked_sub(size)
            .ok_or_else(|| bits.out_of_range("size of a tile"))?;
        sizes.push(size);
    }
    let uniform = sizes.last().copied().unwrap_or(1);
    while left > 0 && sizes.len() <= MAX_TILES as usize {
        sizes.push(uniform.min(left));
        left -= uniform.min(left);
    }
    Ok(sizes)
}

/// The slices of one tile of so many rows of CTUs.
fn read_parts(bits: &mut BitReader<'_>, rows: u32, shapes: &mut Vec<Shape>) -> Result<(), Error> {
    let told = bits.ue_max(rows - 1, "pps_num_exp_slices_in_tile")?;
    let mut uniform = rows;
    let mut left = rows;
    let mut push = |rows| {
        shapes.push(Shape {
            tiles: 1,
            ctu_rows: rows,
        });
    };
    for _ in 0..told {
        uniform = bits.ue()?.saturating_add(1);
        left = left
            .checked_sub(uniform)
            .ok_or_else(|| bits.out_of_range("pps_exp_slice_height_in_ctus_minus1"))?;
        push(uniform);
    }
    while left > 0 {
        push(uniform.min(left));
        left -= uniform.min(left);
    }
    Ok(())
}
