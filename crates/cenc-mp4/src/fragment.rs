// SPDX-License-Identifier: MPL-2.0
//! Protects one fragment: encrypts its samples in place and rewrites its `moof`.

mod mapping;
mod watch;

use common_encryption::{
    FragmentProtection, FragmentRule, Protector, SampleProtector, SencBuilder, TrackProtection,
};

use super::init::{MovieInit, TrackState};
use super::moof::{AddedBoxes, MediaGap, Moof, SampleLocation, TrackFragment};
use super::payload::Payload;
use super::plan::EncryptionPlan;
use super::stream::{FragmentBoxes, MediaExtent, StreamFragment, WrittenFragment};
use super::warning::WarningQueue;
use super::workers::{FragmentMedia, Workers};
use super::written::WrittenMoof;
use super::{Chunk, Error, Warning};
pub(super) use mapping::add_to_senc;
use mapping::{RuledSamples, SampleMapper, WatchedTrack};
use watch::TrackWatches;

/// Protects fragments; its buffers are kept from one to the next.
#[derive(Default)]
pub(super) struct FragmentEncryptor {
    locations: Vec<SampleLocation>,
    gaps: Vec<MediaGap>,
    sencs: Vec<SencBuilder>,
    protector: SampleProtector,
    plan: EncryptionPlan,
    workers: Workers,
    /// The protection of each track so far.
    watches: TrackWatches,
    totals: Totals,
}

/// The amount of media that an encryptor has processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Samples, those of clear tracks included.
    pub samples: u64,
    /// Bytes of media.
    pub bytes: u64,
    /// `moof` boxes.
    pub fragments: u64,
}

impl FragmentEncryptor {
    /// Encrypts the samples of a fragment and writes the new `moof`, for offset `position` of the output. Returns None if
    /// media is still to come. If `last`, no more of the fragment comes, and missing media is an error.
    pub(super) fn protect<C: Chunk>(
        &mut self,
        fragment: &mut StreamFragment<C>,
        last: bool,
        position: u64,
        init: &mut MovieInit,
        protector: &mut dyn Protector,
        warnings: &mut WarningQueue,
    ) -> Result<Option<WrittenFragment<C>>, Error> {
        let boxes = &fragment.boxes;
        let moof = Moof::parse(&boxes.moof, boxes.position, warnings)?;
        self.locations.clear();
        let parts = moof.locate(&init.tracks, &mut self.locations)?;
        fragment.samples_end = SampleLocation::last_end(&self.locations);
        if !last && fragment.lacks_media() {
            return Ok(None);
        }
        let located = LocatedFragment {
            media: boxes.media(),
            moof,
            parts,
        };
        located.moof.place(
            &located.parts,
            &mut self.locations,
            &located.media,
            &mut self.gaps,
        )?;
        let protection = located.decide(protector, &mut init.tracks)?;
        let new_init = match protection.new_init {
            true => Some(init.renew(protector)?),
            false => None,
        };
        let position = position + new_init.as_ref().map_or(0, Vec::len) as u64;
        let tracks = init.tracks.as_mut_slice();
        located.check_clear(tracks, &protection.rules)?;
        let mut payload = Payload::new(&mut fragment.media);
        let len = payload.len();
        clear_gaps(&self.gaps, &mut payload).ok_or(Error::UnclaimedMedia {
            position: boxes.position,
        })?;
        self.map_samples(&located.parts, &mut payload, tracks, &protection.rules)?;
        self.warn_of_clear_samples(tracks, warnings);
        let moof = self.write(located, boxes, tracks, &protection, position)?;
        let chunks = std::mem::take(&mut fragment.media);
        let media = match boxes.is_plain() {
            true => self.workers.encrypt(&mut self.plan, chunks, len)?,
            false => FragmentMedia::Done(self.plan.encrypt_chunks(chunks)?),
        };
        self.totals.samples += self.locations.len() as u64;
        self.totals.bytes += len as u64;
        self.totals.fragments += 1;
        Ok(Some(WrittenFragment {
            moof,
            media,
            announced: protection.announced,
            init: new_init,
        }))
    }

    /// Maps the samples of all track fragments, fills their `senc` boxes and adds the samples to the plan.
    fn map_samples<C: Chunk>(
        &mut self,
        parts: &[TrackFragment],
        payload: &mut Payload<'_, C>,
        tracks: &mut [TrackState],
        rules: &[FragmentRule],
    ) -> Result<(), Error> {
        self.sencs.resize_with(parts.len(), SencBuilder::default);
        self.plan.start();
        let mut mapper = SampleMapper {
            protector: &mut self.protector,
            plan: &mut self.plan,
            payload,
        };
        let rules = rules_of_all(rules);
        for ((fragment, senc), rule) in parts.iter().zip(&mut self.sencs).zip(rules) {
            if let (Some(track), Some(samples)) = (
                tracks.get_mut(fragment.track),
                self.locations.get(fragment.samples.clone()),
            ) {
                let watch = self.watches.of(track);
                let ruled = RuledSamples {
                    fragment,
                    samples,
                    rule,
                };
                mapper.map_track_fragment(&ruled, &mut WatchedTrack { track, watch }, senc)?;
            }
        }
        Ok(())
    }

    /// Writes the new `moof` of samples that are mapped, and reads it again.
    fn write(
        &self,
        located: LocatedFragment<'_>,
        boxes: &FragmentBoxes,
        tracks: &[TrackState],
        protection: &FragmentProtection,
        position: u64,
    ) -> Result<Vec<u8>, Error> {
        let LocatedFragment { moof, parts, media } = located;
        let added = self.added_boxes(&parts, tracks, &protection.rules);
        let position = position + boxes.before.len();
        let bytes = moof.rewrite(&parts, &added, &protection.pssh, position)?;
        WrittenMoof {
            bytes: &bytes,
            position,
            growth: bytes
                .len()
                .checked_signed_diff(boxes.moof.len())
                .map_or(i64::MAX, |growth| growth as i64),
            media: &media,
            samples: &self.locations,
            plan: &self.plan,
            pssh: &protection.pssh,
        }
        .check(&parts, &added, tracks)
        .map_err(|fault| Error::WrittenWrong {
            position: boxes.position,
            fault,
        })?;
        Ok(bytes)
    }

    /// Warns of the first long sample of each track that stays clear.
    fn warn_of_clear_samples(&self, tracks: &[TrackState], warnings: &mut WarningQueue) {
        for track in tracks {
            if let Some(len) = self.watches.first_clear(track) {
                warnings.add(Warning::ClearSample {
                    track_id: track.track_id,
                    len,
                });
            }
        }
    }

    /// Refuses tracks that are to be protected and of which nothing was, at the end of the stream.
    pub(super) fn check_protected(&self) -> Result<(), Error> {
        self.watches.check_all()
    }

    /// Returns the boxes that each track fragment gets.
    fn added_boxes(
        &self,
        fragments: &[TrackFragment],
        tracks: &[TrackState],
        rules: &[FragmentRule],
    ) -> Vec<AddedBoxes<'_>> {
        let rules = rules_of_all(rules);
        fragments
            .iter()
            .zip(&self.sencs)
            .zip(rules)
            .map(|((fragment, senc), rule)| {
                match tracks
                    .get(fragment.track)
                    .filter(|track| !track.is_clear)
                    .and_then(|track| track.protection.as_ref())
                {
                    Some(protection) => AddedBoxes {
                        seig: rule.seig(protection),
                        senc: rule.protection(protection).map(|_| senc),
                        tenc: rule.protection(protection).map(TrackProtection::tenc),
                    },
                    None => AddedBoxes::default(),
                }
            })
            .collect()
    }

    /// Encrypts on this number of threads from now on.
    pub(super) fn set_threads(&mut self, threads: usize) -> Result<(), Error> {
        self.workers = Workers::new(threads)?;
        Ok(())
    }

    /// Resets the totals.
    pub(super) fn start_part(&mut self) {
        self.totals = Totals::default();
    }

    /// Forgets the tracks.
    pub(super) fn forget_tracks(&mut self) {
        self.watches = TrackWatches::default();
    }

    /// Returns the number of bytes in work that keeps all threads busy.
    pub(super) fn ahead(&self) -> u64 {
        self.workers.ahead()
    }

    /// Returns the amount of media processed so far.
    pub(super) const fn totals(&self) -> Totals {
        self.totals
    }
}

/// A fragment whose samples are located.
struct LocatedFragment<'a> {
    moof: Moof<'a>,
    parts: Vec<TrackFragment>,
    /// The payload of each `mdat`.
    media: Vec<MediaExtent>,
}

impl LocatedFragment<'_> {
    /// Lets `protector` decide how the samples are protected, if that depends on time.
    fn decide(
        &self,
        protector: &mut dyn Protector,
        tracks: &mut [TrackState],
    ) -> Result<FragmentProtection, Error> {
        match protector.follows_time() {
            true => protector
                .fragment(&self.moof.times(&self.parts, tracks)?)
                .map_err(Error::Protection),
            false => Ok(FragmentProtection::default()),
        }
    }

    /// Refuses to encrypt samples of a track that is clear by its init segment.
    fn check_clear(&self, tracks: &[TrackState], rules: &[FragmentRule]) -> Result<(), Error> {
        let rules = rules_of_all(rules);
        let fits = self.parts.iter().zip(rules).all(|(fragment, rule)| {
            tracks.get(fragment.track).is_none_or(|track| {
                !track.is_clear || track.protection.is_none() || matches!(rule, FragmentRule::Clear)
            })
        });
        match fits {
            true => Ok(()),
            false => Err(Error::ClearInit),
        }
    }
}

/// Returns a rule for each track fragment: that of its track where `rules` has none.
fn rules_of_all(rules: &[FragmentRule]) -> impl Iterator<Item = &FragmentRule> {
    rules.iter().chain(std::iter::repeat(&FragmentRule::Track))
}

/// Replaces bytes that belong to no sample by zeros: nobody knows whether they may stay clear. None if they are a whole `mdat` with
/// other bytes, which would be lost.
fn clear_gaps<C: Chunk>(gaps: &[MediaGap], payload: &mut Payload<'_, C>) -> Option<()> {
    for MediaGap { bytes, fills_mdat } in gaps {
        let offset = usize::try_from(bytes.start).ok()?;
        let len = usize::try_from(bytes.end - bytes.start).ok()?;
        payload
            .edit(offset, len, |bytes| {
                let may_be_cleared = !fills_mdat || bytes.iter().all(|&byte| byte == 0);
                if may_be_cleared {
                    bytes.fill(0);
                }
                may_be_cleared
            })
            .filter(|&cleared| cleared)?;
    }
    Some(())
}

#[cfg(test)]
mod tests;
