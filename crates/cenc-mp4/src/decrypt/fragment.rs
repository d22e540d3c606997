// SPDX-License-Identifier: MPL-2.0
//! One fragment: its samples are decrypted where they lie, and its `moof` is written without what tells of protection.

use std::ops::Range;

use cenc_types::Subsample;
use codec_headers::SampleBytes;
use common_encryption::KnownKeys;
use isobmff_boxes::{BoxTree, FourCc, Trun};

use super::gather::InformationPlace;
use super::movie::{self, Track};
use super::rules::Rules;
use super::tables::TableTrack;
use crate::moof::{Moof, SampleLocation, TrackFragment};
use crate::payload::Payload;
use crate::stream::FragmentBoxes;
use crate::{Chunk, Error};

/// Decrypts fragments; its buffers are kept from one to the next.
#[derive(Default)]
pub(super) struct FragmentDecryptor {
    locations: Vec<SampleLocation>,
    map: Vec<Subsample>,
}

/// A fragment under way. Offsets count from the first byte of the `moof`.
struct Work<'w, 'p, C> {
    moof: &'w [u8],
    payload: &'w mut Payload<'p, C>,
    /// Where the payload lies.
    place: Range<i64>,
    keys: &'w KnownKeys,
    map: &'w mut Vec<Subsample>,
}

impl FragmentDecryptor {
    /// Decrypts the samples in `chunks` and returns the new `moof`, which goes to `output`.
    pub(super) fn decrypt<C: Chunk>(
        &mut self,
        boxes: &FragmentBoxes,
        (chunks, output): (&mut [C], u64),
        (tracks, keys): (&[TableTrack], &KnownKeys),
    ) -> Result<Vec<u8>, Error> {
        let mut moof = Moof::read(&boxes.moof, boxes.position)?;
        self.locations.clear();
        let fragments = moof.locate(tracks, &mut self.locations)?;
        let mut payload = Payload::new(chunks);
        let start = i64::try_from(boxes.payload_at()).map_err(|_| moof.elsewhere())?;
        let len = i64::try_from(payload.len()).map_err(|_| moof.elsewhere())?;
        let place = start..start + len;
        let gaps = gaps(&self.locations, place.clone()).ok_or_else(|| moof.elsewhere())?;
        let mut work = Work {
            moof: &boxes.moof,
            payload: &mut payload,
            place,
            keys,
            map: &mut self.map,
        };
        for (traf, samples) in moof.tree.all(FourCc::TRAF).zip(&fragments) {
            let located = self.locations.get(samples.samples.clone());
            let track = tracks.get(samples.track);
            if let (Some(track), Some(located)) = (track, located) {
                work.decrypt(traf, (&track.track, samples, located))?;
            }
        }
        // Auxiliary information, or media of which nothing is known.
        for gap in gaps {
            work.edit(gap, |bytes, _| bytes.fill(0));
        }
        clear_moof(&mut moof.tree)?;
        moof.rewrite(&fragments, &[], &[], output)
    }
}

impl<C: Chunk> Work<'_, '_, C> {
    fn decrypt(
        &mut self,
        traf: &BoxTree<'_>,
        (track, fragment, located): (&Track, &TrackFragment, &[SampleLocation]),
    ) -> Result<(), Error> {
        let undescribed = || Error::Undescribed {
            what: "sample description",
            number: u32::try_from(fragment.description).map_or(u32::MAX, |i| i.saturating_add(1)),
        };
        let entry = track.entries.get(fragment.description);
        if entry.ok_or_else(undescribed)?.is_none() {
            return Ok(());
        }
        let runs = run_lengths(traf)?;
        let place = InformationPlace {
            parent: traf,
            track_id: track.track_id,
            runs: &runs,
            base: fragment.base,
        };
        let mut rules = Rules::read(&place, track, &mut |at, len| Ok(self.bytes(at, len)))?;
        let count = u32::try_from(located.len()).unwrap_or(u32::MAX);
        if rules.is_ambiguous() {
            let all = std::iter::once((fragment.description, 0..count));
            rules.place_entries(track, all)?;
        }
        let mut at = 0;
        for (number, location) in (0..count).zip(located) {
            let rule = rules.next(track, (fragment.description, number), &mut at);
            let done = rule.and_then(|rule| match rule.filter(|_| location.len > 0) {
                Some(rule) => self.edit(location.offset..location.end(), |bytes, room| {
                    rule.decrypt(bytes, room)
                }),
                None => Ok(()),
            });
            done.map_err(|fault| Error::Decryption(fault.at(track.track_id, number)))?;
        }
        Ok(())
    }

    /// Lets `edit` change bytes that lie in the payload.
    fn edit<T>(
        &mut self,
        bytes: Range<i64>,
        edit: impl FnOnce(&mut [u8], (&KnownKeys, &mut Vec<Subsample>)) -> T,
    ) -> T {
        let offset = usize::try_from(bytes.start - self.place.start).unwrap_or(usize::MAX);
        let len = usize::try_from(bytes.end - bytes.start).unwrap_or(usize::MAX);
        let room = (self.keys, &mut *self.map);
        let edited = self.payload.edit(offset, len, |bytes| edit(bytes, room));
        edited.expect("gaps() has seen that every sample lies in the payload")
    }

    /// Bytes of the `moof` or of the payload.
    fn bytes(&mut self, at: i64, len: usize) -> Option<Vec<u8>> {
        if let Ok(start) = usize::try_from(at)
            && let Some(bytes) = self.moof.get(start..start.checked_add(len)?)
        {
            return Some(bytes.to_vec());
        }
        let offset = usize::try_from(at.checked_sub(self.place.start)?).ok()?;
        Some(self.payload.view(offset, len)?.all().to_vec())
    }
}

/// The parts of the payload that belong to no sample; None when a sample lies outside it, or shares bytes with another.
fn gaps(samples: &[SampleLocation], payload: Range<i64>) -> Option<Vec<Range<i64>>> {
    let mut sorted: Vec<_> = samples.iter().filter(|sample| sample.len > 0).collect();
    sorted.sort_by_key(|sample| sample.offset);
    let mut gaps = Vec::new();
    let mut covered = payload.start;
    for sample in sorted {
        if sample.offset < covered || sample.end() > payload.end {
            return None;
        }
        if sample.offset > covered {
            gaps.push(covered..sample.offset);
        }
        covered = sample.end();
    }
    if covered < payload.end {
        gaps.push(covered..payload.end);
    }
    Some(gaps)
}

/// How many samples each `trun` has.
fn run_lengths(traf: &BoxTree<'_>) -> Result<Vec<u32>, Error> {
    let runs = traf.all(FourCc::TRUN).map(|trun| Trun::read(trun.reader()));
    let lengths = runs.map(|run| Ok(run?.sample_count));
    lengths.collect()
}

fn clear_moof(moof: &mut BoxTree<'_>) -> Result<(), Error> {
    movie::without_pssh(moof);
    let children = moof.children_mut().into_iter().flatten();
    let mut trafs = children.filter(|child| child.box_type == FourCc::TRAF);
    trafs.try_for_each(movie::without_protection)
}
