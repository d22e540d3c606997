// SPDX-License-Identifier: MPL-2.0
//! Sequence parameter set, as far as slice headers depend on it: ISO/IEC 14496-10, 7.3.2.1.1.

use crate::Error;
use crate::bits::BitReader;
use crate::parameter_sets::ParameterSet;

/// What slice headers need to know of the sequence.
#[derive(Debug, Clone)]
pub(super) struct Sps {
    pub(super) separate_colour_plane: bool,
    /// ChromaArrayType is not 0.
    pub(super) has_chroma: bool,
    pub(super) frame_num_bits: u32,
    pub(super) order_count: OrderCount,
    pub(super) frame_mbs_only: bool,
    /// PicSizeInMapUnits
    pub(super) map_units: u64,
}

/// How slice headers carry the picture order count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OrderCount {
    /// pic_order_cnt_type 0: pic_order_cnt_lsb of so many bits.
    Lsb { bits: u32 },
    /// pic_order_cnt_type 1 without delta_pic_order_always_zero_flag.
    Deltas,
    /// Not at all.
    Implied,
}

impl ParameterSet for Sps {
    const KIND: &'static str = "SPS";

    fn parse(nal: &[u8]) -> Result<(usize, Self), Error> {
        let mut bits = BitReader::new(nal, 1, "SPS");
        let profile_idc = bits.u(8)?;
        // constraint flags and level_idc
        bits.skip(16)?;
        let id = bits.ue_max(31, "seq_parameter_set_id")?;
        let format = ChromaFormat::read(&mut bits, profile_idc)?;
        let frame_num_bits = bits.ue_max(12, "log2_max_frame_num_minus4")? + 4;
        let order_count = OrderCount::read(&mut bits)?;
        // max_num_ref_frames, gaps_in_frame_num_value_allowed_flag
        bits.ue()?;
        bits.flag()?;
        let width = u64::from(bits.ue_max(u32::from(u16::MAX), "pic_width_in_mbs_minus1")?) + 1;
        let height =
            u64::from(bits.ue_max(u32::from(u16::MAX), "pic_height_in_map_units_minus1")?) + 1;
        let set = Self {
            separate_colour_plane: format.separate_planes,
            has_chroma: format.idc != 0 && !format.separate_planes,
            frame_num_bits,
            order_count,
            frame_mbs_only: bits.flag()?,
            map_units: width * height,
        };
        Ok((id as usize, set))
    }
}

struct ChromaFormat {
    idc: u32,
    separate_planes: bool,
}

impl ChromaFormat {
    /// chroma_format_idc up to the scaling matrices, which only the High family of profiles has.
    fn read(bits: &mut BitReader<'_>, profile_idc: u32) -> Result<Self, Error> {
        if !matches!(
            profile_idc,
            100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135
        ) {
            return Ok(Self {
                idc: 1,
                separate_planes: false,
            });
        }
        let idc = bits.ue_max(3, "chroma_format_idc")?;
        let separate_planes = idc == 3 && bits.flag()?;
        bits.ue_max(6, "bit_depth_luma_minus8")?;
        bits.ue_max(6, "bit_depth_chroma_minus8")?;
        // qpprime_y_zero_transform_bypass_flag
        bits.flag()?;
        if bits.flag()? {
            skip_scaling_matrices(bits, if idc == 3 { 12 } else { 8 })?;
        }
        Ok(Self {
            idc,
            separate_planes,
        })
    }
}

/// The scaling_list() calls of a seq_scaling_matrix: 7.3.2.1.1.1.
fn skip_scaling_matrices(bits: &mut BitReader<'_>, count: u32) -> Result<(), Error> {
    for list in 0..count {
        if bits.flag()? {
            skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
        }
    }
    Ok(())
}

fn skip_scaling_list(bits: &mut BitReader<'_>, size: u32) -> Result<(), Error> {
    let mut last = 8;
    for _ in 0..size {
        let delta = bits.se()?;
        if !(-128..=127).contains(&delta) {
            return Err(bits.out_of_range("delta_scale"));
        }
        // A next scale of 0 says that the last one fills the rest of the list.
        last = (last + delta + 256) % 256;
        if last == 0 {
            break;
        }
    }
    Ok(())
}

impl OrderCount {
    fn read(bits: &mut BitReader<'_>) -> Result<Self, Error> {
        match bits.ue_max(2, "pic_order_cnt_type")? {
            0 => Ok(Self::Lsb {
                bits: bits.ue_max(12, "log2_max_pic_order_cnt_lsb_minus4")? + 4,
            }),
            1 => {
                let always_zero = bits.flag()?;
                // offset_for_non_ref_pic, offset_for_top_to_bottom_field
                bits.se()?;
                bits.se()?;
                for _ in 0..bits.ue_max(255, "num_ref_frames_in_pic_order_cnt_cycle")? {
                    bits.se()?;
                }
                Ok(if always_zero {
                    Self::Implied
                } else {
                    Self::Deltas
                })
            }
            _ => Ok(Self::Implied),
        }
    }
}
