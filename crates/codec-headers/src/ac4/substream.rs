// SPDX-License-Identifier: MPL-2.0
//! What substreams hold: TS 103 190-1, 4.2.3.6 and 4.2.3.7, and TS 103 190-2, 6.2.1.6 to 6.2.1.14 and 6.2.8.1.

use super::{Format, escaped, skip_bytes, variable_bits};
use crate::Error;
use crate::bits::ceil_log2;
use crate::plain::PlainBits;

/// channel_mode of the 7.X modes that have add_ch_base.
const ADD_CH_BASE: std::ops::RangeInclusive<u32> = 0b111_1010..=0b111_1101;
/// channel_mode of the 7.X.4 and 9.X.4 modes.
const IMMERSIVE: [u32; 4] = [0b1111_1100, 0b1111_1101, 0b1_1111_1100, 0b1_1111_1101];

/// substream_index
pub(super) fn skip_index(bits: &mut PlainBits<'_>) -> Result<(), Error> {
    escaped(bits, 2, 2)?;
    Ok(())
}

/// ac4_substream_info() of bitstream_version 0 and 1.
pub(super) fn skip_v0(bits: &mut PlainBits<'_>, format: Format, factor: u32) -> Result<(), Error> {
    let mode = read_channel_mode(bits)?;
    if mode == 0b111_1111 {
        variable_bits(bits, 2)?;
    }
    skip_rates(bits, format)?;
    if ADD_CH_BASE.contains(&mode) {
        bits.u(1)?;
    }
    skip_content_type(bits)?;
    // b_iframe
    bits.skip(factor)?;
    skip_index(bits)
}

/// ac4_substream_group_info()
pub(super) fn skip_group(
    bits: &mut PlainBits<'_>,
    format: Format,
    factor: u32,
) -> Result<(), Error> {
    let present = bits.flag()?;
    let hsf_extension = bits.flag()?;
    let single = bits.flag()?;
    let count = if single { 1 } else { escaped(bits, 2, 2)? + 2 };
    let channel_coded = bits.flag()?;
    if !channel_coded && bits.flag()? {
        // oamd_substream_info(): b_oamd_ndot
        bits.u(1)?;
        skip_index_if(bits, present)?;
    }
    for _ in 0..count {
        if channel_coded {
            skip_channels(bits, format)?;
        } else if bits.flag()? {
            skip_ajoc(bits)?;
            skip_rates(bits, format)?;
        } else {
            skip_objects(bits)?;
            skip_rates(bits, format)?;
        }
        // b_audio_ndot
        bits.skip(factor)?;
        skip_index_if(bits, present)?;
        if hsf_extension {
            skip_index_if(bits, present)?;
        }
    }
    skip_content_type(bits)
}

fn skip_index_if(bits: &mut PlainBits<'_>, present: bool) -> Result<(), Error> {
    if present { skip_index(bits) } else { Ok(()) }
}

/// ac4_substream_info_chan() before b_audio_ndot.
fn skip_channels(bits: &mut PlainBits<'_>, format: Format) -> Result<(), Error> {
    let mut mode = read_channel_mode(bits)?;
    match mode {
        0b111_1110 => mode = (mode << 1) | bits.u(1)?,
        0b111_1111 => mode = (mode << 2) | bits.u(2)?,
        _ => {}
    }
    if mode == 0b1_1111_1111 {
        variable_bits(bits, 2)?;
    }
    if IMMERSIVE.contains(&mode) {
        // b_4_back_channels_present, b_centre_present, top_channels_present
        bits.u(4)?;
    }
    skip_rates(bits, format)?;
    if ADD_CH_BASE.contains(&mode) {
        bits.u(1)?;
    }
    Ok(())
}

/// The first seven bits of channel_mode at most.
fn read_channel_mode(bits: &mut PlainBits<'_>) -> Result<u32, Error> {
    let mut mode = bits.u(1)?;
    for (complete, width) in [(0..=0, 1), (0b10..=0b10, 2), (0b1100..=0b1110, 3)] {
        if complete.contains(&mode) {
            break;
        }
        mode = (mode << width) | bits.u(width)?;
    }
    Ok(mode)
}

/// sf_multiplier and bitrate_indicator.
fn skip_rates(bits: &mut PlainBits<'_>, format: Format) -> Result<(), Error> {
    if format.has_sf_multiplier && bits.flag()? {
        bits.u(1)?;
    }
    let has_bitrate = bits.flag()?;
    if has_bitrate && bits.u(3)? & 1 == 1 {
        bits.u(2)?;
    }
    Ok(())
}

/// ac4_substream_info_ajoc() up to the upmix signals.
fn skip_ajoc(bits: &mut PlainBits<'_>) -> Result<(), Error> {
    // b_lfe
    bits.u(1)?;
    let static_downmix = bits.flag()?;
    if !static_downmix {
        let signals = bits.u(4)? + 1;
        skip_bed_assignment(bits, signals)?;
    }
    let common_data = bits.flag()?;
    if common_data {
        skip_oamd_common_data(bits)?;
    }
    let signals = escaped(bits, 4, 3)? + 1;
    skip_bed_assignment(bits, signals)
}

/// bed_dyn_obj_assignment()
fn skip_bed_assignment(bits: &mut PlainBits<'_>, signals: u32) -> Result<(), Error> {
    let dynamic_only = bits.flag()?;
    if dynamic_only {
        return Ok(());
    }
    let is_isf = bits.flag()?;
    if is_isf || bits.flag()? {
        // isf_config or bed_chan_assign_code
        bits.u(3)?;
        return Ok(());
    }
    let by_mask = bits.flag()?;
    if by_mask {
        return skip_assignment_mask(bits);
    }
    let beds = bits.u(ceil_log2(signals))? + 1;
    // nonstd_bed_channel_assignment
    bits.skip(4 * beds)
}

/// nonstd_bed_channel_assignment_mask or std_bed_channel_assignment_mask.
fn skip_assignment_mask(bits: &mut PlainBits<'_>) -> Result<(), Error> {
    let non_standard = bits.flag()?;
    bits.skip(if non_standard { 17 } else { 10 })
}

/// oamd_common_data(): bed_render_info() lies within the additional data.
fn skip_oamd_common_data(bits: &mut PlainBits<'_>) -> Result<(), Error> {
    let default_screen = bits.flag()?;
    if !default_screen {
        // master_screen_size_ratio_code
        bits.u(5)?;
    }
    // b_bed_object_chan_distribute
    bits.u(1)?;
    let additional_data = bits.flag()?;
    if additional_data {
        let bytes = escaped(bits, 1, 2)? + 1;
        skip_bytes(bits, bytes)?;
    }
    Ok(())
}

/// ac4_substream_info_obj() up to the objects' kind.
fn skip_objects(bits: &mut PlainBits<'_>) -> Result<(), Error> {
    // n_objects_code
    bits.u(3)?;
    let dynamic = bits.flag()?;
    if dynamic {
        // b_lfe
        bits.u(1)?;
        return Ok(());
    }
    let bed = bits.flag()?;
    if bed {
        let starts = bits.flag()?;
        if !starts {
            return Ok(());
        }
        if bits.flag()? {
            // bed_chan_assign_code
            bits.u(3)?;
            return Ok(());
        }
        return skip_assignment_mask(bits);
    }
    let is_isf = bits.flag()?;
    if is_isf {
        if bits.flag()? {
            // isf_config
            bits.u(3)?;
        }
        return Ok(());
    }
    let reserved = bits.u(4)?;
    skip_bytes(bits, reserved)
}

/// b_content_type and content_type().
fn skip_content_type(bits: &mut PlainBits<'_>) -> Result<(), Error> {
    let present = bits.flag()?;
    if !present {
        return Ok(());
    }
    // content_classifier
    bits.u(3)?;
    let has_language = bits.flag()?;
    if !has_language {
        return Ok(());
    }
    let serialized = bits.flag()?;
    if serialized {
        // b_start_tag, language_tag_chunk
        return bits.skip(17);
    }
    let bytes = bits.u(6)?;
    skip_bytes(bits, bytes)
}
