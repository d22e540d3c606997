// SPDX-License-Identifier: MPL-2.0
//! AC-4: ETSI TS 103 190-1 V1.4.1 and TS 103 190-2 V1.3.1. Samples are raw_ac4_frame()s, without the sync frames of Annex G;
//! their table of contents stays clear, 23001-7:2023.

mod presentation;
mod substream;
mod toc;

use super::plain::PlainBits;
use super::{Error, ProtectableRange};

/// Appends the range behind the table of contents of a frame.
pub(super) fn protectable_ranges(
    frame: &[u8],
    ranges: &mut Vec<ProtectableRange>,
) -> Result<(), Error> {
    if frame.is_empty() {
        return Ok(());
    }
    ranges.extend(ProtectableRange::new(toc::len(frame)?, frame.len()));
    Ok(())
}

/// What a frame says of itself before its presentations.
#[derive(Debug, Clone, Copy)]
struct Format {
    /// Presentations name their substream groups, which follow.
    has_groups: bool,
    /// fs_index 1, 48 kHz
    has_sf_multiplier: bool,
    frame_rate_index: u32,
}

/// variable_bits(n), part 1, 4.2.2: groups of n bits, each with a flag that tells whether another follows.
fn variable_bits(bits: &mut PlainBits<'_>, width: u32) -> Result<u32, Error> {
    let mut value: u32 = 0;
    loop {
        let sum = value.checked_add(bits.u(width)?);
        value = sum.ok_or_else(|| bits.out_of_range("variable_bits"))?;
        if !bits.flag()? {
            return Ok(value);
        }
        let next = value.checked_add(1).filter(|next| *next < 1 << 24);
        value = next.ok_or_else(|| bits.out_of_range("variable_bits"))? << width;
    }
}

/// A field of `width` bits whose greatest value is continued by variable_bits(`more`).
fn escaped(bits: &mut PlainBits<'_>, width: u32, more: u32) -> Result<u32, Error> {
    let value = bits.u(width)?;
    if value == (1 << width) - 1 {
        return Ok(value + variable_bits(bits, more)?);
    }
    Ok(value)
}

/// Passes over a number of bytes that a stream tells.
fn skip_bytes(bits: &mut PlainBits<'_>, count: u32) -> Result<(), Error> {
    match count.checked_mul(8).filter(|count| *count < 1 << 31) {
        Some(count) => bits.skip(count),
        None => Err(bits.out_of_range("number of bytes")),
    }
}

#[cfg(test)]
mod tests;
