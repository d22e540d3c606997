// SPDX-License-Identifier: MPL-2.0
//! Sequence header OBUs: the AV1 specification, 5.5. What frame headers need is kept.

use crate::Error;
use crate::plain::PlainBits;

/// color_primaries, transfer_characteristics and matrix_coefficients of sRGB.
const SRGB: (u32, u32, u32) = (1, 13, 0);

/// The sequence header in force.
#[derive(Debug, Clone, Default)]
pub(super) struct Sequence {
    pub(super) reduced_still_picture_header: bool,
    /// Bits of frame_presentation_time, where temporal_point_info() is present.
    pub(super) presentation_time_bits: Option<u32>,
    /// Bits of buffer_removal_time, where a decoder model is present.
    pub(super) removal_time_bits: Option<u32>,
    /// operating_point_idc of those operating points that have a decoder model.
    pub(super) modelled_points: Vec<u32>,
    pub(super) width_bits: u32,
    pub(super) height_bits: u32,
    pub(super) max_width: u32,
    pub(super) max_height: u32,
    pub(super) frame_ids: Option<FrameIds>,
    pub(super) use_128x128_superblock: bool,
    pub(super) enable_warped_motion: bool,
    pub(super) enable_ref_frame_mvs: bool,
    /// None where each frame tells.
    pub(super) force_screen_content_tools: Option<bool>,
    /// None where each frame tells.
    pub(super) force_integer_mv: Option<bool>,
    /// OrderHintBits, 0 without order hints.
    pub(super) order_hint_bits: u32,
    pub(super) enable_superres: bool,
    pub(super) enable_cdef: bool,
    pub(super) enable_restoration: bool,
    pub(super) color: Color,
    pub(super) film_grain_params_present: bool,
}

/// How many bits frame ids take.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FrameIds {
    /// delta_frame_id_length_minus_2 + 2
    pub(super) delta_bits: u32,
    /// idLen
    pub(super) bits: u32,
}

/// color_config()
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Color {
    pub(super) mono_chrome: bool,
    /// subsampling_x and subsampling_y
    pub(super) subsampling: (bool, bool),
    pub(super) separate_uv_delta_q: bool,
}

/// decoder_model_info()
#[derive(Clone, Copy)]
struct DecoderModel {
    buffer_delay_bits: u32,
    removal_time_bits: u32,
    presentation_time_bits: u32,
}

impl Sequence {
    /// Parses the payload of the OBU.
    pub(super) fn parse(payload: &[u8]) -> Result<Self, Error> {
        let mut bits = PlainBits::new(payload, "AV1 sequence header");
        let profile = bits.u(3)?;
        // still_picture
        bits.u(1)?;
        let mut sequence = Self {
            reduced_still_picture_header: bits.flag()?,
            ..Self::default()
        };
        if sequence.reduced_still_picture_header {
            // seq_level_idx
            bits.u(5)?;
        } else {
            sequence.read_operating_points(&mut bits)?;
        }
        sequence.width_bits = bits.u(4)? + 1;
        sequence.height_bits = bits.u(4)? + 1;
        sequence.max_width = bits.u(sequence.width_bits)? + 1;
        sequence.max_height = bits.u(sequence.height_bits)? + 1;
        if !sequence.reduced_still_picture_header && bits.flag()? {
            let delta_bits = bits.u(4)? + 2;
            sequence.frame_ids = Some(FrameIds {
                delta_bits,
                bits: delta_bits + bits.u(3)? + 1,
            });
        }
        sequence.use_128x128_superblock = bits.flag()?;
        // enable_filter_intra, enable_intra_edge_filter
        bits.u(2)?;
        if !sequence.reduced_still_picture_header {
            sequence.read_inter_tools(&mut bits)?;
        }
        sequence.enable_superres = bits.flag()?;
        sequence.enable_cdef = bits.flag()?;
        sequence.enable_restoration = bits.flag()?;
        sequence.color = Color::read(&mut bits, profile)?;
        sequence.film_grain_params_present = bits.flag()?;
        Ok(sequence)
    }

    /// timing_info_present_flag up to the last operating point.
    fn read_operating_points(&mut self, bits: &mut PlainBits<'_>) -> Result<(), Error> {
        let mut model = None;
        if bits.flag()? {
            // num_units_in_display_tick, time_scale
            bits.skip(64)?;
            let equal_picture_interval = bits.flag()?;
            if equal_picture_interval {
                // num_ticks_per_picture_minus_1
                bits.skip_uvlc()?;
            }
            if bits.flag()? {
                let read = DecoderModel::read(bits)?;
                self.removal_time_bits = Some(read.removal_time_bits);
                self.presentation_time_bits =
                    (!equal_picture_interval).then_some(read.presentation_time_bits);
                model = Some(read);
            }
        }
        let initial_display_delay = bits.flag()?;
        for _ in 0..=bits.u(5)? {
            let idc = bits.u(12)?;
            if bits.u(5)? > 7 {
                // seq_tier
                bits.u(1)?;
            }
            if let Some(model) = model
                && bits.flag()?
            {
                // decoder_buffer_delay, encoder_buffer_delay, low_delay_mode_flag
                bits.skip(2 * model.buffer_delay_bits + 1)?;
                self.modelled_points.push(idc);
            }
            if initial_display_delay && bits.flag()? {
                // initial_display_delay_minus_1
                bits.u(4)?;
            }
        }
        Ok(())
    }

    /// enable_interintra_compound up to order_hint_bits_minus_1.
    fn read_inter_tools(&mut self, bits: &mut PlainBits<'_>) -> Result<(), Error> {
        // enable_interintra_compound, enable_masked_compound
        bits.u(2)?;
        self.enable_warped_motion = bits.flag()?;
        // enable_dual_filter
        bits.u(1)?;
        let enable_order_hint = bits.flag()?;
        if enable_order_hint {
            // enable_jnt_comp
            bits.u(1)?;
            self.enable_ref_frame_mvs = bits.flag()?;
        }
        let choose_screen_content_tools = bits.flag()?;
        if !choose_screen_content_tools {
            self.force_screen_content_tools = Some(bits.flag()?);
        }
        if self.force_screen_content_tools != Some(false) {
            let choose_integer_mv = bits.flag()?;
            if !choose_integer_mv {
                self.force_integer_mv = Some(bits.flag()?);
            }
        }
        if enable_order_hint {
            self.order_hint_bits = bits.u(3)? + 1;
        }
        Ok(())
    }

    /// get_relative_dist(): how far order hint `a` is behind `b`.
    pub(super) const fn distance(&self, a: u32, b: u32) -> i32 {
        if self.order_hint_bits == 0 {
            return 0;
        }
        let difference = a.cast_signed() - b.cast_signed();
        let sign = 1 << (self.order_hint_bits - 1);
        (difference & (sign - 1)) - (difference & sign)
    }
}

impl Color {
    fn read(bits: &mut PlainBits<'_>, profile: u32) -> Result<Self, Error> {
        let high_bitdepth = bits.flag()?;
        let twelve_bit = profile == 2 && high_bitdepth && bits.flag()?;
        let mono_chrome = profile != 1 && bits.flag()?;
        let mut description = (2, 2, 2);
        if bits.flag()? {
            description = (bits.u(8)?, bits.u(8)?, bits.u(8)?);
        }
        let mut color = Self {
            mono_chrome,
            subsampling: (true, true),
            separate_uv_delta_q: false,
        };
        if mono_chrome {
            // color_range
            bits.u(1)?;
            return Ok(color);
        }
        if description == SRGB {
            color.subsampling = (false, false);
        } else {
            // color_range
            bits.u(1)?;
            color.subsampling = match (profile, twelve_bit) {
                (0, _) => (true, true),
                (1, _) => (false, false),
                (_, false) => (true, false),
                (_, true) => {
                    let x = bits.flag()?;
                    (x, x && bits.flag()?)
                }
            };
            if color.subsampling == (true, true) {
                // chroma_sample_position
                bits.u(2)?;
            }
        }
        color.separate_uv_delta_q = bits.flag()?;
        Ok(color)
    }

    /// NumPlanes
    pub(super) const fn planes(self) -> u32 {
        if self.mono_chrome { 1 } else { 3 }
    }
}

impl DecoderModel {
    fn read(bits: &mut PlainBits<'_>) -> Result<Self, Error> {
        let buffer_delay_bits = bits.u(5)? + 1;
        // num_units_in_decoding_tick
        bits.u(32)?;
        Ok(Self {
            buffer_delay_bits,
            removal_time_bits: bits.u(5)? + 1,
            presentation_time_bits: bits.u(5)? + 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_hints_wrap_around() {
        let sequence = Sequence {
            order_hint_bits: 7,
            ..Sequence::default()
        };
        assert_eq!(sequence.distance(3, 1), 2);
        assert_eq!(sequence.distance(1, 3), -2);
        assert_eq!(sequence.distance(1, 127), 2);
        assert_eq!(sequence.distance(127, 1), -2);
        assert_eq!(Sequence::default().distance(9, 1), 0);
    }
}
