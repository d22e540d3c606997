// SPDX-License-Identifier: MPL-2.0
//! A track whose samples wait for the end of their segment.

use std::collections::VecDeque;

use super::muxed_track::MuxedSample;
use crate::cutting::TrackKind;

/// The distance in nanoseconds up to which two times are the same, for timescales that round differently.
pub(super) const TOLERANCE: i128 = 1_000_000;

/// A track and its samples that are in no segment yet.
pub(super) struct CutterTrack<C> {
    pub(super) kind: TrackKind,
    pub(super) timescale: u32,
    pub(super) waiting: VecDeque<MuxedSample<C>>,
    /// The number of samples at the front of `waiting` that are known not to start a segment.
    pub(super) examined: usize,
    /// The latest presentation time so far in nanoseconds; None before the first sample.
    pub(super) reached: Option<i128>,
    pub(super) state: TrackProgress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrackProgress {
    /// Its samples are waited for.
    Open,
    /// It is too late to be waited for.
    Late,
    /// It has no more samples.
    Ended,
}

impl<C> CutterTrack<C> {
    pub(super) fn time_of(&self, ticks: i64) -> i128 {
        i128::from(ticks) * 1_000_000_000 / i128::from(self.timescale)
    }

    pub(super) fn start_of(&self, sample: &MuxedSample<C>) -> i128 {
        self.time_of(sample.start())
    }

    /// True if a segment may start with the sample.
    pub(super) fn can_start_with(&self, sample: &MuxedSample<C>) -> bool {
        sample.is_sync() || self.kind != TrackKind::Video
    }

    /// Returns the number of waiting samples before the one with which the segment at `start` begins; None if it has not come.
    pub(super) fn before(&self, start: i128) -> Option<usize> {
        self.waiting.iter().position(|sample| {
            self.can_start_with(sample) && self.start_of(sample) + TOLERANCE >= start
        })
    }

    /// True if samples may come.
    pub(super) const fn is_awaited(&self) -> bool {
        matches!(self.state, TrackProgress::Open)
    }

    /// Returns what is known of a sync sample at a time.
    pub(super) fn key_frame_at(&self, time: i128) -> KeyFrame {
        let is_there = self
            .waiting
            .iter()
            .any(|sample| sample.is_sync() && (self.start_of(sample) - time).abs() <= TOLERANCE);
        match (is_there, self.reached) {
            (true, _) => KeyFrame::There,
            (false, Some(reached)) if reached > time + TOLERANCE => KeyFrame::Missing,
            _ if self.is_awaited() => KeyFrame::Unknown,
            // It has no pictures there that a start would divide.
            _ => KeyFrame::There,
        }
    }
}

/// The knowledge of a key frame at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyFrame {
    There,
    Missing,
    Unknown,
}

/// Returns the bytes of samples.
pub(super) fn bytes_of<'s, C: 's>(samples: impl IntoIterator<Item = &'s MuxedSample<C>>) -> u64 {
    let sizes = samples.into_iter().map(|sample| u64::from(sample.size));
    sizes.sum()
}
