// SPDX-License-Identifier: MPL-2.0
//! Sequence parameter sets, as far as picture and slice headers depend on them: ISO/IEC 23090-3, 7.3.2.4.

use super::HEADER_LEN;
use super::profile::{skip_dpb_parameters, skip_profile_tier_level};
use super::ref_pic_list::{RefPicList, RefPicListContext};
use super::subpictures::Subpictures;
use crate::Error;
use crate::parameter_sets::{Identified, ParameterSet};
use crate::rbsp::RbspReader;

/// The greatest sps_num_ref_pic_lists.
const MAX_LISTS: u32 = 64;
/// The greatest width or height that is accepted, above those of all levels.
const MAX_SIDE: u32 = 1 << 16;

/// The elements of an SPS on which picture and slice headers depend.
#[derive(Debug, Clone, Default)]
pub(super) struct VvcSps {
    pub(super) max_sublayers_minus1: u32,
    pub(super) has_profile: bool,
    has_vps: bool,
    /// sps_chroma_format_idc
    pub(super) chroma_format: u32,
    /// CtbLog2SizeY
    pub(super) ctb_log2: u32,
    pub(super) entropy_coding_sync: bool,
    pub(super) entry_points: bool,
    /// None if slice headers have no sh_subpic_id.
    pub(super) subpictures: Option<Subpictures>,
    /// The number of bits of ph_poc_msb_cycle_val, if there may be one.
    pub(super) msb_cycle_bits: Option<u32>,
    pub(super) extra_header_bits: ExtraHeaderBits,
    pub(super) partition_override: bool,
    pub(super) dual_tree_intra: bool,
    pub(super) transform_64: bool,
    pub(super) lfnst: bool,
    pub(super) transform_skip: bool,
    pub(super) joint_cbcr: bool,
    pub(super) sao: bool,
    pub(super) alf: bool,
    pub(super) ccalf: bool,
    pub(super) lmcs: bool,
    pub(super) idr_lists: bool,
    pub(super) list_context: RefPicListContext,
    pub(super) ref_pic_lists: [Vec<RefPicList>; 2],
    pub(super) temporal_mvp: bool,
    pub(super) bdof_in_header: bool,
    pub(super) dmvr_in_header: bool,
    pub(super) mmvd_fullpel_only: bool,
    pub(super) prof_in_header: bool,
    pub(super) scaling_list: bool,
    pub(super) dep_quant: bool,
    pub(super) sign_hiding: bool,
    /// sps_virtual_boundaries_enabled_flag without sps_virtual_boundaries_present_flag
    pub(super) virtual_boundaries_in_header: bool,
    pub(super) rice_in_slice_header: bool,
    pub(super) reverse_last_sig_coeff: bool,
}

/// The numbers of bits that a later version of the standard may add to headers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ExtraHeaderBits {
    /// NumExtraPhBits
    pub(super) picture: u32,
    /// NumExtraShBits
    pub(super) slice: u32,
}

impl ParameterSet for VvcSps {
    const KIND: &'static str = "SPS";

    fn parse(nal: &[u8]) -> Result<Identified<Self>, Error> {
        let mut bits = RbspReader::new(nal, HEADER_LEN, "SPS");
        let id = bits.u(4)?;
        let mut sps = Self::default();
        sps.read_format(&mut bits)?;
        sps.read_headers(&mut bits)?;
        sps.read_partitions(&mut bits)?;
        sps.read_transforms(&mut bits)?;
        sps.read_filters(&mut bits)?;
        sps.read_references(&mut bits)?;
        sps.read_tools(&mut bits)?;
        sps.read_end(&mut bits)?;
        Ok(Identified { id, set: sps })
    }
}

/// Skips elements that are block sizes or depths.
fn skip_small(bits: &mut RbspReader<'_>, count: u32) -> Result<(), Error> {
    for _ in 0..count {
        bits.ue_max(64, "block size or depth")?;
    }
    Ok(())
}

/// Skips a quaternary tree's size, a depth and, unless that is 0, two more sizes.
pub(super) fn skip_partitions(bits: &mut RbspReader<'_>) -> Result<(), Error> {
    skip_small(bits, 1)?;
    if bits.ue_max(64, "max_mtt_hierarchy_depth")? > 0 {
        skip_small(bits, 2)?;
    }
    Ok(())
}

/// Reads a number of bytes and returns the number of bits set in them.
fn read_extra_header_bits(bits: &mut RbspReader<'_>) -> Result<u32, Error> {
    let bytes = bits.u(2)?;
    Ok(bits.u(8 * bytes)?.count_ones())
}

/// Skips the positions of virtual boundaries, in an SPS or a picture header.
pub(super) fn skip_virtual_boundaries(bits: &mut RbspReader<'_>) -> Result<(), Error> {
    for _ in 0..2 {
        for _ in 0..bits.ue_max(3, "num_virtual_boundaries")? {
            bits.ue()?;
        }
    }
    Ok(())
}

impl VvcSps {
    /// True unless sps_chroma_format_idc is 0.
    pub(super) const fn has_chroma(&self) -> bool {
        self.chroma_format != 0
    }

    /// Reads sps_video_parameter_set_id up to sps_subpic_id.
    fn read_format(&mut self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        self.has_vps = bits.u(4)? > 0;
        self.max_sublayers_minus1 = bits.u(3)?;
        self.chroma_format = bits.u(2)?;
        self.ctb_log2 = bits.u(2)? + 5;
        self.has_profile = bits.flag()?;
        if self.has_profile {
            skip_profile_tier_level(bits, self.max_sublayers_minus1)?;
        }
        // sps_gdr_enabled_flag
        bits.flag()?;
        if bits.flag()? {
            // sps_res_change_in_clvs_allowed_flag
            bits.flag()?;
        }
        let width = bits.ue_max(MAX_SIDE, "sps_pic_width_max_in_luma_samples")?;
        let height = bits.ue_max(MAX_SIDE, "sps_pic_height_max_in_luma_samples")?;
        if bits.flag()? {
            for _ in 0..4 {
                bits.ue()?;
            }
        }
        if bits.flag()? {
            let ctus = |length: u32| length.div_ceil(1 << self.ctb_log2);
            self.subpictures = Some(Subpictures::read(bits, ctus(width), ctus(height))?);
        }
        Ok(())
    }

    /// Reads sps_bitdepth_minus8 up to dpb_parameters().
    fn read_headers(&mut self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        bits.ue_max(8, "sps_bitdepth_minus8")?;
        self.entropy_coding_sync = bits.flag()?;
        self.entry_points = bits.flag()?;
        self.list_context.order_count_lsb_bits = bits.u(4)? + 4;
        if bits.flag()? {
            self.msb_cycle_bits = Some(bits.ue_max(27, "sps_poc_msb_cycle_len_minus1")? + 1);
        }
        self.extra_header_bits = ExtraHeaderBits {
            picture: read_extra_header_bits(bits)?,
            slice: read_extra_header_bits(bits)?,
        };
        if self.has_profile {
            let every_sublayer = self.max_sublayers_minus1 > 0 && bits.flag()?;
            let sublayers = if every_sublayer {
                self.max_sublayers_minus1 + 1
            } else {
                1
            };
            skip_dpb_parameters(bits, sublayers)?;
        }
        Ok(())
    }

    /// Reads sps_log2_min_luma_coding_block_size_minus2 up to sps_max_luma_transform_size_64_flag.
    fn read_partitions(&mut self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        skip_small(bits, 1)?;
        self.partition_override = bits.flag()?;
        skip_partitions(bits)?;
        self.dual_tree_intra = self.has_chroma() && bits.flag()?;
        if self.dual_tree_intra {
            skip_partitions(bits)?;
        }
        skip_partitions(bits)?;
        self.transform_64 = self.ctb_log2 > 5 && bits.flag()?;
        Ok(())
    }

    /// Reads sps_transform_skip_enabled_flag up to the chroma QP tables.
    fn read_transforms(&mut self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        self.transform_skip = bits.flag()?;
        if self.transform_skip {
            skip_small(bits, 1)?;
            // sps_bdpcm_enabled_flag
            bits.flag()?;
        }
        if bits.flag()? {
            // sps_explicit_mts_intra_enabled_flag, sps_explicit_mts_inter_enabled_flag
            bits.u(2)?;
        }
        self.lfnst = bits.flag()?;
        if !self.has_chroma() {
            return Ok(());
        }
        self.joint_cbcr = bits.flag()?;
        let same_table = bits.flag()?;
        for _ in 0..match (same_table, self.joint_cbcr) {
            (true, _) => 1,
            (false, true) => 3,
            (false, false) => 2,
        } {
            // sps_qp_table_start_minus26
            bits.se()?;
            for _ in 0..=bits.ue_max(111, "sps_num_points_in_qp_table_minus1")? {
                bits.ue()?;
                bits.ue()?;
            }
        }
        Ok(())
    }

    /// Reads sps_sao_enabled_flag up to sps_lmcs_enabled_flag.
    fn read_filters(&mut self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        self.sao = bits.flag()?;
        self.alf = bits.flag()?;
        self.ccalf = self.alf && self.has_chroma() && bits.flag()?;
        self.lmcs = bits.flag()?;
        Ok(())
    }

    /// Reads sps_weighted_pred_flag up to sps_ref_wraparound_enabled_flag.
    fn read_references(&mut self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        self.list_context.weighted = bits.u(2)? > 0;
        self.list_context.long_term = bits.flag()?;
        self.list_context.inter_layer = self.has_vps && bits.flag()?;
        self.idr_lists = bits.flag()?;
        let same = bits.flag()?;
        let [first, second] = &mut self.ref_pic_lists;
        for lists in [Some(&mut *first), (!same).then_some(&mut *second)] {
            let Some(lists) = lists else { continue };
            for _ in 0..bits.ue_max(MAX_LISTS, "sps_num_ref_pic_lists")? {
                lists.push(RefPicList::read(bits, self.list_context, true)?);
            }
        }
        if same {
            second.clone_from(first);
        }
        // sps_ref_wraparound_enabled_flag
        bits.flag()?;
        Ok(())
    }
}
