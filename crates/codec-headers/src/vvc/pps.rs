// SPDX-License-Identifier: MPL-2.0
//! Picture parameter sets: ISO/IEC 23090-3, 7.3.2.5.

use super::HEADER_LEN;
use super::subpictures::{MAX_SUBPICTURES, SubpictureIds};
use super::tiles::{SliceShape, TileGrid};
use crate::Error;
use crate::parameter_sets::{Identified, ParameterSet};
use crate::rbsp::RbspReader;

/// The greatest width or height that is accepted, above those of all levels.
const MAX_SIDE: u32 = 1 << 16;

/// The elements of a PPS on which picture and slice headers depend.
#[derive(Debug, Clone, Default)]
pub(super) struct VvcPps {
    pub(super) sps_id: u32,
    pub(super) output_flag_present: bool,
    /// pps_subpic_id, if the PPS has them.
    pub(super) subpicture_ids: Option<SubpictureIds>,
    height: u32,
    /// None if pps_no_pic_partition_flag is 1: the picture is one tile of one slice.
    pub(super) partition: Option<PicturePartition>,
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
    pub(super) deblocking: VvcDeblocking,
    pub(super) in_picture_header: InPictureHeader,
    pub(super) picture_header_extension: bool,
    pub(super) slice_header_extension: bool,
}

/// The tiles and slices of a picture.
#[derive(Debug, Clone)]
pub(super) struct PicturePartition {
    pub(super) tiles: TileGrid,
    pub(super) slices: SliceLayout,
}

/// The slices of a picture.
#[derive(Debug, Clone)]
pub(super) enum SliceLayout {
    /// Any run of tiles in raster scan order.
    Raster,
    /// pps_single_slice_per_subpic_flag is 1: each subpicture is one slice.
    OnePerSubpicture,
    /// Rectangular slices, in order.
    Rectangles(Vec<SliceShape>),
}

/// The deblocking control of a PPS.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct VvcDeblocking {
    pub(super) override_enabled: bool,
    pub(super) disabled: bool,
}

/// pps_…_info_in_ph_flag: the elements that picture headers have instead of slice headers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct InPictureHeader {
    pub(super) deblocking: bool,
    pub(super) lists: bool,
    pub(super) sao: bool,
    pub(super) alf: bool,
    pub(super) weights: bool,
    pub(super) qp_delta: bool,
}

impl ParameterSet for VvcPps {
    const KIND: &'static str = "PPS";

    fn parse(nal: &[u8]) -> Result<Identified<Self>, Error> {
        let mut bits = RbspReader::new(nal, HEADER_LEN, "PPS");
        let id = bits.u(6)?;
        let mut pps = Self {
            sps_id: bits.u(4)?,
            ..Self::default()
        };
        pps.read_format(&mut bits)?;
        pps.read_prediction(&mut bits)?;
        pps.read_quantisation(&mut bits)?;
        pps.read_headers(&mut bits)?;
        Ok(Identified { id, set: pps })
    }
}

impl VvcPps {
    /// Returns the shape of the only slice of a picture without partitions.
    pub(super) const fn unpartitioned(&self, ctb_log2: u32) -> SliceShape {
        SliceShape::whole_picture(self.height.div_ceil(1 << ctb_log2))
    }

    /// Reads pps_mixed_nalu_types_in_pic_flag up to pps_loop_filter_across_slices_enabled_flag.
    fn read_format(&mut self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        // pps_mixed_nalu_types_in_pic_flag
        bits.flag()?;
        let width = bits.ue_max(MAX_SIDE, "pps_pic_width_in_luma_samples")?;
        self.height = bits.ue_max(MAX_SIDE, "pps_pic_height_in_luma_samples")?;
        // The conformance window and the scaling window, whose syntax is alike.
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
            self.partition = Some(PicturePartition::read(bits, width, self.height)?);
        }
        Ok(())
    }

    /// Reads pps_num_subpics_minus1 up to pps_subpic_id.
    fn read_subpictures(
        &mut self,
        bits: &mut RbspReader<'_>,
        no_partition: bool,
    ) -> Result<(), Error> {
        let count = match no_partition {
            true => 1,
            false => bits.ue_max(MAX_SUBPICTURES - 1, "pps_num_subpics_minus1")? + 1,
        };
        let id_bits = bits.ue_max(15, "pps_subpic_id_len_minus1")? + 1;
        self.subpicture_ids = Some(SubpictureIds::read(bits, count, id_bits)?);
        Ok(())
    }

    /// Reads pps_cabac_init_present_flag up to pps_pic_width_minus_wraparound_offset.
    fn read_prediction(&mut self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
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

    /// Reads pps_init_qp_minus26 up to the chroma QP offset lists.
    fn read_quantisation(&mut self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        bits.se()?;
        self.cu_qp_delta = bits.flag()?;
        self.chroma_tool_offsets = bits.flag()?;
        if !self.chroma_tool_offsets {
            return Ok(());
        }
        // pps_cb_qp_offset, pps_cr_qp_offset
        bits.se()?;
        bits.se()?;
        let joint_cbcr = bits.flag()?;
        if joint_cbcr {
            bits.se()?;
        }
        self.slice_chroma_qp_offsets = bits.flag()?;
        self.cu_chroma_qp_offset_list = bits.flag()?;
        if self.cu_chroma_qp_offset_list {
            let entries = bits.ue_max(5, "pps_chroma_qp_offset_list_len_minus1")? + 1;
            for _ in 0..entries * if joint_cbcr { 3 } else { 2 } {
                bits.se()?;
            }
        }
        Ok(())
    }

    /// Reads pps_deblocking_filter_control_present_flag up to pps_slice_header_extension_present_flag.
    fn read_headers(&mut self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
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
            let flags = &mut self.in_picture_header;
            flags.lists = bits.flag()?;
            flags.sao = bits.flag()?;
            flags.alf = bits.flag()?;
            flags.weights =
                (self.weighted_pred || self.weighted_bipred) && flags.lists && bits.flag()?;
            flags.qp_delta = bits.flag()?;
        }
        self.picture_header_extension = bits.flag()?;
        self.slice_header_extension = bits.flag()?;
        Ok(())
    }

    /// Skips the offsets of luma and, if they have offsets of their own, of both chroma components.
    pub(super) fn skip_deblocking_offsets(&self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        for _ in 0..if self.chroma_tool_offsets { 6 } else { 2 } {
            bits.se()?;
        }
        Ok(())
    }
}

impl PicturePartition {
    /// Reads pps_log2_ctu_size_minus5 up to pps_loop_filter_across_slices_enabled_flag.
    fn read(bits: &mut RbspReader<'_>, width: u32, height: u32) -> Result<Self, Error> {
        let ctb = 1 << (bits.u(2)? + 5);
        let tiles = TileGrid::read(bits, width.div_ceil(ctb), height.div_ceil(ctb))?;
        let mut rectangular = true;
        if tiles.count() > 1 {
            // pps_loop_filter_across_tiles_enabled_flag
            bits.flag()?;
            rectangular = bits.flag()?;
        }
        let slices = if !rectangular {
            SliceLayout::Raster
        } else if bits.flag()? {
            SliceLayout::OnePerSubpicture
        } else {
            SliceLayout::Rectangles(tiles.read_slices(bits)?)
        };
        let is_one_slice = matches!(&slices, SliceLayout::Rectangles(shapes) if shapes.len() == 1);
        if !is_one_slice {
            // pps_loop_filter_across_slices_enabled_flag
            bits.flag()?;
        }
        Ok(Self { tiles, slices })
    }
}
