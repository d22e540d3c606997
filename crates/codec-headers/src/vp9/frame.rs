// SPDX-License-Identifier: MPL-2.0
//! The uncompressed header and its length: the VP9 specification, 6.2.

use crate::Error;
use crate::raw_bits::RawBitReader;

/// color_space CS_RGB.
const CS_RGB: u32 = 7;
const FRAME_SYNC_CODE: u32 = 0x49_83_42;
/// segmentation_feature_bits, including the sign.
const SEGMENTATION_FEATURE_BITS: [u32; 4] = [9, 7, 2, 0];

/// The width and height of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Vp9FrameSize {
    width: u32,
    height: u32,
}

/// The part of a frame header that depends on the type of the frame.
struct FrameStart {
    size: Vp9FrameSize,
    /// refresh_frame_flags
    refresh: u32,
}

/// Returns the number of bytes of the uncompressed header, trailing bits included, and stores the frame's size in the references that
/// the frame replaces.
pub(super) fn header_len(
    frame: &[u8],
    references: &mut [Option<Vp9FrameSize>; 8],
) -> Result<usize, Error> {
    let mut bits = RawBitReader::new(frame, "VP9 frame header");
    if bits.u(2)? != 2 {
        return Err(bits.out_of_range("frame_marker"));
    }
    let profile = bits.u(1)? + 2 * bits.u(1)?;
    if profile == 3 && bits.flag()? {
        return Err(bits.out_of_range("reserved_zero"));
    }
    if bits.flag()? {
        // show_existing_frame: frame_to_show_map_idx ends the frame
        bits.u(3)?;
        return Ok(bits.bytes_read());
    }
    let frame = FrameStart::read(&mut bits, profile, references)?;
    skip_loop_filter(&mut bits)?;
    skip_quantization(&mut bits)?;
    skip_segmentation(&mut bits)?;
    skip_tile_info(&mut bits, frame.size)?;
    if bits.u(16)? == 0 {
        return Err(bits.out_of_range("header_size_in_bytes"));
    }
    for (index, reference) in references.iter_mut().enumerate() {
        if frame.refresh >> index & 1 == 1 {
            *reference = Some(frame.size);
        }
    }
    Ok(bits.bytes_read())
}

impl FrameStart {
    /// Reads frame_type up to frame_context_idx.
    fn read(
        bits: &mut RawBitReader<'_>,
        profile: u32,
        references: &[Option<Vp9FrameSize>; 8],
    ) -> Result<Self, Error> {
        let is_key = !bits.flag()?;
        let show_frame = bits.flag()?;
        let error_resilient = bits.flag()?;
        let frame = if is_key {
            Self::read_key(bits, profile)?
        } else {
            let intra_only = !show_frame && bits.flag()?;
            if !error_resilient {
                // reset_frame_context
                bits.u(2)?;
            }
            match intra_only {
                true => Self::read_intra_only(bits, profile)?,
                false => Self::read_inter(bits, references)?,
            }
        };
        if !error_resilient {
            // refresh_frame_context, frame_parallel_decoding_mode
            bits.u(2)?;
        }
        // frame_context_idx
        bits.u(2)?;
        Ok(frame)
    }

    fn read_key(bits: &mut RawBitReader<'_>, profile: u32) -> Result<Self, Error> {
        skip_sync_code(bits)?;
        skip_color_config(bits, profile)?;
        let size = Vp9FrameSize::read(bits)?;
        skip_render_size(bits)?;
        Ok(Self {
            size,
            refresh: 0xff,
        })
    }

    fn read_intra_only(bits: &mut RawBitReader<'_>, profile: u32) -> Result<Self, Error> {
        skip_sync_code(bits)?;
        if profile > 0 {
            skip_color_config(bits, profile)?;
        }
        let refresh = bits.u(8)?;
        let size = Vp9FrameSize::read(bits)?;
        skip_render_size(bits)?;
        Ok(Self { size, refresh })
    }

    /// Reads an inter frame up to its interpolation filter.
    fn read_inter(
        bits: &mut RawBitReader<'_>,
        references: &[Option<Vp9FrameSize>; 8],
    ) -> Result<Self, Error> {
        let refresh = bits.u(8)?;
        let mut candidates = [None; 3];
        for candidate in &mut candidates {
            *candidate = references.get(bits.u(3)? as usize).copied().flatten();
            // ref_frame_sign_bias
            bits.u(1)?;
        }
        let size = Vp9FrameSize::read_with_references(bits, candidates)?;
        skip_render_size(bits)?;
        // allow_high_precision_mv
        bits.u(1)?;
        let is_filter_switchable = bits.flag()?;
        if !is_filter_switchable {
            // raw_interpolation_filter
            bits.u(2)?;
        }
        Ok(Self { size, refresh })
    }
}

impl Vp9FrameSize {
    fn read(bits: &mut RawBitReader<'_>) -> Result<Self, Error> {
        Ok(Self {
            width: bits.u(16)? + 1,
            height: bits.u(16)? + 1,
        })
    }

    /// Reads frame_size_with_refs() without the render size.
    fn read_with_references(
        bits: &mut RawBitReader<'_>,
        candidates: [Option<Self>; 3],
    ) -> Result<Self, Error> {
        for candidate in candidates {
            if bits.flag()? {
                return candidate.ok_or(Error::Missing {
                    what: "the frame whose size it has",
                });
            }
        }
        Self::read(bits)
    }
}

fn skip_sync_code(bits: &mut RawBitReader<'_>) -> Result<(), Error> {
    match bits.u(24)? {
        FRAME_SYNC_CODE => Ok(()),
        _ => Err(bits.out_of_range("frame_sync_code")),
    }
}

fn skip_color_config(bits: &mut RawBitReader<'_>, profile: u32) -> Result<(), Error> {
    if profile >= 2 {
        // ten_or_twelve_bit
        bits.u(1)?;
    }
    let is_rgb = bits.u(3)? == CS_RGB;
    if !is_rgb {
        // color_range
        bits.u(1)?;
    }
    match (profile, is_rgb) {
        // subsampling_x, subsampling_y, reserved_zero
        (1 | 3, false) => bits.skip(3),
        // reserved_zero
        (1 | 3, true) => bits.skip(1),
        (_, true) => Err(bits.out_of_range("color_space")),
        (_, false) => Ok(()),
    }
}

fn skip_render_size(bits: &mut RawBitReader<'_>) -> Result<(), Error> {
    match bits.flag()? {
        true => bits.skip(32),
        false => Ok(()),
    }
}

fn skip_loop_filter(bits: &mut RawBitReader<'_>) -> Result<(), Error> {
    // loop_filter_level, loop_filter_sharpness
    bits.skip(9)?;
    let delta_update = bits.flag()? && bits.flag()?;
    if delta_update {
        // four for references, two for modes
        for _ in 0..6 {
            skip_optional(bits, 7)?;
        }
    }
    Ok(())
}

fn skip_quantization(bits: &mut RawBitReader<'_>) -> Result<(), Error> {
    // base_q_idx
    bits.skip(8)?;
    for _ in 0..3 {
        skip_optional(bits, 5)?;
    }
    Ok(())
}

fn skip_segmentation(bits: &mut RawBitReader<'_>) -> Result<(), Error> {
    if !bits.flag()? {
        return Ok(());
    }
    // segmentation_update_map
    if bits.flag()? {
        for _ in 0..7 {
            skip_optional(bits, 8)?;
        }
        // segmentation_temporal_update
        if bits.flag()? {
            for _ in 0..3 {
                skip_optional(bits, 8)?;
            }
        }
    }
    // segmentation_update_data
    if bits.flag()? {
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

/// Skips tile_info(), whose length depends on the width in superblocks: 6.2.13.
fn skip_tile_info(bits: &mut RawBitReader<'_>, size: Vp9FrameSize) -> Result<(), Error> {
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

/// Skips a flag and, if it is set, `count` bits.
fn skip_optional(bits: &mut RawBitReader<'_>, count: u32) -> Result<(), Error> {
    match bits.flag()? {
        true => bits.skip(count),
        false => Ok(()),
    }
}
