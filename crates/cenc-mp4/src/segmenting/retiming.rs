// SPDX-License-Identifier: MPL-2.0
//! Moves the samples of a muxer to their times in the presentation.

use std::time::Duration;

use super::muxed_track::{MuxedHeader, MuxedSample};

/// The shift from the times of a muxer to those of the presentation. Muxers count from the running time of the pipeline, or from the first
/// sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retiming {
    /// The ticks that are added to each time.
    shift: i64,
    /// The ticks by which decode times are later still, so that none is negative. Composition offsets are less by as much.
    decode_delay: i64,
}

impl Retiming {
    /// Returns the shift by which `first`, the first sample of a track, is presented at `presentation`.
    pub fn new<C>(track: &MuxedHeader, first: &MuxedSample<C>, presentation: Duration) -> Self {
        let nanoseconds = presentation.as_nanos() * u128::from(track.timescale);
        let wanted = (nanoseconds + 500_000_000) / 1_000_000_000;
        let shift = i64::try_from(wanted)
            .unwrap_or(i64::MAX)
            .saturating_sub(first.start());
        Self {
            shift,
            decode_delay: (-first.decode_time.saturating_add(shift)).max(0),
        }
    }

    /// Moves a sample.
    pub const fn apply<C>(&self, sample: &mut MuxedSample<C>) {
        sample.decode_time = sample
            .decode_time
            .saturating_add(self.shift)
            .saturating_add(self.decode_delay);
        sample.composition_offset -= self.decode_delay;
    }
}
