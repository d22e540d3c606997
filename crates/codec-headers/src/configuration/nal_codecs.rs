// SPDX-License-Identifier: MPL-2.0
//! `avcC`, `hvcC` and `vvcC`: ISO/IEC 14496-15, clauses 5.3.3, 8.3.3 and 11.2.4.

use super::StreamColours;
use crate::nal::RecordReader;
use crate::{Error, avc, hevc};

/// nal_unit_type of SPS in AVC and in HEVC.
const AVC_SPS: u8 = 7;
const HEVC_SPS: u8 = 33;

/// The fields of `avcC`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvcConfiguration<'a> {
    /// AVCProfileIndication.
    pub profile: u8,
    /// profile_compatibility: constraint flags.
    pub compatibility: u8,
    /// AVCLevelIndication: ten times the level.
    pub level: u8,
    /// SPS and then PPS NAL units.
    pub parameter_sets: Vec<&'a [u8]>,
}

/// The fields of `hvcC`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HevcConfiguration<'a> {
    /// general_profile_space.
    pub profile_space: u8,
    /// general_tier_flag: the High tier.
    pub is_high_tier: bool,
    /// general_profile_idc.
    pub profile: u8,
    /// general_profile_compatibility_flags, the flag of profile 0 in the highest bit.
    pub compatibility: u32,
    /// general_constraint_indicator_flags.
    pub constraints: [u8; 6],
    /// general_level_idc: thirty times the level.
    pub level: u8,
    /// VPS, SPS and PPS NAL units and others, in the order of the record.
    pub nal_units: Vec<&'a [u8]>,
}

/// The fields of `vvcC` that name the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VvcConfiguration<'a> {
    /// general_profile_idc.
    pub profile: u8,
    /// general_tier_flag: the High tier.
    pub is_high_tier: bool,
    /// general_level_idc.
    pub level: u8,
    /// ptl_frame_only_constraint_flag, ptl_multilayer_enabled_flag and general_constraint_info, from the highest bit on.
    pub constraints: &'a [u8],
}

impl<'a> AvcConfiguration<'a> {
    /// Reads the payload of an `avcC`.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::OutOfRange`].
    pub fn read(config: &'a [u8]) -> Result<Self, Error> {
        let mut record = RecordReader::after_version(config, "avcC")?;
        let mut read = Self {
            profile: record.byte()?,
            compatibility: record.byte()?,
            level: record.byte()?,
            parameter_sets: Vec::new(),
        };
        // lengthSizeMinusOne
        record.byte()?;
        // numOfSequenceParameterSets has three reserved bits above it
        for mask in [0x1f, 0xff] {
            for _ in 0..record.byte()? & mask {
                read.parameter_sets.push(record.nal_unit()?);
            }
        }
        Ok(read)
    }

    /// Returns the colours that an SPS describes; None if none does.
    pub fn colours(&self) -> Option<StreamColours> {
        self.parameter_sets
            .iter()
            .filter(|nal| nal.first().is_some_and(|first| first & 0x1f == AVC_SPS))
            .find_map(|nal| avc::described_colours(nal))
    }
}

impl<'a> HevcConfiguration<'a> {
    /// Reads the payload of an `hvcC`.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::OutOfRange`].
    pub fn read(config: &'a [u8]) -> Result<Self, Error> {
        let mut record = RecordReader::after_version(config, "hvcC")?;
        let first = record.byte()?;
        let mut read = Self {
            profile_space: first >> 6,
            is_high_tier: first & 0x20 != 0,
            profile: first & 0x1f,
            compatibility: u32::from(record.u16()?) << 16 | u32::from(record.u16()?),
            constraints: [0; 6],
            level: 0,
            nal_units: Vec::new(),
        };
        read.constraints.copy_from_slice(record.bytes(6)?);
        read.level = record.byte()?;
        // min_spatial_segmentation_idc up to lengthSizeMinusOne
        record.bytes(9)?;
        for _ in 0..record.byte()? {
            // array_completeness, NAL_unit_type
            record.byte()?;
            for _ in 0..record.u16()? {
                read.nal_units.push(record.nal_unit()?);
            }
        }
        Ok(read)
    }

    /// Returns the colours that an SPS describes; None if none does.
    pub fn colours(&self) -> Option<StreamColours> {
        self.nal_units
            .iter()
            .filter(|nal| {
                nal.first()
                    .is_some_and(|first| first >> 1 & 0x3f == HEVC_SPS)
            })
            .find_map(|nal| hevc::described_colours(nal))
    }
}

impl<'a> VvcConfiguration<'a> {
    /// Reads the payload of a `vvcC`; None if the record has no profile.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(config: &'a [u8]) -> Result<Option<Self>, Error> {
        let mut record = RecordReader::new(config, "vvcC");
        // version and flags
        record.bytes(4)?;
        // ptl_present_flag
        if record.byte()? & 1 == 0 {
            return Ok(None);
        }
        // ols_idx up to bit_depth_minus8
        record.bytes(3)?;
        let constraint_bytes = usize::from(record.byte()? & 0x3f);
        let profile = record.byte()?;
        Ok(Some(Self {
            profile: profile >> 1,
            is_high_tier: profile & 1 == 1,
            level: record.byte()?,
            constraints: record.bytes(constraint_bytes.max(1))?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The record of the crate's own example: Baseline, one SPS, one PPS.
    #[test]
    fn avc_record_is_read() {
        let record = [1, 66, 0, 10, 0xff, 0xe1, 0, 2, 0x67, 66, 1, 0, 1, 0x68];
        let read = AvcConfiguration::read(&record).unwrap();
        assert_eq!((read.profile, read.compatibility, read.level), (66, 0, 10));
        assert_eq!(read.parameter_sets, [&[0x67, 66][..], &[0x68]]);
        for end in 0..record.len() {
            assert!(AvcConfiguration::read(&record[..end]).is_err());
        }
    }

    // An SPS of Shaka Packager's hevc_decoder_configuration_record_unittest.cc, whose transfer_characteristics are 16.
    #[test]
    fn colours_of_parameter_sets_are_read() {
        let sps = [
            0x42, 0x01, 0x01, 0x02, 0x20, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00,
            0x00, 0x03, 0x00, 0x78, 0xa0, 0x03, 0xc0, 0x80, 0x10, 0xe4, 0xd9, 0x65, 0x66, 0x92,
            0x4c, 0xaf, 0x01, 0x6a, 0x12, 0x20, 0x13, 0x6c, 0x20, 0x00, 0x00, 0x7d, 0x20, 0x00,
            0x0b, 0xb8, 0x0c, 0x25, 0x9a, 0x4b, 0xc0, 0x01, 0xe8, 0x48, 0x00, 0x3d, 0x09, 0x10,
        ];
        let hdr10 = StreamColours {
            primaries: 9,
            transfer: 16,
            matrix: 9,
            is_full_range: false,
        };
        assert_eq!(hevc::described_colours(&sps), Some(hdr10));
        for end in 0..sps.len() {
            let _ = hevc::described_colours(&sps[..end]);
        }
    }

    #[test]
    fn hevc_record_is_read() {
        let mut record = vec![1, 0x22, 0x20, 0, 0, 1, 0x90, 0, 0, 0, 0, 7, 63];
        record.extend([
            0xf0, 0, 0xfc, 0xfd, 0xfa, 0xfa, 0, 0, 0x0f, 1, 0x20, 0, 1, 0, 2, 0x40, 1,
        ]);
        let read = HevcConfiguration::read(&record).unwrap();
        let expected = HevcConfiguration {
            profile_space: 0,
            is_high_tier: true,
            profile: 2,
            compatibility: 0x2000_0001,
            constraints: [0x90, 0, 0, 0, 0, 7],
            level: 63,
            nal_units: vec![&[0x40, 1]],
        };
        assert_eq!(read, expected);
        for end in 0..record.len() {
            assert!(HevcConfiguration::read(&record[..end]).is_err());
        }
    }

    #[test]
    fn vvc_record_is_read() {
        let record = [0, 0, 0, 0, 0xff, 0, 0x31, 0x5f, 1, 2, 51, 0x80];
        let read = VvcConfiguration::read(&record).unwrap().unwrap();
        let expected = VvcConfiguration {
            profile: 1,
            is_high_tier: false,
            level: 51,
            constraints: &[0x80],
        };
        assert_eq!(read, expected);
        assert_eq!(VvcConfiguration::read(&[0, 0, 0, 0, 0xfe, 0]), Ok(None));
        for end in 0..record.len() {
            assert!(VvcConfiguration::read(&record[..end]).is_err());
        }
    }
}
