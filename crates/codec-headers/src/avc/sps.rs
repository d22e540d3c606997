// SPDX-License-Identifier: MPL-2.0
//! Sequence parameter set, as far as slice headers depend on it: ISO/IEC 14496-10, 7.3.2.1.1.

use crate::configuration::StreamColours;
use crate::parameter_sets::{Identified, ParameterSet};
use crate::rbsp::RbspReader;
use crate::{Error, video_signal};

/// The elements of an SPS on which slice headers depend.
#[derive(Debug, Clone)]
pub(super) struct AvcSps {
    pub(super) separate_colour_plane: bool,
    /// ChromaArrayType is not 0.
    pub(super) has_chroma: bool,
    pub(super) frame_num_bits: u32,
    pub(super) order_count: PicOrderCount,
    pub(super) frame_mbs_only: bool,
    /// PicSizeInMapUnits
    pub(super) map_units: u64,
}

/// A subset SPS, of views other than the base view: 7.3.2.1.3.
#[derive(Debug, Clone)]
pub(super) struct SubsetSps(pub(super) AvcSps);

/// Returns the colours that the vui_parameters() of an SPS describe; None if it does not, or cannot be read.
pub(crate) fn described_colours(nal: &[u8]) -> Option<StreamColours> {
    read_colours(&mut RbspReader::new(nal, 1, "SPS")).unwrap_or_default()
}

fn read_colours(bits: &mut RbspReader<'_>) -> Result<Option<StreamColours>, Error> {
    let profile_idc = bits.u(8)?;
    // constraint flags, level_idc, seq_parameter_set_id
    bits.skip(16)?;
    bits.ue()?;
    if !AvcSps::read(bits, profile_idc)?.frame_mbs_only {
        // mb_adaptive_frame_field_flag
        bits.flag()?;
    }
    // direct_8x8_inference_flag, frame_cropping_flag
    bits.flag()?;
    if bits.flag()? {
        for _ in 0..4 {
            bits.ue()?;
        }
    }
    match bits.flag()? {
        true => video_signal::read(bits),
        false => Ok(None),
    }
}

/// The form of the picture order count in slice headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PicOrderCount {
    /// pic_order_cnt_type 0: pic_order_cnt_lsb of this many bits.
    Lsb { bits: u32 },
    /// pic_order_cnt_type 1 without delta_pic_order_always_zero_flag.
    Deltas,
    /// Slice headers have none.
    Implied,
}

impl ParameterSet for AvcSps {
    const KIND: &'static str = "SPS";

    fn parse(nal: &[u8]) -> Result<Identified<Self>, Error> {
        let mut bits = RbspReader::new(nal, 1, "SPS");
        let profile_idc = bits.u(8)?;
        // constraint flags and level_idc
        bits.skip(16)?;
        Ok(Identified {
            id: bits.ue_max(31, "seq_parameter_set_id")?,
            set: Self::read(&mut bits, profile_idc)?,
        })
    }
}

impl ParameterSet for SubsetSps {
    const KIND: &'static str = "subset SPS";

    fn parse(nal: &[u8]) -> Result<Identified<Self>, Error> {
        let Identified { id, set } = AvcSps::parse(nal)?;
        Ok(Identified { id, set: Self(set) })
    }
}

impl AvcSps {
    /// Reads the elements after the id up to frame_mbs_only_flag.
    fn read(bits: &mut RbspReader<'_>, profile_idc: u32) -> Result<Self, Error> {
        const MAX_SIDE: u32 = u16::MAX as u32;
        let format = AvcChromaFormat::read(bits, profile_idc)?;
        Ok(Self {
            separate_colour_plane: format.separate_planes,
            has_chroma: format.idc != 0 && !format.separate_planes,
            frame_num_bits: bits.ue_max(12, "log2_max_frame_num_minus4")? + 4,
            order_count: PicOrderCount::read(bits)?,
            map_units: {
                // max_num_ref_frames, gaps_in_frame_num_value_allowed_flag
                bits.ue()?;
                bits.flag()?;
                (u64::from(bits.ue_max(MAX_SIDE, "pic_width_in_mbs_minus1")?) + 1)
                    * (u64::from(bits.ue_max(MAX_SIDE, "pic_height_in_map_units_minus1")?) + 1)
            },
            frame_mbs_only: bits.flag()?,
        })
    }
}

struct AvcChromaFormat {
    idc: u32,
    separate_planes: bool,
}

impl AvcChromaFormat {
    /// Reads chroma_format_idc up to the scaling matrices, which only the High family of profiles has.
    fn read(bits: &mut RbspReader<'_>, profile_idc: u32) -> Result<Self, Error> {
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

/// Skips the scaling_list() calls of a seq_scaling_matrix: 7.3.2.1.1.1.
fn skip_scaling_matrices(bits: &mut RbspReader<'_>, count: u32) -> Result<(), Error> {
    for list in 0..count {
        if bits.flag()? {
            skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
        }
    }
    Ok(())
}

fn skip_scaling_list(bits: &mut RbspReader<'_>, size: u32) -> Result<(), Error> {
    let mut last = 8;
    for _ in 0..size {
        let delta = bits.se()?;
        if !(-128..=127).contains(&delta) {
            return Err(bits.out_of_range("delta_scale"));
        }
        // A next scale of 0 means that the last one fills the rest of the list.
        last = (last + delta + 256) % 256;
        if last == 0 {
            break;
        }
    }
    Ok(())
}

impl PicOrderCount {
    fn read(bits: &mut RbspReader<'_>) -> Result<Self, Error> {
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
