// SPDX-License-Identifier: MPL-2.0
//! The tiles and slices of a picture, from which the number of entry points of a slice follows: ISO/IEC 23090-3, 6.5.1 and 7.3.2.5.

use crate::Error;
use crate::rbsp::RbspReader;

/// The most tile columns or tile rows that are accepted, above those of all levels.
const MAX_TILES: u32 = 255;
/// The most slices that are accepted, above those of all levels.
const MAX_SLICES: u32 = 1023;

/// The tiles of a picture.
#[derive(Debug, Clone, Default)]
pub(super) struct TileGrid {
    /// ColWidthVal
    columns: Vec<u32>,
    /// RowHeightVal
    rows: Vec<u32>,
}

/// The position and the size of a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SliceShape {
    /// The column of its first CTU.
    pub(super) left: u32,
    /// The row of its first CTU.
    pub(super) top: u32,
    /// The number of tiles; 1 if the slice is a part of a tile.
    pub(super) tiles: u32,
    /// The number of CTU rows, summed over its tiles.
    pub(super) ctu_rows: u32,
}

/// A rectangle of CTUs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct CtuRectangle {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// A rectangle of whole tiles.
#[derive(Debug, Clone, Copy)]
struct TileRectangle {
    top_left: u32,
    width: u32,
    height: u32,
}

impl SliceShape {
    /// Returns the only slice of a picture of one tile with this many CTU rows.
    pub(super) const fn whole_picture(ctu_rows: u32) -> Self {
        Self {
            left: 0,
            top: 0,
            tiles: 1,
            ctu_rows,
        }
    }
}

impl TileGrid {
    /// Reads pps_num_exp_tile_columns_minus1 up to the heights of tile rows. The picture has `width` by `height` CTUs.
    pub(super) fn read(bits: &mut RbspReader<'_>, width: u32, height: u32) -> Result<Self, Error> {
        let explicit_columns = bits.ue_max(MAX_TILES - 1, "pps_num_exp_tile_columns_minus1")? + 1;
        let explicit_rows = bits.ue_max(MAX_TILES - 1, "pps_num_exp_tile_rows_minus1")? + 1;
        let tiles = Self {
            columns: read_sizes(bits, explicit_columns, width)?,
            rows: read_sizes(bits, explicit_rows, height)?,
        };
        if tiles.column_count() > MAX_TILES || tiles.row_count() > MAX_TILES {
            return Err(bits.out_of_range("NumTilesInPic"));
        }
        Ok(tiles)
    }

    fn column_count(&self) -> u32 {
        u32::try_from(self.columns.len()).unwrap_or(u32::MAX)
    }

    fn row_count(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    /// NumTilesInPic
    pub(super) fn count(&self) -> u32 {
        self.column_count() * self.row_count()
    }

    /// Returns the number of CTU rows of the tile with this number.
    fn ctu_rows(&self, tile: u32) -> u32 {
        self.rows
            .get((tile / self.column_count().max(1)) as usize)
            .copied()
            .unwrap_or_default()
    }

    /// Returns the column of the first CTU of the tile with this number.
    fn left(&self, tile: u32) -> u32 {
        let column = tile % self.column_count().max(1);
        self.columns.iter().take(column as usize).sum()
    }

    /// Returns the row of the first CTU of the tile with this number.
    fn top(&self, tile: u32) -> u32 {
        let row = tile / self.column_count().max(1);
        self.rows.iter().take(row as usize).sum()
    }

    /// Returns the shape of a slice that covers a rectangle of CTUs: whole tiles, or a part of one tile.
    pub(super) fn cover(&self, rectangle: CtuRectangle) -> SliceShape {
        let columns = count_overlaps(&self.columns, rectangle.left, rectangle.width);
        SliceShape {
            left: rectangle.left,
            top: rectangle.top,
            tiles: columns * count_overlaps(&self.rows, rectangle.top, rectangle.height),
            ctu_rows: columns * rectangle.height,
        }
    }

    /// Returns the shape of all tiles together.
    pub(super) fn whole(&self) -> SliceShape {
        self.run(0, self.count())
    }

    /// Returns the shape of `count` tiles in raster scan order.
    pub(super) fn run(&self, first: u32, count: u32) -> SliceShape {
        SliceShape {
            left: self.left(first),
            top: self.top(first),
            tiles: count,
            ctu_rows: (0..)
                .zip(&self.rows)
                .map(|(row, height)| {
                    let start = row * self.column_count();
                    (start + self.column_count())
                        .min(first + count)
                        .saturating_sub(start.max(first))
                        * height
                })
                .sum(),
        }
    }

    fn rectangle(&self, rectangle: TileRectangle) -> SliceShape {
        SliceShape {
            left: self.left(rectangle.top_left),
            top: self.top(rectangle.top_left),
            tiles: rectangle.width * rectangle.height,
            ctu_rows: (0..rectangle.height)
                .map(|row| rectangle.top_left + row * self.column_count())
                .map(|tile| rectangle.width * self.ctu_rows(tile))
                .sum(),
        }
    }

    /// Reads the rectangular slices: pps_num_slices_in_pic_minus1 up to the last pps_tile_idx_delta_val.
    pub(super) fn read_slices(&self, bits: &mut RbspReader<'_>) -> Result<Vec<SliceShape>, Error> {
        let last = bits.ue_max(MAX_SLICES - 1, "pps_num_slices_in_pic_minus1")? as usize;
        let has_deltas = last > 1 && bits.flag()?;
        let mut shapes: Vec<SliceShape> = Vec::new();
        let mut next = TileRectangle {
            top_left: 0,
            width: 1,
            height: 1,
        };
        while shapes.len() < last {
            self.read_rectangle(bits, &mut next, has_deltas)?;
            let first = self.run(next.top_left, 1);
            if (next.width, next.height) == (1, 1) && first.ctu_rows > 1 {
                read_parts(bits, first, &mut shapes)?;
            } else {
                shapes.push(self.rectangle(next));
            }
            if has_deltas && shapes.len() <= last {
                next.top_left = next.top_left.wrapping_add_signed(bits.se()?);
            } else {
                next.top_left += next.width;
                if next.top_left.is_multiple_of(self.column_count()) {
                    next.top_left += (next.height - 1) * self.column_count();
                }
            }
            if shapes.len() <= last && next.top_left >= self.count() {
                return Err(bits.out_of_range("SliceTopLeftTileIdx"));
            }
        }
        if shapes.len() == last {
            next.width = self.column_count() - next.top_left % self.column_count();
            next.height = self.row_count() - next.top_left / self.column_count();
            shapes.push(self.rectangle(next));
        }
        Ok(shapes)
    }

    /// Reads the size in tiles of a slice that is not the last.
    fn read_rectangle(
        &self,
        bits: &mut RbspReader<'_>,
        slice: &mut TileRectangle,
        has_deltas: bool,
    ) -> Result<(), Error> {
        let column = slice.top_left % self.column_count();
        let columns_left = self.column_count() - column;
        let rows_left = self.row_count() - slice.top_left / self.column_count();
        slice.width = 1;
        if columns_left > 1 {
            slice.width = bits.ue_max(columns_left - 1, "pps_slice_width_in_tiles_minus1")? + 1;
        }
        if rows_left == 1 {
            slice.height = 1;
        } else if has_deltas || column == 0 {
            slice.height = bits.ue_max(rows_left - 1, "pps_slice_height_in_tiles_minus1")? + 1;
        }
        Ok(())
    }
}

/// Reads the sizes of tile columns or rows: `explicit` sizes, then the last of them as often as it fits, then the rest.
fn read_sizes(bits: &mut RbspReader<'_>, explicit: u32, total: u32) -> Result<Vec<u32>, Error> {
    let mut sizes = Vec::new();
    let mut left = total;
    for _ in 0..explicit {
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

/// Reads the slices of one tile.
fn read_parts(
    bits: &mut RbspReader<'_>,
    tile: SliceShape,
    shapes: &mut Vec<SliceShape>,
) -> Result<(), Error> {
    let explicit = bits.ue_max(tile.ctu_rows - 1, "pps_num_exp_slices_in_tile")?;
    let mut uniform = tile.ctu_rows;
    let mut left = tile.ctu_rows;
    let mut push = |ctu_rows: u32, left: &mut u32| {
        shapes.push(SliceShape {
            top: tile.top + tile.ctu_rows - *left,
            ctu_rows,
            ..tile
        });
        *left -= ctu_rows;
    };
    for _ in 0..explicit {
        uniform = bits.ue()?.saturating_add(1);
        if uniform > left {
            return Err(bits.out_of_range("pps_exp_slice_height_in_ctus_minus1"));
        }
        push(uniform, &mut left);
    }
    while left > 0 {
        push(uniform.min(left), &mut left);
    }
    Ok(())
}

/// Returns the number of sizes, laid side by side, that overlap `length` from `start` on.
fn count_overlaps(sizes: &[u32], start: u32, length: u32) -> u32 {
    let mut count = 0;
    let mut position = 0;
    for size in sizes {
        count += u32::from(position < start.saturating_add(length) && position + size > start);
        position += size;
    }
    count
}
