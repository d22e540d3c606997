// SPDX-License-Identifier: MPL-2.0
//! Samples of a track fragment that are mapped and wait for the cipher, which is faster over many of them.

use std::ops::Range;

use crate::cenc::{ClearSample, Iv, Subsample};

use super::Chunk;
use super::payload::Payload;

/// Where a sample lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    /// Its number in the track fragment.
    pub(super) number: usize,
    /// Its first byte in the payload.
    pub(super) offset: usize,
    pub(super) len: usize,
}

/// What was decided about each sample; the buffers are kept from one track fragment to the next.
#[derive(Default)]
pub(super) struct Plan {
    samples: Vec<(Placed, Iv, Range<usize>)>,
    subsamples: Vec<Subsample>,
}

impl Plan {
    pub(super) fn start(&mut self) {
        self.samples.clear();
        self.subsamples.clear();
    }

    pub(super) fn add(&mut self, placed: Placed, iv: Iv, subsamples: &[Subsample]) {
        let first = self.subsamples.len();
        self.subsamples.extend_from_slice(subsamples);
        self.samples
            .push((placed, iv, first..self.subsamples.len()));
    }

    /// The samples with their bytes, which lie in one chunk each.
    pub(super) fn samples<'p, C: Chunk>(
        &'p mut self,
        payload: &'p mut Payload<'_, C>,
    ) -> impl Iterator<Item = ClearSample<'p>> {
        if !self.samples.is_sorted_by_key(|(placed, ..)| placed.offset) {
            self.samples.sort_by_key(|(placed, ..)| placed.offset);
        }
        let mut parts = payload.parts();
        let subsamples = &self.subsamples;
        self.samples
            .iter()
            .map(move |(placed, iv, map)| ClearSample {
                number: placed.number,
                iv: *iv,
                bytes: parts.take(placed.offset, placed.len),
                subsamples: subsamples.get(map.clone()).unwrap_or_default(),
            })
    }
}
