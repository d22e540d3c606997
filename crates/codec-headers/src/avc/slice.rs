// SPDX-License-Identifier: MPL-2.0
//! Slice headers and their lengths: ISO/IEC 14496-10, 7.3.2.8, 7.3.2.9 and 7.3.3.
//!
//! cabac_alignment_one_bit is part of slice_data(), but it shares a byte with the header, and protection starts on a whole byte.

use super::nal_header::AvcNalHeader;
use super::sps::PicOrderCount;
use super::{ActiveAvcSets, AvcParameterSets};
use crate::Error;
use crate::rbsp::RbspReader;

/// slice_type modulo 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AvcSliceType {
    P,
    B,
    I,
    Sp,
    Si,
}

/// The start of a slice header, on which the rest of it depends.
struct AvcSliceHeader<'a> {
    sets: ActiveAvcSets<'a>,
    pps_id: u32,
    slice_type: AvcSliceType,
    nal: SliceNal,
}

/// The NAL unit of a slice.
#[derive(Debug, Clone, Copy)]
pub(super) struct SliceNal {
    pub(super) header: AvcNalHeader,
    /// IdrPicFlag
    pub(super) is_idr: bool,
}

/// The start of a data partition A, to which partitions B and C refer.
pub(super) struct PartitionA {
    /// The number of bytes before the slice data.
    pub(super) header_len: usize,
    pub(super) pps_id: u32,
}

impl SliceNal {
    /// Returns the number of bytes before the slice data of a slice without data partitioning.
    pub(super) fn header_len(self, nal: &[u8], sets: &AvcParameterSets) -> Result<usize, Error> {
        let mut bits = RbspReader::new(nal, self.header.len(), "slice header");
        AvcSliceHeader::read(&mut bits, self, sets)?;
        Ok(bits.bytes_read())
    }

    /// Reads slice_data_partition_a_layer_rbsp() up to the slice data.
    pub(super) fn read_partition_a(
        self,
        nal: &[u8],
        sets: &AvcParameterSets,
    ) -> Result<PartitionA, Error> {
        let mut bits = RbspReader::new(nal, self.header.len(), "slice data partition A");
        let pps_id = AvcSliceHeader::read(&mut bits, self, sets)?.pps_id;
        // slice_id
        bits.ue()?;
        Ok(PartitionA {
            header_len: bits.bytes_read(),
            pps_id,
        })
    }

    /// True if the slice belongs to a view other than the base view.
    const fn is_mvc(self) -> bool {
        self.header.unit_type == 20
    }
}

/// Returns the number of bytes before the slice data of a data partition B or C, which uses the PPS of the partition A before it.
pub(super) fn partition_b_or_c_header_len(
    nal: &[u8],
    partition_a_pps: Option<u32>,
    sets: &AvcParameterSets,
) -> Result<usize, Error> {
    let mut bits = RbspReader::new(nal, 1, "slice data partition B or C");
    let ActiveAvcSets { sps, pps } =
        sets.active(partition_a_pps.ok_or_else(|| bits.out_of_range("order of partitions"))?)?;
    // slice_id
    bits.ue()?;
    if sps.separate_colour_plane {
        bits.u(2)?;
    }
    if pps.redundant_pic_cnt_present {
        bits.ue()?;
    }
    Ok(bits.bytes_read())
}

impl<'a> AvcSliceHeader<'a> {
    /// Reads a whole slice_header().
    fn read(
        bits: &mut RbspReader<'_>,
        nal: SliceNal,
        sets: &'a AvcParameterSets,
    ) -> Result<Self, Error> {
        // first_mb_in_slice
        bits.ue()?;
        let slice_type = AvcSliceType::read(bits)?;
        let pps_id = bits.ue_max(255, "pic_parameter_set_id")?;
        let slice = Self {
            sets: match nal.is_mvc() {
                true => sets.active_of_view(pps_id)?,
                false => sets.active(pps_id)?,
            },
            pps_id,
            slice_type,
            nal,
        };
        slice.skip_picture_identity(bits)?;
        slice.skip_prediction(bits)?;
        if nal.header.ref_idc != 0 {
            slice.skip_reference_marking(bits)?;
        }
        slice.skip_quantisation_and_filter(bits)?;
        slice.skip_slice_group_change_cycle(bits)?;
        Ok(slice)
    }

    /// Skips colour_plane_id up to redundant_pic_cnt.
    fn skip_picture_identity(&self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        if self.sets.sps.separate_colour_plane {
            bits.u(2)?;
        }
        bits.u(self.sets.sps.frame_num_bits)?;
        let field = !self.sets.sps.frame_mbs_only && bits.flag()?;
        if field {
            // bottom_field_flag
            bits.flag()?;
        }
        if self.nal.is_idr {
            // idr_pic_id
            bits.ue()?;
        }
        match self.sets.sps.order_count {
            PicOrderCount::Lsb { bits: width } => {
                bits.u(width)?;
            }
            PicOrderCount::Deltas => {
                bits.se()?;
            }
            PicOrderCount::Implied => {}
        }
        if self.sets.pps.bottom_field_pic_order_in_frame_present
            && !field
            && self.sets.sps.order_count != PicOrderCount::Implied
        {
            // delta_pic_order_cnt_bottom or delta_pic_order_cnt[1]
            bits.se()?;
        }
        if self.sets.pps.redundant_pic_cnt_present {
            bits.ue()?;
        }
        Ok(())
    }

    /// Skips direct_spatial_mv_pred_flag up to pred_weight_table().
    fn skip_prediction(&self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        let lists = self.slice_type.lists();
        if lists == 2 {
            // direct_spatial_mv_pred_flag
            bits.flag()?;
        }
        let mut active_refs = self.sets.pps.default_active_refs;
        if lists > 0 && bits.flag()? {
            for refs in active_refs.iter_mut().take(lists) {
                *refs = bits.ue_max(31, "num_ref_idx_active_minus1")? + 1;
            }
        }
        for _ in 0..lists {
            skip_list_modification(bits, self.nal.is_mvc())?;
        }
        match self.slice_type {
            AvcSliceType::P | AvcSliceType::Sp if self.sets.pps.weighted_pred => {
                self.skip_weights(bits, active_refs)
            }
            AvcSliceType::B if self.sets.pps.weighted_bipred_idc == 1 => {
                self.skip_weights(bits, active_refs)
            }
            _ => Ok(()),
        }
    }

    /// Skips pred_weight_table(): 7.3.3.2.
    fn skip_weights(&self, bits: &mut RbspReader<'_>, active_refs: [u32; 2]) -> Result<(), Error> {
        // luma_log2_weight_denom, chroma_log2_weight_denom
        bits.ue_max(7, "luma_log2_weight_denom")?;
        if self.sets.sps.has_chroma {
            bits.ue_max(7, "chroma_log2_weight_denom")?;
        }
        for refs in active_refs.into_iter().take(self.slice_type.lists()) {
            for _ in 0..refs {
                skip_weights_and_offsets(bits, 1)?;
                if self.sets.sps.has_chroma {
                    skip_weights_and_offsets(bits, 2)?;
                }
            }
        }
        Ok(())
    }

    /// Skips dec_ref_pic_marking(): 7.3.3.3.
    fn skip_reference_marking(&self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        if self.nal.is_idr {
            // no_output_of_prior_pics_flag, long_term_reference_flag
            return bits.skip(2);
        }
        if !bits.flag()? {
            return Ok(());
        }
        loop {
            match bits.ue_max(6, "memory_management_control_operation")? {
                0 => return Ok(()),
                3 => {
                    bits.ue()?;
                    bits.ue()?;
                }
                5 => {}
                _ => {
                    bits.ue()?;
                }
            }
        }
    }

    /// Skips cabac_init_idc up to slice_beta_offset_div2.
    fn skip_quantisation_and_filter(&self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        if self.sets.pps.entropy_coding_mode && self.slice_type.lists() > 0 {
            bits.ue_max(2, "cabac_init_idc")?;
        }
        // slice_qp_delta
        bits.se()?;
        if self.slice_type == AvcSliceType::Sp {
            // sp_for_switch_flag
            bits.flag()?;
        }
        if matches!(self.slice_type, AvcSliceType::Sp | AvcSliceType::Si) {
            // slice_qs_delta
            bits.se()?;
        }
        if self.sets.pps.deblocking_filter_control_present
            && bits.ue_max(2, "disable_deblocking_filter_idc")? != 1
        {
            bits.se()?;
            bits.se()?;
        }
        Ok(())
    }

    /// Skips slice_group_change_cycle: Ceil(Log2(PicSizeInMapUnits / SliceGroupChangeRate + 1)) bits, without rounding the quotient.
    fn skip_slice_group_change_cycle(&self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        match self.sets.pps.slice_group_change_rate {
            Some(rate) => bits.skip(u64::from(
                u64::BITS - self.sets.sps.map_units.div_ceil(rate).leading_zeros(),
            )),
            None => Ok(()),
        }
    }
}

/// Skips one list of ref_pic_list_modification() or ref_pic_list_mvc_modification(): 7.3.3.1 and G.7.3.3.1.1.
fn skip_list_modification(bits: &mut RbspReader<'_>, is_mvc: bool) -> Result<(), Error> {
    if !bits.flag()? {
        return Ok(());
    }
    while bits.ue_max(if is_mvc { 5 } else { 3 }, "modification_of_pic_nums_idc")? != 3 {
        // abs_diff_pic_num_minus1, long_term_pic_num or abs_diff_view_idx_minus1
        bits.ue()?;
    }
    Ok(())
}

/// Skips a flag and, if it is set, weight and offset of each of `components`.
fn skip_weights_and_offsets(bits: &mut RbspReader<'_>, components: u32) -> Result<(), Error> {
    if bits.flag()? {
        for _ in 0..components {
            bits.se()?;
            bits.se()?;
        }
    }
    Ok(())
}

impl AvcSliceType {
    fn read(bits: &mut RbspReader<'_>) -> Result<Self, Error> {
        Ok(match bits.ue_max(9, "slice_type")? % 5 {
            0 => Self::P,
            1 => Self::B,
            2 => Self::I,
            3 => Self::Sp,
            _ => Self::Si,
        })
    }

    /// Returns the number of reference picture lists that it uses.
    const fn lists(self) -> usize {
        match self {
            Self::P | Self::Sp => 1,
            Self::B => 2,
            Self::I | Self::Si => 0,
        }
    }
}
