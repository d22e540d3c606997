// SPDX-License-Identifier: MPL-2.0
//! The times of a track in Smooth Streaming.
//!
//! A client knows of a fragment only when it starts by the manifest, and takes this as the decode time of its first sample. So decode
//! times are moved until the first picture is decoded when it is presented, and composition offsets are counted from there.

use super::source_track::SourceTrack;
use crate::Error;
use crate::fragmenting::timing::{SampleTiming, TimingBuilder, TimingCursor};

/// Ticks per second of Smooth Streaming, unless the manifest says otherwise: MS-SSTR 2.2.2.1.
pub const SMOOTH_TIMESCALE: u32 = 10_000_000;

/// The conversion of the times of a track.
pub(super) struct SmoothTime {
    timescale: u32,
    /// The ticks from the decode time to the presentation time of the first sample.
    shift: i64,
    /// The ticks of [`SMOOTH_TIMESCALE`] that are added.
    delay: u64,
}

impl SmoothTime {
    /// Creates the conversion for a track.
    pub(super) fn new(track: &SourceTrack, delay: u64) -> Self {
        Self {
            timescale: track.timescale(),
            shift: track.samples().next().map_or(0, |first| {
                first.start.saturating_sub_unsigned(first.decode_time)
            }),
            delay,
        }
    }

    /// Converts a time in the presentation.
    fn presented(&self, ticks: i64) -> i64 {
        to_smooth(ticks, self.timescale).saturating_add_unsigned(self.delay)
    }

    /// Converts a decode time.
    fn decoded(&self, ticks: u64) -> i64 {
        self.presented(self.shift.saturating_add_unsigned(ticks))
    }

    /// Gives a track these times.
    ///
    /// # Errors
    /// [`Error::SampleTable`] for a sample of more than 429 s, or one that is presented 214 s before or after it is decoded.
    pub(super) fn convert(&self, track: &mut SourceTrack) -> Result<(), Error> {
        let too_long = Error::SampleTable {
            track_id: track.track.track_id,
            reason: "a sample that is too long for the times of Smooth Streaming",
        };
        let mut timing = TimingBuilder::default();
        let mut at = TimingCursor::default();
        for sample in track.samples() {
            let Some(SampleTiming { flags, .. }) = track.track.timing.next(&mut at) else {
                break;
            };
            let start = self.decoded(sample.decode_time);
            let end = self.decoded(sample.decode_time.saturating_add(sample.duration.into()));
            let offset = i32::try_from(self.presented(sample.start).saturating_sub(start));
            let (Ok(duration), Ok(offset)) = (u32::try_from(end - start), offset) else {
                return Err(too_long);
            };
            if offset < 0 {
                timing.sign_offsets();
            }
            timing.push(SampleTiming {
                duration,
                offset: offset.cast_unsigned(),
                flags,
            });
        }
        let first = self.decoded(track.track.first_decode_time);
        track.track.first_decode_time = first.max(0).unsigned_abs();
        track.track.timing = timing.build(SMOOTH_TIMESCALE);
        track.skipped = 0;
        Ok(())
    }
}

/// Returns the ticks of [`SMOOTH_TIMESCALE`] by which all tracks must be later so that none starts before 0, as sound may.
pub fn smooth_delay<'a>(tracks: impl IntoIterator<Item = &'a SourceTrack>) -> u64 {
    tracks
        .into_iter()
        .filter_map(|track| Some(to_smooth(track.samples().next()?.start, track.timescale())))
        .min()
        .unwrap_or(0)
        .min(0)
        .unsigned_abs()
}

/// Converts ticks, rounded down.
fn to_smooth(ticks: i64, timescale: u32) -> i64 {
    let converted = i128::from(ticks) * i128::from(SMOOTH_TIMESCALE);
    let converted = converted.div_euclid(i128::from(timescale.max(1)));
    i64::try_from(converted).unwrap_or(i64::MAX)
}
