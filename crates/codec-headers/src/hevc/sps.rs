// SPDX-License-Identifier: MPL-2.0
//! Sequence parameter set, as far as slice segment headers depend on it: ISO/IEC 23008-2, 7.3.2.2.

use super::ref_pic_set::RefPicSet;
use super::{HEADER_LEN, scaling_list, vui};
use crate::Error;
use crate::parameter_sets::{Identified, ParameterSet};
use crate::rbsp::{RbspReader, ceil_log2};

/// The elements of an SPS on which slice segment headers depend.
#[derive(Debug, Clone)]
pub(super) struct HevcSps {
    pub(super) separate_colour_plane: bool,
    /// ChromaArrayType is not 0.
    pub(super) has_chroma: bool,
    pub(super) order_count_lsb_bits: u32,
    /// The number of bits of slice_segment_address: Ceil(Log2(PicSizeInCtbsY)).
    pub(super) address_bits: u32,
    pub(super) sample_adaptive_offset: bool,
    pub(super) ref_pic_sets: Vec<RefPicSet>,
    pub(super) long_term: Option<LongTermCandidates>,
    pub(super) temporal_mvp: bool,
    /// motion_vector_resolution_control_idc is 2: slice segment headers have use_integer_mv_flag.
    pub(super) integer_mv_by_slice: bool,
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
        // sps_video_parameter_set_id
        bits.u(4)?;
        let max_sub_layers = bits.u(3)? + 1;
        if max_sub_layers > 7 {
            return Err(bits.out_of_range("sps_max_sub_layers_minus1"));
        }
        // sps_temporal_id_nesting_flag
        bits.flag()?;
        skip_profile_tier_level(&mut bits, max_sub_layers)?;
        Ok(Identified {
            id: bits.ue_max(15, "sps_seq_parameter_set_id")?,
            set: Self::read(&mut bits, max_sub_layers)?,
        })
    }
}

impl HevcSps {
    /// Reads the elements after the id.
    fn read(bits: &mut RbspReader<'_>, max_sub_layers: u32) -> Result<Self, Error> {
        let picture = PictureFormat::read(bits)?;
        let order_count_lsb_bits = bits.ue_max(12, "log2_max_pic_order_cnt_lsb_minus4")? + 4;
        skip_sub_layer_ordering(bits, max_sub_layers)?;
        Ok(Self {
            separate_colour_plane: picture.separate_planes,
            has_chroma: picture.chroma_format_idc != 0 && !picture.separate_planes,
            order_count_lsb_bits,
            address_bits: read_address_bits(bits, &picture)?,
            sample_adaptive_offset: read_tools(bits)?,
            ref_pic_sets: read_ref_pic_sets(bits)?,
            long_term: LongTermCandidates::read(bits, order_count_lsb_bits)?,
            temporal_mvp: bits.flag()?,
            integer_mv_by_slice: {
                // strong_intra_smoothing_enabled_flag
                bits.flag()?;
                if bits.flag()? {
                    vui::skip(bits, max_sub_layers)?;
                }
                read_extensions(bits, &picture)?
            },
        })
    }
}

/// Skips profile_tier_level(1, max_sub_layers - 1): 7.3.3.
fn skip_profile_tier_level(bits: &mut RbspReader<'_>, max_sub_layers: u32) -> Result<(), Error> {
    const PROFILE: u64 = 88;
    const LEVEL: u64 = 8;
    bits.skip(PROFILE + LEVEL)?;
    let mut sub_layers = 0;
    for _ in 1..max_sub_layers {
        sub_layers += PROFILE * u64::from(bits.u(1)?);
        sub_layers += LEVEL * u64::from(bits.u(1)?);
    }
    if max_sub_layers > 1 {
        // reserved_zero_2bits up to eight sub-layers
        bits.skip(2 * u64::from(9 - max_sub_layers))?;
    }
    bits.skip(sub_layers)
}

/// The sample format and the size of pictures.
struct PictureFormat {
    chroma_format_idc: u32,
    separate_planes: bool,
    width: u32,
    height: u32,
    bit_depths: [u32; 2],
}

impl PictureFormat {
    fn read(bits: &mut RbspReader<'_>) -> Result<Self, Error> {
        const MAX: u32 = u16::MAX as u32;
        let chroma_format_idc = bits.ue_max(3, "chroma_format_idc")?;
        Ok(Self {
            chroma_format_idc,
            separate_planes: chroma_format_idc == 3 && bits.flag()?,
            width: bits.ue_max(MAX, "pic_width_in_luma_samples")?,
            height: bits.ue_max(MAX, "pic_height_in_luma_samples")?,
            bit_depths: {
                skip_conformance_window(bits)?;
                [
                    bits.ue_max(8, "bit_depth_luma_minus8")? + 8,
                    bits.ue_max(8, "bit_depth_chroma_minus8")? + 8,
                ]
            },
        })
    }
}

fn skip_conformance_window(bits: &mut RbspReader<'_>) -> Result<(), Error> {
    if bits.flag()? {
        for _ in 0..4 {
            bits.ue()?;
        }
    }
    Ok(())
}

fn skip_sub_layer_ordering(bits: &mut RbspReader<'_>, max_sub_layers: u32) -> Result<(), Error> {
    let infos = if bits.flag()? { max_sub_layers } else { 1 };
    for _ in 0..3 * infos {
        bits.ue()?;
    }
    Ok(())
}

/// Reads log2_min_luma_coding_block_size_minus3 up to max_transform_hierarchy_depth_intra and returns the number of bits of
/// slice_segment_address.
fn read_address_bits(bits: &mut RbspReader<'_>, picture: &PictureFormat) -> Result<u32, Error> {
    let ctb_log2 = bits.ue_max(3, "log2_min_luma_coding_block_size_minus3")?
        + 3
        + bits.ue_max(3, "log2_diff_max_min_luma_coding_block_size")?;
    if ctb_log2 > 6 {
        return Err(bits.out_of_range("CtbLog2SizeY"));
    }
    for _ in 0..4 {
        bits.ue()?;
    }
    let ctbs = |length: u32| length.div_ceil(1 << ctb_log2);
    Ok(ceil_log2(ctbs(picture.width) * ctbs(picture.height)))
}

/// Reads scaling lists, AMP, SAO and PCM, and returns sample_adaptive_offset_enabled_flag.
fn read_tools(bits: &mut RbspReader<'_>) -> Result<bool, Error> {
    if bits.flag()? && bits.flag()? {
        scaling_list::skip(bits)?;
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

/// Reads sps_extension_present_flag and the extensions. Returns true if motion_vector_resolution_control_idc is 2.
fn read_extensions(bits: &mut RbspReader<'_>, picture: &PictureFormat) -> Result<bool, Error> {
    if !bits.flag()? {
        return Ok(false);
    }
    let range = bits.flag()?;
    let multilayer = bits.flag()?;
    let three_d = bits.flag()?;
    let screen_content = bits.flag()?;
    // sps_extension_4bits
    bits.u(4)?;
    if !screen_content {
        return Ok(false);
    }
    if three_d {
        return Err(Error::UnsupportedFeature {
            feature: "3D and screen content coding extensions together",
        });
    }
    // nine flags of sps_range_extension(), one of sps_multilayer_extension()
    bits.skip(9 * u64::from(range) + u64::from(multilayer))?;
    read_screen_content(bits, picture)
}

/// Reads sps_scc_extension(): 7.3.2.2.3. Returns true if motion_vector_resolution_control_idc is 2.
fn read_screen_content(bits: &mut RbspReader<'_>, picture: &PictureFormat) -> Result<bool, Error> {
    // sps_curr_pic_ref_enabled_flag
    bits.flag()?;
    if bits.flag()? {
        // palette_max_size, delta_palette_max_predictor_size
        bits.ue()?;
        bits.ue()?;
        if bits.flag()? {
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
