// SPDX-License-Identifier: MPL-2.0
//! ac4_toc(): TS 103 190-2, 6.2.1.1, and the substream index table, TS 103 190-1, 4.2.3.11.

use super::presentation::{self, NamedGroups};
use super::{FrameFormat, read_escaped, read_variable_bits, skip_bytes, substream};
use crate::Error;
use crate::raw_bits::RawBitReader;

/// Returns the number of bytes of the table of contents.
///
/// If the table has the sizes of all substreams, the frame must have room for them: this detects a table that was misread.
pub(super) fn len(frame: &[u8]) -> Result<usize, Error> {
    let mut bits = RawBitReader::new(frame, "AC-4 table of contents");
    let version = read_escaped(&mut bits, 2, 2)?;
    if version > 2 {
        return Err(Error::UnsupportedFeature {
            feature: "bitstream_version above 2",
        });
    }
    // sequence_counter
    bits.u(10)?;
    // b_wait_frames, wait_frames
    if bits.flag()? && bits.u(3)? > 0 {
        // br_code
        bits.u(2)?;
    }
    let format = FrameFormat {
        has_groups: version == 2,
        has_sf_multiplier: bits.flag()?,
        frame_rate_index: bits.u(4)?,
    };
    // b_iframe_global
    bits.u(1)?;
    let presentations = read_presentation_count(&mut bits)?;
    let payload_base = read_payload_base(&mut bits)?;
    if format.has_groups {
        skip_program_id(&mut bits)?;
        let mut groups = NamedGroups::new();
        for _ in 0..presentations {
            presentation::read(&mut bits, format, &mut groups)?;
        }
        for factor in groups.frame_rate_factors() {
            substream::skip_group(&mut bits, format, factor)?;
        }
    } else {
        for _ in 0..presentations {
            presentation::skip_v0(&mut bits, format)?;
        }
    }
    let substreams = read_substream_sizes(&mut bits)?;
    let toc = bits.bytes_read();
    if u64::from(payload_base) + substreams + toc as u64 > frame.len() as u64 {
        return Err(Error::Truncated {
            structure: "AC-4 frame",
        });
    }
    Ok(toc)
}

fn read_presentation_count(bits: &mut RawBitReader<'_>) -> Result<u32, Error> {
    // b_single_presentation
    if bits.flag()? {
        return Ok(1);
    }
    let more = bits.flag()?;
    Ok(if more {
        read_variable_bits(bits, 2)? + 2
    } else {
        0
    })
}

fn read_payload_base(bits: &mut RawBitReader<'_>) -> Result<u32, Error> {
    // b_payload_base
    Ok(match bits.flag()? {
        true => read_escaped(bits, 5, 3)? + 1,
        false => 0,
    })
}

fn skip_program_id(bits: &mut RawBitReader<'_>) -> Result<(), Error> {
    // b_program_id
    if bits.flag()? {
        // short_program_id
        bits.u(16)?;
        // b_program_uuid_present
        if bits.flag()? {
            skip_bytes(bits, 16)?;
        }
    }
    Ok(())
}

/// Reads substream_index_table() and returns the sum of its sizes.
fn read_substream_sizes(bits: &mut RawBitReader<'_>) -> Result<u64, Error> {
    let mut count = bits.u(2)?;
    if count == 0 {
        count = read_variable_bits(bits, 2)? + 4;
    }
    let sizes_present = count > 1 || bits.flag()?;
    let mut total = 0;
    for _ in 0..if sizes_present { count } else { 0 } {
        let more = bits.flag()?;
        total += u64::from(bits.u(10)?);
        if more {
            total += u64::from(read_variable_bits(bits, 2)?) << 10;
        }
    }
    Ok(total)
}
