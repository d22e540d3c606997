// SPDX-License-Identifier: MPL-2.0
//! Where the tiles of a tile group are: the AV1 specification, 5.11.1.

use std::ops::Range;

use super::tile_info::TileInfo;
use crate::{Error, ProtectableRange, SampleBytes};
use crate::{plain::PlainBits, plain::little_endian};

/// Appends a range for each tile of a group that lies at `group` in the sample and starts with tile number `next`; gives
/// the number behind its last tile.
pub(super) fn read(
    (sample, group): (&mut dyn SampleBytes, Range<usize>),
    tiles: &TileInfo,
    next: u32,
    ranges: &mut Vec<ProtectableRange>,
) -> Result<u32, Error> {
    let (head, end) = sample.read_head(group.clone(), |head| read_numbers(head, tiles, next))?;
    let mut offset = group.start + head;
    for _ in next + 1..end {
        let start = offset + tiles.size_bytes;
        let field = sample.peek(offset..start, tiles.size_bytes);
        let size = little_endian(field.ok_or(TRUNCATED)?) + 1;
        if size > group.end.saturating_sub(start) {
            return Err(TRUNCATED);
        }
        offset = start + size;
        ranges.extend(ProtectableRange::new(start, offset));
    }
    // The last tile has what is left, and has something.
    let last = ProtectableRange::new(offset, group.end).ok_or(TRUNCATED)?;
    ranges.push(last);
    Ok(end)
}

/// How many bytes tell which tiles follow, and the number behind the last.
fn read_numbers(head: &[u8], tiles: &TileInfo, next: u32) -> Result<(usize, u32), Error> {
    let mut bits = PlainBits::new(head, "tile group");
    let mut end = tiles.count();
    if tiles.count() > 1 && bits.flag()? {
        let start = bits.u(tiles.index_bits())?;
        end = bits.u(tiles.index_bits())? + 1;
        if start != next || end <= start || end > tiles.count() {
            return Err(bits.out_of_range("tg_start or tg_end"));
        }
    } else if next > 0 {
        return Err(bits.out_of_range("tile_start_and_end_present_flag"));
    }
    Ok((bits.bytes_read(), end))
}

const TRUNCATED: Error = Error::Truncated {
    structure: "tile group",
};
