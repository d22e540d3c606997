// SPDX-License-Identifier: MPL-2.0
//! The uncompressed header and where it ends: the VP9 specification, 6.2.

use crate::Error;
use crate::plain::PlainBits;

/// color_space CS_RGB.
const CS_RGB: u32 = 7;
const FRAME_SYNC_CODE: u32 = 0x49_83_42;
/// segmentation_feature_bits with the sign where there is one.
const SEGMENTATION_FEATURE_BITS: [u32; 4] = [9, 7, 2, 0];

/// Width and height of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    width: u32,
    height: u32,
}

/// Bytes of the uncompressed header and its trailing bits; takes over the frame's size into the references that it replaces.
pub(super) fn header_len(frame: &[u8], references: &mut [Option<Size>; 8]) -> Result<usize, Error> {
    let mut bits = PlainBits::new(frame, "VP9 frame header");
    if bits.u(2)? != 2 {
        return Err(bits.out_of_range("frame_marker"));
    }
    let profile = bits.u(1)? + 2 * bits.u(1)?;
    if profile == 3 && bits.flag()? {
        return Err(bits.out_of_range("reserved_zero"));
    }
    if bits.flag()? {
        // show_existing_frame: frame_to_show_map_idx is all
        bits.u(3)?;
        return Ok(bits.bytes_read());
    }
    let inter_type = bits.flag()?;
    let show_frame = bits.flag()?;
    let error_resilient = bits.flag()?;
    let (size, refresh) = if inter_type {
        let intra_only = !show_frame && bits.flag()?;
        if !error_resilient {
            // reset_frame_context
            bits.u(2)?;
        }
        if intra_only {
            read_intra_only(&mut bits, profile)?
        } else {
            read_inter(&mut bits, references)?
        }
    } else {
        skip_sync_code(&mut bits)?;
        skip_color_config(&mut bits, profile)?;
        let size = Size::read(&mut bits)?;
        skip_render_size(&mut bits)?;
        (size, 0xff)
    };
    if !error_resilient {
        // refresh_frame_context, frame_parallel_decoding_mode
        bits.u(2)?;
    }
    // frame_context_idx
    bits.u(2)?;
    skip_loop_filter(&mut bits)?;
    skip_quantization(&mut bits)?;
    skip_segmentation(&mut bits)?;
    skip_tile_info(&mut bits, size)?;
    if bits.u(16)? == 0 {
        return Err(bits.out_of_range("header_size_in_bytes"));
    }
    for (index, reference) in references.iter_mut().enumerate() {
        if refresh >> index & 1 == 1 {
            *reference = Some(size);
        }
    }
    Ok(bits.bytes_read())
}

/// An intra-only frame up to its size, with refresh_frame_flags.
fn read_intra_only(bits: &mut PlainBits<'_>, profile: u32) -> Result<(Size, u32), Error> {
    skip_sync_code(bits)?;
    if profile > 0 {
        skip_color_config(bits, profile)?;
    }
    let refresh = bits.u(8)?;
    let size = Size::read(bits)?;
    skip_render_size(bits)?;
    Ok((size, refresh))
}

/// An inter frame up to its interpolation filter, with refresh_frame_flags.
fn read_inter(
    bits: &mut PlainBits<'_>,
    references: &[Option<Size>; 8],
) -> Result<(Size, u32), Error> {
    let refresh = bits.u(8)?;
    let mut candidates = [None; 3];
    for candidate in &mut candidates {
        let index = bits.u(3)?;
        *candidate = references.get(index as usize).copied().flatten();
        // ref_frame_sign_bias
        bits.u(1)?;
    }
    let size = Size::read_with_references(bits, candidates)?;
    skip_render_size(bits)?;
    // allow_high_precision_mv
    bits.u(1)?;
    if !bits.flag()? {
        // raw_interpolation_filter, as is_filter_switchable is 0
        bits.u(2)?;
    }
    Ok((size, refresh))
}

impl Size {
    fn read(bits: &mut PlainBits<'_>) -> Result<Self, Error> {
        Ok(Self {
            width: bits.u(16)? + 1,
            height: bits.u(16)? + 1,
        })
    }

    /// frame_size_with_refs() without the render size.
    fn read_with_references(
        bits: &mut PlainBits<'_>,
        candidates: [Option<Self>; 3],
    ) -> Result<Self, Error> {
        for candidate in candidates {
            if bits.flag()? {
                return candidate.ok_or(Error::Missing {
                    what: "the frame that it takes its size from",
                });
            }
        }
        Self::read(bits)
    }
}

fn skip_sync_code(bits: &mut PlainBits<'_>) -> Result<(), Error> {
    match bits.u(24)? {
        FRAME_SYNC_CODE => Ok(()),
        _ => Err(bits.out_of_range("frame_sync_code")),
    }
}

fn skip_color_config(bits: &mut PlainBits<'_>, profile: u32) -> Result<(), Error> {
    if profile >= 2 {
        // ten_or_twelve_bit
        bits.u(1)?;
    }
    let rgb = bits.u(3)? == CS_RGB;
    if !rgb {
        // color_range
        bits.u(1)?;
    }
    match (profile, rgb) {
        // subsampling_x, subsampling_y, reserved_zero
        (1 | 3, false) => bits.skip(3),
        // reserved_zero
        (1 | 3, true) => bits.skip(1),
        (_, true) => Err(bits.out_of_range("color_space")),
        (_, false) => Ok(()),
    }
}

fn skip_render_size(bits: &mut PlainBits<'_>) -> Result<(), Error> {
    match bits.flag()? {
        true => bits.skip(32),
        false => Ok(()),
    }
}

fn skip_loop_filter(bits: &mut PlainBits<'_>) -> Result<(), Error> {
    // loop_filter_level, loop_filter_sharpness
    bits.skip(9)?;
    let delta_update = bits.flag()? && bits.flag()?;
    if delta_update {
        // four of references, two of modes
        for _ in 0..6 {
            skip_optional(bits, 7)?;
        }
    }
    Ok(())
}

fn skip_quantization(bits: &mut PlainBits<'_>) -> Result<(), Error> {
    // base_q_idx
    bits.skip(8)?;
    for _ in 0..3 {
        skip_optional(bits, 5)?;
    }
    Ok(())
}

fn skip_segmentation(bits: &mut PlainBits<'_>) -> Result<(), Error> {
    if !bits.flag()? {
        return Ok(());
    }
    let update_map = bits.flag()?;
    if update_map {
        for _ in 0..7 {
            skip_optional(bits, 8)?;
        }
        let temporal_update = bits.flag()?;
        if temporal_update {
            for _ in 0..3 {
                skip_optional(bits, 8)?;
            }
        }
    }
    let update_data = bits.flag()?;
    if update_data {
        // segmentation_abs_or_delta_update
        bits.u(1)?;
        for _ in 0..8 {
            for width in SEGMENTATION_FEATURE_BITS {
                skip_optional(bits, width)?;
            }
        }
    }
    Ok(())
}

/// 6.2.13: how many bits there may be depends on the width in superblocks.
fn skip_tile_info(bits: &mut PlainBits<'_>, size: Size) -> Result<(), Error> {
    let columns = size.width.div_ceil(64);
    let mut min_log2 = 0;
    while (64 << min_log2) < columns {
        min_log2 += 1;
    }
    let mut max_log2 = 0;
    while (columns >> (max_log2 + 1)) >= 4 {
        max_log2 += 1;
    }
    while min_log2 < max_log2 && bits.flag()? {
        min_log2 += 1;
    }
    if bits.flag()? {
        // increment_tile_rows_log2
        bits.u(1)?;
    }
    Ok(())
}

/// A flag and, when it is set, `count` bits.
fn skip_optional(bits: &mut PlainBits<'_>, count: u32) -> Result<(), Error> {
    match bits.flag()? {
        true => bits.skip(count),
        false => Ok(()),
    }
}
