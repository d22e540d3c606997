// SPDX-License-Identifier: MPL-2.0
//! Slice headers and where slice data starts: ISO/IEC 14496-10, 7.3.2.8, 7.3.2.9 and 7.3.3.
//!
//! cabac_alignment_one_bit is part of slice_data(), but shares its byte with the header: protection
//! starts on a whole byte.

use super::pps::Pps;
use super::sps::{OrderCount, Sps};
use super::{NalHeader, Sets};
use crate::Error;
use crate::bits::BitReader;

/// slice_type modulo 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SliceType {
    P,
    B,
    I,
    Sp,
    Si,
}

/// What later parts of a slice header need to know of its first part.
struct Slice<'a> {
    sps: &'a Sps,
    pps: &'a Pps,
    pps_id: u32,
    slice_type: SliceType,
    nal: NalHeader,
}

/// The first byte of the NAL unit behind the slice header of a slice that is not partitioned.
pub(super) fn data_offset(nal: &[u8], header: NalHeader, sets: &Sets) -> Result<usize, Error> {
    let mut bits = BitReader::new(nal, 1, "slice header");
    Slice::read(&mut bits, header, sets)?;
    Ok(bits.bytes_read())
}

/// The same for data partition A, with the id of its PPS.
pub(super) fn partition_a_data_offset(
    nal: &[u8],
    header: NalHeader,
    sets: &Sets,
) -> Result<(usize, u32), Error> {
    let mut bits = BitReader::new(nal, 1, "slice data partition A");
    let slice = Slice::read(&mut bits, header, sets)?;
    // slice_id
    bits.ue()?;
    Ok((bits.bytes_read(), slice.pps_id))
}

/// The same for data partitions B and C, which belong to the partition A before them.
pub(super) fn partition_b_or_c_data_offset(
    nal: &[u8],
    partition_a_pps: Option<u32>,
    sets: &Sets,
) -> Result<usize, Error> {
    let mut bits = BitReader::new(nal, 1, "slice data partition B or C");
    let pps_id = partition_a_pps.ok_or_else(|| bits.out_of_range("order of partitions"))?;
    let (sps, pps) = sets.active(pps_id)?;
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

impl<'a> Slice<'a> {
    /// Reads a whole slice_header().
    fn read(bits: &mut BitReader<'_>, nal: NalHeader, sets: &'a Sets) -> Result<Self, Error> {
        // first_mb_in_slice
        bits.ue()?;
        let slice_type = SliceType::read(bits)?;
        let pps_id = bits.ue_max(255, "pic_parameter_set_id")?;
        let (sps, pps) = sets.active(pps_id)?;
        let slice = Self {
            sps,
            pps,
            pps_id,
            slice_type,
            nal,
        };
        slice.skip_picture_identity(bits)?;
        slice.skip_prediction(bits)?;
        if nal.ref_idc != 0 {
            slice.skip_reference_marking(bits)?;
        }
        slice.skip_quantisation_and_filter(bits)?;
        slice.skip_slice_group_change_cycle(bits)?;
        Ok(slice)
    }

    /// colour_plane_id up to redundant_pic_cnt.
    fn skip_picture_identity(&self, bits: &mut BitReader<'_>) -> Result<(), Error> {
        if self.sps.separate_colour_plane {
            bits.u(2)?;
        }
        bits.u(self.sps.frame_num_bits)?;
        let field = !self.sps.frame_mbs_only && bits.flag()?;
        if field {
            // bottom_field_flag
            bits.flag()?;
        }
        if self.nal.is_idr() {
            // idr_pic_id
            bits.ue()?;
        }
        let second_delta = self.pps.bottom_field_pic_order_in_frame_present && !field;
        match self.sps.order_count {
            OrderCount::Lsb { bits: width } => {
                bits.u(width)?;
            }
            OrderCount::Deltas => {
                bits.se()?;
            }
            OrderCount::Implied => {}
        }
        if second_delta && self.sps.order_count != OrderCount::Implied {
            // delta_pic_order_cnt_bottom or delta_pic_order_cnt[1]
            bits.se()?;
        }
        if self.pps.redundant_pic_cnt_present {
            bits.ue()?;
        }
        Ok(())
    }

    /// direct_spatial_mv_pred_flag up to pred_weight_table().
    fn skip_prediction(&self, bits: &mut BitReader<'_>) -> Result<(), Error> {
        let lists = self.slice_type.lists();
        if lists == 2 {
            // direct_spatial_mv_pred_flag
            bits.flag()?;
        }
        let mut active_refs = self.pps.default_active_refs;
        if lists > 0 && bits.flag()? {
            for refs in active_refs.iter_mut().take(lists) {
                *refs = bits.ue_max(31, "num_ref_idx_active_minus1")? + 1;
            }
        }
        for _ in 0..lists {
            skip_list_modification(bits)?;
        }
        let weighted = match self.slice_type {
            SliceType::P | SliceType::Sp => self.pps.weighted_pred,
            SliceType::B => self.pps.weighted_bipred_idc == 1,
            SliceType::I | SliceType::Si => false,
        };
        if weighted {
            self.skip_weights(bits, active_refs)?;
        }
        Ok(())
    }

    /// pred_weight_table(): 7.3.3.2.
    fn skip_weights(&self, bits: &mut BitReader<'_>, active_refs: [u32; 2]) -> Result<(), Error> {
        // luma_log2_weight_denom, chroma_log2_weight_denom
        bits.ue_max(7, "luma_log2_weight_denom")?;
        if self.sps.has_chroma {
            bits.ue_max(7, "chroma_log2_weight_denom")?;
        }
        for refs in active_refs.into_iter().take(self.slice_type.lists()) {
            for _ in 0..refs {
                skip_weights_and_offsets(bits, 1)?;
                if self.sps.has_chroma {
                    skip_weights_and_offsets(bits, 2)?;
                }
            }
        }
        Ok(())
    }

    /// dec_ref_pic_marking(): 7.3.3.3.
    fn skip_reference_marking(&self, bits: &mut BitReader<'_>) -> Result<(), Error> {
        if self.nal.is_idr() {
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

    /// cabac_init_idc up to slice_beta_offset_div2.
    fn skip_quantisation_and_filter(&self, bits: &mut BitReader<'_>) -> Result<(), Error> {
        if self.pps.entropy_coding_mode && self.slice_type.lists() > 0 {
            bits.ue_max(2, "cabac_init_idc")?;
        }
        // slice_qp_delta
        bits.se()?;
        if self.slice_type == SliceType::Sp {
            // sp_for_switch_flag
            bits.flag()?;
        }
        if matches!(self.slice_type, SliceType::Sp | SliceType::Si) {
            // slice_qs_delta
            bits.se()?;
        }
        if self.pps.deblocking_filter_control_present
            && bits.ue_max(2, "disable_deblocking_filter_idc")? != 1
        {
            bits.se()?;
            bits.se()?;
        }
        Ok(())
    }

    /// slice_group_change_cycle has Ceil(Log2(PicSizeInMapUnits / SliceGroupChangeRate + 1)) bits,
    /// without rounding inside.
    fn skip_slice_group_change_cycle(&self, bits: &mut BitReader<'_>) -> Result<(), Error> {
        let Some(rate) = self.pps.slice_group_change_rate else {
            return Ok(());
        };
        let cycles = self.sps.map_units.div_ceil(rate);
        bits.skip(u64::from(u64::BITS - cycles.leading_zeros()))
    }
}

/// One list of ref_pic_list_modification(): 7.3.3.1.
fn skip_list_modification(bits: &mut BitReader<'_>) -> Result<(), Error> {
    if !bits.flag()? {
        return Ok(());
    }
    while bits.ue_max(3, "modification_of_pic_nums_idc")? != 3 {
        // abs_diff_pic_num_minus1 or long_term_pic_num
        bits.ue()?;
    }
    Ok(())
}

/// A flag and, if it is set, weight and offset of each of `components`.
fn skip_weights_and_offsets(bits: &mut BitReader<'_>, components: u32) -> Result<(), Error> {
    if bits.flag()? {
        for _ in 0..components {
            bits.se()?;
            bits.se()?;
        }
    }
    Ok(())
}

impl SliceType {
    fn read(bits: &mut BitReader<'_>) -> Result<Self, Error> {
        Ok(match bits.ue_max(9, "slice_type")? % 5 {
            0 => Self::P,
            1 => Self::B,
            2 => Self::I,
            3 => Self::Sp,
            _ => Self::Si,
        })
    }

    /// How many reference picture lists it uses.
    const fn lists(self) -> usize {
        match self {
            Self::P | Self::Sp => 1,
            Self::B => 2,
            Self::I | Self::Si => 0,
        }
    }
}
