// SPDX-License-Identifier: MPL-2.0
//! Picture parameter set, as far as slice segment headers depend on it: ISO/IEC 23008-2, 7.3.2.3.

use super::present_extensions::PresentExtensions;
use super::{HEADER_LEN, scaling_list};
use crate::Error;
use crate::parameter_sets::{Identified, ParameterSet};
use crate::rbsp::RbspReader;

/// The elements of a PPS on which slice segment headers depend.
#[derive(Debug, Clone, Default)]
pub(super) struct HevcPps {
    pub(super) sps_id: u32,
    pub(super) dependent_slice_segments: bool,
    pub(super) output_flag_present: bool,
    pub(super) extra_slice_header_bits: u32,
    pub(super) cabac_init_present: bool,
    /// num_ref_idx_lX_default_active_minus1 + 1
    pub(super) default_active_refs: [u32; 2],
    pub(super) slice_chroma_qp_offsets_present: bool,
    pub(super) weighted_pred: bool,
    pub(super) weighted_bipred: bool,
    /// Tiles or wavefronts are enabled: slice segment headers have entry points.
    pub(super) entry_points: bool,
    pub(super) loop_filter_across_slices: bool,
    pub(super) deblocking: HevcDeblocking,
    pub(super) lists_modification_present: bool,
    pub(super) slice_header_extension_present: bool,
    pub(super) extensions: PpsExtensions,
}

/// The elements that slice headers may have about the deblocking filter.
#[derive(Debug, Clone, Default)]
pub(super) struct HevcDeblocking {
    pub(super) override_enabled: bool,
    pub(super) disabled: bool,
}

/// The elements that the PPS extensions add to slice headers.
#[derive(Debug, Clone, Default)]
pub(super) struct PpsExtensions {
    pub(super) chroma_qp_offset_list: bool,
    pub(super) current_picture_reference: bool,
    pub(super) slice_act_qp_offsets_present: bool,
    /// pps_3d_extension_flag
    pub(super) is_3d: bool,
}

impl ParameterSet for HevcPps {
    const KIND: &'static str = "PPS";

    fn parse(nal: &[u8]) -> Result<Identified<Self>, Error> {
        let mut bits = RbspReader::new(nal, HEADER_LEN, "PPS");
        let id = bits.ue_max(63, "pps_pic_parameter_set_id")?;
        let mut set = Self::default();
        set.read_slice_syntax(&mut bits)?;
        let transform_skip = set.read_coding_tools(&mut bits)?;
        set.loop_filter_across_slices = bits.flag()?;
        set.deblocking = HevcDeblocking::read(&mut bits)?;
        if bits.flag()? {
            scaling_list::skip(&mut bits)?;
        }
        set.lists_modification_present = bits.flag()?;
        // log2_parallel_merge_level_minus2
        bits.ue()?;
        set.slice_header_extension_present = bits.flag()?;
        set.extensions = PpsExtensions::read(&mut bits, transform_skip)?;
        Ok(Identified { id, set })
    }
}

impl HevcPps {
    /// Reads pps_seq_parameter_set_id up to num_ref_idx_l1_default_active_minus1.
    fn read_slice_syntax(&mut self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        self.sps_id = bits.ue_max(15, "pps_seq_parameter_set_id")?;
        self.dependent_slice_segments = bits.flag()?;
        self.output_flag_present = bits.flag()?;
        self.extra_slice_header_bits = bits.u(3)?;
        // sign_data_hiding_enabled_flag
        bits.flag()?;
        self.cabac_init_present = bits.flag()?;
        for refs in &mut self.default_active_refs {
            *refs = bits.ue_max(14, "num_ref_idx_default_active_minus1")? + 1;
        }
        Ok(())
    }

    /// Reads init_qp_minus26 up to the tiles and returns transform_skip_enabled_flag.
    fn read_coding_tools(&mut self, bits: &mut RbspReader<'_>) -> Result<bool, Error> {
        bits.se()?;
        // constrained_intra_pred_flag
        bits.flag()?;
        let transform_skip = bits.flag()?;
        if bits.flag()? {
            // diff_cu_qp_delta_depth
            bits.ue()?;
        }
        // pps_cb_qp_offset, pps_cr_qp_offset
        bits.se()?;
        bits.se()?;
        self.slice_chroma_qp_offsets_present = bits.flag()?;
        self.weighted_pred = bits.flag()?;
        self.weighted_bipred = bits.flag()?;
        // transquant_bypass_enabled_flag
        bits.flag()?;
        let tiles = bits.flag()?;
        // entropy_coding_sync_enabled_flag
        self.entry_points = bits.flag()? || tiles;
        if tiles {
            skip_tiles(bits)?;
        }
        Ok(transform_skip)
    }
}

fn skip_tiles(bits: &mut RbspReader<'_>) -> Result<(), Error> {
    // A picture is at most 65,535 samples wide and high, a coding tree block at least 16.
    let sizes = bits.ue_max(4095, "num_tile_columns_minus1")?
        + bits.ue_max(4095, "num_tile_rows_minus1")?;
    let uniform_spacing = bits.flag()?;
    if !uniform_spacing {
        for _ in 0..sizes {
            // column_width_minus1, row_height_minus1
            bits.ue()?;
        }
    }
    // loop_filter_across_tiles_enabled_flag
    bits.skip(1)
}

impl HevcDeblocking {
    fn read(bits: &mut RbspReader<'_>) -> Result<Self, Error> {
        let mut deblocking = Self::default();
        if bits.flag()? {
            deblocking.override_enabled = bits.flag()?;
            deblocking.disabled = bits.flag()?;
            if !deblocking.disabled {
                // pps_beta_offset_div2, pps_tc_offset_div2
                bits.se()?;
                bits.se()?;
            }
        }
        Ok(deblocking)
    }
}

impl PpsExtensions {
    /// Reads pps_extension_present_flag and the extensions.
    fn read(bits: &mut RbspReader<'_>, transform_skip: bool) -> Result<Self, Error> {
        let present = PresentExtensions::read(bits)?;
        let mut extensions = Self {
            is_3d: present.is_3d,
            ..Self::default()
        };
        if present.range {
            extensions.read_range(bits, transform_skip)?;
        }
        if present.screen_content {
            if present.multilayer || present.is_3d {
                return Err(Error::UnsupportedFeature {
                    feature: "multilayer or 3D and screen content coding extensions together",
                });
            }
            extensions.read_screen_content(bits)?;
        }
        Ok(extensions)
    }

    /// Reads pps_range_extension(): 7.3.2.3.2.
    fn read_range(&mut self, bits: &mut RbspReader<'_>, transform_skip: bool) -> Result<(), Error> {
        if transform_skip {
            // log2_max_transform_skip_block_size_minus2
            bits.ue()?;
        }
        // cross_component_prediction_enabled_flag
        bits.flag()?;
        self.chroma_qp_offset_list = bits.flag()?;
        if self.chroma_qp_offset_list {
            // diff_cu_chroma_qp_offset_depth
            bits.ue()?;
            for _ in 0..=bits.ue_max(5, "chroma_qp_offset_list_len_minus1")? {
                bits.se()?;
                bits.se()?;
            }
        }
        // log2_sao_offset_scale_luma, log2_sao_offset_scale_chroma
        bits.ue()?;
        bits.ue()?;
        Ok(())
    }

    /// Reads pps_scc_extension() up to the palette: 7.3.2.3.3.
    fn read_screen_content(&mut self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        self.current_picture_reference = bits.flag()?;
        if bits.flag()? {
            self.slice_act_qp_offsets_present = bits.flag()?;
        }
        Ok(())
    }
}
