// SPDX-License-Identifier: MPL-2.0
//! A track with the plan of its segments.

use std::ops::Range;

use super::segment_starts::SegmentStarts;
use super::smooth_time::SmoothTime;
use super::source_track::{SourceTrack, TimedSample, TrackKind};
use crate::Error;
use crate::fragmenting::moof::{self, MoofForm};
use crate::fragmenting::plan::{FragmentPiece, MAX_FRAGMENT, PlannedFragment, plan_track};

/// The most bytes of a segment in Smooth Streaming: 10 s at 200 Mbit/s.
const MAX_SMOOTH_FRAGMENT: u64 = 256 << 20;

/// A track and the segments into which it is cut. Their fragments are written one after the other.
pub struct CutTrack {
    pub(super) source: SourceTrack,
    fragments: Vec<PlannedFragment>,
    pieces: Vec<FragmentPiece>,
    segments: Vec<CutSegment>,
    form: MoofForm,
    /// Index of the next fragment to write.
    next: usize,
}

/// A segment: samples of a track from one start to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutSegment {
    /// Index of the start, which all tracks share.
    pub start_index: usize,
    /// The earliest presentation time, in ticks; it is negative for sound that comes before the first picture.
    pub start: i64,
    /// The ticks up to the start of the next segment, or to the end.
    pub duration: u64,
    /// Indices of its fragments among those of the track: more than one if the segment is large, or has several sample descriptions.
    pub fragments: Range<usize>,
    /// True if the first sample is a sync sample.
    pub starts_with_sync: bool,
    /// The size of the first sample in bytes.
    pub first_sample: u32,
}

/// A clear fragment, whose samples are still in the file of its track.
pub struct CutFragment<'t> {
    /// The `moof` and the header of the `mdat`.
    pub boxes: Vec<u8>,
    /// Bytes of the payload of the `mdat`.
    pub media_size: u64,
    pieces: &'t [FragmentPiece],
}

impl CutFragment<'_> {
    /// Returns the ranges of the file that make up the payload of the `mdat`, in its order.
    pub fn media(&self) -> impl Iterator<Item = Range<u64>> {
        let ranges = self.pieces.iter();
        ranges.map(|piece| piece.offset..piece.offset + piece.len)
    }
}

impl CutTrack {
    /// Plans the segments of a track, which gets a new `track_id`.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::SampleTable`].
    pub fn new(
        mut source: SourceTrack,
        track_id: u32,
        starts: &SegmentStarts,
    ) -> Result<Self, Error> {
        source.track.track_id = track_id;
        source.track.default_description = 1;
        let plan = plan_track(&source.track, starts.decode_times(&source), MAX_FRAGMENT)?;
        Ok(Self {
            segments: segments(&plan.fragments, &source),
            source,
            fragments: plan.fragments,
            pieces: plan.pieces,
            form: MoofForm::Cmaf,
            next: 0,
        })
    }

    /// Plans the fragments of a track for Smooth Streaming: one for each segment, with times in ticks of
    /// [`SMOOTH_TIMESCALE`](super::SMOOTH_TIMESCALE), which are `delay` later than in the file. The segments have decode times.
    ///
    /// # Errors
    /// As [`Self::new`], and [`Error::DividedSegment`].
    pub fn smooth(
        mut source: SourceTrack,
        track_id: u32,
        starts: &SegmentStarts,
        delay: u64,
    ) -> Result<Self, Error> {
        source.track.track_id = track_id;
        source.track.default_description = 1;
        let starts = starts.decode_times(&source);
        let mut plan = plan_track(&source.track, starts, MAX_SMOOTH_FRAGMENT)?;
        SmoothTime::new(&source, delay).convert(&mut source)?;
        let segments = smooth_segments(&mut plan.fragments, &source)?;
        Ok(Self {
            segments,
            source,
            fragments: plan.fragments,
            pieces: plan.pieces,
            form: MoofForm::Smooth,
            next: 0,
        })
    }

    /// Returns the track that is cut.
    pub const fn source(&self) -> &SourceTrack {
        &self.source
    }

    /// Returns the new track_ID.
    pub const fn track_id(&self) -> u32 {
        self.source.track.track_id
    }

    /// Returns the segments.
    pub fn segments(&self) -> &[CutSegment] {
        &self.segments
    }

    /// Returns the next fragment; None after the last.
    ///
    /// # Errors
    /// [`Error::Box`] for boxes that are too large.
    pub fn next_fragment(&mut self) -> Result<Option<CutFragment<'_>>, Error> {
        let Some(fragment) = self.fragments.get(self.next) else {
            return Ok(None);
        };
        let index = self.next;
        self.next += 1;
        let sequence_number = u32::try_from(self.next).unwrap_or(u32::MAX);
        let mut boxes = moof::write(sequence_number, fragment, &mut self.source.track, self.form)?;
        boxes.extend(moof::mdat_header(fragment.len)?);
        let first = self
            .pieces
            .partition_point(|piece| (piece.fragment as usize) < index);
        let end = self
            .pieces
            .partition_point(|piece| (piece.fragment as usize) <= index);
        Ok(Some(CutFragment {
            boxes,
            media_size: fragment.len,
            pieces: self.pieces.get(first..end).unwrap_or_default(),
        }))
    }
}

/// Returns the segments that these fragments form.
fn segments(fragments: &[PlannedFragment], source: &SourceTrack) -> Vec<CutSegment> {
    let mut samples = source.samples();
    let mut segments: Vec<CutSegment> = Vec::new();
    let mut end = 0;
    for (index, fragment) in fragments.iter().enumerate() {
        let own = samples.by_ref().take(fragment.count as usize);
        let spans = SampleSpan::of(own, &mut end);
        match segments.last_mut() {
            Some(last) if last.start_index == fragment.period => {
                last.fragments.end = index + 1;
                last.start = last.start.min(spans.start);
            }
            _ => segments.push(CutSegment {
                start_index: fragment.period,
                start: spans.start,
                duration: 0,
                fragments: index..index + 1,
                starts_with_sync: spans.starts_with_sync || source.kind() == TrackKind::Audio,
                first_sample: source.track.table.sizes.get(fragment.first),
            }),
        }
    }
    let ends: Vec<i64> = segments
        .iter()
        .skip(1)
        .map(|next| next.start)
        .chain([end])
        .collect();
    for (segment, end) in segments.iter_mut().zip(ends) {
        segment.duration = u64::try_from(end.saturating_sub(segment.start)).unwrap_or(0);
    }
    segments
}

/// Returns the segments of one fragment each, and gives these the decode times of the track.
fn smooth_segments(
    fragments: &mut [PlannedFragment],
    source: &SourceTrack,
) -> Result<Vec<CutSegment>, Error> {
    let mut samples = source.samples();
    let mut segments: Vec<CutSegment> = Vec::new();
    for (index, fragment) in fragments.iter_mut().enumerate() {
        let is_divided = segments
            .last()
            .is_some_and(|last| last.start_index == fragment.period);
        if is_divided {
            return Err(Error::DividedSegment {
                track_id: source.track.track_id,
            });
        }
        let mut own = samples.by_ref().take(fragment.count as usize).peekable();
        let is_sync = own.peek().is_some_and(|first| first.is_sync);
        fragment.decode_time = own.peek().map_or(0, |first| first.decode_time);
        segments.push(CutSegment {
            start_index: fragment.period,
            start: fragment.decode_time.cast_signed(),
            duration: own.map(|sample| u64::from(sample.duration)).sum(),
            fragments: index..index + 1,
            starts_with_sync: is_sync || source.kind() == TrackKind::Audio,
            first_sample: source.track.table.sizes.get(fragment.first),
        });
    }
    Ok(segments)
}

/// The presentation times of the samples of a fragment.
struct SampleSpan {
    start: i64,
    starts_with_sync: bool,
}

impl SampleSpan {
    /// Reads samples, and moves `end` to the latest end of one.
    fn of(samples: impl Iterator<Item = TimedSample>, end: &mut i64) -> Self {
        let mut span: Option<Self> = None;
        for sample in samples {
            *end = (*end).max(sample.start.saturating_add(sample.duration.into()));
            match &mut span {
                Some(span) => span.start = span.start.min(sample.start),
                None => {
                    span = Some(Self {
                        start: sample.start,
                        starts_with_sync: sample.is_sync,
                    });
                }
            }
        }
        span.unwrap_or(Self {
            start: *end,
            starts_with_sync: false,
        })
    }
}
