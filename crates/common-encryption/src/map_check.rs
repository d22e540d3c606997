// SPDX-License-Identifier: MPL-2.0
//! Checks the map of a sample before the sample is encrypted: each coded unit must be protected from where 23001-7 clause 9.5 and the
//! schemes' rules of clause 10 say, and nothing else.

use std::iter::Peekable;
use std::ops::Range;

use codec_headers::{Alignment, CodedUnit, ProtectableRange};

use super::Error;
use cenc_types::{BLOCK, Scheme, Subsample};

/// The most bytes of the size of a tile, which is between it and the tile before: AV1, 5.11.1.
const MAX_TILE_SIZE_BYTES: usize = 4;

/// A sample whose subsamples are mapped, and the parts that its codec finds in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct MappedSample<'a> {
    pub(super) scheme: Scheme,
    pub(super) alignment: Alignment,
    /// The size of the sample in bytes.
    pub(super) len: usize,
    pub(super) units: &'a [CodedUnit],
    pub(super) ranges: &'a [ProtectableRange],
    pub(super) map: &'a [Subsample],
}

impl MappedSample<'_> {
    /// Returns the number of protected bytes if the map is right.
    pub(super) fn check(&self) -> Result<u64, Error> {
        let mut ranges = self.ranges.iter().peekable();
        let mut runs = ProtectedRuns {
            map: self.map.iter(),
            end: 0,
        }
        .peekable();
        for unit in self.units {
            let mut end = None;
            while let Some(range) = ranges.next_if(|range| range.start <= unit.end) {
                let starts = match end {
                    None => unit.start..=unit.end,
                    Some(end) => end..=end + MAX_TILE_SIZE_BYTES,
                };
                if !starts.contains(&range.start) {
                    return Err(wrong(unit.start, "its data starts elsewhere"));
                }
                self.check_range(range, &mut runs)?;
                end = Some(range.start + range.len);
            }
            if end != Some(unit.end) {
                return Err(wrong(unit.start, "its data is not known up to its end"));
            }
        }
        let stray = ranges.next().map(|range| range.start);
        match stray.or_else(|| runs.next().map(|run| run.start)) {
            Some(position) => Err(wrong(position, "there is no slice, tile or frame")),
            None => self.check_sum(),
        }
    }

    /// Checks that the next protected bytes are those of `range`.
    fn check_range(
        &self,
        range: &ProtectableRange,
        runs: &mut Peekable<ProtectedRuns<'_>>,
    ) -> Result<(), Error> {
        let end = range.start + range.len;
        let Some(run) = runs.next_if(|run| run.start < end) else {
            return match range.len < BLOCK {
                true => Ok(()),
                false => Err(wrong(range.start, "all of it is clear")),
            };
        };
        let starts_with_range = match (self.scheme, self.alignment) {
            (Scheme::Cbcs, Alignment::BySchemeRule) => run.start == range.start,
            _ => run.len() % BLOCK == 0 && run.start.saturating_sub(range.start) < BLOCK,
        };
        match () {
            () if run.start < range.start => Err(wrong(range.start, "its header is protected")),
            () if run.end != end => Err(wrong(range.start, "its protection ends elsewhere")),
            () if !starts_with_range => Err(wrong(range.start, "its protection starts elsewhere")),
            () => Ok(()),
        }
    }

    fn check_sum(&self) -> Result<u64, Error> {
        let sum = |bytes: fn(&Subsample) -> u64| self.map.iter().map(bytes).sum::<u64>();
        let protected = sum(|subsample| subsample.protected_bytes.into());
        match sum(|subsample| subsample.clear_bytes.into()) + protected == self.len as u64 {
            true => Ok(protected),
            false => Err(Error::MapMismatch),
        }
    }
}

const fn wrong(position: usize, fault: &'static str) -> Error {
    Error::WrongMap { position, fault }
}

/// The protected bytes of a map, in order.
struct ProtectedRuns<'a> {
    map: std::slice::Iter<'a, Subsample>,
    end: usize,
}

impl Iterator for ProtectedRuns<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        loop {
            let subsample = self.map.next()?;
            let start = self.end + usize::from(subsample.clear_bytes);
            self.end = start + subsample.protected_bytes as usize;
            if start < self.end {
                return Some(start..self.end);
            }
        }
    }
}

#[cfg(test)]
mod tests;
