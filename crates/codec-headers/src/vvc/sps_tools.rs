// SPDX-License-Identifier: MPL-2.0
//! The coding tools in an SPS and its end: ISO/IEC 23090-3, 7.3.2.4 from sps_temporal_mvp_enabled_flag, and 7.3.2.22.

use super::profile::skip_timing;
use super::sps::{VvcSps, skip_virtual_boundaries};
use crate::Error;
use crate::rbsp::RbspReader;

/// sps_chroma_format_idc of 4:2:0 and 4:4:4.
const CHROMA_420: u32 = 1;
const CHROMA_444: u32 = 3;

impl VvcSps {
    /// Reads sps_temporal_mvp_enabled_flag up to the virtual boundaries.
    pub(super) fn read_tools(&mut self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        let amvr = self.read_motion(bits)?;
        self.read_merging(bits, amvr)?;
        self.read_prediction(bits)?;
        self.read_quantisation(bits)
    }

    /// Reads sps_temporal_mvp_enabled_flag up to sps_mmvd_fullpel_only_enabled_flag and returns sps_amvr_enabled_flag.
    fn read_motion(&mut self, bits: &mut RbspReader<'_>) -> Result<bool, Error> {
        self.temporal_mvp = bits.flag()?;
        if self.temporal_mvp {
            // sps_sbtmvp_enabled_flag
            bits.flag()?;
        }
        let amvr = bits.flag()?;
        self.bdof_in_header = bits.flag()? && bits.flag()?;
        // sps_smvd_enabled_flag
        bits.flag()?;
        self.dmvr_in_header = bits.flag()? && bits.flag()?;
        self.mmvd_fullpel_only = bits.flag()? && bits.flag()?;
        Ok(amvr)
    }

    /// Reads sps_six_minus_max_num_merge_cand up to sps_log2_parallel_merge_level_minus2.
    fn read_merging(&mut self, bits: &mut RbspReader<'_>, amvr: bool) -> Result<(), Error> {
        let candidates = 6 - bits.ue_max(5, "sps_six_minus_max_num_merge_cand")?;
        // sps_sbt_enabled_flag
        bits.flag()?;
        // sps_affine_enabled_flag
        if bits.flag()? {
            bits.ue_max(5, "sps_five_minus_max_num_subblock_merge_cand")?;
            // sps_6param_affine_enabled_flag, sps_affine_amvr_enabled_flag
            bits.u(if amvr { 2 } else { 1 })?;
            self.prof_in_header = bits.flag()? && bits.flag()?;
        }
        // sps_bcw_enabled_flag, sps_ciip_enabled_flag
        bits.u(2)?;
        if candidates >= 2 {
            let geometric = bits.flag()?;
            if geometric && candidates >= 3 {
                bits.ue_max(4, "sps_max_num_merge_cand_minus_max_num_gpm_cand")?;
            }
        }
        bits.ue_max(5, "sps_log2_parallel_merge_level_minus2")?;
        Ok(())
    }

    /// Reads sps_isp_enabled_flag up to the scaling lists.
    fn read_prediction(&mut self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        // sps_isp_enabled_flag, sps_mrl_enabled_flag, sps_mip_enabled_flag
        bits.u(3)?;
        if self.has_chroma() {
            // sps_cclm_enabled_flag
            bits.flag()?;
        }
        if self.chroma_format == CHROMA_420 {
            // sps_chroma_horizontal_collocated_flag, sps_chroma_vertical_collocated_flag
            bits.u(2)?;
        }
        let palette = bits.flag()?;
        let transforms_colour =
            self.chroma_format == CHROMA_444 && !self.transform_64 && bits.flag()?;
        if self.transform_skip || palette {
            bits.ue_max(8, "sps_internal_bit_depth_minus_input_bit_depth")?;
        }
        if bits.flag()? {
            bits.ue_max(5, "sps_six_minus_max_num_ibc_merge_cand")?;
        }
        if bits.flag()? {
            skip_ladf(bits)?;
        }
        self.scaling_list = bits.flag()?;
        if self.scaling_list && self.lfnst {
            // sps_scaling_matrix_for_lfnst_disabled_flag
            bits.flag()?;
        }
        if self.scaling_list && transforms_colour && bits.flag()? {
            // sps_scaling_matrix_designated_colour_space_flag
            bits.flag()?;
        }
        Ok(())
    }

    /// Reads sps_dep_quant_enabled_flag up to the virtual boundaries.
    fn read_quantisation(&mut self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        self.dep_quant = bits.flag()?;
        self.sign_hiding = bits.flag()?;
        let virtual_boundaries = bits.flag()?;
        if virtual_boundaries {
            self.virtual_boundaries_in_header = !bits.flag()?;
            if !self.virtual_boundaries_in_header {
                skip_virtual_boundaries(bits)?;
            }
        }
        Ok(())
    }

    /// Reads sps_timing_hrd_params_present_flag up to the range extension.
    pub(super) fn read_end(&mut self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        if self.has_profile && bits.flag()? {
            skip_timing(bits, self.max_sublayers_minus1)?;
        }
        // sps_field_seq_flag
        bits.flag()?;
        if bits.flag()? {
            let bytes = bits.ue_max(1023, "sps_vui_payload_size_minus1")? + 1;
            bits.skip_to_byte();
            bits.skip(8 * u64::from(bytes))?;
        }
        if bits.flag()? {
            let range_extension = bits.flag()?;
            // sps_extension_7bits
            bits.u(7)?;
            if range_extension {
                self.read_range_extension(bits)?;
            }
        }
        Ok(())
    }

    /// Reads sps_range_extension().
    fn read_range_extension(&mut self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        // sps_extended_precision_flag
        bits.flag()?;
        self.rice_in_slice_header = self.transform_skip && bits.flag()?;
        // sps_rrc_rice_extension_flag, sps_persistent_rice_adaptation_enabled_flag
        bits.u(2)?;
        self.reverse_last_sig_coeff = bits.flag()?;
        Ok(())
    }
}

/// Skips the intervals of sps_ladf_enabled_flag.
fn skip_ladf(bits: &mut RbspReader<'_>) -> Result<(), Error> {
    let intervals = bits.u(2)? + 1;
    // sps_ladf_lowest_interval_qp_offset
    bits.se()?;
    for _ in 0..intervals {
        bits.se()?;
        bits.ue()?;
    }
    Ok(())
}
