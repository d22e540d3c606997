// SPDX-License-Identifier: MPL-2.0
//! Protects one fragment: encrypts its samples in place and rewrites its `moof`.

use cenc_types::{Iv, Subsample};
use common_encryption::{
    FragmentProtection, FragmentRule, IvSource, Protector, SampleProtector, SencBuilder,
    TrackProtection,
};

use super::error::SampleError;
use super::init::TrackState;
use super::moof::{AddedBoxes, Moof, SampleLocation, TrackFragment};
use super::payload::Payload;
use super::plan::{EncryptionPlan, PayloadSample};
use super::stream::{FragmentBoxes, WrittenFragment};
use super::warning::WarningQueue;
use super::workers::Workers;
use super::{Chunk, Error};

/// Protects fragments; its buffers are kept from one to the next.
#[derive(Default)]
pub(super) struct FragmentEncryptor {
    locations: Vec<SampleLocation>,
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
    /// Encrypts the samples in `chunks` and writes the new `moof`, for offset `position` of the output.
    pub(super) fn protect<C: Chunk>(
        &mut self,
        boxes: &FragmentBoxes,
        mut chunks: Vec<C>,
        position: u64,
        tracks: &mut [TrackState],
        protector: &mut dyn Protector,
        warnings: &mut WarningQueue,
    ) -> Result<WrittenFragment<C>, Error> {
        let moof = Moof::parse(&boxes.moof, boxes.position, warnings)?;
        self.locations.clear();
        let fragments = moof.locate(tracks, &mut self.locations)?;
        let len = chunks.iter().map(|chunk| chunk.as_ref().len()).sum();
        let payload = moof.payload_range(boxes, len)?;
        moof.check_coverage(&self.locations, payload.clone())?;

        let protection = match protector.follows_time() {
            true => protector
                .fragment(&moof.times(&fragments, tracks)?)
                .map_err(Error::Protection)?,
            false => FragmentProtection::default(),
        };
        self.map_samples(
            &fragments,
            &mut Payload::new(&mut chunks),
            payload.start,
            tracks,
            &protection.rules,
        )?;
        let media = self.workers.encrypt(&mut self.plan, chunks, len)?;
        self.totals.samples += self.locations.len() as u64;
        self.totals.bytes += len as u64;
        self.totals.fragments += 1;
        let added = self.added_boxes(&fragments, tracks, &protection.rules);
        Ok(WrittenFragment {
            moof: moof.rewrite(&fragments, &added, &protection.pssh, position)?,
            media,
            announced: protection.announced,
        })
    }

    /// Maps the samples of all track fragments, fills their `senc` boxes and adds the samples to the plan.
    fn map_samples<C: Chunk>(
        &mut self,
        fragments: &[TrackFragment],
        payload: &mut Payload<'_, C>,
        payload_start: i64,
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
            payload_start,
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
    /// Offset of the payload, as sample locations count.
    payload_start: i64,
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
                offset: usize::try_from(location.offset - self.payload_start).unwrap_or(usize::MAX),
                len: location.len as usize,
            };
            self.payload
                .view(sample.offset, sample.len)
                // check_coverage() has seen that every sample is in the payload.
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
