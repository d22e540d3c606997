// SPDX-License-Identifier: MPL-2.0
//! The description of substreams, which is skipped: TS 103 190-1, 4.2.3.6 and 4.2.3.7, and TS 103 190-2, 6.2.1.6 to 6.2.1.14 and
//! 6.2.8.1.

use super::{FrameFormat, read_escaped, read_variable_bits, skip_bytes};
use crate::Error;
use crate::raw_bits::RawBitReader;
use crate::rbsp::ceil_log2;

/// channel_mode of the 7.X modes that have add_ch_base.
const ADD_CH_BASE: std::ops::RangeInclusive<u32> = 0b111_1010..=0b111_1101;
/// channel_mode of the 7.X.4 and 9.X.4 modes.
const IMMERSIVE: [u32; 4] = [0b1111_1100, 0b1111_1101, 0b1_1111_1100, 0b1_1111_1101];

/// Skips substream_index.
pub(super) fn skip_index(bits: &mut RawBitReader<'_>) -> Result<(), Error> {
    read_escaped(bits, 2, 2)?;
    Ok(())
}

/// Skips ac4_substream_info() of bitstream_version 0 and 1.
pub(super) fn skip_v0(
    bits: &mut RawBitReader<'_>,
    format: FrameFormat,
    factor: u32,
) -> Result<(), Error> {
    let mode = read_channel_mode(bits)?;
    if mode == 0b111_1111 {
        read_variable_bits(bits, 2)?;
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

/// Skips ac4_substream_group_info().
pub(super) fn skip_group(
    bits: &mut RawBitReader<'_>,
    format: FrameFormat,
    factor: u32,
) -> Result<(), Error> {
    let has_indices = bits.flag()?;
    let hsf_extension = bits.flag()?;
    let is_single = bits.flag()?;
    let count = if is_single {
        1
    } else {
        read_escaped(bits, 2, 2)? + 2
    };
    let channel_coded = bits.flag()?;
    if !channel_coded && bits.flag()? {
        // oamd_substream_info(): b_oamd_ndot
        bits.u(1)?;
        skip_index_if(bits, has_indices)?;
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
        skip_index_if(bits, has_indices)?;
        if hsf_extension {
            skip_index_if(bits, has_indices)?;
        }
    }
    skip_content_type(bits)
}

fn skip_index_if(bits: &mut RawBitReader<'_>, present: bool) -> Result<(), Error> {
    if present { skip_index(bits) } else { Ok(()) }
}

/// Skips ac4_substream_info_chan() before b_audio_ndot.
fn skip_channels(bits: &mut RawBitReader<'_>, format: FrameFormat) -> Result<(), Error> {
    let mut mode = read_channel_mode(bits)?;
    match mode {
        0b111_1110 => mode = (mode << 1) | bits.u(1)?,
        0b111_1111 => mode = (mode << 2) | bits.u(2)?,
        _ => {}
    }
    if mode == 0b1_1111_1111 {
        read_variable_bits(bits, 2)?;
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

/// Reads the first seven bits of channel_mode, or fewer if its code is shorter.
fn read_channel_mode(bits: &mut RawBitReader<'_>) -> Result<u32, Error> {
    let mut mode = bits.u(1)?;
    for (complete, width) in [(0..=0, 1), (0b10..=0b10, 2), (0b1100..=0b1110, 3)] {
        if complete.contains(&mode) {
            break;
        }
        mode = (mode << width) | bits.u(width)?;
    }
    Ok(mode)
}

/// Skips sf_multiplier and bitrate_indicator.
fn skip_rates(bits: &mut RawBitReader<'_>, format: FrameFormat) -> Result<(), Error> {
    if format.has_sf_multiplier && bits.flag()? {
        bits.u(1)?;
    }
    // b_bitrate_info, and the first bits of bitrate_indicator
    if bits.flag()? && bits.u(3)? & 1 == 1 {
        bits.u(2)?;
    }
    Ok(())
}

/// Skips ac4_substream_info_ajoc() up to the upmix signals.
fn skip_ajoc(bits: &mut RawBitReader<'_>) -> Result<(), Error> {
    // b_lfe
    bits.u(1)?;
    let static_downmix = bits.flag()?;
    if !static_downmix {
        let downmix_signals = bits.u(4)? + 1;
        skip_bed_assignment(bits, downmix_signals)?;
    }
    // b_oamd_common_data_present
    if bits.flag()? {
        skip_oamd_common_data(bits)?;
    }
    let upmix_signals = read_escaped(bits, 4, 3)? + 1;
    skip_bed_assignment(bits, upmix_signals)
}

/// Skips bed_dyn_obj_assignment().
fn skip_bed_assignment(bits: &mut RawBitReader<'_>, signals: u32) -> Result<(), Error> {
    // b_dyn_objects_only
    if bits.flag()? {
        return Ok(());
    }
    // b_isf, b_ch_assign_code
    if bits.flag()? || bits.flag()? {
        // isf_config or bed_chan_assign_code
        return bits.skip(3);
    }
    // b_chan_assign_mask
    if bits.flag()? {
        return skip_assignment_mask(bits);
    }
    let beds = bits.u(ceil_log2(signals))? + 1;
    // nonstd_bed_channel_assignment
    bits.skip(4 * beds)
}

/// Skips nonstd_bed_channel_assignment_mask or std_bed_channel_assignment_mask.
fn skip_assignment_mask(bits: &mut RawBitReader<'_>) -> Result<(), Error> {
    let non_standard = bits.flag()?;
    bits.skip(if non_standard { 17 } else { 10 })
}

/// Skips oamd_common_data(). bed_render_info() is part of the additional data.
fn skip_oamd_common_data(bits: &mut RawBitReader<'_>) -> Result<(), Error> {
    let default_screen = bits.flag()?;
    if !default_screen {
        // master_screen_size_ratio_code
        bits.u(5)?;
    }
    // b_bed_object_chan_distribute
    bits.u(1)?;
    // add_data_bytes follow
    if bits.flag()? {
        let bytes = read_escaped(bits, 1, 2)? + 1;
        skip_bytes(bits, bytes)?;
    }
    Ok(())
}

/// Skips ac4_substream_info_obj() up to the kind of the objects.
fn skip_objects(bits: &mut RawBitReader<'_>) -> Result<(), Error> {
    // n_objects_code
    bits.u(3)?;
    // b_dynamic_objects
    if bits.flag()? {
        // b_lfe
        return bits.skip(1);
    }
    // b_bed_objects
    if bits.flag()? {
        return skip_beds(bits);
    }
    // b_isf
    if bits.flag()? {
        // b_isf_start
        let starts = bits.flag()?;
        // isf_config
        return bits.skip(if starts { 3 } else { 0 });
    }
    let reserved_bytes = bits.u(4)?;
    skip_bytes(bits, reserved_bytes)
}

/// Skips b_bed_start and the assignment of channels.
fn skip_beds(bits: &mut RawBitReader<'_>) -> Result<(), Error> {
    let starts = bits.flag()?;
    if !starts {
        return Ok(());
    }
    // b_ch_assign_code
    if bits.flag()? {
        // bed_chan_assign_code
        return bits.skip(3);
    }
    skip_assignment_mask(bits)
}

/// Skips b_content_type and content_type().
fn skip_content_type(bits: &mut RawBitReader<'_>) -> Result<(), Error> {
    let is_present = bits.flag()?;
    if !is_present {
        return Ok(());
    }
    // content_classifier
    bits.u(3)?;
    let has_language = bits.flag()?;
    if !has_language {
        return Ok(());
    }
    // b_serialized_language_tag
    if bits.flag()? {
        // b_start_tag, language_tag_chunk
        return bits.skip(17);
    }
    let bytes = bits.u(6)?;
    skip_bytes(bits, bytes)
}
