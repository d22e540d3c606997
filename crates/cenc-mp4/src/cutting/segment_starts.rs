// SPDX-License-Identifier: MPL-2.0
//! The times at which the segments of a presentation start.

use std::time::Duration;

use super::source_track::{SourceTrack, TrackKind};

/// Key frames of several files at one time may differ by this much, since containers round times.
const TOLERANCE: Duration = Duration::from_millis(1);

/// The presentation times at which segments start. They are times of key frames in all video tracks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentStarts {
    /// In ticks, ascending; the first is that of the first sample.
    ticks: Vec<i64>,
    timescale: u32,
}

/// A video track that has no key frame where another one has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnalignedTracks {
    /// Index of the track that has the key frame.
    pub with_key_frame: usize,
    /// Index of the track that has none.
    pub without_key_frame: usize,
    /// The presentation time in seconds.
    pub time: f64,
    /// The time in seconds at which the track without it ends.
    pub end: f64,
}

/// The key frames of a track.
struct KeyFrames {
    /// Index of the track.
    track: usize,
    /// Presentation times in ticks, ascending.
    starts: Vec<i64>,
    /// The end of the last sample, in ticks.
    end: i64,
    timescale: u32,
}

impl SegmentStarts {
    /// Chooses the starts for these tracks. Like other packagers, it divides time into parts of `target`; a segment starts with the
    /// first key frame of each part.
    ///
    /// # Errors
    /// [`UnalignedTracks`] if so few key frames are common to the video tracks that a segment would be longer than `target` and the
    /// longest distance of key frames in one of them.
    pub fn choose(tracks: &[&SourceTrack], target: Duration) -> Result<Self, UnalignedTracks> {
        let has_video = tracks.iter().any(|track| track.kind() == TrackKind::Video);
        let followed: Vec<KeyFrames> = tracks
            .iter()
            .enumerate()
            // Without pictures, the first track decides alone.
            .filter(|(index, track)| match has_video {
                true => track.kind() == TrackKind::Video,
                false => *index == 0,
            })
            .map(|(index, track)| KeyFrames::of(index, track))
            .collect();
        let Some((lead, others)) = followed.split_first() else {
            return Ok(Self {
                ticks: vec![0],
                timescale: 1,
            });
        };
        let is_common = |start: &i64| others.iter().all(|other| other.has(*start, lead.timescale));
        let common: Vec<i64> = lead.starts.iter().copied().filter(is_common).collect();
        let ticks = grid(&common, lead.timescale, target);
        match find_unaligned(lead, others, &ticks, target) {
            Some(unaligned) => Err(unaligned),
            None => Ok(Self {
                ticks,
                timescale: lead.timescale,
            }),
        }
    }

    /// Returns the decode times, in ticks of a track, of the samples with which its segments start.
    pub(super) fn decode_times(&self, track: &SourceTrack) -> Vec<u64> {
        let mut starts = self.ticks.iter().copied().peekable();
        let mut times = Vec::with_capacity(self.ticks.len());
        let needs_sync = track.kind() == TrackKind::Video;
        for sample in track
            .samples()
            .filter(|sample| sample.is_sync || !needs_sync)
        {
            let has_come = |&start: &i64| {
                let ticks = i128::from(sample.start) * i128::from(self.timescale)
                    + tolerance(self.timescale, track.timescale());
                i128::from(start) * i128::from(track.timescale()) <= ticks
            };
            while starts.next_if(has_come).is_some() {
                times.push(sample.decode_time);
            }
        }
        // Starts after the last sample have no segment in this track.
        times.resize(self.ticks.len(), u64::MAX);
        times
    }
}

/// Returns the first key frame of `lead` that another track would need, if one of the segments is longer than `target` and the longest
/// distance of key frames.
fn find_unaligned(
    lead: &KeyFrames,
    others: &[KeyFrames],
    starts: &[i64],
    target: Duration,
) -> Option<UnalignedTracks> {
    let longest_distance = others
        .iter()
        .chain([lead])
        .map(KeyFrames::longest_distance)
        .fold(0.0, f64::max);
    let limit = (target + TOLERANCE).as_secs_f64() + longest_distance;
    let too_long = match starts {
        [] => Some(i64::MIN..i64::MAX),
        [_, later @ ..] => starts
            .iter()
            .zip(later.iter().chain([&lead.end]))
            .map(|(start, end)| start + 1..*end)
            .find(|segment| lead.seconds(segment.end - segment.start) > limit),
    };
    grid(&lead.starts, lead.timescale, target)
        .into_iter()
        .filter(|time| {
            too_long
                .as_ref()
                .is_some_and(|segment| segment.contains(time))
        })
        .find_map(|time| {
            let without = others
                .iter()
                .find(|other| !other.has(time, lead.timescale))?;
            Some(UnalignedTracks {
                with_key_frame: lead.track,
                without_key_frame: without.track,
                time: lead.seconds(time),
                end: without.seconds(without.end),
            })
        })
}

/// Returns the first time of each part of `target`.
fn grid(times: &[i64], timescale: u32, target: Duration) -> Vec<i64> {
    let part = |time: i64| {
        let nanoseconds = i128::from(time) * 1_000_000_000 / i128::from(timescale);
        nanoseconds.div_euclid(target.as_nanos().max(1).cast_signed())
    };
    let mut starts: Vec<i64> = Vec::new();
    for &time in times {
        if starts.last().is_none_or(|&last| part(last) != part(time)) {
            starts.push(time);
        }
    }
    starts
}

/// Returns the tolerance in products of ticks of two timescales.
fn tolerance(one: u32, other: u32) -> i128 {
    let milliseconds = i128::from(one) * i128::from(other) / 1000;
    milliseconds.max(i128::from(one.max(other)))
}

impl KeyFrames {
    fn of(index: usize, track: &SourceTrack) -> Self {
        let mut starts = Vec::new();
        let mut end = 0;
        for sample in track.samples() {
            end = end.max(sample.start.saturating_add(sample.duration.into()));
            starts.extend(sample.is_sync.then_some(sample.start));
        }
        starts.sort_unstable();
        Self {
            track: index,
            starts,
            end,
            timescale: track.timescale(),
        }
    }

    /// True if there is one at a time of another timescale.
    fn has(&self, time: i64, timescale: u32) -> bool {
        let wanted = i128::from(time) * i128::from(self.timescale);
        let distance = |start: &i64| (i128::from(*start) * i128::from(timescale) - wanted).abs();
        let after = self
            .starts
            .partition_point(|&start| i128::from(start) * i128::from(timescale) < wanted);
        [after.checked_sub(1), Some(after)]
            .into_iter()
            .flatten()
            .filter_map(|index| self.starts.get(index))
            .any(|start| distance(start) <= tolerance(self.timescale, timescale))
    }

    fn seconds(&self, ticks: i64) -> f64 {
        ticks as f64 / f64::from(self.timescale)
    }

    fn longest_distance(&self) -> f64 {
        let ends = self.starts.iter().skip(1).chain([&self.end]);
        let longest = self
            .starts
            .iter()
            .zip(ends)
            .map(|(start, end)| end - start)
            .max();
        longest.map_or(0.0, |ticks| self.seconds(ticks))
    }
}
