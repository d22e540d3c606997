// SPDX-License-Identifier: MPL-2.0
//! Sequence parameter set, as far as slice segment headers depend on it: ISO/IEC 23008-2, 7.3.2.2 and F.7.3.2.2.

use super::format::{PictureFormat, read_profile_tier_level, skip_sub_layer_ordering};
use super::present_extensions::PresentExtensions;
use super::ref_pic_set::RefPicSet;
use super::{HEADER_LEN, HevcNalHeader, scaling_list, vui};
use crate::Error;
use crate::configuration::StreamColours;
use crate::parameter_sets::{Identified, ParameterSet};
use crate::rbsp::{RbspReader, ceil_log2};

/// The elements of an SPS on which slice segment headers depend.
#[derive(Debug, Clone)]
pub(super) struct HevcSps {
    /// sps_video_parameter_set_id
    pub(super) vps_id: u32,
    pub(super) format: SpsFormat,
    /// CtbLog2SizeY
    ctb_log2: u32,
    pub(super) order_count_lsb_bits: u32,
    pub(super) sample_adaptive_offset: bool,
    pub(super) ref_pic_sets: Vec<RefPicSet>,
    pub(super) long_term: Option<LongTermCandidates>,
    pub(super) temporal_mvp: bool,
    /// The colours that vui_parameters() describe; slice segment headers do not depend on them.
    pub(super) colours: Option<StreamColours>,
    pub(super) extensions: SpsExtensions,
}

/// The elements of the SPS extensions on which slice segment headers depend.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SpsExtensions {
    /// motion_vector_resolution_control_idc is 2: slice segment headers have use_integer_mv_flag.
    pub(super) integer_mv_by_slice: bool,
    /// sps_3d_extension_flag
    pub(super) is_3d: bool,
}

/// The format of pictures: that of an SPS, or one of the VPS extension.
#[derive(Debug, Clone, Copy)]
pub(super) enum SpsFormat {
    /// The SPS has it.
    Own(PictureFormat),
    /// sps_rep_format_idx refers to the VPS; None is the rep_format() of the layer.
    OfVps { index: Option<u32> },
}

/// The candidate long-term reference pictures.
#[derive(Debug, Clone, Copy)]
pub(super) struct LongTermCandidates {
    /// num_long_term_ref_pics_sps
    pub(super) count: u32,
    /// used_by_curr_pic_lt_sps_flag, the first picture in bit 0.
    pub(super) used: u32,
}

impl ParameterSet for HevcSps {
    const KIND: &'static str = "SPS";

    fn parse(nal: &[u8]) -> Result<Identified<Self>, Error> {
        let mut bits = RbspReader::new(nal, HEADER_LEN, "SPS");
        let vps_id = bits.u(4)?;
        let max_sub_layers = bits.u(3)? + 1;
        let is_layered = max_sub_layers == 8 && HevcNalHeader::of(0, nal)?.layer_id > 0;
        if is_layered {
            // MultiLayerExtSpsFlag
            return Ok(Identified {
                id: bits.ue_max(15, "sps_seq_parameter_set_id")?,
                set: Self::read(&mut bits, vps_id, None)?,
            });
        }
        if max_sub_layers > 7 {
            return Err(bits.out_of_range("sps_max_sub_layers_minus1"));
        }
        // sps_temporal_id_nesting_flag
        bits.flag()?;
        read_profile_tier_level(&mut bits, true, max_sub_layers)?;
        Ok(Identified {
            id: bits.ue_max(15, "sps_seq_parameter_set_id")?,
            set: Self::read(&mut bits, vps_id, Some(max_sub_layers))?,
        })
    }
}

impl HevcSps {
    /// Reads the elements after the id. `max_sub_layers` is None if MultiLayerExtSpsFlag is 1.
    fn read(
        bits: &mut RbspReader<'_>,
        vps_id: u32,
        max_sub_layers: Option<u32>,
    ) -> Result<Self, Error> {
        let format = SpsFormat::read(bits, max_sub_layers.is_none())?;
        let order_count_lsb_bits = bits.ue_max(12, "log2_max_pic_order_cnt_lsb_minus4")? + 4;
        if let Some(max_sub_layers) = max_sub_layers {
            skip_sub_layer_ordering(bits, max_sub_layers)?;
        }
        Ok(Self {
            vps_id,
            format,
            order_count_lsb_bits,
            ctb_log2: read_ctb_log2(bits)?,
            sample_adaptive_offset: read_tools(bits, max_sub_layers.is_none())?,
            ref_pic_sets: read_ref_pic_sets(bits)?,
            long_term: LongTermCandidates::read(bits, order_count_lsb_bits)?,
            temporal_mvp: bits.flag()?,
            colours: {
                // strong_intra_smoothing_enabled_flag
                bits.flag()?;
                match bits.flag()? {
                    true => vui::read(bits, max_sub_layers)?,
                    false => None,
                }
            },
            extensions: SpsExtensions::read(bits, format)?,
        })
    }

    /// Returns the number of bits of slice_segment_address: Ceil(Log2(PicSizeInCtbsY)).
    pub(super) fn address_bits(&self, format: &PictureFormat) -> u32 {
        let ctbs = |length: u32| length.div_ceil(1 << self.ctb_log2);
        ceil_log2(ctbs(format.width) * ctbs(format.height))
    }
}

impl SpsFormat {
    /// Reads chroma_format_idc up to bit_depth_chroma_minus8, or update_rep_format_flag and sps_rep_format_idx.
    fn read(bits: &mut RbspReader<'_>, is_layered: bool) -> Result<Self, Error> {
        Ok(match is_layered {
            false => Self::Own(PictureFormat::read(bits)?),
            true => Self::OfVps {
                index: match bits.flag()? {
                    true => Some(bits.u(8)?),
                    false => None,
                },
            },
        })
    }
}

/// Reads log2_min_luma_coding_block_size_minus3 up to max_transform_hierarchy_depth_intra and returns CtbLog2SizeY.
fn read_ctb_log2(bits: &mut RbspReader<'_>) -> Result<u32, Error> {
    let ctb_log2 = bits.ue_max(3, "log2_min_luma_coding_block_size_minus3")?
        + 3
        + bits.ue_max(3, "log2_diff_max_min_luma_coding_block_size")?;
    if ctb_log2 > 6 {
        return Err(bits.out_of_range("CtbLog2SizeY"));
    }
    for _ in 0..4 {
        bits.ue()?;
    }
    Ok(ctb_log2)
}

/// Reads scaling lists, AMP, SAO and PCM, and returns sample_adaptive_offset_enabled_flag.
fn read_tools(bits: &mut RbspReader<'_>, is_layered: bool) -> Result<bool, Error> {
    // scaling_list_enabled_flag
    if bits.flag()? {
        // sps_infer_scaling_list_flag
        if is_layered && bits.flag()? {
            // sps_scaling_list_ref_layer_id
            bits.u(6)?;
        } else if bits.flag()? {
            scaling_list::skip(bits)?;
        }
    }
    // amp_enabled_flag
    bits.flag()?;
    let sample_adaptive_offset = bits.flag()?;
    if bits.flag()? {
        // bit depths, block sizes, pcm_loop_filter_disabled_flag
        bits.skip(8)?;
        bits.ue()?;
        bits.ue()?;
        bits.flag()?;
    }
    Ok(sample_adaptive_offset)
}

fn read_ref_pic_sets(bits: &mut RbspReader<'_>) -> Result<Vec<RefPicSet>, Error> {
    let mut sets = Vec::new();
    for _ in 0..bits.ue_max(64, "num_short_term_ref_pic_sets")? {
        sets.push(RefPicSet::read_in_sps(bits, &sets)?);
    }
    Ok(sets)
}

impl LongTermCandidates {
    fn read(bits: &mut RbspReader<'_>, lsb_bits: u32) -> Result<Option<Self>, Error> {
        if !bits.flag()? {
            return Ok(None);
        }
        let count = bits.ue_max(32, "num_long_term_ref_pics_sps")?;
        let mut used = 0;
        for picture in 0..count {
            // lt_ref_pic_poc_lsb_sps
            bits.u(lsb_bits)?;
            used |= bits.u(1)? << picture;
        }
        Ok(Some(Self { count, used }))
    }
}

impl SpsExtensions {
    /// Reads sps_extension_present_flag and the extensions.
    fn read(bits: &mut RbspReader<'_>, format: SpsFormat) -> Result<Self, Error> {
        let present = PresentExtensions::read(bits)?;
        let mut extensions = Self {
            is_3d: present.is_3d,
            ..Self::default()
        };
        if present.screen_content {
            if present.is_3d {
                return Err(Error::UnsupportedFeature {
                    feature: "3D and screen content coding extensions together",
                });
            }
            // nine flags of sps_range_extension(), one of sps_multilayer_extension()
            bits.skip(9 * u64::from(present.range) + u64::from(present.multilayer))?;
            extensions.integer_mv_by_slice = read_screen_content(bits, format)?;
        }
        Ok(extensions)
    }
}

/// Reads sps_scc_extension(): 7.3.2.2.3. Returns true if motion_vector_resolution_control_idc is 2.
fn read_screen_content(bits: &mut RbspReader<'_>, format: SpsFormat) -> Result<bool, Error> {
    // sps_curr_pic_ref_enabled_flag
    bits.flag()?;
    if bits.flag()? {
        // palette_max_size, delta_palette_max_predictor_size
        bits.ue()?;
        bits.ue()?;
        if bits.flag()? {
            let SpsFormat::Own(picture) = format else {
                return Err(Error::UnsupportedFeature {
                    feature: "palette initializers in an SPS that takes its format from the VPS",
                });
            };
            let entries = u64::from(bits.ue()?) + 1;
            let [luma, chroma] = picture.bit_depths.map(u64::from);
            bits.skip(match picture.chroma_format_idc {
                0 => entries * luma,
                _ => entries * (luma + 2 * chroma),
            })?;
        }
    }
    Ok(bits.u(2)? == 2)
}
