// SPDX-License-Identifier: MPL-2.0
//! H.264: ISO/IEC 14496-10, with the views of Annex G, MVC.

mod config;
mod nal_header;
mod pps;
mod slice;
mod sps;

use super::nal::{LengthSize, NalUnits};
use super::parameter_sets::ParameterSets;
use super::{Error, ProtectableRange, SampleBytes};
use nal_header::{AvcNalHeader, AvcNalKind};
use pps::AvcPps;
use slice::SliceNal;
use sps::{AvcSps, SubsetSps};

pub(super) use sps::described_colours;

/// The reader of one AVC track.
#[derive(Debug, Clone)]
pub(super) struct Avc {
    pub(super) length_size: LengthSize,
    sets: AvcParameterSets,
}

/// The parameter sets in force.
#[derive(Debug, Clone)]
struct AvcParameterSets {
    sps: ParameterSets<AvcSps, 32>,
    /// The SPSs of views other than the base view.
    subset_sps: ParameterSets<SubsetSps, 32>,
    pps: ParameterSets<AvcPps, 256>,
}

impl Avc {
    /// Creates a reader with the parameter sets of an `avcC` payload.
    pub(super) fn new(config: &[u8]) -> Result<Self, Error> {
        let mut sets = AvcParameterSets {
            sps: ParameterSets::new(),
            subset_sps: ParameterSets::new(),
            pps: ParameterSets::new(),
        };
        Ok(Self {
            length_size: config::read_avcc(config, &mut sets)?,
            sets,
        })
    }

    /// Puts the parameter sets of an `mvcC` payload in force.
    pub(super) fn add_views(&mut self, config: &[u8]) -> Result<(), Error> {
        config::read_mvcc(config, &mut self.sets)
    }

    /// See [`Codec::protectable_ranges`](super::Codec::protectable_ranges).
    pub(super) fn protectable_ranges(
        &mut self,
        sample: &mut dyn SampleBytes,
        ranges: &mut Vec<ProtectableRange>,
    ) -> Result<(), Error> {
        let mut partition_a_pps = None;
        let mut primary_is_idr = None;
        let mut units = NalUnits::new(sample, self.length_size);
        while let Some(unit) = units.next()? {
            let header = units.read_head(unit, |nal| AvcNalHeader::read(unit.start, nal))?;
            let kind = header.kind()?;
            let is_idr = match kind {
                AvcNalKind::AuxiliarySlice => primary_is_idr.ok_or(Error::Missing {
                    what: "the primary coded picture of its auxiliary coded picture",
                })?,
                _ => header.is_idr(),
            };
            let slice = SliceNal { header, is_idr };
            let sets = &self.sets;
            let header_len = match kind {
                AvcNalKind::Slice | AvcNalKind::AuxiliarySlice | AvcNalKind::MvcSlice => {
                    units.read_head(unit, |nal| slice.header_len(nal, sets))?
                }
                AvcNalKind::PartitionA => {
                    let partition_a =
                        units.read_head(unit, |nal| slice.read_partition_a(nal, sets))?;
                    partition_a_pps = Some(partition_a.pps_id);
                    partition_a.header_len
                }
                AvcNalKind::PartitionBOrC => units.read_head(unit, |nal| {
                    slice::partition_b_or_c_header_len(nal, partition_a_pps, sets)
                })?,
                _ => {
                    self.sets.insert(kind, || units.bytes(unit))?;
                    continue;
                }
            };
            if kind == AvcNalKind::Slice {
                primary_is_idr = Some(is_idr);
            }
            ranges.push(ProtectableRange::new(unit.start + header_len, unit.end));
        }
        Ok(())
    }
}

impl AvcParameterSets {
    /// Puts a parameter set in force and skips all other NAL units.
    fn insert<'n>(
        &mut self,
        kind: AvcNalKind,
        nal: impl FnOnce() -> &'n [u8],
    ) -> Result<(), Error> {
        match kind {
            AvcNalKind::Sps => self.sps.insert(nal()),
            AvcNalKind::SubsetSps => self.subset_sps.insert(nal()),
            AvcNalKind::Pps => self.pps.insert(nal()),
            _ => Ok(()),
        }
    }

    /// Returns the PPS of this id and the SPS that it refers to.
    fn active(&self, pps_id: u32) -> Result<ActiveAvcSets<'_>, Error> {
        let pps = self.pps.find(pps_id)?;
        Ok(ActiveAvcSets {
            sps: self.sps.find(pps.sps_id)?,
            pps,
        })
    }

    /// Returns the PPS of this id and the subset SPS that it refers to.
    fn active_of_view(&self, pps_id: u32) -> Result<ActiveAvcSets<'_>, Error> {
        let pps = self.pps.find(pps_id)?;
        Ok(ActiveAvcSets {
            sps: &self.subset_sps.find(pps.sps_id)?.0,
            pps,
        })
    }
}

/// The parameter sets of one slice.
#[derive(Debug, Clone, Copy)]
struct ActiveAvcSets<'a> {
    sps: &'a AvcSps,
    pps: &'a AvcPps,
}
