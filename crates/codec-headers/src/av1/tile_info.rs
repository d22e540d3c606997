// SPDX-License-Identifier: MPL-2.0
//! The tiles of a frame: the AV1 specification, 5.9.15.

use super::frame_size::Av1FrameSize;
use crate::Error;
use crate::raw_bits::RawBitReader;

/// MAX_TILE_WIDTH
const MAX_TILE_WIDTH: u32 = 4096;
/// MAX_TILE_AREA
const MAX_TILE_AREA: u32 = 4096 * 2304;
/// MAX_TILE_COLS and MAX_TILE_ROWS
const MAX_TILES: u32 = 64;

/// The elements of tile_info() on which tile groups depend.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TileInfo {
    columns: TileAxis,
    rows: TileAxis,
    /// TileSizeBytes
    pub(super) size_bytes: usize,
}

/// The tiles along one side of the frame.
#[derive(Debug, Clone, Copy, Default)]
struct TileAxis {
    count: u32,
    log2: u32,
    /// The number of superblocks of the widest tile.
    widest: u32,
}

impl TileInfo {
    pub(super) fn read(
        bits: &mut RawBitReader<'_>,
        size: Av1FrameSize,
        use_128x128_superblock: bool,
    ) -> Result<Self, Error> {
        let superblock = if use_128x128_superblock { 128 } else { 64 };
        let columns = size.width.div_ceil(superblock);
        let rows = size.height.div_ceil(superblock);
        let max_width = MAX_TILE_WIDTH / superblock;
        let max_area = MAX_TILE_AREA / (superblock * superblock);
        let min_log2_columns = tile_log2(max_width, columns);
        let min_log2 = min_log2_columns.max(tile_log2(max_area, rows * columns));
        let uniform_spacing = bits.flag()?;
        let mut tiles = Self::default();
        if uniform_spacing {
            tiles.columns = TileAxis::read_uniform(bits, columns, min_log2_columns)?;
            tiles.rows =
                TileAxis::read_uniform(bits, rows, min_log2.saturating_sub(tiles.columns.log2))?;
        } else {
            tiles.columns = TileAxis::read_sizes(bits, columns, max_width)?;
            let area = if min_log2 > 0 {
                (rows * columns) >> (min_log2 + 1)
            } else {
                rows * columns
            };
            let max_height = (area / tiles.columns.widest.max(1)).max(1);
            tiles.rows = TileAxis::read_sizes(bits, rows, max_height)?;
        }
        if tiles.index_bits() > 0 {
            // context_update_tile_id
            bits.u(tiles.index_bits())?;
            tiles.size_bytes = bits.u(2)? as usize + 1;
        }
        Ok(tiles)
    }

    /// NumTiles
    pub(super) const fn count(&self) -> u32 {
        self.columns.count * self.rows.count
    }

    /// Returns the number of bits of a tile's number.
    pub(super) const fn index_bits(&self) -> u32 {
        self.columns.log2 + self.rows.log2
    }
}

impl TileAxis {
    /// Reads tiles of equal size, except for the last.
    fn read_uniform(
        bits: &mut RawBitReader<'_>,
        superblocks: u32,
        min_log2: u32,
    ) -> Result<Self, Error> {
        let max_log2 = tile_log2(1, superblocks.min(MAX_TILES));
        let mut log2 = min_log2;
        while log2 < max_log2 && bits.flag()? {
            log2 += 1;
        }
        let widest = (superblocks + (1 << log2) - 1) >> log2;
        Ok(Self {
            count: superblocks.div_ceil(widest.max(1)),
            log2,
            widest,
        })
    }

    /// Reads tiles whose sizes are coded one by one, up to `max` superblocks each.
    fn read_sizes(bits: &mut RawBitReader<'_>, superblocks: u32, max: u32) -> Result<Self, Error> {
        let mut axis = Self::default();
        let mut left = superblocks;
        while left > 0 {
            let size = bits.ns(left.min(max))? + 1;
            axis.widest = axis.widest.max(size);
            axis.count += 1;
            left -= size;
        }
        if axis.count > MAX_TILES {
            return Err(bits.out_of_range("TileCols or TileRows"));
        }
        axis.log2 = tile_log2(1, axis.count);
        Ok(axis)
    }
}

/// Returns tile_log2(): the smallest k with `block << k` at least `target`.
const fn tile_log2(block: u32, target: u32) -> u32 {
    let mut k = 0;
    while (block << k) < target {
        k += 1;
    }
    k
}
