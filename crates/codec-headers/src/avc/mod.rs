// SPDX-License-Identifier: MPL-2.0
//! H.264: ISO/IEC 14496-10, NAL units as in table 7-1.

mod config;
mod pps;
mod slice;
mod sps;

use super::nal::{LengthSize, NalUnits};
use super::parameter_sets::ParameterSets;
use super::{Error, ProtectableRange, SampleBytes};
use pps::Pps;
use sps::Sps;

/// State of one AVC track.
#[derive(Debug, Clone)]
pub(super) struct Avc {
    length_size: LengthSize,
    sets: Sets,
}

/// The parameter sets in force.
#[derive(Debug, Clone)]
struct Sets {
    sps: ParameterSets<Sps, 32>,
    pps: ParameterSets<Pps, 256>,
}

/// nal_ref_idc and nal_unit_type.
#[derive(Debug, Clone, Copy)]
struct NalHeader {
    ref_idc: u8,
    unit_type: u8,
}

impl Avc {
    /// Takes the parameter sets of an `avcC` payload.
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
        let mut partition_a = None;
        let mut units = NalUnits::new(sample, self.length_size);
        while let Some(unit) = units.next()? {
            let header = units.read_head(unit, |nal| Ok(NalHeader::of(nal)))?;
            let sets = &self.sets;
            let slice_data = match header.unit_type {
                1 | 5 => units.read_head(unit, |nal| slice::data_offset(nal, header, sets))?,
                2 => {
                    let read = |nal: &[u8]| slice::partition_a_data_offset(nal, header, sets);
                    let (offset, pps_id) = units.read_head(unit, read)?;
                    partition_a = Some(pps_id);
                    offset
                }
                3 | 4 => units.read_head(unit, |nal| {
                    slice::partition_b_or_c_data_offset(nal, partition_a, sets)
                })?,
                _ => {
                    self.sets.insert(header, || units.bytes(unit))?;
                    continue;
                }
            };
            ranges.extend(ProtectableRange::new(unit.start + slice_data, unit.end));
        }
        Ok(())
    }
}

impl Sets {
    /// Takes over a parameter set. SEI, delimiters, SPS extensions, auxiliary pictures and what
    /// belongs to Annexes F to I is passed over.
    fn insert<'n>(
        &mut self,
        header: NalHeader,
        nal: impl FnOnce() -> &'n [u8],
    ) -> Result<(), Error> {
        match header.unit_type {
            7 => self.sps.insert(nal()),
            8 => self.pps.insert(nal()),
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
    fn of(nal: &[u8]) -> Self {
        let byte = nal.first().copied().unwrap_or_default();
        Self {
            ref_idc: (byte >> 5) & 3,
            unit_type: byte & 31,
        }
    }

    /// IdrPicFlag.
    const fn is_idr(self) -> bool {
        self.unit_type == 5
    }
}
