// SPDX-License-Identifier: MPL-2.0
//! Maps the samples of track fragments: finds the IV and the subsamples of each, which `senc` and the plan of the encryption get.

use cenc_types::{Iv, Scheme, Subsample};
use codec_headers::Codec;
use common_encryption::{FragmentRule, IvSource, SampleProtector, SencBuilder};

use super::watch::TrackWatch;
use crate::error::SampleError;
use crate::init::TrackState;
use crate::moof::{SampleLocation, TrackFragment};
use crate::payload::Payload;
use crate::plan::{EncryptionPlan, PayloadSample};
use crate::{Chunk, Error};

/// The samples of a track fragment, and the rule for them.
pub(super) struct RuledSamples<'s> {
    pub(super) fragment: &'s TrackFragment,
    pub(super) samples: &'s [SampleLocation],
    pub(super) rule: &'s FragmentRule,
}

/// A track and its protection so far.
pub(super) struct WatchedTrack<'t> {
    pub(super) track: &'t mut TrackState,
    pub(super) watch: &'t mut TrackWatch,
}

/// Maps the samples of one track fragment after the other.
pub(super) struct SampleMapper<'m, 'p, C> {
    pub(super) protector: &'m mut SampleProtector,
    pub(super) plan: &'m mut EncryptionPlan,
    pub(super) payload: &'m mut Payload<'p, C>,
}

impl<C: Chunk> SampleMapper<'_, '_, C> {
    /// Maps the samples in order, and adds those to protect to `senc` and to the plan.
    pub(super) fn map_track_fragment(
        &mut self,
        ruled: &RuledSamples<'_>,
        WatchedTrack { track, watch }: &mut WatchedTrack<'_>,
        senc: &mut SencBuilder,
    ) -> Result<(), Error> {
        let Some(track_protection) = &track.protection else {
            return Ok(());
        };
        let description = ruled.fragment.description;
        let codec = track
            .codecs
            .get_mut(description)
            .ok_or_else(|| Error::undescribed_samples(description))?;
        let protection = ruled.rule.protection(track_protection);
        if let Some(protection) = protection {
            senc.start(codec.maps_subsamples(), track.flavor);
            self.plan.start_track(track.track_id, protection.clone());
        }
        // Clear samples are mapped too: their parameter sets count for the samples after them.
        let scheme = protection.unwrap_or(track_protection).method.scheme;
        let mut ivs = protection.map(|protection| protection.key.ivs());
        for (number, location) in ruled.samples.iter().enumerate() {
            let sample = PayloadSample {
                number,
                offset: usize::try_from(location.offset).unwrap_or(usize::MAX),
                len: location.len as usize,
            };
            self.map(&sample, codec, scheme)
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

    /// Maps one sample and returns its number of protected bytes.
    fn map(
        &mut self,
        sample: &PayloadSample,
        codec: &mut Codec,
        scheme: Scheme,
    ) -> Result<u64, SampleError> {
        let bytes = self
            .payload
            .view(sample.offset, sample.len)
            // Moof::place() has seen that every sample is in the payload.
            .ok_or(common_encryption::SampleError::Cenc(
                common_encryption::Error::MapMismatch,
            ))?;
        Ok(self.protector.map(bytes, codec, scheme)?)
    }
}

/// Takes an IV for a sample with `protected` bytes to encrypt, and adds the sample to `senc`.
pub(crate) fn add_to_senc(
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
