// SPDX-License-Identifier: MPL-2.0
//! Tile groups: the AV1 specification, 5.11.1.

use std::ops::Range;

use super::tile_info::TileInfo;
use crate::raw_bits::{RawBitReader, read_little_endian};
use crate::{Error, ProtectableRange, SampleBytes};

/// The start of a tile group.
struct TileGroupHeader {
    /// The number of bytes.
    len: usize,
    /// tg_end + 1
    end: u32,
}

/// Appends a range for each tile of the group in bytes `group` of the sample, which starts with tile number `first`. Returns the
/// number after that of its last tile.
pub(super) fn read(
    sample: &mut dyn SampleBytes,
    group: Range<usize>,
    tiles: &TileInfo,
    first: u32,
    ranges: &mut Vec<ProtectableRange>,
) -> Result<u32, Error> {
    let header = sample.read_head(group.clone(), |head| {
        TileGroupHeader::read(head, tiles, first)
    })?;
    let mut offset = group.start + header.len;
    for _ in first + 1..header.end {
        let start = offset + tiles.size_bytes;
        let size_field = sample.peek(offset..start, tiles.size_bytes);
        let size = read_little_endian(size_field.ok_or(TRUNCATED)?) + 1;
        if size > group.end.saturating_sub(start) {
            return Err(TRUNCATED);
        }
        offset = start + size;
        ranges.push(ProtectableRange::new(start, offset));
    }
    // The last tile has all bytes left, at least one.
    if offset >= group.end {
        return Err(TRUNCATED);
    }
    ranges.push(ProtectableRange::new(offset, group.end));
    Ok(header.end)
}

impl TileGroupHeader {
    fn read(head: &[u8], tiles: &TileInfo, first: u32) -> Result<Self, Error> {
        let mut bits = RawBitReader::new(head, "tile group");
        let mut end = tiles.count();
        if tiles.count() > 1 && bits.flag()? {
            let start = bits.u(tiles.index_bits())?;
            end = bits.u(tiles.index_bits())? + 1;
            if start != first || end <= start || end > tiles.count() {
                return Err(bits.out_of_range("tg_start or tg_end"));
            }
        } else if first > 0 {
            return Err(bits.out_of_range("tile_start_and_end_present_flag"));
        }
        Ok(Self {
            len: bits.bytes_read(),
            end,
        })
    }
}

const TRUNCATED: Error = Error::Truncated {
    structure: "tile group",
};
