// SPDX-License-Identifier: MPL-2.0
//! Picture parameter set, as far as slice headers depend on it: ISO/IEC 14496-10, 7.3.2.2.

use crate::Error;
use crate::parameter_sets::ParameterSet;
use crate::{bits::BitReader, bits::ceil_log2};

/// What slice headers need to know of the picture.
#[derive(Debug, Clone)]
pub(super) struct Pps {
    pub(super) sps_id: u32,
    pub(super) entropy_coding_mode: bool,
    pub(super) bottom_field_pic_order_in_frame_present: bool,
    /// SliceGroupChangeRate, where slice groups evolve.
    pub(super) slice_group_change_rate: Option<u64>,
    /// num_ref_idx_lX_default_active_minus1 + 1
    pub(super) default_active_refs: [u32; 2],
    pub(super) weighted_pred: bool,
    pub(super) weighted_bipred_idc: u32,
    pub(super) deblocking_filter_control_present: bool,
    pub(super) redundant_pic_cnt_present: bool,
}

impl ParameterSet for Pps {
    const KIND: &'static str = "PPS";

    fn parse(nal: &[u8]) -> Result<(usize, Self), Error> {
        let mut bits = BitReader::new(nal, 1, "PPS");
        let id = bits.ue_max(255, "pic_parameter_set_id")?;
        let sps_id = bits.ue_max(31, "seq_parameter_set_id")?;
        let entropy_coding_mode = bits.flag()?;
        let bottom_field_pic_order_in_frame_present = bits.flag()?;
        let slice_group_change_rate = read_slice_groups(&mut bits)?;
        let default_active_refs = [active_refs(&mut bits)?, active_refs(&mut bits)?];
        let weighted_pred = bits.flag()?;
        let weighted_bipred_idc = bits.u(2)?;
        // pic_init_qp_minus26, pic_init_qs_minus26, chroma_qp_index_offset
        bits.se()?;
        bits.se()?;
        bits.se()?;
        let deblocking_filter_control_present = bits.flag()?;
        // constrained_intra_pred_flag
        bits.flag()?;
        let set = Self {
            sps_id,
            entropy_coding_mode,
            bottom_field_pic_order_in_frame_present,
            slice_group_change_rate,
            default_active_refs,
            weighted_pred,
            weighted_bipred_idc,
            deblocking_filter_control_present,
            redundant_pic_cnt_present: bits.flag()?,
        };
        Ok((id as usize, set))
    }
}

fn active_refs(bits: &mut BitReader<'_>) -> Result<u32, Error> {
    Ok(bits.ue_max(31, "num_ref_idx_default_active_minus1")? + 1)
}

/// The slice groups; gives SliceGroupChangeRate for the map types 3 to 5.
fn read_slice_groups(bits: &mut BitReader<'_>) -> Result<Option<u64>, Error> {
    let groups = bits.ue_max(7, "num_slice_groups_minus1")? + 1;
    if groups == 1 {
        return Ok(None);
    }
    match bits.ue_max(6, "slice_group_map_type")? {
        0 => {
            for _ in 0..groups {
                // run_length_minus1
                bits.ue()?;
            }
        }
        2 => {
            for _ in 1..groups {
                // top_left, bottom_right
                bits.ue()?;
                bits.ue()?;
            }
        }
        3..=5 => {
            // slice_group_change_direction_flag
            bits.flag()?;
            return Ok(Some(u64::from(bits.ue()?) + 1));
        }
        6 => {
            let map_units = u64::from(bits.ue()?) + 1;
            bits.skip(map_units * u64::from(ceil_log2(groups)))?;
        }
        _ => {}
    }
    Ok(None)
}
