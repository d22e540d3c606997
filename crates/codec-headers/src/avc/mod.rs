// SPDX-License-Identifier: MPL-2.0
//! H.264: ISO/IEC 14496-10, with the NAL unit types of table 7-1.

mod config;
mod pps;
mod slice;
mod sps;

use super::nal::{LengthSize, NalUnits};
use super::parameter_sets::ParameterSets;
use super::{Error, ProtectableRange, SampleBytes};
use pps::AvcPps;
use slice::PartitionA;
use sps::AvcSps;

/// The reader of one AVC track.
#[derive(Debug, Clone)]
pub(super) struct Avc {
    length_size: LengthSize,
    sets: AvcParameterSets,
}

/// The parameter sets in force.
#[derive(Debug, Clone)]
struct AvcParameterSets {
    sps: ParameterSets<AvcSps, 32>,
    pps: ParameterSets<AvcPps, 256>,
}

/// The NAL unit header.
#[derive(Debug, Clone, Copy)]
struct AvcNalHeader {
    /// nal_ref_idc
    ref_idc: u8,
    /// nal_unit_type
    unit_type: u8,
}

impl Avc {
    /// Creates a reader with the parameter sets of an `avcC` payload.
    pub(super) fn new(config: &[u8]) -> Result<Self, Error> {
        let mut sets = AvcParameterSets {
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
        let mut partition_a_pps = None;
        let mut units = NalUnits::new(sample, self.length_size);
        while let Some(unit) = units.next()? {
            let header = units.read_head(unit, |nal| Ok(AvcNalHeader::of(nal)))?;
            let sets = &self.sets;
            let header_len = match header.unit_type {
                1 | 5 => units.read_head(unit, |nal| slice::header_len(nal, header, sets))?,
                2 => {
                    let partition_a =
                        units.read_head(unit, |nal| PartitionA::read(nal, header, sets))?;
                    partition_a_pps = Some(partition_a.pps_id);
                    partition_a.header_len
                }
                3 | 4 => units.read_head(unit, |nal| {
                    slice::partition_b_or_c_header_len(nal, partition_a_pps, sets)
                })?,
                _ => {
                    self.sets.insert(header, || units.bytes(unit))?;
                    continue;
                }
            };
            ranges.extend(ProtectableRange::new(unit.start + header_len, unit.end));
        }
        Ok(())
    }
}

impl AvcParameterSets {
    /// Puts a parameter set in force. SEI, delimiters, SPS extensions, auxiliary pictures and the NAL unit types of Annexes F to
    /// I are skipped.
    fn insert<'n>(
        &mut self,
        header: AvcNalHeader,
        nal: impl FnOnce() -> &'n [u8],
    ) -> Result<(), Error> {
        match header.unit_type {
            7 => self.sps.insert(nal()),
            8 => self.pps.insert(nal()),
            _ => Ok(()),
        }
    }

    /// Returns the PPS of this id and the SPS that it refers to.
    fn active(&self, pps_id: u32) -> Result<(&AvcSps, &AvcPps), Error> {
        let pps = self.pps.find(pps_id)?;
        Ok((self.sps.find(pps.sps_id)?, pps))
    }
}

impl AvcNalHeader {
    fn of(nal: &[u8]) -> Self {
        let byte = nal.first().copied().unwrap_or_default();
        Self {
            ref_idc: (byte >> 5) & 3,
            unit_type: byte & 31,
        }
    }

    /// IdrPicFlag
    const fn is_idr(self) -> bool {
        self.unit_type == 5
    }
}
