// SPDX-License-Identifier: MPL-2.0
//! A track of a protected movie with its sample table, which may be empty.

use std::sync::Arc;

use cenc_types::Subsample;
use common_encryption::KnownKeys;
use isobmff_boxes::{BoxTree, Trex};

use super::gather::{InformationPlace, InformationReader};
use super::movie::EncryptedTrack;
use super::rules::{ProtectionRules, SampleSpan};
use crate::Error;
use crate::moof::FragmentDefaults;
use crate::progressive::cursor::{FileSample, FileTrack};
use crate::progressive::tables::{SampleSizes, SampleTable};

/// A track with its sample table.
pub(super) struct TableTrack {
    pub(super) track: EncryptedTrack,
    table: SampleTable,
    rules: ProtectionRules<'static>,
    keys: Arc<KnownKeys>,
}

impl TableTrack {
    /// Creates a track whose samples are in fragments.
    pub(super) fn without_samples(track: EncryptedTrack, keys: Arc<KnownKeys>) -> Self {
        Self {
            track,
            table: SampleTable {
                sizes: SampleSizes::Common(0),
                chunks: Vec::new(),
                other_information: Vec::new(),
            },
            rules: ProtectionRules::default(),
            keys,
        }
    }

    /// Reads the protection of a track whose samples `stbl` places.
    pub(super) fn read(
        track: EncryptedTrack,
        stbl: &BoxTree<'_>,
        mut table: SampleTable,
        bytes: &mut dyn InformationReader,
        keys: Arc<KnownKeys>,
    ) -> Result<Self, Error> {
        let mut rules = ProtectionRules::default();
        if track.is_protected() {
            let runs: Vec<u32> = table.chunks.iter().map(|chunk| chunk.count).collect();
            rules = ProtectionRules::read(
                &InformationPlace {
                    parent: stbl,
                    track_id: track.track_id,
                    runs: &runs,
                    base: 0,
                },
                &track,
                bytes,
            )?
            .into_owned();
            let spans = table.chunks.iter().map(|chunk| SampleSpan {
                description: chunk.description as usize,
                samples: chunk.first..chunk.first + chunk.count,
            });
            let starts = rules.place_entries(&track, spans)?;
            for (chunk, start) in table.chunks.iter_mut().zip(starts) {
                chunk.entries_at = start;
            }
        }
        Ok(Self {
            track,
            table,
            rules,
            keys,
        })
    }
}

impl FragmentDefaults for TableTrack {
    fn track_id(&self) -> u32 {
        self.track.track_id
    }

    fn trex(&self) -> Option<Trex> {
        self.track.trex
    }
}

impl FileTrack for TableTrack {
    fn table(&self) -> &SampleTable {
        &self.table
    }

    fn table_mut(&mut self) -> &mut SampleTable {
        &mut self.table
    }

    fn entry_after(&self, sample: &FileSample) -> Result<usize, Error> {
        let mut at = sample.entry;
        if self.track.is_protected() {
            self.rules
                .next(&self.track, sample.description, sample.number, &mut at)
                .map_err(|fault| fault.at(self.track.track_id, sample.number))?;
        }
        Ok(at)
    }

    fn edit(
        &self,
        bytes: &mut [u8],
        sample: &FileSample,
        map: &mut Vec<Subsample>,
    ) -> Result<(), Error> {
        if !self.track.is_protected() {
            return Ok(());
        }
        let mut at = sample.entry;
        self.rules
            .next(&self.track, sample.description, sample.number, &mut at)
            .and_then(|protection| match protection {
                Some(protection) => protection.decrypt(bytes, &self.keys, map),
                None => Ok(()),
            })
            .map_err(|fault| fault.at(self.track.track_id, sample.number).into())
    }
}
