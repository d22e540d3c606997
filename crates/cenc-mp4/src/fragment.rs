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
use super::{Chunk, Error};

/// Protects fragments; its buffers are kept from one to the next.
#[derive(Default)]
pub(super) struct FragmentEncryptor {
    locations: Vec<SampleLocation>,
    gaps: Vec<MediaGap>,
    sencs: Vec<SencBuilder>,
    protector: SampleProtector,
    plan: EncryptionPlan,
    workers: Workers,
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
        if !last && fragment.lacks_media() {
            return Ok(None);
        }
        let boxes = &fragment.boxes;
        let moof = Moof::parse(&boxes.moof, boxes.position, warnings)?;
        self.locations.clear();
        let track_fragments = moof.locate(tracks, &mut self.locations)?;
        fragment.samples_end = SampleLocation::last_end(&self.locations);
        if !last && fragment.lacks_media() {
            return Ok(None);
        }
        moof.place(&mut self.locations, &boxes.media(), &mut self.gaps)?;

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
        self.map_samples(&track_fragments, &mut payload, tracks, &protection.rules)?;
        let chunks = std::mem::take(&mut fragment.media);
        let media = match boxes.is_plain() {
            true => self.workers.encrypt(&mut self.plan, chunks, len)?,
            false => FragmentMedia::Done(self.plan.encrypt_chunks(chunks)?),
        };
        self.totals.samples += self.locations.len() as u64;
        self.totals.bytes += len as u64;
        self.totals.fragments += 1;
        let added = self.added_boxes(&track_fragments, tracks, &protection.rules);
        Ok(Some(WrittenFragment {
            moof: moof.rewrite(
                &track_fragments,
                &added,
                &protection.pssh,
                position + boxes.before.len(),
            )?,
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
                mapper.map_track_fragment(samples, fragment.description, track, rule, senc)?;
            }
        }
        Ok(())
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
        track: &mut TrackState,
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
        Ok(())
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
