// SPDX-License-Identifier: MPL-2.0
//! Profiles, and the format of pictures, in an SPS or in a VPS extension: ISO/IEC 23008-2, 7.3.3, 7.3.2.2 and F.7.3.2.1.2.

use crate::Error;
use crate::rbsp::RbspReader;

/// The sample format and the size of pictures.
#[derive(Debug, Clone, Copy)]
pub(super) struct PictureFormat {
    pub(super) chroma_format_idc: u32,
    pub(super) separate_planes: bool,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bit_depths: [u32; 2],
}

impl PictureFormat {
    /// Reads chroma_format_idc up to bit_depth_chroma_minus8 of an SPS.
    pub(super) fn read(bits: &mut RbspReader<'_>) -> Result<Self, Error> {
        const MAX: u32 = u16::MAX as u32;
        let chroma_format_idc = bits.ue_max(3, "chroma_format_idc")?;
        Ok(Self {
            chroma_format_idc,
            separate_planes: chroma_format_idc == 3 && bits.flag()?,
            width: bits.ue_max(MAX, "pic_width_in_luma_samples")?,
            height: bits.ue_max(MAX, "pic_height_in_luma_samples")?,
            bit_depths: {
                skip_conformance_window(bits)?;
                [
                    bits.ue_max(8, "bit_depth_luma_minus8")? + 8,
                    bits.ue_max(8, "bit_depth_chroma_minus8")? + 8,
                ]
            },
        })
    }

    /// Reads rep_format(). `previous` is the one before it, whose sample format it may share.
    pub(super) fn read_rep_format(
        bits: &mut RbspReader<'_>,
        previous: Option<&Self>,
    ) -> Result<Self, Error> {
        let (width, height) = (bits.u(16)?, bits.u(16)?);
        if width == 0 || height == 0 {
            return Err(bits
                .out_of_range("pic_width_vps_in_luma_samples or pic_height_vps_in_luma_samples"));
        }
        let mut format = match (bits.flag()?, previous) {
            (true, _) => {
                let chroma_format_idc = bits.u(2)?;
                Self {
                    chroma_format_idc,
                    separate_planes: chroma_format_idc == 3 && bits.flag()?,
                    width,
                    height,
                    bit_depths: [bits.u(4)? + 8, bits.u(4)? + 8],
                }
            }
            (false, Some(previous)) => *previous,
            (false, None) => return Err(bits.out_of_range("chroma_and_bit_depth_vps_present_flag")),
        };
        skip_conformance_window(bits)?;
        (format.width, format.height) = (width, height);
        Ok(format)
    }

    /// ChromaArrayType is not 0.
    pub(super) const fn has_chroma(&self) -> bool {
        self.chroma_format_idc != 0 && !self.separate_planes
    }
}

fn skip_conformance_window(bits: &mut RbspReader<'_>) -> Result<(), Error> {
    if bits.flag()? {
        for _ in 0..4 {
            bits.ue()?;
        }
    }
    Ok(())
}

/// Reads profile_tier_level(`has_profile`, `max_sub_layers` - 1) and returns general_profile_idc, 0 without a profile: 7.3.3.
pub(super) fn read_profile_tier_level(
    bits: &mut RbspReader<'_>,
    has_profile: bool,
    max_sub_layers: u32,
) -> Result<u32, Error> {
    const PROFILE: u64 = 88;
    const LEVEL: u64 = 8;
    let mut profile_idc = 0;
    if has_profile {
        // general_profile_space, general_tier_flag
        bits.u(3)?;
        profile_idc = bits.u(5)?;
        bits.skip(PROFILE - 8)?;
    }
    bits.skip(LEVEL)?;
    let mut sub_layers = 0;
    for _ in 1..max_sub_layers {
        sub_layers += PROFILE * u64::from(bits.u(1)?);
        sub_layers += LEVEL * u64::from(bits.u(1)?);
    }
    if max_sub_layers > 1 {
        // reserved_zero_2bits up to eight sub-layers
        bits.skip(2 * u64::from(9 - max_sub_layers))?;
    }
    bits.skip(sub_layers)?;
    Ok(profile_idc)
}

/// Skips the decoded picture buffer sizes of sub-layers in an SPS or VPS.
pub(super) fn skip_sub_layer_ordering(
    bits: &mut RbspReader<'_>,
    max_sub_layers: u32,
) -> Result<(), Error> {
    let infos = if bits.flag()? { max_sub_layers } else { 1 };
    for _ in 0..3 * infos {
        bits.ue()?;
    }
    Ok(())
}
