// SPDX-License-Identifier: MPL-2.0
//! AC-4: ETSI TS 103 190-1 V1.4.1 and TS 103 190-2 V1.3.1. Samples are raw_ac4_frame()s, without the sync frames of Annex G;
//! their table of contents stays clear, 23001-7:2023.

mod presentation;
mod substream;
mod toc;

use super::raw_bits::RawBitReader;
use super::{Error, ProtectableRange};

/// Appends the range after the table of contents of a frame.
pub(super) fn protectable_ranges(
    frame: &[u8],
    ranges: &mut Vec<ProtectableRange>,
) -> Result<(), Error> {
    if !frame.is_empty() {
        ranges.push(ProtectableRange::new(toc::len(frame)?, frame.len()));
    }
    Ok(())
}

/// The start of a table of contents, on which the rest depends.
#[derive(Debug, Clone, Copy)]
struct FrameFormat {
    /// bitstream_version is 2: presentations refer to substream groups, which follow.
    has_groups: bool,
    /// fs_index is 1: 48 kHz.
    has_sf_multiplier: bool,
    frame_rate_index: u32,
}

/// Reads variable_bits(n): groups of n bits, each with a flag that is 1 if another one follows. Part 1, 4.2.2.
fn read_variable_bits(bits: &mut RawBitReader<'_>, width: u32) -> Result<u32, Error> {
    let mut value: u32 = 0;
    loop {
        value = value
            .checked_add(bits.u(width)?)
            .ok_or_else(|| bits.out_of_range("variable_bits"))?;
        let more = bits.flag()?;
        if !more {
            return Ok(value);
        }
        value = value
            .checked_add(1)
            .filter(|next| *next < 1 << 24)
            .ok_or_else(|| bits.out_of_range("variable_bits"))?
            << width;
    }
}

/// Reads a field of `width` bits that variable_bits(`more`) continues if all of them are 1.
fn read_escaped(bits: &mut RawBitReader<'_>, width: u32, more: u32) -> Result<u32, Error> {
    let value = bits.u(width)?;
    if value == (1 << width) - 1 {
        return Ok(value + read_variable_bits(bits, more)?);
    }
    Ok(value)
}

/// Skips a number of bytes that is coded in the stream.
fn skip_bytes(bits: &mut RawBitReader<'_>, count: u32) -> Result<(), Error> {
    match count.checked_mul(8).filter(|count| *count < 1 << 31) {
        Some(count) => bits.skip(count),
        None => Err(bits.out_of_range("number of bytes")),
    }
}

#[cfg(test)]
mod tests;
