// SPDX-License-Identifier: MPL-2.0
//! H.265: ISO/IEC 23008-2, with the NAL unit types of table 7-1. The base layer only.

mod config;
mod pps;
mod ref_pic_set;
mod scaling_list;
mod slice;
mod sps;
mod vui;
mod weights;

use super::nal::{LengthSize, NalUnits};
use super::parameter_sets::ParameterSets;
use super::{Error, ProtectableRange, SampleBytes};
use pps::HevcPps;
use sps::HevcSps;

/// The number of bytes in a NAL unit header.
const HEADER_LEN: usize = 2;

/// The reader of one HEVC track.
#[derive(Debug, Clone)]
pub(super) struct Hevc {
    length_size: LengthSize,
    sets: HevcParameterSets,
}

/// The parameter sets in force. Slice headers of the base layer do not depend on video parameter sets.
#[derive(Debug, Clone)]
struct HevcParameterSets {
    sps: ParameterSets<HevcSps, 16>,
    pps: ParameterSets<HevcPps, 64>,
}

/// The NAL unit header.
#[derive(Debug, Clone, Copy)]
struct HevcNalHeader {
    /// nal_unit_type
    unit_type: u8,
    /// nuh_layer_id
    layer_id: u8,
}

impl Hevc {
    /// Creates a reader with the parameter sets of an `hvcC` payload.
    pub(super) fn new(config: &[u8]) -> Result<Self, Error> {
        let mut sets = HevcParameterSets {
            sps: ParameterSets::new(),
            pps: ParameterSets::new(),
        };
        Ok(Self {
            length_size: config::read(config, &mut sets)?,
            sets,
        })
    }

    /// See [`Codec::protectable_ranges`](super::Codec::protectable_ranges).
    pub(super) fn protectable_ranges(
        &mut self,
        sample: &mut dyn SampleBytes,
        ranges: &mut Vec<ProtectableRange>,
    ) -> Result<(), Error> {
        let mut units = NalUnits::new(sample, self.length_size);
        while let Some(unit) = units.next()? {
            let header = units.read_head(unit, |nal| HevcNalHeader::of(unit.start, nal))?;
            if header.unit_type >= 32 {
                self.sets.insert(header, || units.bytes(unit))?;
                continue;
            }
            header.check_slice()?;
            let header_len =
                units.read_head(unit, |nal| slice::header_len(nal, header, &self.sets))?;
            ranges.extend(ProtectableRange::new(unit.start + header_len, unit.end));
        }
        Ok(())
    }
}

impl HevcParameterSets {
    /// Puts a parameter set of the base layer in force and skips all other NAL units.
    fn insert<'n>(
        &mut self,
        header: HevcNalHeader,
        nal: impl FnOnce() -> &'n [u8],
    ) -> Result<(), Error> {
        match (header.unit_type, header.layer_id) {
            (33, 0) => self.sps.insert(nal()),
            (34, 0) => self.pps.insert(nal()),
            _ => Ok(()),
        }
    }

    /// Returns the PPS of this id and the SPS that it refers to.
    fn active(&self, pps_id: u32) -> Result<(&HevcSps, &HevcPps), Error> {
        let pps = self.pps.find(pps_id)?;
        Ok((self.sps.find(pps.sps_id)?, pps))
    }
}

impl HevcNalHeader {
    /// Reads the header of `nal`, which starts at `start` of the sample.
    fn of(start: usize, nal: &[u8]) -> Result<Self, Error> {
        match nal {
            [first, second, ..] => Ok(Self {
                unit_type: (first >> 1) & 63,
                layer_id: ((first & 1) << 5) | (second >> 3),
            }),
            _ => Err(Error::TruncatedNalUnit { offset: start }),
        }
    }

    /// Refuses VCL NAL units whose slice headers have another syntax than 7.3.6.1.
    const fn check_slice(self) -> Result<(), Error> {
        if self.layer_id != 0 {
            return Err(Error::UnsupportedFeature {
                feature: "more than one layer (nuh_layer_id above 0)",
            });
        }
        match self.unit_type {
            0..=9 | 16..=21 => Ok(()),
            _ => Err(Error::UnsupportedFeature {
                feature: "reserved VCL NAL unit types",
            }),
        }
    }

    /// True if the picture starts a random access point (RSV_IRAP types included).
    const fn is_irap(self) -> bool {
        matches!(self.unit_type, 16..=23)
    }

    /// IDR_W_RADL or IDR_N_LP.
    const fn is_idr(self) -> bool {
        matches!(self.unit_type, 19 | 20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8]) -> Result<(), Error> {
        HevcNalHeader::of(4, bytes)?.check_slice()
    }

    #[test]
    fn slices_that_cannot_be_understood_are_refused_and_not_left_clear() {
        assert!(check(&[1 << 1, 1]).is_ok(), "TRAIL_R");
        assert!(check(&[21 << 1, 1]).is_ok(), "CRA_NUT");
        for reserved in [10, 15, 22, 23, 24, 31] {
            assert!(matches!(
                check(&[reserved << 1, 1]),
                Err(Error::UnsupportedFeature { .. })
            ));
        }
        assert!(matches!(
            check(&[1 << 1, 9]),
            Err(Error::UnsupportedFeature { .. })
        ));
        assert!(matches!(
            check(&[(1 << 1) | 1, 1]),
            Err(Error::UnsupportedFeature { .. })
        ));
    }

    #[test]
    fn half_a_nal_unit_header_is_refused() {
        assert_eq!(check(&[1 << 1]), Err(Error::TruncatedNalUnit { offset: 4 }));
    }
}
