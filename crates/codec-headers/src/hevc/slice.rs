// SPDX-License-Identifier: MPL-2.0
//! Slice segment headers and their lengths: ISO/IEC 23008-2, 7.3.6.1 and, in layers above the base, F.7.3.6.1.
//!
//! byte_alignment() ends the header. It adds a byte if the bits before it fill their last byte.

use super::ref_pic_set::RefPicSet;
use super::sps::LongTermCandidates;
use super::vps::LayerRules;
use super::weights::RefList;
use super::{ActiveHevcSets, HEADER_LEN, HevcNalHeader, HevcParameterSets};
use crate::Error;
use crate::rbsp::{RbspReader, ceil_log2};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HevcSliceType {
    B,
    P,
    I,
}

/// The elements of an independent slice segment's header on which later elements depend.
struct HevcSliceHeader<'a> {
    sets: ActiveHevcSets<'a>,
    slice_type: HevcSliceType,
    /// NumPicTotalCurr
    total_refs: u32,
    temporal_mvp: bool,
    /// slice_sao_luma_flag or slice_sao_chroma_flag
    sample_adaptive_offset: bool,
}

/// Returns the number of bytes before the slice segment data.
pub(super) fn header_len(
    nal: &[u8],
    header: HevcNalHeader,
    sets: &HevcParameterSets,
) -> Result<usize, Error> {
    let mut bits = RbspReader::new(nal, HEADER_LEN, "slice segment header");
    let first = bits.flag()?;
    if header.is_irap() {
        // no_output_of_prior_pics_flag
        bits.flag()?;
    }
    let active = sets.active(header, bits.ue_max(63, "slice_pic_parameter_set_id")?)?;
    let dependent = !first && active.pps.dependent_slice_segments && bits.flag()?;
    if !first {
        // slice_segment_address
        bits.u(active.sps.address_bits(&active.format))?;
    }
    if !dependent {
        HevcSliceHeader::skip(&mut bits, header, active)?;
    }
    if active.pps.entry_points {
        skip_entry_points(&mut bits)?;
    }
    if active.pps.slice_header_extension_present {
        let bytes = bits.ue_max(256, "slice_segment_header_extension_length")?;
        bits.skip(8 * u64::from(bytes))?;
    }
    bits.skip_byte_alignment()?;
    Ok(bits.bytes_read())
}

fn skip_entry_points(bits: &mut RbspReader<'_>) -> Result<(), Error> {
    let count = bits.ue()?;
    if count > 0 {
        let width = bits.ue_max(31, "offset_len_minus1")? + 1;
        bits.skip(u64::from(count) * u64::from(width))?;
    }
    Ok(())
}

impl<'a> HevcSliceHeader<'a> {
    /// Skips the elements that a dependent slice segment copies from the slice segment before it.
    fn skip(
        bits: &mut RbspReader<'_>,
        header: HevcNalHeader,
        sets: ActiveHevcSets<'a>,
    ) -> Result<(), Error> {
        // slice_reserved_flag; in layers above the base the first two are discardable_flag and cross_layer_bla_flag
        bits.u(sets.pps.extra_slice_header_bits)?;
        let mut slice = Self {
            sets,
            slice_type: HevcSliceType::read(bits)?,
            total_refs: u32::from(sets.pps.extensions.current_picture_reference),
            temporal_mvp: false,
            sample_adaptive_offset: false,
        };
        if sets.pps.output_flag_present {
            bits.flag()?;
        }
        if sets.format.separate_planes {
            bits.u(2)?;
        }
        if !header.is_idr() || sets.layer.is_some_and(|layer| !layer.poc_lsb_not_present) {
            // slice_pic_order_cnt_lsb
            bits.u(sets.sps.order_count_lsb_bits)?;
        }
        if !header.is_idr() {
            slice.read_reference_pictures(bits)?;
        }
        if let Some(layer) = sets.layer {
            slice.total_refs += read_inter_layer_pictures(bits, layer)?;
        }
        if sets.sps.sample_adaptive_offset {
            // slice_sao_luma_flag, slice_sao_chroma_flag
            slice.sample_adaptive_offset = bits.flag()?;
            slice.sample_adaptive_offset |= sets.format.has_chroma() && bits.flag()?;
        }
        slice.skip_prediction(bits)?;
        slice.skip_quantisation(bits)?;
        slice.skip_loop_filters(bits)
    }

    /// Reads short_term_ref_pic_set_sps_flag up to slice_temporal_mvp_enabled_flag.
    fn read_reference_pictures(&mut self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        let sets = self.sets.sps.ref_pic_sets.as_slice();
        let in_sps = bits.flag()?;
        self.total_refs += if in_sps {
            let index = bits.u(sets.len().next_power_of_two().trailing_zeros())?;
            sets.get(index as usize)
                .ok_or_else(|| bits.out_of_range("short_term_ref_pic_set_idx"))?
                .used_by_current()
        } else {
            RefPicSet::read_in_slice(bits, sets)?.used_by_current()
        };
        if let Some(candidates) = self.sets.sps.long_term {
            self.total_refs +=
                read_long_term(bits, candidates, self.sets.sps.order_count_lsb_bits)?;
        }
        self.temporal_mvp = self.sets.sps.temporal_mvp && bits.flag()?;
        Ok(())
    }

    /// Skips num_ref_idx_active_override_flag up to use_integer_mv_flag.
    fn skip_prediction(&self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        let count = self.slice_type.lists();
        if count == 0 {
            return Ok(());
        }
        let mut both_lists = self.sets.pps.default_active_refs.map(RefList::new);
        let lists = both_lists.get_mut(..count).unwrap_or_default();
        if bits.flag()? {
            for list in lists.iter_mut() {
                list.active = bits.ue_max(14, "num_ref_idx_active_minus1")? + 1;
            }
        }
        if self.sets.pps.lists_modification_present && self.total_refs > 1 {
            for list in lists.iter_mut() {
                list.read_modification(bits, self.total_refs)?;
            }
        }
        self.skip_motion_vector_syntax(bits, lists)?;
        self.skip_weights(bits, lists)?;
        // five_minus_max_num_merge_cand
        bits.ue_max(4, "five_minus_max_num_merge_cand")?;
        if self.sets.sps.extensions.integer_mv_by_slice {
            bits.flag()?;
        }
        Ok(())
    }

    /// Skips mvd_l1_zero_flag up to collocated_ref_idx.
    fn skip_motion_vector_syntax(
        &self,
        bits: &mut RbspReader<'_>,
        lists: &[RefList],
    ) -> Result<(), Error> {
        let is_b = self.slice_type == HevcSliceType::B;
        if is_b {
            bits.flag()?;
        }
        if self.sets.pps.cabac_init_present {
            bits.flag()?;
        }
        if self.temporal_mvp {
            let from_l1 = is_b && !bits.flag()?;
            if lists
                .get(usize::from(from_l1))
                .is_some_and(|list| list.active > 1)
            {
                bits.ue_max(14, "collocated_ref_idx")?;
            }
        }
        Ok(())
    }

    /// Skips pred_weight_table(), if there is one.
    fn skip_weights(&self, bits: &mut RbspReader<'_>, lists: &[RefList]) -> Result<(), Error> {
        let present = match self.slice_type {
            HevcSliceType::P => self.sets.pps.weighted_pred,
            HevcSliceType::B => self.sets.pps.weighted_bipred,
            HevcSliceType::I => false,
        };
        if !present {
            return Ok(());
        }
        bits.ue_max(7, "luma_log2_weight_denom")?;
        if self.sets.format.has_chroma() {
            // delta_chroma_log2_weight_denom
            bits.se()?;
        }
        for (index, list) in lists.iter().enumerate() {
            let current_picture = if self.sets.pps.extensions.current_picture_reference {
                list.current_picture(self.total_refs, index == 0)
            } else {
                0
            };
            list.skip_weights(bits, self.sets.format.has_chroma(), current_picture)?;
        }
        Ok(())
    }

    /// Skips slice_qp_delta up to cu_chroma_qp_offset_enabled_flag.
    fn skip_quantisation(&self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        bits.se()?;
        if self.sets.pps.slice_chroma_qp_offsets_present {
            bits.se()?;
            bits.se()?;
        }
        if self.sets.pps.extensions.slice_act_qp_offsets_present {
            bits.se()?;
            bits.se()?;
            bits.se()?;
        }
        if self.sets.pps.extensions.chroma_qp_offset_list {
            bits.flag()?;
        }
        Ok(())
    }

    /// Skips deblocking_filter_override_flag up to slice_loop_filter_across_slices_enabled_flag.
    fn skip_loop_filters(&self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        let mut deblocking_disabled = self.sets.pps.deblocking.disabled;
        if self.sets.pps.deblocking.override_enabled && bits.flag()? {
            deblocking_disabled = bits.flag()?;
            if !deblocking_disabled {
                // slice_beta_offset_div2, slice_tc_offset_div2
                bits.se()?;
                bits.se()?;
            }
        }
        if self.sets.pps.loop_filter_across_slices
            && (self.sample_adaptive_offset || !deblocking_disabled)
        {
            bits.flag()?;
        }
        Ok(())
    }
}

/// Reads inter_layer_pred_enabled_flag up to inter_layer_pred_layer_idc and returns NumActiveRefLayerPics: F.7.4.7.1.
fn read_inter_layer_pictures(bits: &mut RbspReader<'_>, layer: LayerRules) -> Result<u32, Error> {
    if layer.direct_references == 0 {
        return Ok(0);
    }
    if layer.default_ref_layers_active {
        return Ok(layer.reference_pictures);
    }
    let inter_layer_prediction = bits.flag()?;
    if !inter_layer_prediction {
        return Ok(0);
    }
    let index_bits = ceil_log2(layer.direct_references);
    let mut pictures = 1;
    if layer.direct_references > 1 && !layer.max_one_active_ref_layer {
        // num_inter_layer_ref_pics_minus1
        pictures += bits.u(index_bits)?;
    }
    if layer.reference_pictures == 0 {
        pictures = 0;
    }
    if layer.direct_references > 1 && pictures != layer.direct_references {
        // inter_layer_pred_layer_idc
        bits.skip(u64::from(pictures) * u64::from(index_bits))?;
    }
    Ok(pictures)
}

/// Reads the long-term pictures of a slice and returns the number of them that the current picture may refer to.
fn read_long_term(
    bits: &mut RbspReader<'_>,
    candidates: LongTermCandidates,
    lsb_bits: u32,
) -> Result<u32, Error> {
    let from_sps = if candidates.count > 0 {
        bits.ue_max(candidates.count, "num_long_term_sps")?
    } else {
        0
    };
    let total = from_sps + bits.ue_max(16, "num_long_term_pics")?;
    let mut used = 0;
    for picture in 0..total {
        used += if picture < from_sps {
            // lt_idx_sps
            let index = bits.u(ceil_log2(candidates.count))?;
            (candidates.used >> index) & 1
        } else {
            // poc_lsb_lt, used_by_curr_pic_lt_flag
            bits.u(lsb_bits)?;
            bits.u(1)?
        };
        if bits.flag()? {
            // delta_poc_msb_cycle_lt
            bits.ue()?;
        }
    }
    Ok(used)
}

impl HevcSliceType {
    fn read(bits: &mut RbspReader<'_>) -> Result<Self, Error> {
        Ok(match bits.ue_max(2, "slice_type")? {
            0 => Self::B,
            1 => Self::P,
            _ => Self::I,
        })
    }

    /// Returns the number of reference picture lists that it uses.
    const fn lists(self) -> usize {
        match self {
            Self::B => 2,
            Self::P => 1,
            Self::I => 0,
        }
    }
}
