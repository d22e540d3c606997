// SPDX-License-Identifier: MPL-2.0
//! Presentations: TS 103 190-1, 4.2.3.2 to 4.2.3.8, and TS 103 190-2, 6.2.1.3 to 6.2.1.5.

use super::{FrameFormat, read_escaped, read_variable_bits, skip_bytes, substream};
use crate::Error;
use crate::raw_bits::RawBitReader;

/// presentation_config of a presentation that has nothing but EMDF substreams.
const EMDF_ONLY: u32 = 6;
/// More groups than any level of AC-4 has.
const MAX_GROUPS: usize = 64;

/// The substream groups to which the presentations refer.
pub(super) struct NamedGroups {
    /// The frame_rate_factor of each group: that of the first presentation which refers to it.
    factors: [Option<u32>; MAX_GROUPS],
    /// The frame_rate_factor of the first reference, which groups without a reference have too.
    first: u32,
    /// The greatest group_index + 1.
    count: usize,
}

impl NamedGroups {
    pub(super) const fn new() -> Self {
        Self {
            factors: [None; MAX_GROUPS],
            first: 1,
            count: 0,
        }
    }

    /// Returns the frame_rate_factor of each group from 0 up to the greatest index.
    pub(super) fn frame_rate_factors(&self) -> impl Iterator<Item = u32> {
        self.factors
            .iter()
            .take(self.count)
            .map(|factor| factor.unwrap_or(self.first))
    }

    /// Reads ac4_sgi_specifier().
    fn read(&mut self, bits: &mut RawBitReader<'_>, frame_rate_factor: u32) -> Result<(), Error> {
        let index = read_escaped(bits, 3, 2)? as usize;
        let Some(factor) = self.factors.get_mut(index) else {
            return Err(bits.out_of_range("group_index"));
        };
        factor.get_or_insert(frame_rate_factor);
        if self.count == 0 {
            self.first = frame_rate_factor;
        }
        self.count = self.count.max(index + 1);
        Ok(())
    }
}

/// Reads ac4_presentation_v1_info().
pub(super) fn read(
    bits: &mut RawBitReader<'_>,
    format: FrameFormat,
    groups: &mut NamedGroups,
) -> Result<(), Error> {
    let config = read_config(bits)?;
    skip_version(bits)?;
    let mut more_emdf = true;
    if config != Some(EMDF_ONLY) {
        let factor = read_head(bits, format)?;
        skip_frame_rate_fractions(bits, format, factor)?;
        skip_emdf(bits)?;
        // b_presentation_filter
        if bits.flag()? {
            // b_enable_presentation
            bits.u(1)?;
        }
        if config.is_some() {
            // b_multi_pid
            bits.u(1)?;
        }
        match config {
            None => groups.read(bits, factor)?,
            Some(config) => read_groups(bits, config, |bits| groups.read(bits, factor))?,
        }
        // b_pre_virtualized
        bits.u(1)?;
        more_emdf = bits.flag()?;
        // b_alternative, b_pres_ndot
        bits.u(2)?;
        substream::skip_index(bits)?;
    }
    if more_emdf {
        skip_more_emdf(bits)?;
    }
    Ok(())
}

/// Reads the groups of a presentation that has several.
fn read_groups(
    bits: &mut RawBitReader<'_>,
    config: u32,
    mut read: impl FnMut(&mut RawBitReader<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let count = match config {
        // Main and dialogue enhancement share a group, also where there is an associate.
        0..=2 => 2,
        3 | 4 => 3,
        5 => read_escaped(bits, 2, 2)? + 2,
        _ => return skip_extension(bits),
    };
    for _ in 0..count {
        read(bits)?;
    }
    Ok(())
}

/// Skips ac4_presentation_info() of bitstream_version 0 and 1.
pub(super) fn skip_v0(bits: &mut RawBitReader<'_>, format: FrameFormat) -> Result<(), Error> {
    let config = read_config(bits)?;
    skip_version(bits)?;
    let mut more_emdf = true;
    if config != Some(EMDF_ONLY) {
        let factor = read_head(bits, format)?;
        skip_emdf(bits)?;
        match config {
            None => substream::skip_v0(bits, format, factor)?,
            Some(config) => skip_substreams_v0(bits, format, config, factor)?,
        }
        // b_pre_virtualized
        bits.u(1)?;
        more_emdf = bits.flag()?;
    }
    if more_emdf {
        skip_more_emdf(bits)?;
    }
    Ok(())
}

fn skip_substreams_v0(
    bits: &mut RawBitReader<'_>,
    format: FrameFormat,
    config: u32,
    factor: u32,
) -> Result<(), Error> {
    let hsf_extension = bits.flag()?;
    let count = match config {
        0..=2 => 2,
        3 | 4 => 3,
        5 => 1,
        _ => return skip_extension(bits),
    };
    for index in 0..count {
        substream::skip_v0(bits, format, factor)?;
        if index == 0 && hsf_extension {
            substream::skip_index(bits)?;
        }
    }
    Ok(())
}

/// Reads presentation_config, None for a presentation of one substream or substream group.
fn read_config(bits: &mut RawBitReader<'_>) -> Result<Option<u32>, Error> {
    let is_single = bits.flag()?;
    Ok(match is_single {
        true => None,
        false => Some(read_escaped(bits, 3, 2)?),
    })
}

/// Skips presentation_version(): ones up to a zero.
fn skip_version(bits: &mut RawBitReader<'_>) -> Result<(), Error> {
    while bits.flag()? {}
    Ok(())
}

/// Reads mdcompat up to frame_rate_multiply_info() and returns frame_rate_factor.
fn read_head(bits: &mut RawBitReader<'_>, format: FrameFormat) -> Result<u32, Error> {
    bits.u(3)?;
    // b_presentation_id
    if bits.flag()? {
        read_variable_bits(bits, 2)?;
    }
    Ok(match format.frame_rate_index {
        2..=4 => match bits.flag()? {
            true => 2 << bits.u(1)?,
            false => 1,
        },
        0 | 1 | 7..=9 => 1 + bits.u(1)?,
        _ => 1,
    })
}

fn skip_frame_rate_fractions(
    bits: &mut RawBitReader<'_>,
    format: FrameFormat,
    factor: u32,
) -> Result<(), Error> {
    match format.frame_rate_index {
        // b_frame_rate_fraction
        5..=9 if factor == 1 => bits.skip(1),
        // b_frame_rate_fraction, b_frame_rate_fraction_is_4
        10..=12 if bits.flag()? => bits.skip(1),
        _ => Ok(()),
    }
}

/// Skips emdf_info().
fn skip_emdf(bits: &mut RawBitReader<'_>) -> Result<(), Error> {
    // emdf_version, key_id
    read_escaped(bits, 2, 2)?;
    read_escaped(bits, 3, 3)?;
    // b_emdf_payloads_substream_info
    if bits.flag()? {
        substream::skip_index(bits)?;
    }
    // protection_length_primary and _secondary: 0, 1, 4 or 16 bytes
    for code in [bits.u(2)?, bits.u(2)?] {
        if code > 0 {
            skip_bytes(bits, 1 << (2 * (code - 1)))?;
        }
    }
    Ok(())
}

/// Skips the EMDF substreams that a presentation adds.
fn skip_more_emdf(bits: &mut RawBitReader<'_>) -> Result<(), Error> {
    let mut count = bits.u(2)?;
    if count == 0 {
        count = read_variable_bits(bits, 2)? + 4;
    }
    for _ in 0..count {
        skip_emdf(bits)?;
    }
    Ok(())
}

/// Skips presentation_config_ext_info().
fn skip_extension(bits: &mut RawBitReader<'_>) -> Result<(), Error> {
    let mut count = bits.u(5)?;
    // b_more_skip_bytes
    if bits.flag()? {
        count += read_variable_bits(bits, 2)? << 5;
    }
    skip_bytes(bits, count)
}
