// SPDX-License-Identifier: MPL-2.0
//! H.265: ISO/IEC 23008-2, NAL units as in table 7-1. The base layer only.

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
use pps::Pps;
use sps::Sps;

/// Bytes of a NAL unit header.
const HEADER_LEN: usize = 2;

/// State of one HEVC track.
#[derive(Debug, Clone)]
pub(super) struct Hevc {
    length_size: LengthSize,
    sets: Sets,
}

/// The parameter sets in force. Video parameter sets tell slice headers of the base layer nothing.
#[derive(Debug, Clone)]
struct Sets {
    sps: ParameterSets<Sps, 16>,
    pps: ParameterSets<Pps, 64>,
}

/// nal_unit_type and nuh_layer_id.
#[derive(Debug, Clone, Copy)]
struct NalHeader {
    unit_type: u8,
    layer_id: u8,
}

impl Hevc {
    /// Takes the parameter sets of an `hvcC` payload.
    pub(super) fn new(config: &[u8]) -> Result<Self, Error> {
        let mut sets = Sets {
            sps: ParameterSets::new(),
            pps: ParameterSets::new(),
        };
        let length_size = config::read(config, &mut sets)?;
        Ok(Self { length_size, sets })
    }

    /// See [`Codec::protectable_ranges`](super::Codec::protectable_ranges).
    pub(super) fn protectable_ranges(
        &mut self,
        sample: &mut dyn SampleBytes,
        ranges: &mut Vec<ProtectableRange>,
    ) -> Result<(), Error> {
        let mut units = NalUnits::new(sample, self.length_size);
        while let Some(unit) = units.next()? {
            let header = units.read_head(unit, |nal| NalHeader::of(unit.start, nal))?;
            if header.unit_type >= 32 {
                self.sets.insert(header, || units.bytes(unit))?;
                continue;
            }
            header.check_slice()?;
            let read = |nal: &[u8]| slice::data_offset(nal, header, &self.sets);
            let slice_data = units.read_head(unit, read)?;
            ranges.extend(ProtectableRange::new(unit.start + slice_data, unit.end));
        }
        Ok(())
    }
}

impl Sets {
    /// Takes over a parameter set of the base layer and passes over all else.
    fn insert<'n>(
        &mut self,
        header: NalHeader,
        nal: impl FnOnce() -> &'n [u8],
    ) -> Result<(), Error> {
        match (header.unit_type, header.layer_id) {
            (33, 0) => self.sps.insert(nal()),
            (34, 0) => self.pps.insert(nal()),
            _ => Ok(()),
        }
    }

    /// The PPS of this id and the SPS that it refers to.
    fn active(&self, pps_id: u32) -> Result<(&Sps, &Pps), Error> {
        let pps = self.pps.find(pps_id)?;
        Ok((self.sps.find(pps.sps_id)?, pps))
    }
}

impl NalHeader {
    /// Of the NAL unit `nal`, which starts at `start` of the sample.
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

    /// Whether the slice belongs to a picture that starts a random access point (RSV_IRAP types
    /// included).
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
        NalHeader::of(4, bytes)?.check_slice()
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
