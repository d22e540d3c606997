// SPDX-License-Identifier: MPL-2.0
//! Sequence header OBUs, as far as frame headers depend on them: the AV1 specification, 5.5.

use crate::Error;
use crate::raw_bits::RawBitReader;

/// color_primaries, transfer_characteristics and matrix_coefficients of sRGB.
const SRGB: [u8; 3] = [1, 13, 0];

/// The sequence header in force.
#[derive(Debug, Clone, Default)]
pub(super) struct SequenceHeader {
    pub(super) reduced_still_picture_header: bool,
    /// The number of bits of frame_presentation_time, if temporal_point_info() is present.
    pub(super) presentation_time_bits: Option<u32>,
    /// The number of bits of buffer_removal_time, if a decoder model is present.
    pub(super) removal_time_bits: Option<u32>,
    /// operating_point_idc of each operating point that has a decoder model.
    pub(super) modelled_points: Vec<u32>,
    pub(super) width_bits: u32,
    pub(super) height_bits: u32,
    pub(super) max_width: u32,
    pub(super) max_height: u32,
    pub(super) frame_ids: Option<FrameIdBits>,
    pub(super) use_128x128_superblock: bool,
    pub(super) enable_warped_motion: bool,
    pub(super) enable_ref_frame_mvs: bool,
    /// None if each frame header has a flag of its own.
    pub(super) force_screen_content_tools: Option<bool>,
    /// None if each frame header has a flag of its own.
    pub(super) force_integer_mv: Option<bool>,
    /// OrderHintBits, 0 without order hints.
    pub(super) order_hint_bits: u32,
    pub(super) enable_superres: bool,
    pub(super) enable_cdef: bool,
    pub(super) enable_restoration: bool,
    pub(super) color: ColorConfig,
    pub(super) film_grain_params_present: bool,
}

/// The number of bits of frame ids.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FrameIdBits {
    /// delta_frame_id_length_minus_2 + 2: of delta_frame_id_minus_1.
    pub(super) delta_bits: u32,
    /// idLen: of current_frame_id and display_frame_id.
    pub(super) bits: u32,
}

/// The elements of color_config() on which frame headers depend, and its description.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ColorConfig {
    /// color_primaries, transfer_characteristics and matrix_coefficients; None without color_description_present_flag.
    pub(super) description: Option<[u8; 3]>,
    /// color_range
    pub(super) is_full_range: bool,
    pub(super) mono_chrome: bool,
    pub(super) subsampling: Subsampling,
    pub(super) separate_uv_delta_q: bool,
}

/// subsampling_x and subsampling_y
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Subsampling {
    horizontal: bool,
    vertical: bool,
}

/// The lengths in decoder_model_info().
#[derive(Clone, Copy)]
struct DecoderModel {
    buffer_delay_bits: u32,
    removal_time_bits: u32,
    presentation_time_bits: u32,
}

impl SequenceHeader {
    /// Parses the payload of the OBU.
    pub(super) fn parse(payload: &[u8]) -> Result<Self, Error> {
        let mut bits = RawBitReader::new(payload, "AV1 sequence header");
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
            sequence.frame_ids = Some(FrameIdBits {
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
        sequence.color = ColorConfig::read(&mut bits, profile)?;
        sequence.film_grain_params_present = bits.flag()?;
        Ok(sequence)
    }

    /// Reads timing_info_present_flag up to the last operating point.
    fn read_operating_points(&mut self, bits: &mut RawBitReader<'_>) -> Result<(), Error> {
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
                let lengths = DecoderModel::read(bits)?;
                self.removal_time_bits = Some(lengths.removal_time_bits);
                self.presentation_time_bits =
                    (!equal_picture_interval).then_some(lengths.presentation_time_bits);
                model = Some(lengths);
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

    /// Reads enable_interintra_compound up to order_hint_bits_minus_1.
    fn read_inter_tools(&mut self, bits: &mut RawBitReader<'_>) -> Result<(), Error> {
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

    /// Returns get_relative_dist(): the distance from order hint `b` to `a`, positive if `a` is later.
    pub(super) const fn distance(&self, a: u32, b: u32) -> i32 {
        if self.order_hint_bits == 0 {
            return 0;
        }
        let difference = a.cast_signed() - b.cast_signed();
        let sign = 1 << (self.order_hint_bits - 1);
        (difference & (sign - 1)) - (difference & sign)
    }
}

impl ColorConfig {
    fn read(bits: &mut RawBitReader<'_>, profile: u32) -> Result<Self, Error> {
        let high_bitdepth = bits.flag()?;
        let twelve_bit = profile == 2 && high_bitdepth && bits.flag()?;
        let mono_chrome = profile != 1 && bits.flag()?;
        let description = match bits.flag()? {
            true => Some([bits.byte()?, bits.byte()?, bits.byte()?]),
            false => None,
        };
        let is_srgb = description == Some(SRGB);
        let mut color = Self {
            description,
            is_full_range: is_srgb,
            mono_chrome,
            subsampling: Subsampling::YUV420,
            separate_uv_delta_q: false,
        };
        if mono_chrome {
            color.is_full_range = bits.flag()?;
            return Ok(color);
        }
        if is_srgb {
            color.subsampling = Subsampling::YUV444;
        } else {
            color.is_full_range = bits.flag()?;
            color.subsampling = match (profile, twelve_bit) {
                (0, _) => Subsampling::YUV420,
                (1, _) => Subsampling::YUV444,
                (_, false) => Subsampling::YUV422,
                (_, true) => Subsampling::read(bits)?,
            };
            if color.subsampling.is_420() {
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

impl Subsampling {
    const YUV420: Self = Self {
        horizontal: true,
        vertical: true,
    };
    const YUV422: Self = Self {
        horizontal: true,
        vertical: false,
    };
    const YUV444: Self = Self {
        horizontal: false,
        vertical: false,
    };

    fn read(bits: &mut RawBitReader<'_>) -> Result<Self, Error> {
        let horizontal = bits.flag()?;
        Ok(Self {
            horizontal,
            vertical: horizontal && bits.flag()?,
        })
    }

    /// True if both directions are subsampled.
    pub(super) const fn is_420(self) -> bool {
        self.horizontal && self.vertical
    }
}

impl DecoderModel {
    fn read(bits: &mut RawBitReader<'_>) -> Result<Self, Error> {
        Ok(Self {
            buffer_delay_bits: bits.u(5)? + 1,
            removal_time_bits: {
                // num_units_in_decoding_tick
                bits.u(32)?;
                bits.u(5)? + 1
            },
            presentation_time_bits: bits.u(5)? + 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_hints_wrap_around() {
        let sequence = SequenceHeader {
            order_hint_bits: 7,
            ..SequenceHeader::default()
        };
        assert_eq!(sequence.distance(3, 1), 2);
        assert_eq!(sequence.distance(1, 3), -2);
        assert_eq!(sequence.distance(1, 127), 2);
        assert_eq!(sequence.distance(127, 1), -2);
        assert_eq!(SequenceHeader::default().distance(9, 1), 0);
    }
}
