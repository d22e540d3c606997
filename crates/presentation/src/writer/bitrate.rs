// SPDX-License-Identifier: MPL-2.0
//! Bit rates of a track, measured from its segments by the definitions of ISO/IEC 23009-1 and RFC 8216.

use std::time::Duration;

use crate::model::{PresentedTrack, Segment, TrackFiles};

/// The bytes that play for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimedBytes {
    /// The start, in ticks.
    pub start: u64,
    /// The length, in ticks.
    pub duration: u64,
    /// The number of bytes.
    pub bytes: u64,
}

impl From<&Segment> for TimedBytes {
    fn from(segment: &Segment) -> Self {
        Self {
            start: segment.start,
            duration: segment.duration,
            bytes: segment.bytes.end.saturating_sub(segment.bytes.start),
        }
    }
}

/// The media of a track with its clock.
#[derive(Debug)]
pub(super) struct MeasuredMedia {
    /// Ticks per second.
    timescale: u32,
    parts: Vec<TimedBytes>,
    /// The peak bit rate that the model states, which replaces the measured ones.
    stated: Option<u32>,
}

impl MeasuredMedia {
    /// Takes the segments of a track, or its whole WebVTT file.
    pub(super) fn of_track(track: &PresentedTrack) -> Self {
        match track.files {
            TrackFiles::WebVtt { size, .. } => Self {
                timescale: 1000,
                parts: vec![TimedBytes {
                    start: 0,
                    duration: u64::try_from(track.duration.as_millis()).unwrap_or(u64::MAX),
                    bytes: size,
                }],
                stated: track.bandwidth,
            },
            TrackFiles::Segments { .. } | TrackFiles::Single { .. } => Self {
                timescale: track.timescale,
                parts: track.segments.iter().map(TimedBytes::from).collect(),
                stated: track.bandwidth,
            },
        }
    }

    /// Takes the key frames of a track.
    pub(super) const fn of_key_frames(track: &PresentedTrack, parts: Vec<TimedBytes>) -> Self {
        Self {
            timescale: track.timescale,
            parts,
            stated: track.key_frame_bandwidth,
        }
    }

    /// Returns the stated bit rate, or the average of a track without one.
    pub(super) fn nominal(&self) -> u64 {
        self.stated.map_or_else(|| self.average(), u64::from)
    }

    /// Returns the average bit rate, rounded up: all bits in the time that they play (RFC 8216, 4.1).
    pub(super) fn average(&self) -> u64 {
        rate(bits(&self.parts), ticks(&self.parts), self.timescale)
    }

    /// Returns the duration of the longest part.
    pub(super) fn longest(&self) -> Duration {
        let ticks = self.parts.iter().map(|part| part.duration).max();
        duration(ticks.unwrap_or_default(), self.timescale)
    }

    /// Returns EXT-X-TARGETDURATION in seconds: the longest part, rounded to the nearest integer (RFC 8216, 4.3.3.1).
    pub(super) fn target_duration(&self) -> u64 {
        let longest = self.longest();
        (longest.as_secs() + u64::from(longest.subsec_millis() >= 500)).max(1)
    }

    /// Returns the stated bit rate, or the peak segment bit rate, rounded up: the largest of any contiguous set of segments that plays for
    /// 0.5 to 1.5 times the target duration (RFC 8216, 4.1).
    pub(super) fn hls_peak(&self, target_duration: u64) -> u64 {
        if let Some(stated) = self.stated {
            return u64::from(stated);
        }
        let target = u128::from(target_duration) * u128::from(self.timescale);
        let mut peak = self.average();
        for (index, _) in self.parts.iter().enumerate() {
            let mut ticks = 0;
            let mut bits = 0;
            for part in self.parts.iter().skip(index) {
                ticks += u128::from(part.duration);
                bits += u128::from(part.bytes) * 8;
                if ticks * 2 > target * 3 {
                    break;
                }
                if ticks * 2 >= target {
                    peak = peak.max(rate(bits, ticks, self.timescale));
                }
            }
        }
        peak
    }

    /// Returns `@bandwidth` of a Representation (ISO/IEC 23009-1, 5.3.5.2): the stated bit rate, or the rate at which a client that starts
    /// at any segment, and plays once it has received `buffer` at this rate, has each segment before it plays. It is at least the average.
    pub(super) fn dash_bandwidth(&self, buffer: Duration) -> u32 {
        if let Some(stated) = self.stated {
            return stated;
        }
        let buffer = (buffer.as_nanos() * u128::from(self.timescale) / 1_000_000_000).max(1);
        let all = bits(&self.parts) * u128::from(self.timescale);
        let mut too_low = u128::from(self.average()).saturating_sub(1);
        let mut enough = all.div_ceil(buffer).max(too_low + 1);
        while enough - too_low > 1 {
            let rate = too_low.midpoint(enough);
            match self.is_enough(rate, buffer) {
                true => enough = rate,
                false => too_low = rate,
            }
        }
        u32::try_from(enough).unwrap_or(u32::MAX)
    }

    /// True if no segment comes late at a rate, whichever segment a client starts with.
    fn is_enough(&self, rate: u128, buffer: u128) -> bool {
        let mut start = 0;
        // The most bits, times the timescale, that a client still misses when a segment starts, without regard to the buffer.
        let mut missing = 0_u128;
        self.parts.iter().all(|part| {
            let elapsed = u128::from(part.start.saturating_sub(start));
            start = part.start;
            missing = missing.saturating_sub(rate * elapsed)
                + u128::from(part.bytes) * 8 * u128::from(self.timescale);
            missing <= rate * buffer
        })
    }
}

/// Returns a time in ticks as a duration, to the nanosecond.
pub(super) fn duration(ticks: u64, timescale: u32) -> Duration {
    let timescale = u64::from(timescale.max(1));
    let nanos = u128::from(ticks % timescale) * 1_000_000_000 / u128::from(timescale);
    Duration::from_secs(ticks / timescale)
        + Duration::from_nanos(u64::try_from(nanos).unwrap_or_default())
}

fn bits(parts: &[TimedBytes]) -> u128 {
    parts.iter().map(|part| u128::from(part.bytes) * 8).sum()
}

fn ticks(parts: &[TimedBytes]) -> u128 {
    parts.iter().map(|part| u128::from(part.duration)).sum()
}

fn rate(bits: u128, ticks: u128, timescale: u32) -> u64 {
    u64::try_from((bits * u128::from(timescale)).div_ceil(ticks.max(1)))
        .unwrap_or(u64::MAX)
        .max(1)
}

#[cfg(test)]
mod tests;
