// SPDX-License-Identifier: MPL-2.0
//! Picture parameter set, as far as slice headers depend on it: ISO/IEC 14496-10, 7.3.2.2.

use crate::Error;
use crate::parameter_sets::{Identified, ParameterSet};
use crate::rbsp::{RbspReader, ceil_log2};

/// The elements of a PPS on which slice headers depend.
#[derive(Debug, Clone)]
pub(super) struct AvcPps {
    pub(super) sps_id: u32,
    pub(super) entropy_coding_mode: bool,
    pub(super) bottom_field_pic_order_in_frame_present: bool,
    /// SliceGroupChangeRate, if slice groups evolve.
    pub(super) slice_group_change_rate: Option<u64>,
    /// num_ref_idx_lX_default_active_minus1 + 1
    pub(super) default_active_refs: [u32; 2],
    pub(super) weighted_pred: bool,
    pub(super) weighted_bipred_idc: u32,
    pub(super) deblocking_filter_control_present: bool,
    pub(super) redundant_pic_cnt_present: bool,
}

impl ParameterSet for AvcPps {
    const KIND: &'static str = "PPS";

    fn parse(nal: &[u8]) -> Result<Identified<Self>, Error> {
        let mut bits = RbspReader::new(nal, 1, "PPS");
        Ok(Identified {
            id: bits.ue_max(255, "pic_parameter_set_id")?,
            set: Self::read(&mut bits)?,
        })
    }
}

impl AvcPps {
    /// Reads the elements after the id.
    fn read(bits: &mut RbspReader<'_>) -> Result<Self, Error> {
        Ok(Self {
            sps_id: bits.ue_max(31, "seq_parameter_set_id")?,
            entropy_coding_mode: bits.flag()?,
            bottom_field_pic_order_in_frame_present: bits.flag()?,
            slice_group_change_rate: read_slice_groups(bits)?,
            default_active_refs: [read_active_refs(bits)?, read_active_refs(bits)?],
            weighted_pred: bits.flag()?,
            weighted_bipred_idc: bits.u(2)?,
            deblocking_filter_control_present: {
                // pic_init_qp_minus26, pic_init_qs_minus26, chroma_qp_index_offset
                bits.se()?;
                bits.se()?;
                bits.se()?;
                bits.flag()?
            },
            redundant_pic_cnt_present: {
                // constrained_intra_pred_flag
                bits.flag()?;
                bits.flag()?
            },
        })
    }
}

fn read_active_refs(bits: &mut RbspReader<'_>) -> Result<u32, Error> {
    Ok(bits.ue_max(31, "num_ref_idx_default_active_minus1")? + 1)
}

/// Reads the slice groups and returns SliceGroupChangeRate, which map types 3 to 5 have.
fn read_slice_groups(bits: &mut RbspReader<'_>) -> Result<Option<u64>, Error> {
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
