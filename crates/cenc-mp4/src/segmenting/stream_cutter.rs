// SPDX-License-Identifier: MPL-2.0
//! Cuts the samples of several tracks at common starts while they arrive.

use std::collections::VecDeque;
use std::time::Duration;

use super::cutter_track::{CutterTrack, KeyFrame, TOLERANCE, TrackProgress, bytes_of};
use super::muxed_track::{MuxedHeader, MuxedSample};
use super::stream_segment::StreamSegment;
use crate::cutting::TrackKind;

/// Cuts tracks into segments of a presentation.
///
/// The first track with pictures leads, else the first with sound. A segment starts at its first key frame in each part of the
/// presentation of the wanted length, if all other tracks with pictures have a key frame there too. The other tracks start with
/// their first sample at or after that. All segments with one start are complete at the same time.
pub struct StreamCutter<C> {
    /// Nanoseconds.
    target: i128,
    limits: CutterLimits,
    tracks: Vec<CutterTrack<C>>,
    /// The starts whose segments are not complete, ascending.
    starts: VecDeque<SegmentStart>,
    /// The number of starts so far.
    start_count: u64,
    /// The last start, in nanoseconds; None before the first one.
    last_start: Option<i128>,
    /// The start after the segments that were taken, or else the last time in them, in nanoseconds.
    taken_until: i128,
    /// The times that are wanted as starts in addition, in nanoseconds.
    cuts: Vec<i128>,
    late: VecDeque<LateTrack>,
    /// Bytes of the samples in all tracks.
    waiting_bytes: u64,
}

/// The limits within which a [`StreamCutter`] waits for tracks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutterLimits {
    /// The time by which a track may be later than the others before they go on without it; None if all tracks are waited for, as in
    /// the conversion of files.
    pub patience: Option<Duration>,
}

/// A track that is too late. The others go on without it until it has caught up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LateTrack {
    /// Index of the track.
    pub track: usize,
}

/// The next segments of all tracks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupSpan {
    /// The number of their common start.
    pub start_index: u64,
    /// Their common start in the presentation.
    pub start: Duration,
    /// The common start after them; None at the end of all tracks.
    pub end: Option<Duration>,
}

/// A segment of one of the tracks.
#[derive(Debug)]
pub struct TrackSegment<C> {
    /// Index of the track.
    pub track: usize,
    /// Its segment.
    pub segment: StreamSegment<C>,
}

/// A common start.
#[derive(Debug, Clone, Copy)]
struct SegmentStart {
    index: u64,
    /// Nanoseconds.
    time: i128,
}

impl<C> StreamCutter<C> {
    /// Creates a cutter without tracks, for segments of `target`, which is not 0.
    pub fn new(target: Duration, limits: CutterLimits) -> Self {
        Self {
            target: i128::try_from(target.as_nanos())
                .unwrap_or(i128::MAX)
                .max(1),
            limits,
            tracks: Vec::new(),
            starts: VecDeque::new(),
            start_count: 0,
            last_start: None,
            taken_until: i128::MIN,
            cuts: Vec::new(),
            late: VecDeque::new(),
            waiting_bytes: 0,
        }
    }

    /// Adds a track and returns its index. The others wait for its samples, unless segments have started: then it counts as late until it
    /// has caught up.
    pub fn add_track(&mut self, header: &MuxedHeader) -> usize {
        let state = match self.start_count {
            0 => TrackProgress::Open,
            _ => TrackProgress::Late,
        };
        self.tracks.push(CutterTrack {
            kind: header.kind,
            timescale: header.timescale,
            waiting: VecDeque::new(),
            examined: 0,
            reached: None,
            state,
        });
        self.tracks.len() - 1
    }

    /// Starts segments at a time of the presentation too, or at the first common key frame after it.
    pub fn cut_at(&mut self, time: Duration) {
        self.cuts.extend(i128::try_from(time.as_nanos()).ok());
    }

    /// Takes the next sample of a track in decoding order, with its times in the presentation. A sample of a part that the others have
    /// finished without it is dropped.
    pub fn push(&mut self, track: usize, sample: MuxedSample<C>) {
        let first_start = self.starts.front();
        let first_start = first_start.map_or(self.taken_until, |start| start.time);
        let Some(track) = self.tracks.get_mut(track) else {
            return;
        };
        let time = track.start_of(&sample);
        track.reached = track.reached.max(Some(time));
        if track.state == TrackProgress::Late {
            let is_too_late = time + TOLERANCE < first_start;
            if is_too_late || !track.can_start_with(&sample) {
                return;
            }
            track.state = TrackProgress::Open;
        }
        // Pictures that no key frame precedes cannot be shown.
        let is_first = track.waiting.is_empty() && self.start_count == 0;
        if is_first && !track.can_start_with(&sample) {
            return;
        }
        self.waiting_bytes += u64::from(sample.size);
        track.waiting.push_back(sample);
        self.find_late();
    }

    /// Records that a track has no more samples.
    pub fn end_track(&mut self, track: usize) {
        if let Some(track) = self.tracks.get_mut(track) {
            track.state = TrackProgress::Ended;
        }
    }

    /// Drops the samples of a track that are in no segment yet, after a jump in its stream.
    pub fn flush_track(&mut self, track: usize) {
        if let Some(track) = self.tracks.get_mut(track) {
            self.waiting_bytes -= bytes_of(&track.waiting);
            track.waiting.clear();
            track.examined = 0;
            track.state = TrackProgress::Late;
        }
    }

    /// Returns the next track that is too late; each time once.
    pub fn next_late(&mut self) -> Option<LateTrack> {
        self.late.pop_front()
    }

    /// Returns the longest time in the waiting samples of any track, which is more than the wanted length of a segment if key frames are
    /// missing.
    pub fn waiting(&self) -> Duration {
        let spans = self.tracks.iter().filter_map(|track| {
            let first = track.waiting.front()?;
            Some(track.reached? - track.start_of(first))
        });
        duration_of(spans.max().unwrap_or(0))
    }

    /// Returns the bytes of the waiting samples of all tracks.
    pub const fn waiting_bytes(&self) -> u64 {
        self.waiting_bytes
    }

    /// Returns the time of the segments that [`Self::next_segments`] returns next; None until all of them are complete.
    pub fn next_span(&mut self) -> Option<GroupSpan> {
        self.find_starts();
        self.ends()?;
        let start = self.starts.front()?;
        Some(GroupSpan {
            start_index: start.index,
            start: duration_of(start.time),
            end: self.starts.get(1).map(|next| duration_of(next.time)),
        })
    }

    /// Returns the segments that start at the next common start, in the order of the tracks, once all of them are complete. A track
    /// without samples there has none.
    pub fn next_segments(&mut self) -> Option<Vec<TrackSegment<C>>> {
        self.find_starts();
        let ends = self.ends()?;
        let start = self.starts.pop_front()?.index;
        // Without a next start, all tracks are at their end, or are not waited for.
        let next = self.starts.front().map(|next| next.time);
        let reached = self.tracks.iter().filter_map(|track| track.reached).max();
        self.taken_until = next.or(reached).unwrap_or(self.taken_until);
        let mut segments = Vec::new();
        for (index, (track, count)) in self.tracks.iter_mut().zip(ends).enumerate() {
            track.examined = track.examined.saturating_sub(count);
            let samples: Vec<_> = track.waiting.drain(..count).collect();
            self.waiting_bytes -= bytes_of(&samples);
            if !samples.is_empty() {
                segments.push(TrackSegment {
                    track: index,
                    segment: StreamSegment {
                        start_index: start,
                        samples,
                    },
                });
            }
        }
        Some(segments)
    }

    /// Returns the number of samples of each track in the next segments; None if it is not known for all.
    fn ends(&self) -> Option<Vec<usize>> {
        match self.starts.get(1).map(|next| next.time) {
            Some(next) => self.ends_before(next),
            None if self.tracks.iter().any(CutterTrack::is_awaited) => None,
            None => Some(
                self.tracks
                    .iter()
                    .map(|track| track.waiting.len())
                    .collect(),
            ),
        }
    }

    /// Returns the number of samples of each track before a start; None if it is not known for all.
    fn ends_before(&self, start: i128) -> Option<Vec<usize>> {
        self.tracks
            .iter()
            .map(|track| match track.before(start) {
                None if track.is_awaited() => None,
                None => Some(track.waiting.len()),
                Some(count) => Some(count),
            })
            .collect()
    }

    /// Returns the track that decides where segments start: of the kind that comes first among those with samples to come or waiting.
    fn lead(&self) -> Option<usize> {
        let has_samples =
            |track: &CutterTrack<C>| track.is_awaited() || track.examined < track.waiting.len();
        (0..)
            .zip(&self.tracks)
            .filter(|(_, track)| has_samples(track))
            .min_by_key(|(_, track)| track.kind)
            .map(|(index, _)| index)
    }

    /// Finds starts among the samples of the leading track, and of the one that leads after its end.
    fn find_starts(&mut self) {
        let mut last = None;
        while let Some(lead) = self.lead().filter(|lead| last != Some(*lead)) {
            self.find_starts_of(lead);
            last = Some(lead);
        }
    }

    fn find_starts_of(&mut self, lead: usize) {
        while let Some(time) = self.next_candidate(lead) {
            let is_key_frame = |(index, track): (usize, &CutterTrack<C>)| match track.kind {
                TrackKind::Video if index != lead => track.key_frame_at(time),
                _ => KeyFrame::There,
            };
            let others: Vec<_> = self.tracks.iter().enumerate().map(is_key_frame).collect();
            if others.contains(&KeyFrame::Unknown) {
                return;
            }
            let is_common = !others.contains(&KeyFrame::Missing);
            // Nothing is before the first start, so that it needs no other track.
            if is_common || self.start_count == 0 {
                self.starts.push_back(SegmentStart {
                    index: self.start_count,
                    time,
                });
                self.start_count += 1;
                self.last_start = Some(time);
                self.cuts.retain(|cut| *cut > time + TOLERANCE);
            }
            if let Some(track) = self.tracks.get_mut(lead) {
                track.examined += 1;
            }
        }
    }

    /// Returns the time of the next sample of the leading track that may start a segment. All samples before it count as examined.
    fn next_candidate(&mut self, lead: usize) -> Option<i128> {
        let (target, last) = (self.target, self.last_start);
        let track = self.tracks.get_mut(lead)?;
        // The part of the presentation to which a time belongs; a key frame may be a little early.
        let part = |time: i128| (time + TOLERANCE).div_euclid(target);
        while let Some(sample) = track.waiting.get(track.examined) {
            let time = track.start_of(sample);
            let is_cut = |last| {
                let mut cuts = self.cuts.iter();
                cuts.any(|cut| last + TOLERANCE < *cut && *cut <= time + TOLERANCE)
            };
            let is_later = last.is_none_or(|last| part(time) > part(last) || is_cut(last));
            if is_later && track.can_start_with(sample) {
                return Some(time);
            }
            track.examined += 1;
        }
        None
    }

    /// Finds the tracks that are too late.
    fn find_late(&mut self) {
        let Some(patience) = self.limits.patience else {
            return;
        };
        let patience = i128::try_from(patience.as_nanos()).unwrap_or(i128::MAX);
        let reached = self.tracks.iter().filter_map(|track| track.reached);
        let Some(most) = reached.max() else {
            return;
        };
        let firsts = self.tracks.iter().filter_map(|track| {
            let first = track.waiting.front()?;
            Some(track.start_of(first))
        });
        let earliest = firsts.min().unwrap_or(most);
        for (index, track) in self.tracks.iter_mut().enumerate() {
            let own = track.reached.unwrap_or(earliest);
            if track.is_awaited() && most - own > patience {
                track.state = TrackProgress::Late;
                self.late.push_back(LateTrack { track: index });
            }
        }
    }
}

/// Returns nanoseconds as a time; 0 for negative ones.
fn duration_of(nanoseconds: i128) -> Duration {
    Duration::from_nanos(u64::try_from(nanoseconds.max(0)).unwrap_or(u64::MAX))
}
