// SPDX-License-Identifier: MPL-2.0
//! Sample auxiliary information of other kinds than Common Encryption's, 14496-12 clauses 8.7.8 and 8.7.9, which stays as it is.

use std::ops::Range;

use isobmff_boxes::{AuxInfoType, BoxTree, FourCc, Saio, Saiz};

use super::tables::SampleChunk;
use crate::Error;
use crate::information::{EntryExtent, entry_extents, points_at_entries};

/// The most auxiliary information of a track, in bytes.
const MAX_AUXILIARY: u64 = 256 << 20;

/// The auxiliary information of one kind of the samples of a track.
#[derive(Clone)]
pub(crate) struct OtherInformation {
    pub(crate) info_type: Option<AuxInfoType>,
    saiz: Saiz<'static>,
    /// In the order of the samples.
    runs: Vec<InformationRun>,
}

/// Consecutive entries.
#[derive(Clone)]
struct InformationRun {
    /// Number of their first sample, from 0.
    first: u64,
    /// Their range in the file.
    bytes: Range<u64>,
}

/// A position among the entries.
#[derive(Clone, Copy, Default)]
pub(crate) struct InformationCursor {
    run: usize,
    offset: u64,
}

impl OtherInformation {
    /// Reads that of an `stbl` with these chunks.
    pub(super) fn read_all(stbl: &BoxTree<'_>, chunks: &[SampleChunk]) -> Result<Vec<Self>, Error> {
        let starts: Vec<u64> = chunks.iter().map(|chunk| chunk.first.into()).collect();
        let mut found = Vec::new();
        for saio in stbl.all(FourCc::SAIO) {
            if points_at_entries(saio)? != Some(false) {
                continue;
            }
            let saio = Saio::read(saio.reader())?;
            for saiz in stbl.all(FourCc::SAIZ) {
                let saiz = Saiz::read(saiz.reader())?;
                if saiz.info_type == saio.info_type && saiz.total(0..u64::MAX) > 0 {
                    found.push(Self::new(saiz, &saio, &starts)?);
                }
            }
        }
        Ok(found)
    }

    fn new(saiz: Saiz<'_>, saio: &Saio, starts: &[u64]) -> Result<Self, Error> {
        let unsupported = || Error::Unsupported(FourCc::SAIO);
        let extents =
            entry_extents(&saiz, saio, starts, MAX_AUXILIARY).map_err(|_| unsupported())?;
        let starts: &[u64] = match extents.as_slice() {
            [_] => &[0],
            _ => starts,
        };
        let run = |first, EntryExtent { offset, len }| {
            Some(InformationRun {
                first,
                bytes: offset..offset.checked_add(len)?,
            })
        };
        Ok(Self {
            info_type: saiz.info_type,
            runs: starts
                .iter()
                .zip(extents)
                .map(|(&first, extent)| run(first, extent))
                .collect::<Option<_>>()
                .ok_or_else(unsupported)?,
            saiz: saiz.into_owned(),
        })
    }

    /// Returns the ranges of the file that have entries.
    pub(crate) fn extents(&self) -> impl Iterator<Item = Range<u64>> {
        self.runs
            .iter()
            .map(|run| run.bytes.clone())
            .filter(|bytes| !bytes.is_empty())
    }

    /// Returns the size of the entry of a sample in bytes.
    pub(crate) fn size(&self, sample: u32) -> u8 {
        self.saiz.size(sample.into()).unwrap_or(0)
    }

    /// Returns the range of the entry of a sample in the file, and moves `at` to that of the next sample.
    pub(crate) fn next(&self, at: &mut InformationCursor, sample: u32) -> Range<u64> {
        if let Some(run) = self.runs.get(at.run)
            && run.first == u64::from(sample)
        {
            at.offset = run.bytes.start;
            at.run += 1;
        }
        let start = at.offset;
        at.offset += u64::from(self.size(sample));
        start..at.offset
    }
}
