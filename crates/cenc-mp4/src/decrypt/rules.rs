// SPDX-License-Identifier: MPL-2.0
//! What rules each sample: the `tenc` of its sample entry or the `seig` entry of its group, with its own IV and subsamples.

use std::ops::Range;

use cenc_types::{Iv, Pattern, Scheme, Subsample};
use common_encryption::{EncryptionMethod, KnownKeys, ParsedProtection, SampleInformation};
use isobmff_boxes::FourCc;

use super::error::SampleFault;
use super::gather::{Fetch, InformationPlace};
use super::movie::{FoundScheme, Track};
use crate::Error;
use crate::information::{
    ClearEntries, InformationBoxes, ProtectionSources, SampleEntries, SampleGroups,
    SeigDescriptions,
};

/// How the samples of one `stbl` or `traf` are protected.
#[derive(Default)]
pub(super) struct Rules<'a> {
    groups: SampleGroups,
    /// The `seig` entries of the `traf` itself.
    own: SeigDescriptions,
    entries: SampleEntries<'a>,
    /// What counts instead of `tenc`: PIFF only.
    instead: Option<ParsedProtection>,
}

/// Samples with the index of their sample description.
pub(super) type Span = (usize, Range<u32>);

impl<'a> Rules<'a> {
    /// Those of a `traf` or `stbl` of a track.
    pub(super) fn read(
        place: &InformationPlace<'a, '_>,
        track: &Track,
        fetch: &mut Fetch<'_>,
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
            entries: place.gather(&boxes, fetch)?,
            instead: boxes.senc().and_then(|senc| senc.protection.clone()),
        })
    }

    /// The same, independent of the boxes.
    pub(super) fn into_owned(self) -> Rules<'static> {
        Rules {
            groups: self.groups,
            own: self.own,
            entries: self.entries.into_owned(),
            instead: self.instead,
        }
    }

    /// Decides what stands for clear samples, and finds where the entries of each span start; `spans` are all samples.
    pub(super) fn place_entries(
        &mut self,
        track: &Track,
        spans: impl Iterator<Item = Span> + Clone,
    ) -> Result<Vec<usize>, Error> {
        if self.entries.is_empty() {
            return Ok(spans.map(|_| 0).collect());
        }
        let first = self.walk(track, spans.clone());
        if !self.entries.is_ambiguous() || self.is_spent(&first) {
            return first.map(|(starts, _)| starts);
        }
        // Maps for clear samples too, if they then fill the box; otherwise it is as damaged as it was.
        self.entries.set_clear_entries(ClearEntries::Mapped);
        let second = self.walk(track, spans);
        if self.is_spent(&second) {
            return second.map(|(starts, _)| starts);
        }
        self.entries.set_clear_entries(ClearEntries::Absent);
        first.map(|(starts, _)| starts)
    }

    /// Whether clear samples may be among protected ones, so that [`Self::place_entries`] must decide what stands for them.
    pub(super) const fn is_ambiguous(&self) -> bool {
        self.entries.is_ambiguous() && !self.groups.is_empty()
    }

    fn is_spent(&self, walked: &Result<(Vec<usize>, usize), Error>) -> bool {
        let len = self.entries.len();
        walked.as_ref().is_ok_and(|(_, end)| *end == len)
    }

    fn walk(
        &self,
        track: &Track,
        spans: impl Iterator<Item = Span>,
    ) -> Result<(Vec<usize>, usize), Error> {
        let mut starts = Vec::new();
        let mut at = 0;
        for (description, samples) in spans {
            starts.push(at);
            for sample in samples {
                let next = self.next(track, (description, sample), &mut at);
                next.map_err(|fault| Error::Decryption(fault.at(track.track_id, sample)))?;
            }
        }
        Ok((starts, at))
    }

    /// What is to be done with a sample whose entry starts at `at`, which moves behind it; None for a clear sample.
    pub(super) fn next<'r>(
        &'r self,
        track: &'r Track,
        (description, sample): (usize, u32),
        at: &mut usize,
    ) -> Result<Option<Rule<'r>>, SampleFault> {
        let found = self.found(track, description, sample)?;
        let iv_size = found.as_ref().map(|(_, found)| found.per_sample_iv_size);
        let information = self.entries.next(at, sample, iv_size)?;
        Ok(found
            .zip(information)
            .map(|((scheme, protection), information)| Rule {
                scheme,
                protection,
                information,
            }))
    }

    /// How a sample is protected, unless it is clear.
    fn found<'r>(
        &'r self,
        track: &'r Track,
        description: usize,
        sample: u32,
    ) -> Result<Option<(FoundScheme, &'r ParsedProtection)>, SampleFault> {
        let entry = track.entries.get(description);
        // No group protects samples of a clear sample entry.
        let Some(entry) = entry.ok_or(SampleFault::Undescribed)? else {
            return Ok(None);
        };
        let sources = ProtectionSources {
            default: self.instead.as_ref().or(entry.default.as_ref()),
            track: &track.groups,
            fragment: &self.own,
        };
        let found = sources.in_force(self.groups.of(sample));
        let found = found.ok_or(SampleFault::Undescribed)?;
        Ok((found.is_protected != 0).then_some((entry.scheme, found)))
    }
}

/// All that is known of a protected sample.
pub(super) struct Rule<'a> {
    scheme: FoundScheme,
    protection: &'a ParsedProtection,
    information: SampleInformation<'a>,
}

impl Rule<'_> {
    /// Decrypts a sample in place; `map` is room for its subsamples.
    pub(super) fn decrypt(
        &self,
        sample: &mut [u8],
        (keys, map): (&KnownKeys, &mut Vec<Subsample>),
    ) -> Result<(), SampleFault> {
        let method = self.method()?;
        let iv = self.iv()?;
        let key = keys.get(self.protection.kid)?;
        map.clear();
        map.extend(self.information.subsamples());
        Ok(key.decrypt(method, &iv, sample, map)?)
    }

    fn method(&self) -> Result<EncryptionMethod, SampleFault> {
        let scheme = match (self.scheme, self.protection.is_protected) {
            (FoundScheme::Cenc(scheme), 1) => scheme,
            // AlgorithmID of PIFF 1.1, clause 5.3.3.
            (FoundScheme::Piff, 1) => Scheme::Cenc,
            (FoundScheme::Piff, 2) => Scheme::Cbc1,
            (_, reserved) => return Err(SampleFault::Reserved(reserved)),
        };
        let pattern = match scheme.has_pattern() {
            true => self.protection.pattern,
            false => Pattern::NONE,
        };
        match pattern.crypt_byte_block == 0 && pattern.skip_byte_block > 0 {
            true => Err(SampleFault::EmptyPattern),
            false => Ok(EncryptionMethod { scheme, pattern }),
        }
    }

    fn iv(&self) -> Result<Iv, SampleFault> {
        let constant = self.protection.constant_iv.as_deref();
        let iv = match self.information.iv {
            [] => constant.ok_or(SampleFault::NoIv)?,
            own => own,
        };
        Ok(Iv::new(iv).map_err(common_encryption::Error::from)?)
    }
}
