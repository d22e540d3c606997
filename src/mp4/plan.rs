// SPDX-License-Identifier: MPL-2.0
//! Samples of a fragment that are mapped and wait for the cipher, which is faster over many of them.

use std::ops::Range;

use crate::cenc::{self, ClearSample, Iv, Subsample};

use super::payload::Payload;
use super::protector::TrackProtection;
use super::workers::{Share, Workers};
use super::{Chunk, Error};

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
    group: usize,
    iv: Iv,
    subsamples: Range<usize>,
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
        let group = self.groups.len().saturating_sub(1);
        self.samples.push(Planned {
            placed,
            group,
            iv,
            subsamples: first..self.subsamples.len(),
        });
        if let Some(group) = self.groups.last_mut() {
            group.samples.end = self.samples.len();
        }
    }

    /// Encrypts all samples, which lie in one chunk each.
    pub(super) fn encrypt<C: Chunk>(
        &mut self,
        payload: &mut Payload<'_, C>,
        workers: &Workers,
    ) -> Result<(), Error> {
        if workers.are_worth_it(payload.len()) {
            return self.encrypt_abreast(payload, workers);
        }
        for group in &self.groups {
            let samples = self.samples.get_mut(group.samples.clone());
            let samples = samples.unwrap_or_default();
            let mut clear = in_place(samples, &self.subsamples, payload);
            let TrackProtection { key, method } = &group.protection;
            let encrypted = key
                .cipher()
                .encrypt_all(*method, &mut clear.by_ref().map(|c| c.1));
            encrypted.map_err(|failed| group.error(failed))?;
        }
        Ok(())
    }

    fn encrypt_abreast<C: Chunk>(
        &mut self,
        payload: &mut Payload<'_, C>,
        workers: &Workers,
    ) -> Result<(), Error> {
        let clear = in_place(&mut self.samples, &self.subsamples, payload).collect();
        let groups = &self.groups;
        workers.share(clear, |share: Share<'_>| {
            for (group, samples) in share.by_group() {
                let Some(group) = groups.get(group) else {
                    continue;
                };
                let TrackProtection { key, method } = &group.protection;
                let encrypted = key.cipher().encrypt_all(*method, &mut samples.into_iter());
                encrypted.map_err(|failed| group.error(failed))?;
            }
            Ok(())
        })
    }
}

impl Group {
    fn error(&self, (sample, error): (usize, cenc::Error)) -> Error {
        Error::Sample {
            track_id: self.track_id,
            sample,
            reason: cenc::SampleError::Cenc(error).into(),
        }
    }
}

/// The samples with their bytes and the numbers of their groups, from front to back.
fn in_place<'p, C: Chunk>(
    samples: &'p mut [Planned],
    subsamples: &'p [Subsample],
    payload: &'p mut Payload<'_, C>,
) -> impl Iterator<Item = (usize, ClearSample<'p>)> {
    if !samples.is_sorted_by_key(|sample| sample.placed.offset) {
        samples.sort_by_key(|sample| sample.placed.offset);
    }
    let first = samples.first().map_or(0, |sample| sample.placed.offset);
    let mut parts = payload.parts_from(first);
    samples.iter().map(move |sample| {
        let Placed {
            number,
            offset,
            len,
        } = sample.placed;
        let clear = ClearSample {
            number,
            iv: sample.iv,
            bytes: parts.take(offset, len),
            subsamples: subsamples
                .get(sample.subsamples.clone())
                .unwrap_or_default(),
        };
        (sample.group, clear)
    })
}
