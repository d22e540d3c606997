// SPDX-License-Identifier: MPL-2.0
//! A track of a protected movie, with the samples that its sample table places, if there are any.

use std::sync::Arc;

use cenc_types::Subsample;
use common_encryption::KnownKeys;
use isobmff_boxes::{BoxTree, Trex};

use super::gather::{Fetch, InformationPlace};
use super::movie::Track;
use super::rules::Rules;
use crate::Error;
use crate::moof::FragmentDefaults;
use crate::progressive::cursor::{FileTrack, Placed};
use crate::progressive::tables::{SampleTable, Sizes};

/// A track with its sample table.
pub(super) struct TableTrack {
    pub(super) track: Track,
    table: SampleTable,
    rules: Rules<'static>,
    keys: Arc<KnownKeys>,
}

impl TableTrack {
    /// A track whose samples come in fragments only.
    pub(super) fn without_samples(track: Track, keys: Arc<KnownKeys>) -> Self {
        let table = SampleTable {
            sizes: Sizes::Common(0),
            chunks: Vec::new(),
        };
        let rules = Rules::default();
        Self {
            track,
            table,
            rules,
            keys,
        }
    }

    /// A track whose samples `stbl` places.
    pub(super) fn read(
        track: Track,
        (stbl, mut table): (&BoxTree<'_>, SampleTable),
        fetch: &mut Fetch<'_>,
        keys: Arc<KnownKeys>,
    ) -> Result<Self, Error> {
        let mut rules = Rules::default();
        if track.is_protected() {
            let runs: Vec<u32> = table.chunks.iter().map(|chunk| chunk.count).collect();
            let place = InformationPlace {
                parent: stbl,
                track_id: track.track_id,
                runs: &runs,
                base: 0,
            };
            rules = Rules::read(&place, &track, fetch)?.into_owned();
            let chunks = table.chunks.iter();
            let spans = chunks.map(|chunk| {
                let samples = chunk.first..chunk.first + chunk.count;
                (chunk.description as usize, samples)
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

    fn entry_behind(&self, sample: &Placed) -> Result<usize, Error> {
        let mut at = sample.entry;
        if self.track.is_protected() {
            let next = self
                .rules
                .next(&self.track, (sample.description, sample.number), &mut at);
            next.map_err(|fault| fault.at(self.track.track_id, sample.number))?;
        }
        Ok(at)
    }

    fn edit(
        &self,
        bytes: &mut [u8],
        sample: &Placed,
        map: &mut Vec<Subsample>,
    ) -> Result<(), Error> {
        if !self.track.is_protected() {
            return Ok(());
        }
        let place = (sample.description, sample.number);
        let rule = self
            .rules
            .next(&self.track, place, &mut sample.entry.clone());
        let done = rule.and_then(|rule| match rule {
            Some(rule) => rule.decrypt(bytes, (&self.keys, map)),
            None => Ok(()),
        });
        done.map_err(|fault| fault.at(self.track.track_id, sample.number).into())
    }
}
