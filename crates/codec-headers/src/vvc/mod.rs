// SPDX-License-Identifier: MPL-2.0
//! H.266: ISO/IEC 23090-3:2024, with the NAL unit types of table 5. The base layer only.

mod config;
mod picture_header;
mod pps;
mod profile;
mod ref_pic_list;
mod slice;
mod sps;
mod sps_tools;
mod subpictures;
mod tiles;
mod weights;

use super::nal::{LengthSize, NalUnits};
use super::parameter_sets::ParameterSets;
use super::{Error, ProtectableRange, SampleBytes};
use picture_header::PictureHeader;
use pps::VvcPps;
use sps::VvcSps;

/// The number of bytes in a NAL unit header.
const HEADER_LEN: usize = 2;
/// The least nal_unit_type of NAL units that are not VCL.
const FIRST_NON_VCL: u8 = 12;
const SPS_NUT: u8 = 15;
const PPS_NUT: u8 = 16;
const PH_NUT: u8 = 19;

/// The reader of one VVC track.
#[derive(Debug, Clone)]
pub(super) struct Vvc {
    pub(super) length_size: LengthSize,
    sets: VvcParameterSets,
    /// The picture header that applies to the next slices.
    picture: Option<PictureHeader>,
}

/// The parameter sets in force. Slice headers of the base layer do not depend on other kinds of them.
#[derive(Debug, Clone)]
struct VvcParameterSets {
    sps: ParameterSets<VvcSps, 16>,
    pps: ParameterSets<VvcPps, 64>,
}

/// The NAL unit header.
#[derive(Debug, Clone, Copy)]
struct VvcNalHeader {
    /// nal_unit_type
    unit_type: u8,
    /// nuh_layer_id
    layer_id: u8,
}

impl Vvc {
    /// Creates a reader with the parameter sets of a `vvcC` payload.
    pub(super) fn new(config: &[u8]) -> Result<Self, Error> {
        let mut sets = VvcParameterSets {
            sps: ParameterSets::new(),
            pps: ParameterSets::new(),
        };
        Ok(Self {
            length_size: config::read(config, &mut sets)?,
            sets,
            picture: None,
        })
    }

    /// See [`Codec::protectable_ranges`](super::Codec::protectable_ranges).
    pub(super) fn protectable_ranges(
        &mut self,
        sample: &mut dyn SampleBytes,
        ranges: &mut Vec<ProtectableRange>,
    ) -> Result<(), Error> {
        self.picture = None;
        let mut units = NalUnits::new(sample, self.length_size);
        while let Some(unit) = units.next()? {
            let header = units.read_head(unit, |nal| VvcNalHeader::of(unit.start, nal))?;
            if !header.is_slice()? {
                self.read_other(header, || units.bytes(unit))?;
                continue;
            }
            let header_len = units.read_head(unit, |nal| {
                slice::header_len(nal, header, &self.sets, self.picture.as_ref())
            })?;
            ranges.push(ProtectableRange::new(unit.start + header_len, unit.end));
        }
        Ok(())
    }

    /// Reads a NAL unit that is not VCL.
    fn read_other<'n>(
        &mut self,
        header: VvcNalHeader,
        nal: impl FnOnce() -> &'n [u8],
    ) -> Result<(), Error> {
        if (header.unit_type, header.layer_id) == (PH_NUT, 0) {
            self.picture = Some(PictureHeader::parse(nal(), &self.sets)?);
            return Ok(());
        }
        self.sets.insert(header, nal)
    }
}

impl VvcParameterSets {
    /// Puts a parameter set of the base layer in force and skips all other NAL units.
    fn insert<'n>(
        &mut self,
        header: VvcNalHeader,
        nal: impl FnOnce() -> &'n [u8],
    ) -> Result<(), Error> {
        match (header.unit_type, header.layer_id) {
            (SPS_NUT, 0) => self.sps.insert(nal()),
            (PPS_NUT, 0) => self.pps.insert(nal()),
            _ => Ok(()),
        }
    }

    /// Returns the PPS of this id and the SPS that it refers to.
    fn active(&self, pps_id: u32) -> Result<(&VvcSps, &VvcPps), Error> {
        let pps = self.pps.find(pps_id)?;
        Ok((self.sps.find(pps.sps_id)?, pps))
    }
}

impl VvcNalHeader {
    /// Reads the header of `nal`, which starts at `start` of the sample.
    fn of(start: usize, nal: &[u8]) -> Result<Self, Error> {
        match nal {
            [first, second, ..] => Ok(Self {
                unit_type: second >> 3,
                layer_id: first & 63,
            }),
            _ => Err(Error::TruncatedNalUnit { offset: start }),
        }
    }

    /// True if the NAL unit is a slice, false if it has no coded slice data.
    ///
    /// # Errors
    /// NAL units whose coded slices could not be protected.
    const fn is_slice(self) -> Result<bool, Error> {
        let feature = match (self.unit_type, self.layer_id) {
            (FIRST_NON_VCL.., _) => return Ok(false),
            (0..=3 | 7..=10, 0) => return Ok(true),
            (0..=3 | 7..=10, _) => "more than one layer (nuh_layer_id above 0)",
            _ => "reserved VCL NAL unit types (4 to 6 and 11)",
        };
        Err(Error::UnsupportedFeature { feature })
    }

    /// IDR_W_RADL or IDR_N_LP.
    const fn is_idr(self) -> bool {
        matches!(self.unit_type, 7 | 8)
    }

    /// IDR, CRA or GDR.
    const fn starts_sequence(self) -> bool {
        matches!(self.unit_type, 7..=10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Table 5: every type is protected, clear because it is not VCL, or refused.
    #[test]
    fn every_nal_unit_type_has_a_treatment() {
        for unit_type in 0..32 {
            let header = VvcNalHeader::of(0, &[0, unit_type << 3 | 1]).unwrap();
            let expected = match unit_type {
                0..=3 | 7..=10 => Some(true),
                4..=6 | 11 => None,
                _ => Some(false),
            };
            assert_eq!(header.is_slice().ok(), expected, "{unit_type}");
        }
        let upper = VvcNalHeader::of(0, &[1, 7 << 3 | 1]).unwrap();
        let error = upper.is_slice().unwrap_err().to_string();
        assert!(error.contains("more than one layer") && error.contains("encode it without"));
    }
}
