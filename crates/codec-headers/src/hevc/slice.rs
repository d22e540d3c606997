// SPDX-License-Identifier: MPL-2.0
//! Slice segment headers and where slice segment data starts: ISO/IEC 23008-2, 7.3.6.1.
//!
//! byte_alignment() ends the header: where its bits fill their last byte, the alignment takes one
//! more.

use super::pps::Pps;
use super::ref_pic_set::RefPicSet;
use super::sps::{LongTerm, Sps};
use super::weights::RefList;
use super::{HEADER_LEN, NalHeader, Sets};
use crate::Error;
use crate::{bits::BitReader, bits::ceil_log2};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SliceType {
    B,
    P,
    I,
}

/// What the parts of an independent slice segment's header need to know of each other.
struct Slice<'a> {
    sps: &'a Sps,
    pps: &'a Pps,
    slice_type: SliceType,
    /// NumPicTotalCurr
    total_refs: u32,
    temporal_mvp: bool,
    /// slice_sao_luma_flag or slice_sao_chroma_flag
    sample_adaptive_offset: bool,
}

/// The first byte of the NAL unit behind the slice segment header.
pub(super) fn data_offset(nal: &[u8], header: NalHeader, sets: &Sets) -> Result<usize, Error> {
    let mut bits = BitReader::new(nal, HEADER_LEN, "slice segment header");
    let first = bits.flag()?;
    if header.is_irap() {
        // no_output_of_prior_pics_flag
        bits.flag()?;
    }
    let (sps, pps) = sets.active(bits.ue_max(63, "slice_pic_parameter_set_id")?)?;
    let dependent = !first && pps.dependent_slice_segments && bits.flag()?;
    if !first {
        // slice_segment_address
        bits.u(sps.address_bits)?;
    }
    if !dependent {
        Slice::skip(&mut bits, header, sps, pps)?;
    }
    if pps.entry_points {
        skip_entry_points(&mut bits)?;
    }
    if pps.slice_header_extension_present {
        let bytes = bits.ue_max(256, "slice_segment_header_extension_length")?;
        bits.skip(8 * u64::from(bytes))?;
    }
    bits.byte_alignment()?;
    Ok(bits.bytes_read())
}

fn skip_entry_points(bits: &mut BitReader<'_>) -> Result<(), Error> {
    let count = bits.ue()?;
    if count > 0 {
        let width = bits.ue_max(31, "offset_len_minus1")? + 1;
        bits.skip(u64::from(count) * u64::from(width))?;
    }
    Ok(())
}

impl<'a> Slice<'a> {
    /// Passes over what dependent slice segments take from the slice segment before them.
    fn skip(
        bits: &mut BitReader<'_>,
        header: NalHeader,
        sps: &'a Sps,
        pps: &'a Pps,
    ) -> Result<(), Error> {
        // slice_reserved_flag
        bits.u(pps.extra_slice_header_bits)?;
        let mut slice = Self {
            sps,
            pps,
            slice_type: SliceType::read(bits)?,
            total_refs: u32::from(pps.extensions.current_picture_reference),
            temporal_mvp: false,
            sample_adaptive_offset: false,
        };
        if pps.output_flag_present {
            bits.flag()?;
        }
        if sps.separate_colour_plane {
            bits.u(2)?;
        }
        if !header.is_idr() {
            slice.read_reference_pictures(bits)?;
        }
        if sps.sample_adaptive_offset {
            let luma = bits.flag()?;
            let chroma = sps.has_chroma && bits.flag()?;
            slice.sample_adaptive_offset = luma || chroma;
        }
        slice.skip_prediction(bits)?;
        slice.skip_quantisation(bits)?;
        slice.skip_loop_filters(bits)
    }

    /// slice_pic_order_cnt_lsb up to slice_temporal_mvp_enabled_flag.
    fn read_reference_pictures(&mut self, bits: &mut BitReader<'_>) -> Result<(), Error> {
        bits.u(self.sps.order_count_lsb_bits)?;
        let sets = self.sps.ref_pic_sets.as_slice();
        let in_sps = bits.flag()?;
        self.total_refs += if in_sps {
            let index_bits = sets.len().next_power_of_two().trailing_zeros();
            let index = bits.u(index_bits)? as usize;
            let set = sets.get(index);
            set.ok_or_else(|| bits.out_of_range("short_term_ref_pic_set_idx"))?
                .used_by_current()
        } else {
            RefPicSet::read_in_slice(bits, sets)?.used_by_current()
        };
        if let Some(candidates) = self.sps.long_term {
            self.total_refs += read_long_term(bits, candidates, self.sps.order_count_lsb_bits)?;
        }
        self.temporal_mvp = self.sps.temporal_mvp && bits.flag()?;
        Ok(())
    }

    /// num_ref_idx_active_override_flag up to use_integer_mv_flag.
    fn skip_prediction(&self, bits: &mut BitReader<'_>) -> Result<(), Error> {
        let count = self.slice_type.lists();
        if count == 0 {
            return Ok(());
        }
        let mut lists = self.pps.default_active_refs.map(RefList::new);
        let lists = lists.get_mut(..count).unwrap_or_default();
        if bits.flag()? {
            for list in lists.iter_mut() {
                list.active = bits.ue_max(14, "num_ref_idx_active_minus1")? + 1;
            }
        }
        if self.pps.lists_modification_present && self.total_refs > 1 {
            for list in lists.iter_mut() {
                list.read_modification(bits, self.total_refs)?;
            }
        }
        self.skip_motion_vector_syntax(bits, lists)?;
        self.skip_weights(bits, lists)?;
        // five_minus_max_num_merge_cand
        bits.ue_max(4, "five_minus_max_num_merge_cand")?;
        if self.sps.integer_mv_by_slice {
            bits.flag()?;
        }
        Ok(())
    }

    /// mvd_l1_zero_flag up to collocated_ref_idx.
    fn skip_motion_vector_syntax(
        &self,
        bits: &mut BitReader<'_>,
        lists: &[RefList],
    ) -> Result<(), Error> {
        let is_b = self.slice_type == SliceType::B;
        if is_b {
            bits.flag()?;
        }
        if self.pps.cabac_init_present {
            bits.flag()?;
        }
        if self.temporal_mvp {
            let from_l1 = is_b && !bits.flag()?;
            let list = lists.get(usize::from(from_l1));
            if list.is_some_and(|list| list.active > 1) {
                bits.ue_max(14, "collocated_ref_idx")?;
            }
        }
        Ok(())
    }

    /// pred_weight_table(), if there is one.
    fn skip_weights(&self, bits: &mut BitReader<'_>, lists: &[RefList]) -> Result<(), Error> {
        let present = match self.slice_type {
            SliceType::P => self.pps.weighted_pred,
            SliceType::B => self.pps.weighted_bipred,
            SliceType::I => false,
        };
        if !present {
            return Ok(());
        }
        bits.ue_max(7, "luma_log2_weight_denom")?;
        if self.sps.has_chroma {
            // delta_chroma_log2_weight_denom
            bits.se()?;
        }
        for (index, list) in lists.iter().enumerate() {
            let current_picture = if self.pps.extensions.current_picture_reference {
                list.current_picture(self.total_refs, index == 0)
            } else {
                0
            };
            list.skip_weights(bits, self.sps.has_chroma, current_picture)?;
        }
        Ok(())
    }

    /// slice_qp_delta up to cu_chroma_qp_offset_enabled_flag.
    fn skip_quantisation(&self, bits: &mut BitReader<'_>) -> Result<(), Error> {
        bits.se()?;
        if self.pps.slice_chroma_qp_offsets_present {
            bits.se()?;
            bits.se()?;
        }
        if self.pps.extensions.slice_act_qp_offsets_present {
            bits.se()?;
            bits.se()?;
            bits.se()?;
        }
        if self.pps.extensions.chroma_qp_offset_list {
            bits.flag()?;
        }
        Ok(())
    }

    /// deblocking_filter_override_flag up to slice_loop_filter_across_slices_enabled_flag.
    fn skip_loop_filters(&self, bits: &mut BitReader<'_>) -> Result<(), Error> {
        let mut deblocking_disabled = self.pps.deblocking.disabled;
        if self.pps.deblocking.override_enabled && bits.flag()? {
            deblocking_disabled = bits.flag()?;
            if !deblocking_disabled {
                // slice_beta_offset_div2, slice_tc_offset_div2
                bits.se()?;
                bits.se()?;
            }
        }
        let filtered = self.sample_adaptive_offset || !deblocking_disabled;
        if self.pps.loop_filter_across_slices && filtered {
            bits.flag()?;
        }
        Ok(())
    }
}

/// The long-term pictures of a slice; gives how many of them the current picture may refer to.
fn read_long_term(
    bits: &mut BitReader<'_>,
    candidates: LongTerm,
    lsb_bits: u32,
) -> Result<u32, Error> {
    let from_sps = if candidates.count > 0 {
        bits.ue_max(candidates.count, "num_long_term_sps")?
    } else {
        0
    };
    let explicit = bits.ue_max(16, "num_long_term_pics")?;
    let mut used = 0;
    for picture in 0..from_sps + explicit {
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

impl SliceType {
    fn read(bits: &mut BitReader<'_>) -> Result<Self, Error> {
        Ok(match bits.ue_max(2, "slice_type")? {
            0 => Self::B,
            1 => Self::P,
            _ => Self::I,
        })
    }

    /// How many reference picture lists it uses.
    const fn lists(self) -> usize {
        match self {
            Self::B => 2,
            Self::P => 1,
            Self::I => 0,
        }
    }
}
