// SPDX-License-Identifier: MPL-2.0
//! NAL unit headers and the treatment of each NAL unit type: ISO/IEC 14496-10, 7.3.1, table 7-1, G.7.3.1.1 and H.7.3.1.1.

use crate::Error;

/// A NAL unit header.
#[derive(Debug, Clone, Copy)]
pub(super) struct AvcNalHeader {
    /// nal_ref_idc
    pub(super) ref_idc: u8,
    /// nal_unit_type
    pub(super) unit_type: u8,
    /// The extension of NAL unit types 14, 20 and 21.
    extension: [u8; 3],
}

/// The content of a NAL unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AvcNalKind {
    /// A slice without data partitioning.
    Slice,
    PartitionA,
    PartitionBOrC,
    /// A slice of an auxiliary coded picture, such as alpha.
    AuxiliarySlice,
    /// A slice of a view other than the base view.
    MvcSlice,
    Sps,
    SubsetSps,
    Pps,
    /// A NAL unit without coded slice data, which stays clear.
    Other,
}

impl AvcNalHeader {
    /// Reads the header of `nal`, which starts at `start` of the sample.
    pub(super) fn read(start: usize, nal: &[u8]) -> Result<Self, Error> {
        let truncated = Error::TruncatedNalUnit { offset: start };
        let (first, rest) = nal.split_first().ok_or_else(|| truncated.clone())?;
        let unit_type = first & 31;
        Ok(Self {
            ref_idc: (first >> 5) & 3,
            unit_type,
            extension: match unit_type {
                14 | 20 => *rest.first_chunk().ok_or(truncated)?,
                _ => [0; 3],
            },
        })
    }

    /// Returns the number of bytes of the header.
    pub(super) const fn len(self) -> usize {
        match self.unit_type {
            14 | 20 => 4,
            _ => 1,
        }
    }

    /// IdrPicFlag, except of auxiliary coded pictures.
    pub(super) const fn is_idr(self) -> bool {
        match self.unit_type {
            20 => !self.non_idr_flag(),
            unit_type => unit_type == 5,
        }
    }

    /// Returns the content of the NAL unit.
    ///
    /// # Errors
    /// NAL units whose coded slices could not be protected.
    pub(super) const fn kind(self) -> Result<AvcNalKind, Error> {
        let feature = match self.unit_type {
            1 | 5 => return Ok(AvcNalKind::Slice),
            2 => return Ok(AvcNalKind::PartitionA),
            3 | 4 => return Ok(AvcNalKind::PartitionBOrC),
            7 => return Ok(AvcNalKind::Sps),
            8 => return Ok(AvcNalKind::Pps),
            15 => return Ok(AvcNalKind::SubsetSps),
            19 => return Ok(AvcNalKind::AuxiliarySlice),
            14 | 20 if self.svc_extension_flag() => {
                "scalable video coding (SVC, NAL unit types 14 and 20)"
            }
            20 => return Ok(AvcNalKind::MvcSlice),
            21 => "3D video coding (3D-AVC or MVC with depth, NAL unit type 21)",
            22 | 23 => "reserved VCL NAL unit types (22 and 23)",
            30 | 31 => "aggregators or extractors (NAL unit types 30 and 31)",
            // Unspecified (0, 24 to 29), SEI, delimiters, filler data, SPS extensions, prefixes of slices, depth parameter sets
            // and reserved types that are not VCL
            _ => return Ok(AvcNalKind::Other),
        };
        Err(Error::UnsupportedFeature { feature })
    }

    const fn svc_extension_flag(self) -> bool {
        self.extension[0] & 0x80 != 0
    }

    const fn non_idr_flag(self) -> bool {
        self.extension[0] & 0x40 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Table 7-1: every type is protected, clear because it is not VCL, or refused.
    #[test]
    fn every_nal_unit_type_has_a_treatment() {
        let kind = |unit_type: u8, extension: u8| {
            AvcNalHeader::read(0, &[0x60 | unit_type, extension, 0, 1])
                .unwrap()
                .kind()
        };
        for unit_type in 0..32 {
            let expected = match unit_type {
                1 | 5 => Some(AvcNalKind::Slice),
                2 => Some(AvcNalKind::PartitionA),
                3 | 4 => Some(AvcNalKind::PartitionBOrC),
                7 => Some(AvcNalKind::Sps),
                8 => Some(AvcNalKind::Pps),
                15 => Some(AvcNalKind::SubsetSps),
                19 => Some(AvcNalKind::AuxiliarySlice),
                20 => Some(AvcNalKind::MvcSlice),
                21..=23 | 30 | 31 => None,
                _ => Some(AvcNalKind::Other),
            };
            assert_eq!(kind(unit_type, 0).ok(), expected, "{unit_type}");
        }
        for svc in [14, 20] {
            let error = kind(svc, 0x80).unwrap_err().to_string();
            assert!(error.contains("SVC") && error.contains("encode it without"));
        }
    }

    #[test]
    fn idr_pictures_of_both_kinds_are_recognized() {
        let is_idr = |nal: [u8; 4]| AvcNalHeader::read(0, &nal).unwrap().is_idr();
        assert!(is_idr([0x65, 0, 0, 0]) && !is_idr([0x61, 0, 0, 0]));
        assert!(is_idr([0x74, 0, 0, 1]) && !is_idr([0x74, 0x40, 0, 1]));
    }

    #[test]
    fn a_truncated_header_is_refused() {
        for nal in [[].as_slice(), &[0x74, 0, 0], &[0x6e]] {
            let error = AvcNalHeader::read(9, nal).unwrap_err();
            assert_eq!(error, Error::TruncatedNalUnit { offset: 9 });
        }
    }
}
