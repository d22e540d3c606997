// SPDX-License-Identifier: MPL-2.0
//! Facts of a track that only profiles ask about, with the first place of each.

use std::collections::BTreeMap;

/// Something in the boxes of a track that some clients do not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrackFact {
    /// `moov` has encryption information of samples.
    InformationInMoov,
    /// A `traf` places its samples relative to something other than its `moof`.
    NotMoofRelative,
    /// A `traf` has no `tfdt`.
    NoDecodeTime,
    /// The first fragment of a file starts with a sample that is no sync sample.
    StartsWithoutSync,
    /// A `moof` has another `traf` before that of the track.
    SharedMoof,
    /// An `sbgp` in a `traf` refers to a `seig` entry in `moov`.
    GroupsOfMoov,
    /// A `traf` with protected samples has no `senc`.
    NoSenc,
    /// A `traf` has entries in `senc`, but not `saiz` and `saio`.
    NoSaio,
    /// A `saio` has several offsets.
    SeveralOffsets,
    /// A `saio` points to entries outside of the `moof`.
    EntriesOutsideMoof,
    /// A protected range of a subsample is not a multiple of 16 bytes.
    UnalignedRange,
    /// A subsample map ends with fewer than 16 clear bytes that have an entry of their own.
    ShortClearEnd,
}

/// The places of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactPlaces {
    /// The first of them.
    pub first: String,
    /// Their number.
    pub count: u64,
}

/// The facts of a track.
#[derive(Debug, Default)]
pub struct TrackFacts(BTreeMap<TrackFact, FactPlaces>);

impl TrackFacts {
    /// Adds a place of a fact.
    pub fn note(&mut self, fact: TrackFact, place: &str) {
        self.0
            .entry(fact)
            .or_insert_with(|| FactPlaces {
                first: place.to_owned(),
                count: 0,
            })
            .count += 1;
    }

    /// Adds a place of a fact if it holds.
    pub fn note_if(&mut self, holds: bool, fact: TrackFact, place: &str) {
        if holds {
            self.note(fact, place);
        }
    }

    /// Returns the places of a fact; None if it holds nowhere.
    pub fn get(&self, fact: TrackFact) -> Option<&FactPlaces> {
        self.0.get(&fact)
    }
}
