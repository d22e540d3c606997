// SPDX-License-Identifier: MPL-2.0
//! Where the tiles of a tile group are: the AV1 specification, 5.11.1.

use super::tile_info::TileInfo;
use crate::codec::plain::PlainBits;
use crate::codec::{Error, ProtectableRange};

/// Appends a range for each tile of a group that starts at byte `at` of the sample with tile number `next`; gives
/// the number behind its last tile.
pub(super) fn read(
    (at, group): (usize, &[u8]),
    tiles: &TileInfo,
    next: u32,
    ranges: &mut Vec<ProtectableRange>,
) -> Result<u32, Error> {
    let mut bits = PlainBits::new(group, "tile group");
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
    let mut offset = bits.bytes_read();
    for _ in next + 1..end {
        let field = group.get(offset..offset + tiles.size_bytes);
        let field = field.ok_or(TRUNCATED)?;
        let little_endian = field.iter().rev();
        let size = little_endian.fold(0, |size, byte| (size << 8) | usize::from(*byte)) + 1;
        let start = offset + tiles.size_bytes;
        if size > group.len().saturating_sub(start) {
            return Err(TRUNCATED);
        }
        offset = start + size;
        ranges.extend(ProtectableRange::new(at + start, at + offset));
    }
    // The last tile has what is left, and has something.
    let last = ProtectableRange::new(at + offset, at + group.len()).ok_or(TRUNCATED)?;
    ranges.push(last);
    Ok(end)
}

const TRUNCATED: Error = Error::Truncated {
    structure: "tile group",
};
