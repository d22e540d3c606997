// SPDX-License-Identifier: MPL-2.0
//! The samples of a fragment that are mapped and wait for encryption, which is faster over many at once.

use std::ops::Range;

use cenc_types::{Iv, Subsample};
use common_encryption::{ClearSample, TrackProtection};

use super::payload::Payload;
use super::{Chunk, Error};

/// A sample in the payload of its fragment.
#[derive(Debug, Clone, Copy)]
pub(super) struct PayloadSample {
    /// Index in the track fragment.
    pub(super) number: usize,
    /// Offset of the first byte in the payload.
    pub(super) offset: usize,
    pub(super) len: usize,
}

/// The IV and the map of each sample of a fragment; the buffers are kept from one fragment to the next.
#[derive(Default)]
pub(super) struct EncryptionPlan {
    tracks: Vec<PlannedTrack>,
    samples: Vec<PlannedSample>,
    subsamples: Vec<Subsample>,
}

/// The samples of a track fragment.
struct PlannedTrack {
    track_id: u32,
    protection: TrackProtection,
    /// Indices into the samples of the plan.
    samples: Range<usize>,
}

struct PlannedSample {
    place: PayloadSample,
    iv: Iv,
    /// Indices into the subsamples of the plan.
    subsamples: Range<usize>,
    /// The number of slices that hold its bytes.
    slices: usize,
}

/// The IV and the map by which a sample is to be encrypted.
pub(super) struct PlannedEntry<'p> {
    pub(super) iv: &'p Iv,
    pub(super) subsamples: &'p [Subsample],
}

impl EncryptionPlan {
    /// Forgets the fragment before.
    pub(super) fn start(&mut self) {
        self.tracks.clear();
        self.samples.clear();
        self.subsamples.clear();
    }

    /// Starts a track fragment, to which the next samples belong.
    pub(super) fn start_track(&mut self, track_id: u32, protection: TrackProtection) {
        let first = self.samples.len();
        self.tracks.push(PlannedTrack {
            track_id,
            protection,
            samples: first..first,
        });
    }

    /// Adds a sample to the current track fragment.
    pub(super) fn add(&mut self, place: PayloadSample, iv: Iv, subsamples: &[Subsample]) {
        let first = self.subsamples.len();
        self.subsamples.extend_from_slice(subsamples);
        self.samples.push(PlannedSample {
            place,
            iv,
            subsamples: first..self.subsamples.len(),
            slices: 0,
        });
        if let Some(track) = self.tracks.last_mut() {
            track.samples.end = self.samples.len();
        }
    }

    /// Returns what is planned for the samples of each track fragment that is to be protected.
    pub(super) fn tracks(
        &self,
    ) -> impl Iterator<Item = impl ExactSizeIterator<Item = PlannedEntry<'_>>> {
        self.tracks.iter().map(|track| {
            self.samples
                .get(track.samples.clone())
                .unwrap_or_default()
                .iter()
                .map(|sample| PlannedEntry {
                    iv: &sample.iv,
                    subsamples: self
                        .subsamples
                        .get(sample.subsamples.clone())
                        .unwrap_or_default(),
                })
        })
    }

    /// Encrypts all samples in the chunks of a payload.
    pub(super) fn encrypt_chunks<C: Chunk>(&mut self, mut chunks: Vec<C>) -> Result<Vec<C>, Error> {
        self.encrypt(&mut Payload::new(&mut chunks))?;
        Ok(chunks)
    }

    /// Encrypts all samples, wherever chunks end.
    fn encrypt<C: Chunk>(&mut self, payload: &mut Payload<'_, C>) -> Result<(), Error> {
        for track in &self.tracks {
            let samples = self
                .samples
                .get_mut(track.samples.clone())
                .unwrap_or_default();
            let mut slices = slice_payload(samples, payload);
            let TrackProtection { key, method, .. } = &track.protection;
            key.cipher()
                .encrypt_all(
                    *method,
                    &mut clear_samples(samples, &self.subsamples, &mut slices),
                )
                .map_err(|failed| Error::Sample {
                    track_id: track.track_id,
                    sample: failed.number,
                    reason: common_encryption::SampleError::Cenc(failed.error).into(),
                })?;
        }
        Ok(())
    }
}

/// Cuts the payload into slices of samples, from front to back, and notes how many slices each sample has.
fn slice_payload<'p, C: Chunk>(
    samples: &mut [PlannedSample],
    payload: &'p mut Payload<'_, C>,
) -> Vec<&'p mut [u8]> {
    if !samples.is_sorted_by_key(|sample| sample.place.offset) {
        samples.sort_by_key(|sample| sample.place.offset);
    }
    let mut cutter = payload.cutter_at(samples.first().map_or(0, |sample| sample.place.offset));
    let mut slices = Vec::with_capacity(samples.len());
    for sample in samples {
        let before = slices.len();
        cutter.cut(sample.place.offset, sample.place.len, &mut slices);
        sample.slices = slices.len() - before;
    }
    slices
}

/// Returns the samples with their bytes.
fn clear_samples<'p>(
    samples: &'p [PlannedSample],
    subsamples: &'p [Subsample],
    slices: &'p mut [&'p mut [u8]],
) -> impl Iterator<Item = ClearSample<'p>> {
    let mut left = slices;
    samples.iter().map(move |sample| {
        let (own, rest) = std::mem::take(&mut left).split_at_mut(sample.slices);
        left = rest;
        ClearSample {
            number: sample.place.number,
            iv: sample.iv,
            bytes: own.into(),
            subsamples: subsamples
                .get(sample.subsamples.clone())
                .unwrap_or_default(),
        }
    })
}
