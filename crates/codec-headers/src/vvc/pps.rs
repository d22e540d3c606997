// SPDX-License-Identifier: MPL-2.0
//! Picture parameter sets: ISO/IEC 23090-3, 7.3.2.5.

use super::HEADER_LEN;
use super::tiles::{Shape, Tiles};
use crate::Error;
use crate::bits::BitReader;
use crate::parameter_sets::ParameterSet;

/// The greatest width or height that any level allows, with room.
const MAX_SIDE: u32 = 1 << 16;

/// A picture parameter set.
#[derive(Debug, Clone, Default)]
pub(super) struct Pps {
    pub(super) sps_id: u32,
    pub(super) output_flag_present: bool,
    pub(super) subpicture_id_bits: Option<u32>,
    height: u32,
    /// None without partitions: the picture is one tile of one slice.
    pub(super) partition: Option<Partition>,
    pub(super) cabac_init_present: bool,
    /// pps_num_ref_idx_default_active_minus1 + 1
    pub(super) default_active_refs: [u32; 2],
    pub(super) rpl1_idx_present: bool,
    pub(super) weighted_pred: bool,
    pub(super) weighted_bipred: bool,
    pub(super) cu_qp_delta: bool,
    pub(super) chroma_tool_offsets: bool,
    pub(super) slice_chroma_qp_offsets: bool,
    pub(super) cu_chroma_qp_offset_list: bool,
    pub(super) deblocking: Deblocking,
    pub(super) in_picture_header: InPictureHeader,
    pub(super) picture_header_extension: bool,
    pub(super) slice_header_extension: bool,
}

/// Tiles and slices.
#[derive(Debug, Clone)]
pub(super) struct Partition {
    pub(super) tiles: Tiles,
    /// Rectangular slices; None for slices in raster order.
    pub(super) slices: Option<Vec<Shape>>,
}

/// Deblocking control.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Deblocking {
    pub(super) override_enabled: bool,
    pub(super) disabled: bool,
}

/// pps_…_info_in_ph_flag
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct InPictureHeader {
    pub(super) deblocking: bool,
    pub(super) lists: bool,
    pub(super) sao: bool,
    pub(super) alf: bool,
    pub(super) weights: bool,
    pub(super) qp_delta: bool,
}

impl ParameterSet for Pps {
    const KIND: &'static str = "PPS";

    fn parse(nal: &[u8]) -> Result<(usize, Self), Error> {
        let mut bits = BitReader::new(nal, HEADER_LEN, "PPS");
        let id = bits.u(6)? as usize;
        let mut pps = Self {
            sps_id: bits.u(4)?,
            ..Self::default()
        };
        pps.read_format(&mut bits)?;
        pps.read_prediction(&mut bits)?;
        pps.read_quantisation(&mut bits)?;
        pps.read_headers(&mut bits)?;
        Ok((id, pps))
    }
}

impl Pps {
    /// The shape of the only slice of a picture without partitions.
    pub(super) fn unpartitioned(&self, ctb_log2: u32) -> Shape {
        Tiles::single(self.height.div_ceil(1 << ctb_log2)).whole()
    }

    /// pps_mixed_nalu_types_in_pic_flag up to pps_loop_filter_across_slices_enabled_flag.
    fn read_format(&mut self, bits: &mut BitReader<'_>) -> Result<(), Error> {
        // pps_mixed_nalu_types_in_pic_flag
        bits.flag()?;
        let width = bits.ue_max(MAX_SIDE, "pps_pic_width_in_luma_samples")?;
        self.height = bits.ue_max(MAX_SIDE, "pps_pic_height_in_luma_samples")?;
        // The conformance window and the scaling window, whose codes have the same length
        for _ in 0..2 {
            if bits.flag()? {
                for _ in 0..4 {
                    bits.ue()?;
                }
            }
        }
        self.output_flag_present = bits.flag()?;
        let no_partition = bits.flag()?;
        if bits.flag()? {
            self.read_subpictures(bits, no_partition)?;
        }
        if !no_partition {
            self.partition = Some(Partition::read(bits, (width, self.height))?);
        }
        Ok(())
    }

    /// pps_num_subpics_minus1 up to pps_subpic_id.
    fn read_subpictures(
        &mut self,
        bits: &mut BitReader<'_>,
        no_partition: bool,
    ) -> Result<(), Error> {
        if !no_partition && bits.ue()? > 0 {
            return Err(Error::UnsupportedFeature {
                feature: "several subpictures",
            });
        }
        let id_bits = bits.ue_max(15, "pps_subpic_id_len_minus1")? + 1;
        bits.u(id_bits)?;
        self.subpicture_id_bits = Some(id_bits);
        Ok(())
    }

    /// pps_cabac_init_present_flag up to pps_pic_width_minus_wraparound_offset.
    fn read_prediction(&mut self, bits: &mut BitReader<'_>) -> Result<(), Error> {
        self.cabac_init_present = bits.flag()?;
        for active in &mut self.default_active_refs {
            *active = bits.ue_max(14, "pps_num_ref_idx_default_active_minus1")? + 1;
        }
        self.rpl1_idx_present = bits.flag()?;
        self.weighted_pred = bits.flag()?;
        self.weighted_bipred = bits.flag()?;
        if bits.flag()? {
            bits.ue()?;
        }
        Ok(())
    }

    /// pps_init_qp_minus26 up to the chroma QP offset lists.
    fn read_quantisation(&mut self, bits: &mut BitReader<'_>) -> Result<(), Error> {
        bits.se()?;
        self.cu_qp_delta = bits.flag()?;
        self.chroma_tool_offsets = bits.flag()?;
        if !self.chroma_tool_offsets {
            return Ok(());
        }
        // pps_cb_qp_offset, pps_cr_qp_offset
        bits.se()?;
        bits.se()?;
        let joint = bits.flag()?;
        if joint {
            bits.se()?;
        }
        self.slice_chroma_qp_offsets = bits.flag()?;
        self.cu_chroma_qp_offset_list = bits.flag()?;
        if self.cu_chroma_qp_offset_list {
            let entries = bits.ue_max(5, "pps_chroma_qp_offset_list_len_minus1")? + 1;
            for _ in 0..entries * if joint { 3 } else { 2 } {
                bits.se()?;
            }
        }
        Ok(())
    }

    /// pps_deblocking_filter_control_present_flag up to pps_slice_header_extension_present_flag.
    fn read_headers(&mut self, bits: &mut BitReader<'_>) -> Result<(), Error> {
        let partitioned = self.partition.is_some();
        if bits.flag()? {
            self.deblocking.override_enabled = bits.flag()?;
            self.deblocking.disabled = bits.flag()?;
            self.in_picture_header.deblocking =
                partitioned && self.deblocking.override_enabled && bits.flag()?;
            if !self.deblocking.disabled {
                self.skip_deblocking_offsets(bits)?;
            }
        }
        if partitioned {
            let here = &mut self.in_picture_header;
            here.lists = bits.flag()?;
            here.sao = bits.flag()?;
            here.alf = bits.flag()?;
            let weighted = self.weighted_pred || self.weighted_bipred;
            here.weights = weighted && here.lists && bits.flag()?;
            here.qp_delta = bits.flag()?;
        }
        self.picture_header_extension = bits.flag()?;
        self.slice_header_extension = bits.flag()?;
        Ok(())
    }

    /// Offsets of luma and, where they have their own, of both chroma components.
    pub(super) fn skip_deblocking_offsets(&self, bits: &mut BitReader<'_>) -> Result<(), Error> {
        for _ in 0..if self.chroma_tool_offsets { 6 } else { 2 } {
            bits.se()?;
        }
        Ok(())
    }
}

impl Partition {
    /// pps_log2_ctu_size_minus5 up to pps_loop_filter_across_slices_enabled_flag.
    fn read(bits: &mut BitReader<'_>, (width, height): (u32, u32)) -> Result<Self, Error> {
        let ctb = 1 << (bits.u(2)? + 5);
        let tiles = Tiles::read(bits, (width.div_ceil(ctb), height.div_ceil(ctb)))?;
        let mut rectangular = true;
        if tiles.count() > 1 {
            // pps_loop_filter_across_tiles_enabled_flag
            bits.flag()?;
            rectangular = bits.flag()?;
        }
        let one_slice = rectangular && bits.flag()?;
        let slices = match (rectangular, one_slice) {
            (false, _) => None,
            (true, true) => Some(vec![tiles.whole()]),
            (true, false) => Some(tiles.read_slices(bits)?),
        };
        if one_slice || slices.as_ref().is_none_or(|slices| slices.len() > 1) {
            // pps_loop_filter_across_slices_enabled_flag
            bits.flag()?;
        }
        Ok(Self { tiles, slices })
    }
}
