// SPDX-License-Identifier: MPL-2.0
//! Protects one fragment: encrypts its samples in place and rewrites its `moof`.

use cenc_types::{Iv, Subsample};
use common_encryption::{
    FragmentProtection, FragmentRule, IvSource, Protector, SampleProtector, SencBuilder,
    TrackProtection,
};

use super::error::SampleError;
use super::init::TrackState;
use super::moof::{AddedBoxes, MediaGap, Moof, SampleLocation, TrackFragment};
use super::payload::Payload;
use super::plan::{EncryptionPlan, PayloadSample};
use super::stream::{StreamFragment, WrittenFragment};
use super::warning::WarningQueue;
use super::workers::{FragmentMedia, Workers};
use super::written::WrittenMoof;
use super::{Chunk, Error, Warning};

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
    watches: Vec<TrackWatch>,
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
    /// Encrypts the samples of a fragment and writes the new `moof`, for offset `position` of the output. None if media is still to
    /// come, which it must not be if the fragment is the `last` that there is of it.
    pub(super) fn protect<C: Chunk>(
        &mut self,
        fragment: &mut StreamFragment<C>,
        last: bool,
        position: u64,
        tracks: &mut [TrackState],
        protector: &mut dyn Protector,
        warnings: &mut WarningQueue,
    ) -> Result<Option<WrittenFragment<C>>, Error> {
        let boxes = &fragment.boxes;
        let moof = Moof::parse(&boxes.moof, boxes.position, warnings)?;
        self.locations.clear();
        let track_fragments = moof.locate(tracks, &mut self.locations)?;
        fragment.samples_end = SampleLocation::last_end(&self.locations);
        if !last && fragment.lacks_media() {
            return Ok(None);
        }
        let extents = boxes.media();
        moof.place(
            &track_fragments,
            &mut self.locations,
            &extents,
            &mut self.gaps,
        )?;

        let protection = match protector.follows_time() {
            true => protector
                .fragment(&moof.times(&track_fragments, tracks)?)
                .map_err(Error::Protection)?,
            false => FragmentProtection::default(),
        };
        let mut payload = Payload::new(&mut fragment.media);
        let len = payload.len();
        clear_gaps(&self.gaps, &mut payload).ok_or(Error::UnclaimedMedia {
            position: boxes.position,
        })?;
        self.watches.resize(tracks.len(), TrackWatch::default());
        self.map_samples(&track_fragments, &mut payload, tracks, &protection.rules)?;
        self.warn_of_clear_samples(tracks, warnings);
        let chunks = std::mem::take(&mut fragment.media);
        let media = match boxes.is_plain() {
            true => self.workers.encrypt(&mut self.plan, chunks, len)?,
            false => FragmentMedia::Done(self.plan.encrypt_chunks(chunks)?),
        };
        self.totals.samples += self.locations.len() as u64;
        self.totals.bytes += len as u64;
        self.totals.fragments += 1;
        let added = self.added_boxes(&track_fragments, tracks, &protection.rules);
        let position = position + boxes.before.len();
        let bytes = moof.rewrite(&track_fragments, &added, &protection.pssh, position)?;
        WrittenMoof {
            bytes: &bytes,
            position,
            growth: bytes
                .len()
                .checked_signed_diff(boxes.moof.len())
                .map_or(i64::MAX, |growth| growth as i64),
            media: &extents,
            samples: &self.locations,
        }
        .check(&track_fragments, &added, tracks)
        .map_err(|fault| Error::WrittenWrong {
            position: boxes.position,
            fault,
        })?;
        Ok(Some(WrittenFragment {
            moof: bytes,
            media,
            announced: protection.announced,
        }))
    }

    /// Maps the samples of all track fragments, fills their `senc` boxes and adds the samples to the plan.
    fn map_samples<C: Chunk>(
        &mut self,
        fragments: &[TrackFragment],
        payload: &mut Payload<'_, C>,
        tracks: &mut [TrackState],
        rules: &[FragmentRule],
    ) -> Result<(), Error> {
        self.sencs
            .resize_with(fragments.len(), SencBuilder::default);
        self.plan.start();
        let mut mapper = SampleMapper {
            protector: &mut self.protector,
            plan: &mut self.plan,
            payload,
        };
        let rules = rules.iter().chain(std::iter::repeat(&FragmentRule::Track));
        for ((fragment, senc), rule) in fragments.iter().zip(&mut self.sencs).zip(rules) {
            if let (Some(track), Some(samples)) = (
                tracks.get_mut(fragment.track),
                self.locations.get(fragment.samples.clone()),
            ) {
                let watch = self.watches.get_mut(fragment.track);
                if let Some(watch) = watch {
                    mapper.map_track_fragment(
                        samples,
                        fragment.description,
                        &mut WatchedTrack { track, watch },
                        rule,
                        senc,
                    )?;
                }
            }
        }
        Ok(())
    }

    /// Warns of the first long sample of each track that stays clear.
    fn warn_of_clear_samples(&self, tracks: &[TrackState], warnings: &mut WarningQueue) {
        for (track, watch) in tracks.iter().zip(&self.watches) {
            if watch.clear > 0 {
                warnings.add(Warning::ClearSample {
                    track_id: track.track_id,
                    len: watch.first_clear,
                });
            }
        }
    }

    /// Refuses tracks that are to be protected and of which nothing was, at the end of the stream.
    pub(super) fn check_protected(&self, tracks: &[TrackState]) -> Result<(), Error> {
        tracks
            .iter()
            .zip(&self.watches)
            .try_for_each(|(track, watch)| watch.check_all(track.track_id))
    }

    /// Returns the boxes that each track fragment gets.
    fn added_boxes(
        &self,
        fragments: &[TrackFragment],
        tracks: &[TrackState],
        rules: &[FragmentRule],
    ) -> Vec<AddedBoxes<'_>> {
        let rules = rules.iter().chain(std::iter::repeat(&FragmentRule::Track));
        fragments
            .iter()
            .zip(&self.sencs)
            .zip(rules)
            .map(|((fragment, senc), rule)| {
                match tracks
                    .get(fragment.track)
                    .and_then(|track| track.protection.as_ref())
                {
                    Some(protection) => AddedBoxes {
                        seig: rule.seig(protection),
                        senc: rule.protection(protection).map(|_| senc),
                        iv_size: rule
                            .protection(protection)
                            .map_or(0, |protection| protection.tenc().iv.per_sample_size()),
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
    pub(super) fn restart(&mut self) {
        self.totals = Totals::default();
        self.watches.clear();
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

/// A track and its protection so far.
struct WatchedTrack<'t> {
    track: &'t mut TrackState,
    watch: &'t mut TrackWatch,
}

/// Counts the samples of a track that is to be protected, which must not all stay clear.
#[derive(Debug, Clone, Copy, Default)]
struct TrackWatch {
    /// Samples with protected bytes.
    protected: u32,
    /// Long samples without any.
    clear: u32,
    /// The length of the first of those.
    first_clear: u32,
}

impl TrackWatch {
    /// The largest sample that may have no pictures, only parameters of the stream, in bytes.
    const SHORT: u32 = 256;
    /// The number of long samples of which one must have a protected byte.
    const LIMIT: u32 = 32;

    const fn count(&mut self, len: u32, protected: u64) {
        if protected > 0 {
            self.protected = self.protected.saturating_add(1);
        } else if len > Self::SHORT {
            if self.clear == 0 {
                self.first_clear = len;
            }
            self.clear = self.clear.saturating_add(1);
        }
    }

    /// Refuses a track of which nothing was protected in many samples.
    const fn check(&self, track_id: u32) -> Result<(), Error> {
        match self.clear >= Self::LIMIT {
            true => self.check_all(track_id),
            false => Ok(()),
        }
    }

    /// Refuses a track of which nothing was protected.
    const fn check_all(&self, track_id: u32) -> Result<(), Error> {
        match self.protected == 0 && self.clear > 0 {
            true => Err(Error::NothingProtected {
                track_id,
                samples: self.clear,
            }),
            false => Ok(()),
        }
    }
}

/// Maps the samples of one track fragment after the other.
struct SampleMapper<'m, 'p, C> {
    protector: &'m mut SampleProtector,
    plan: &'m mut EncryptionPlan,
    payload: &'m mut Payload<'p, C>,
}

impl<C: Chunk> SampleMapper<'_, '_, C> {
    /// Maps the samples in order, and adds those to protect to `senc` and to the plan.
    fn map_track_fragment(
        &mut self,
        samples: &[SampleLocation],
        description: usize,
        WatchedTrack { track, watch }: &mut WatchedTrack<'_>,
        rule: &FragmentRule,
        senc: &mut SencBuilder,
    ) -> Result<(), Error> {
        let Some(track_protection) = &track.protection else {
            return Ok(());
        };
        let codec = track
            .codecs
            .get_mut(description)
            .ok_or_else(|| Error::undescribed_samples(description))?;
        let protection = rule.protection(track_protection);
        // Clear samples are mapped too: their parameter sets count for the samples after them.
        let TrackProtection { method, .. } = protection.unwrap_or(track_protection);
        if let Some(protection) = protection {
            senc.start(codec.maps_subsamples(), track.flavor);
            self.plan.start_track(track.track_id, protection.clone());
        }
        let mut ivs = protection.map(|protection| protection.key.ivs());
        for (number, location) in samples.iter().enumerate() {
            let sample = PayloadSample {
                number,
                offset: usize::try_from(location.offset).unwrap_or(usize::MAX),
                len: location.len as usize,
            };
            self.payload
                .view(sample.offset, sample.len)
                // Moof::place() has seen that every sample is in the payload.
                .ok_or(common_encryption::Error::MapMismatch.into())
                .and_then(|bytes| self.protector.map(bytes, codec, method.scheme))
                .map_err(SampleError::from)
                .and_then(|protected| {
                    if let Some(ivs) = &mut ivs {
                        watch.count(location.len, protected);
                        let subsamples = self.protector.subsamples();
                        let iv = add_to_senc(senc, ivs, subsamples, protected)?;
                        self.plan.add(sample, iv, subsamples);
                    }
                    Ok(())
                })
                .map_err(|reason| Error::Sample {
                    track_id: track.track_id,
                    sample: number,
                    reason,
                })?;
        }
        watch.check(track.track_id)
    }
}

/// Replaces bytes that belong to no sample by zeros: nobody knows whether they may stay clear. None if they are a whole `mdat` with
/// other bytes, which would be lost.
fn clear_gaps<C: Chunk>(gaps: &[MediaGap], payload: &mut Payload<'_, C>) -> Option<()> {
    for MediaGap { bytes, fills_mdat } in gaps {
        let offset = usize::try_from(bytes.start).ok()?;
        let len = usize::try_from(bytes.end - bytes.start).ok()?;
        let may_be_cleared = payload.edit(offset, len, |bytes| {
            let may_be_cleared = !fills_mdat || bytes.iter().all(|&byte| byte == 0);
            if may_be_cleared {
                bytes.fill(0);
            }
            may_be_cleared
        });
        may_be_cleared.filter(|&cleared| cleared)?;
    }
    Some(())
}

/// Takes an IV for a sample with `protected` bytes to encrypt, and adds the sample to `senc`.
pub(super) fn add_to_senc(
    senc: &mut SencBuilder,
    ivs: &mut IvSource,
    subsamples: &[Subsample],
    protected: u64,
) -> Result<Iv, SampleError> {
    let iv = ivs
        .next(protected.div_ceil(16))
        .map_err(common_encryption::SampleError::Cenc)?;
    senc.push(per_sample_iv(ivs, &iv), subsamples)?;
    Ok(iv)
}

/// Returns the IV for `senc`: None if `tenc` has it for all samples.
const fn per_sample_iv<'a>(ivs: &IvSource, iv: &'a Iv) -> Option<&'a Iv> {
    match ivs {
        IvSource::Constant(_) => None,
        IvSource::PerSample(_) => Some(iv),
    }
}
