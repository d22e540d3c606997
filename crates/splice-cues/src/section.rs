// SPDX-License-Identifier: MPL-2.0
//! `splice_info_section`, SCTE 35 clause 9.6.

use super::bits::Bits;
use super::command::{Command, TimeOfCommand};
use super::{Cue, CueTime, Error, crc, segmentation};

const TABLE_ID: u8 = 0xfc;
/// Bytes of table_id and section_length.
const START: usize = 3;
/// splice_command_length of old inserters, which do not state it.
const UNSTATED_LENGTH: u64 = 0xfff;
const CRC: usize = 4;

/// Reads a section. Bytes after it are ignored.
pub(super) fn read(bytes: &[u8]) -> Result<Cue, Error> {
    let mut bits = Bits::new(bytes);
    if bytes.first() != Some(&TABLE_ID) {
        return Err(Error::NotACue);
    }
    bits.skip(12)?;
    let len = usize::try_from(bits.number(12)?).unwrap_or(usize::MAX);
    let section = bytes.get(..START + len).ok_or(Error::Truncated)?;
    if crc::remainder(section) != 0 {
        return Err(Error::Crc);
    }
    let fields = section.get(START..section.len().saturating_sub(CRC));
    read_fields(fields.ok_or(Error::Truncated)?)
}

/// Reads what is between section_length and CRC_32.
fn read_fields(fields: &[u8]) -> Result<Cue, Error> {
    let mut bits = Bits::new(fields);
    let version = bits.byte()?;
    if version != 0 {
        return Err(Error::Version(version));
    }
    if bits.flag()? {
        return Err(Error::Encrypted);
    }
    // encryption_algorithm.
    bits.skip(6)?;
    let adjustment = bits.number(33)?;
    // cw_index and tier.
    bits.skip(8 + 12)?;
    let command_len = bits.number(12)?;
    let command_type = bits.byte()?;
    let command = match command_len {
        UNSTATED_LENGTH => {
            let (command, len) = Command::read(command_type, bits.left())?;
            bits.bytes(len)?;
            command
        }
        len => {
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            Command::read(command_type, bits.bytes(len)?)?.0
        }
    };
    let TimeOfCommand::Point(time) = command.time else {
        return Ok(Cue::default());
    };
    let mut marks: Vec<_> = command.mark.into_iter().collect();
    let descriptors = usize::try_from(bits.number(16)?).unwrap_or(usize::MAX);
    segmentation::read_all(bits.bytes(descriptors)?, &mut marks)?;
    Ok(Cue {
        time: time.map(|ticks| CueTime::new(ticks + adjustment)),
        marks,
    })
}

#[cfg(test)]
mod tests;
