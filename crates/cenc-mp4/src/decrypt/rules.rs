// SPDX-License-Identifier: MPL-2.0
//! The protection of each sample: the `tenc` of its sample entry or the `seig` entry of its group, and its IV and subsamples.

use std::ops::Range;

use cenc_types::{Iv, Pattern, Scheme, Subsample};
use common_encryption::{EncryptionMethod, KnownKeys, ParsedProtection, SampleInformation};
use isobmff_boxes::FourCc;

use super::error::SampleFault;
use super::gather::{InformationPlace, InformationReader};
use super::movie::{EncryptedTrack, FoundScheme};
use crate::Error;
use crate::information::{
    ClearEntries, InformationBoxes, ProtectionSources, SampleEntries, SampleGroups,
    SeigDescriptions,
};

/// The protection of the samples of one `stbl` or `traf`.
#[derive(Default)]
pub(super) struct ProtectionRules<'a> {
    groups: SampleGroups,
    /// The `seig` entries of the `traf` itself.
    own: SeigDescriptions,
    entries: SampleEntries<'a>,
    /// The protection that PIFF's box states in place of `tenc`.
    override_of_tenc: Option<ParsedProtection>,
}

/// Consecutive samples with one sample description.
pub(super) struct SampleSpan {
    /// Index of the sample description, from 0.
    pub(super) description: usize,
    pub(super) samples: Range<u32>,
}

/// The places of entries among all of a box.
struct EntryPlaces {
    /// The start of the entries of each span.
    starts: Vec<usize>,
    /// The end of all entries.
    end: usize,
}

impl<'a> ProtectionRules<'a> {
    /// Reads those of a `traf` or `stbl` of a track.
    pub(super) fn read(
        place: &InformationPlace<'a, '_>,
        track: &EncryptedTrack,
        bytes: &mut dyn InformationReader,
    ) -> Result<Self, Error> {
        let own = match place.parent.box_type {
            FourCc::TRAF => SeigDescriptions::read(place.parent).sound()?,
            _ => SeigDescriptions::default(),
        };
        let groups = SampleGroups::read(place.parent, &track.groups, &own)?.sound()?;
        let boxes = InformationBoxes::read(&[place.parent])?;
        Ok(Self {
            groups,
            own,
            entries: place.gather(&boxes, bytes)?,
            override_of_tenc: boxes.senc().and_then(|senc| senc.protection.clone()),
        })
    }

    /// Returns a copy that does not borrow from the boxes.
    pub(super) fn into_owned(self) -> ProtectionRules<'static> {
        ProtectionRules {
            groups: self.groups,
            own: self.own,
            entries: self.entries.into_owned(),
            override_of_tenc: self.override_of_tenc,
        }
    }

    /// Decides whether clear samples have entries, and returns the start of the entries of each span; `spans` are all samples.
    pub(super) fn place_entries(
        &mut self,
        track: &EncryptedTrack,
        spans: impl Iterator<Item = SampleSpan> + Clone,
    ) -> Result<Vec<usize>, Error> {
        if self.entries.is_empty() {
            return Ok(spans.map(|_| 0).collect());
        }
        let without = self.walk(track, spans.clone());
        if !self.entries.is_ambiguous() || self.is_spent(&without) {
            return without.map(|places| places.starts);
        }
        // Clear samples have entries too if that fills the box; otherwise the box is damaged either way.
        self.entries.set_clear_entries(ClearEntries::Mapped);
        let with = self.walk(track, spans);
        if self.is_spent(&with) {
            return with.map(|places| places.starts);
        }
        self.entries.set_clear_entries(ClearEntries::Absent);
        without.map(|places| places.starts)
    }

    /// True if there may be clear samples among protected ones, so that [`Self::place_entries`] must be called.
    pub(super) const fn is_ambiguous(&self) -> bool {
        self.entries.is_ambiguous() && !self.groups.is_empty()
    }

    /// True if the entries fill the box.
    fn is_spent(&self, places: &Result<EntryPlaces, Error>) -> bool {
        places
            .as_ref()
            .is_ok_and(|places| places.end == self.entries.len())
    }

    fn walk(
        &self,
        track: &EncryptedTrack,
        spans: impl Iterator<Item = SampleSpan>,
    ) -> Result<EntryPlaces, Error> {
        let mut places = EntryPlaces {
            starts: Vec::new(),
            end: 0,
        };
        for span in spans {
            places.starts.push(places.end);
            for sample in span.samples {
                self.next(track, span.description, sample, &mut places.end)
                    .map_err(|fault| Error::Decryption(fault.at(track.track_id, sample)))?;
            }
        }
        Ok(places)
    }

    /// Returns the protection of a sample whose entry starts at `at`, and moves `at` to the next entry; None for a clear sample.
    pub(super) fn next<'r>(
        &'r self,
        track: &'r EncryptedTrack,
        description: usize,
        sample: u32,
        at: &mut usize,
    ) -> Result<Option<SampleProtection<'r>>, SampleFault> {
        let in_force = self.in_force(track, description, sample)?;
        let iv_size = in_force.map(|in_force| in_force.protection.per_sample_iv_size);
        let information = self.entries.next(at, sample, iv_size)?;
        Ok(in_force
            .zip(information)
            .map(|(in_force, information)| SampleProtection {
                in_force,
                information,
            }))
    }

    /// Returns the protection in force for a sample; None for a clear sample.
    fn in_force<'r>(
        &'r self,
        track: &'r EncryptedTrack,
        description: usize,
        sample: u32,
    ) -> Result<Option<ProtectionInForce<'r>>, SampleFault> {
        // No group protects samples of a clear sample entry.
        let Some(entry) = track
            .entries
            .get(description)
            .ok_or(SampleFault::Undescribed)?
        else {
            return Ok(None);
        };
        let protection = ProtectionSources {
            default: self.override_of_tenc.as_ref().or(entry.default.as_ref()),
            track: &track.groups,
            fragment: &self.own,
        }
        .in_force(self.groups.of(sample))
        .ok_or(SampleFault::Undescribed)?;
        Ok((protection.is_protected != 0).then_some(ProtectionInForce {
            scheme: entry.scheme,
            protection,
        }))
    }
}

/// The scheme and protection of a group of samples.
#[derive(Clone, Copy)]
struct ProtectionInForce<'a> {
    scheme: FoundScheme,
    protection: &'a ParsedProtection,
}

/// The protection of a sample, with its IV and subsamples.
pub(super) struct SampleProtection<'a> {
    in_force: ProtectionInForce<'a>,
    information: SampleInformation<'a>,
}

impl SampleProtection<'_> {
    /// Decrypts a sample in place; `map` is a buffer for its subsamples.
    pub(super) fn decrypt(
        &self,
        sample: &mut [u8],
        keys: &KnownKeys,
        map: &mut Vec<Subsample>,
    ) -> Result<(), SampleFault> {
        let method = self.method()?;
        let iv = self.iv()?;
        let key = keys.get(self.in_force.protection.kid)?;
        map.clear();
        map.extend(self.information.subsamples());
        Ok(key.decrypt(method, &iv, sample, map)?)
    }

    fn method(&self) -> Result<EncryptionMethod, SampleFault> {
        let ProtectionInForce { scheme, protection } = self.in_force;
        let scheme = match (scheme, protection.is_protected) {
            (FoundScheme::Cenc(scheme), 1) => scheme,
            // AlgorithmID of PIFF 1.1, clause 5.3.3.
            (FoundScheme::Piff, 1) => Scheme::Cenc,
            (FoundScheme::Piff, 2) => Scheme::Cbc1,
            (_, reserved) => return Err(SampleFault::Reserved(reserved)),
        };
        let pattern = match scheme.has_pattern() {
            true => protection.pattern,
            false => Pattern::NONE,
        };
        match pattern.crypt_byte_block == 0 && pattern.skip_byte_block > 0 {
            true => Err(SampleFault::EmptyPattern),
            false => Ok(EncryptionMethod { scheme, pattern }),
        }
    }

    fn iv(&self) -> Result<Iv, SampleFault> {
        let iv = match self.information.iv {
            [] => self
                .in_force
                .protection
                .constant_iv
                .as_deref()
                .ok_or(SampleFault::NoIv)?,
            own => own,
        };
        Ok(Iv::new(iv).map_err(common_encryption::Error::from)?)
    }
}
