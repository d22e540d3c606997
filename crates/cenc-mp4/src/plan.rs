// SPDX-License-Identifier: MPL-2.0
//! Samples of a fragment that are mapped and wait for the cipher, which is faster over many of them.

use std::ops::Range;

use cenc_types::{Iv, Subsample};
use common_encryption::{ClearSample, FailedSample};

use super::payload::Payload;
use super::{Chunk, Error};
use common_encryption::TrackProtection;

/// Where a sample lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    /// Its number in the track fragment.
    pub(super) number: usize,
    /// Its first byte in the payload.
    pub(super) offset: usize,
    pub(super) len: usize,
}

/// What was decided about each sample; the buffers are kept from one fragment to the next.
#[derive(Default)]
pub(super) struct Plan {
    groups: Vec<Group>,
    samples: Vec<Planned>,
    subsamples: Vec<Subsample>,
}

/// The samples of a track fragment.
struct Group {
    track_id: u32,
    protection: TrackProtection,
    samples: Range<usize>,
}

struct Planned {
    placed: Placed,
    iv: Iv,
    subsamples: Range<usize>,
    /// In how many pieces it comes.
    pieces: usize,
}

impl Plan {
    /// Forgets the fragment before.
    pub(super) fn start(&mut self) {
        self.groups.clear();
        self.samples.clear();
        self.subsamples.clear();
    }

    /// The samples to come are those of this track.
    pub(super) fn start_track(&mut self, track_id: u32, protection: TrackProtection) {
        let first = self.samples.len();
        self.groups.push(Group {
            track_id,
            protection,
            samples: first..first,
        });
    }

    pub(super) fn add(&mut self, placed: Placed, iv: Iv, subsamples: &[Subsample]) {
        let first = self.subsamples.len();
        self.subsamples.extend_from_slice(subsamples);
        self.samples.push(Planned {
            placed,
            iv,
            subsamples: first..self.subsamples.len(),
            pieces: 0,
        });
        if let Some(group) = self.groups.last_mut() {
            group.samples.end = self.samples.len();
        }
    }

    /// Encrypts all samples, wherever chunks end.
    pub(super) fn encrypt<C: Chunk>(&mut self, payload: &mut Payload<'_, C>) -> Result<(), Error> {
        for group in &self.groups {
            let samples = self.samples.get_mut(group.samples.clone());
            let samples = samples.unwrap_or_default();
            let mut pieces = cut(samples, payload);
            let mut clear = in_pieces(samples, &self.subsamples, &mut pieces);
            let TrackProtection { key, method } = &group.protection;
            let encrypted = key.cipher().encrypt_all(*method, &mut clear);
            encrypted.map_err(|failed| group.error(failed))?;
        }
        Ok(())
    }
}

impl Group {
    fn error(&self, failed: FailedSample) -> Error {
        Error::Sample {
            track_id: self.track_id,
            sample: failed.number,
            reason: common_encryption::SampleError::Cenc(failed.error).into(),
        }
    }
}

/// Cuts the payload into the pieces that the samples come in, from front to back, and notes their numbers.
fn cut<'p, C: Chunk>(
    samples: &mut [Planned],
    payload: &'p mut Payload<'_, C>,
) -> Vec<&'p mut [u8]> {
    if !samples.is_sorted_by_key(|sample| sample.placed.offset) {
        samples.sort_by_key(|sample| sample.placed.offset);
    }
    let first = samples.first().map_or(0, |sample| sample.placed.offset);
    let mut parts = payload.parts_from(first);
    let mut pieces = Vec::with_capacity(samples.len());
    for sample in samples {
        let before = pieces.len();
        parts.cut(sample.placed.offset, sample.placed.len, &mut pieces);
        sample.pieces = pieces.len() - before;
    }
    pieces
}

/// The samples with their bytes.
fn in_pieces<'p>(
    samples: &'p [Planned],
    subsamples: &'p [Subsample],
    pieces: &'p mut [&'p mut [u8]],
) -> impl Iterator<Item = ClearSample<'p>> {
    let mut rest = pieces;
    samples.iter().map(move |sample| {
        let (pieces, behind) = std::mem::take(&mut rest).split_at_mut(sample.pieces);
        rest = behind;
        ClearSample {
            number: sample.placed.number,
            iv: sample.iv,
            bytes: pieces.into(),
            subsamples: subsamples
                .get(sample.subsamples.clone())
                .unwrap_or_default(),
        }
    })
}
