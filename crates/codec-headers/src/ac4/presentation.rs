// SPDX-License-Identifier: MPL-2.0
//! Presentations: TS 103 190-1, 4.2.3.2 to 4.2.3.8, and TS 103 190-2, 6.2.1.3 to 6.2.1.5.

use super::{Format, escaped, skip_bytes, substream, variable_bits};
use crate::Error;
use crate::plain::PlainBits;

/// presentation_config of a presentation that has nothing but EMDF substreams.
const EMDF_ONLY: u32 = 6;
/// More groups than any level of AC-4 has.
const MAX_GROUPS: u32 = 64;

/// Which substream groups the presentations name, and the frame_rate_factor of the presentation that does so first.
#[derive(Default)]
pub(super) struct Groups(Vec<(u32, u32)>);

impl Groups {
    /// The factors of groups 0 up to the greatest that is named.
    pub(super) fn frame_rate_factors(&self, bits: &PlainBits<'_>) -> Result<Vec<u32>, Error> {
        let named = self.0.iter().map(|(index, _)| index + 1);
        let count = named.max().unwrap_or_default();
        if count > MAX_GROUPS {
            return Err(bits.out_of_range("group_index"));
        }
        let factor = |group: u32| {
            let names = self.0.iter().find(|(index, _)| *index == group);
            names.or(self.0.first()).map_or(1, |(_, factor)| *factor)
        };
        Ok((0..count).map(factor).collect())
    }

    /// ac4_sgi_specifier()
    fn read(&mut self, bits: &mut PlainBits<'_>, factor: u32) -> Result<(), Error> {
        self.0.push((escaped(bits, 3, 2)?, factor));
        Ok(())
    }
}

/// ac4_presentation_v1_info()
pub(super) fn read(
    bits: &mut PlainBits<'_>,
    format: Format,
    groups: &mut Groups,
) -> Result<(), Error> {
    let config = read_config(bits)?;
    skip_version(bits)?;
    let mut more_emdf = true;
    if config != Some(EMDF_ONLY) {
        let factor = read_head(bits, format)?;
        skip_frame_rate_fractions(bits, format, factor)?;
        skip_emdf(bits)?;
        let filtered = bits.flag()?;
        if filtered {
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

/// The groups of a presentation with several.
fn read_groups(
    bits: &mut PlainBits<'_>,
    config: u32,
    mut read: impl FnMut(&mut PlainBits<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let count = match config {
        // Main and dialogue enhancement, and the same with an associate, share a group between two names.
        0..=2 => 2,
        3 | 4 => 3,
        5 => escaped(bits, 2, 2)? + 2,
        _ => return skip_extension(bits),
    };
    for _ in 0..count {
        read(bits)?;
    }
    Ok(())
}

/// ac4_presentation_info() of bitstream_version 0 and 1.
pub(super) fn skip_v0(bits: &mut PlainBits<'_>, format: Format) -> Result<(), Error> {
    let config = read_config(bits)?;
    skip_version(bits)?;
    let mut more_emdf = true;
    if config != Some(EMDF_ONLY) {
        let factor = read_head(bits, format)?;
        skip_emdf(bits)?;
        match config {
            None => substream::skip_v0(bits, format, factor)?,
            Some(config) => skip_substreams_v0(bits, format, (config, factor))?,
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
    bits: &mut PlainBits<'_>,
    format: Format,
    (config, factor): (u32, u32),
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

/// presentation_config, None for a presentation of one substream or substream group.
fn read_config(bits: &mut PlainBits<'_>) -> Result<Option<u32>, Error> {
    let single = bits.flag()?;
    Ok(match single {
        true => None,
        false => Some(escaped(bits, 3, 2)?),
    })
}

/// presentation_version(): ones up to a zero.
fn skip_version(bits: &mut PlainBits<'_>) -> Result<(), Error> {
    while bits.flag()? {}
    Ok(())
}

/// mdcompat up to frame_rate_multiply_info(); gives frame_rate_factor.
fn read_head(bits: &mut PlainBits<'_>, format: Format) -> Result<u32, Error> {
    bits.u(3)?;
    let has_id = bits.flag()?;
    if has_id {
        variable_bits(bits, 2)?;
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
    bits: &mut PlainBits<'_>,
    format: Format,
    factor: u32,
) -> Result<(), Error> {
    match format.frame_rate_index {
        5..=9 if factor == 1 => {
            bits.u(1)?;
        }
        10..=12 => {
            let fraction = bits.flag()?;
            if fraction {
                // b_frame_rate_fraction_is_4
                bits.u(1)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// emdf_info()
fn skip_emdf(bits: &mut PlainBits<'_>) -> Result<(), Error> {
    // emdf_version, key_id
    escaped(bits, 2, 2)?;
    escaped(bits, 3, 3)?;
    let has_payloads = bits.flag()?;
    if has_payloads {
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

/// The EMDF substreams that a presentation adds.
fn skip_more_emdf(bits: &mut PlainBits<'_>) -> Result<(), Error> {
    let mut count = bits.u(2)?;
    if count == 0 {
        count = variable_bits(bits, 2)? + 4;
    }
    for _ in 0..count {
        skip_emdf(bits)?;
    }
    Ok(())
}

/// presentation_config_ext_info()
fn skip_extension(bits: &mut PlainBits<'_>) -> Result<(), Error> {
    let mut count = bits.u(5)?;
    let more = bits.flag()?;
    if more {
        count += variable_bits(bits, 2)? << 5;
    }
    skip_bytes(bits, count)
}
