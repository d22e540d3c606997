// SPDX-License-Identifier: MPL-2.0
//! Picture headers, in NAL units of their own or in slice headers: ISO/IEC 23090-3, 7.3.2.8.

use super::pps::VvcPps;
use super::ref_pic_list;
use super::sps::{VvcSps, skip_partitions, skip_virtual_boundaries};
use super::{HEADER_LEN, VvcParameterSets, weights};
use crate::Error;
use crate::rbsp::RbspReader;

/// The elements of a picture header on which slice headers depend.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PictureHeader {
    pub(super) pps_id: u32,
    pub(super) inter_slices: bool,
    pub(super) temporal_mvp: bool,
    pub(super) lmcs: bool,
    pub(super) scaling_list: bool,
    /// num_ref_entries of both lists, if the picture header has them.
    pub(super) list_entries: [u32; 2],
    intra_slices: bool,
    non_reference: bool,
}

impl PictureHeader {
    /// Parses a NAL unit, header included.
    pub(super) fn parse(nal: &[u8], sets: &VvcParameterSets) -> Result<Self, Error> {
        let mut bits = RbspReader::new(nal, HEADER_LEN, "picture header");
        Self::read(&mut bits, sets)
    }

    /// Reads picture_header_structure().
    pub(super) fn read(bits: &mut RbspReader<'_>, sets: &VvcParameterSets) -> Result<Self, Error> {
        let mut header = Self::default();
        let gdr_or_irap = bits.flag()?;
        header.non_reference = bits.flag()?;
        let gdr = gdr_or_irap && bits.flag()?;
        header.inter_slices = bits.flag()?;
        header.intra_slices = !header.inter_slices || bits.flag()?;
        header.pps_id = bits.ue_max(63, "ph_pic_parameter_set_id")?;
        let (sps, pps) = sets.active(header.pps_id)?;
        bits.u(sps.list_context.order_count_lsb_bits)?;
        if gdr {
            // ph_recovery_poc_cnt
            bits.ue()?;
        }
        bits.u(sps.extra_header_bits.picture)?;
        if let Some(width) = sps.msb_cycle_bits
            && bits.flag()?
        {
            bits.u(width)?;
        }
        header.read_filters(bits, sps, pps)?;
        if pps.in_picture_header.lists {
            header.list_entries = ref_pic_list::read_both(bits, sps, pps.rpl1_idx_present)?;
        }
        header.read_slice_types(bits, sps, pps)?;
        skip_end(bits, sps, pps)?;
        Ok(header)
    }

    /// Reads ph_alf_enabled_flag up to ph_pic_output_flag.
    fn read_filters(
        &mut self,
        bits: &mut RbspReader<'_>,
        sps: &VvcSps,
        pps: &VvcPps,
    ) -> Result<(), Error> {
        if sps.alf && pps.in_picture_header.alf {
            skip_adaptive_loop_filter(bits, sps)?;
        }
        self.lmcs = sps.lmcs && bits.flag()?;
        if self.lmcs {
            // ph_lmcs_aps_id, ph_chroma_residual_scale_flag
            bits.u(if sps.has_chroma() { 3 } else { 2 })?;
        }
        self.scaling_list = sps.scaling_list && bits.flag()?;
        if self.scaling_list {
            // ph_scaling_list_aps_id
            bits.u(3)?;
        }
        if sps.virtual_boundaries_in_header && bits.flag()? {
            skip_virtual_boundaries(bits)?;
        }
        if pps.output_flag_present && !self.non_reference {
            // ph_pic_output_flag
            bits.flag()?;
        }
        Ok(())
    }

    /// Reads ph_partition_constraints_override_flag up to pred_weight_table().
    fn read_slice_types(
        &mut self,
        bits: &mut RbspReader<'_>,
        sps: &VvcSps,
        pps: &VvcPps,
    ) -> Result<(), Error> {
        let overrides = sps.partition_override && bits.flag()?;
        if self.intra_slices {
            if overrides {
                skip_partitions(bits)?;
                if sps.dual_tree_intra {
                    skip_partitions(bits)?;
                }
            }
            skip_subdivisions(bits, pps)?;
        }
        if !self.inter_slices {
            return Ok(());
        }
        if overrides {
            skip_partitions(bits)?;
        }
        skip_subdivisions(bits, pps)?;
        self.read_motion(bits, sps, pps)?;
        if sps.prof_in_header {
            // ph_prof_disabled_flag
            bits.flag()?;
        }
        if pps.in_picture_header.weights {
            weights::skip(bits, sps, pps, self.list_entries)?;
        }
        Ok(())
    }

    /// Reads ph_temporal_mvp_enabled_flag up to ph_dmvr_disabled_flag.
    fn read_motion(
        &mut self,
        bits: &mut RbspReader<'_>,
        sps: &VvcSps,
        pps: &VvcPps,
    ) -> Result<(), Error> {
        let has_lists = pps.in_picture_header.lists;
        let [first, second] = self.list_entries;
        self.temporal_mvp = sps.temporal_mvp && bits.flag()?;
        if self.temporal_mvp && has_lists {
            let from_l0 = second == 0 || bits.flag()?;
            if (if from_l0 { first } else { second }) > 1 {
                bits.ue_max(14, "ph_collocated_ref_idx")?;
            }
        }
        if sps.mmvd_fullpel_only {
            // ph_mmvd_fullpel_only_flag
            bits.flag()?;
        }
        if !has_lists || second > 0 {
            // ph_mvd_l1_zero_flag, ph_bdof_disabled_flag, ph_dmvr_disabled_flag
            bits.u(1 + u32::from(sps.bdof_in_header) + u32::from(sps.dmvr_in_header))?;
        }
        Ok(())
    }
}

/// Skips ph_cu_qp_delta_subdiv_… and ph_cu_chroma_qp_offset_subdiv_….
fn skip_subdivisions(bits: &mut RbspReader<'_>, pps: &VvcPps) -> Result<(), Error> {
    for present in [pps.cu_qp_delta, pps.cu_chroma_qp_offset_list] {
        if present {
            bits.ue()?;
        }
    }
    Ok(())
}

/// Skips ph_alf_enabled_flag or sh_alf_enabled_flag, and the ids of the parameter sets that the filter uses.
pub(super) fn skip_adaptive_loop_filter(
    bits: &mut RbspReader<'_>,
    sps: &VvcSps,
) -> Result<(), Error> {
    if !bits.flag()? {
        return Ok(());
    }
    let luma = bits.u(3)?;
    bits.u(3 * luma)?;
    if sps.has_chroma() && bits.u(2)? > 0 {
        // alf_aps_id_chroma
        bits.u(3)?;
    }
    if sps.ccalf {
        for _ in 0..2 {
            if bits.flag()? {
                // alf_cc_cb_aps_id, alf_cc_cr_aps_id
                bits.u(3)?;
            }
        }
    }
    Ok(())
}

/// Skips ph_qp_delta up to the extension.
fn skip_end(bits: &mut RbspReader<'_>, sps: &VvcSps, pps: &VvcPps) -> Result<(), Error> {
    if pps.in_picture_header.qp_delta {
        bits.se()?;
    }
    if sps.joint_cbcr {
        // ph_joint_cbcr_sign_flag
        bits.flag()?;
    }
    if sps.sao && pps.in_picture_header.sao {
        bits.u(if sps.has_chroma() { 2 } else { 1 })?;
    }
    if pps.in_picture_header.deblocking {
        skip_deblocking(bits, pps)?;
    }
    if pps.picture_header_extension {
        skip_extension(bits)?;
    }
    Ok(())
}

/// Skips ph_deblocking_params_present_flag or sh_deblocking_params_present_flag, and the parameters.
pub(super) fn skip_deblocking(bits: &mut RbspReader<'_>, pps: &VvcPps) -> Result<(), Error> {
    if bits.flag()? {
        let disabled = !pps.deblocking.disabled && bits.flag()?;
        if !disabled {
            pps.skip_deblocking_offsets(bits)?;
        }
    }
    Ok(())
}

/// Skips the extension of a picture or slice header.
pub(super) fn skip_extension(bits: &mut RbspReader<'_>) -> Result<(), Error> {
    let bytes = bits.ue_max(256, "header extension length")?;
    bits.skip(8 * u64::from(bytes))
}
