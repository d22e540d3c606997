// SPDX-License-Identifier: MPL-2.0
//! ac4_toc(): TS 103 190-2, 6.2.1.1, and the substream index table, TS 103 190-1, 4.2.3.11.

use super::presentation::{self, Groups};
use super::{Format, escaped, skip_bytes, substream, variable_bits};
use crate::Error;
use crate::plain::PlainBits;

/// Bytes of the table of contents.
///
/// Where it tells the sizes of all substreams, they must find room behind it: a misread table does not go unnoticed.
pub(super) fn len(frame: &[u8]) -> Result<usize, Error> {
    let mut bits = PlainBits::new(frame, "AC-4 table of contents");
    let version = escaped(&mut bits, 2, 2)?;
    if version > 2 {
        return Err(Error::UnsupportedFeature {
            feature: "bitstream_version above 2",
        });
    }
    // sequence_counter
    bits.u(10)?;
    let waits = bits.flag()? && bits.u(3)? > 0;
    if waits {
        // br_code
        bits.u(2)?;
    }
    let format = Format {
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
        let mut groups = Groups::default();
        for _ in 0..presentations {
            presentation::read(&mut bits, format, &mut groups)?;
        }
        for factor in groups.frame_rate_factors(&bits)? {
            substream::skip_group(&mut bits, format, factor)?;
        }
    } else {
        for _ in 0..presentations {
            presentation::skip_v0(&mut bits, format)?;
        }
    }
    let substreams = read_substream_sizes(&mut bits)?;
    let toc = bits.bytes_read();
    let needed = u64::from(payload_base) + substreams + toc as u64;
    if needed > frame.len() as u64 {
        return Err(Error::Truncated {
            structure: "AC-4 frame",
        });
    }
    Ok(toc)
}

fn read_presentation_count(bits: &mut PlainBits<'_>) -> Result<u32, Error> {
    let single = bits.flag()?;
    if single {
        return Ok(1);
    }
    let more = bits.flag()?;
    Ok(if more { variable_bits(bits, 2)? + 2 } else { 0 })
}

fn read_payload_base(bits: &mut PlainBits<'_>) -> Result<u32, Error> {
    let present = bits.flag()?;
    if !present {
        return Ok(0);
    }
    Ok(escaped(bits, 5, 3)? + 1)
}

fn skip_program_id(bits: &mut PlainBits<'_>) -> Result<(), Error> {
    let present = bits.flag()?;
    if present {
        // short_program_id
        bits.u(16)?;
        let has_uuid = bits.flag()?;
        if has_uuid {
            skip_bytes(bits, 16)?;
        }
    }
    Ok(())
}

/// substream_index_table(); gives the sum of the sizes in it.
fn read_substream_sizes(bits: &mut PlainBits<'_>) -> Result<u64, Error> {
    let mut count = bits.u(2)?;
    if count == 0 {
        count = variable_bits(bits, 2)? + 4;
    }
    let sizes_present = count > 1 || bits.flag()?;
    let mut total = 0;
    for _ in 0..if sizes_present { count } else { 0 } {
        let more = bits.flag()?;
        total += u64::from(bits.u(10)?);
        if more {
            total += u64::from(variable_bits(bits, 2)?) << 10;
        }
    }
    Ok(total)
}
