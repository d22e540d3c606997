// SPDX-License-Identifier: MPL-2.0
//! The files of the segments under way.

use std::collections::VecDeque;
use std::io::Write;
use std::time::Duration;

use cenc_mp4::Chunk;
use cenc_mp4::cutting::track_init;
use cenc_mp4::segmenting::SegmentSpan;
use presentation::model::TrackMedia;
use protection_policy::KeyChange;
use segment_packaging::{
    DescribedTrack, SEGMENT_TYPE, SegmentSink, StartedFragment, StartedInit, StreamWarning,
};

use crate::PublishError;
use crate::publisher::Publisher;
use crate::publisher_types::{PublishedSegment, PublisherEvent};
use crate::saved_values::{SavedKid, SavedScheme};
use crate::state::{PartState, PeriodState, SegmentState, SignalsState};
use crate::store::PresentationStore;

/// A track of the stream under way.
pub(crate) struct StreamTrack<F> {
    /// Index in `state`.
    pub(crate) index: usize,
    /// The ticks of `state` in a tick of the stream.
    pub(crate) scale: u64,
    pub(crate) described: DescribedTrack,
    /// The part that starts with the next segment.
    pub(crate) next_part: Option<NextPart>,
    /// The times of the segments that were announced.
    pub(crate) spans: VecDeque<SegmentSpan>,
    pub(crate) segment: Option<SegmentUnderWay<F>>,
}

impl<F> StreamTrack<F> {
    const fn is_video(&self) -> bool {
        matches!(self.described.media, TrackMedia::Video { .. })
    }
}

pub(crate) struct NextPart {
    init: Vec<u8>,
    default_kid: Option<SavedKid>,
    on_demand: Option<SignalsState>,
    period: u64,
}

pub(crate) struct SegmentUnderWay<F> {
    file: F,
    name: String,
    size: u64,
    /// Bytes up to the first sample.
    before_samples: u64,
    kid: Option<SavedKid>,
}

impl<S: PresentationStore, C: Chunk> SegmentSink<C> for Publisher<S> {
    type Error = PublishError;

    fn start_part(&mut self, init: StartedInit<'_>) -> Result<(), PublishError> {
        let number = self.state.next_period;
        self.state.next_period += 1;
        self.period = Some(number);
        if let Some(signals) = &init.keys.signals {
            self.state.add_signals(self.options.scheme, signals);
        }
        for (index, track) in self.stream.iter_mut().enumerate() {
            let track_id = u32::try_from(index + 1).unwrap_or(u32::MAX);
            track.next_part = Some(NextPart {
                init: track_init(init.bytes, track_id)?,
                default_kid: match init.keys.signals {
                    Some(_) => init
                        .keys
                        .default_kids
                        .get(index)
                        .copied()
                        .flatten()
                        .map(SavedKid),
                    None => None,
                },
                on_demand: init
                    .keys
                    .signals
                    .as_ref()
                    .filter(|_| init.keys.has_leaf_licences)
                    .map(SignalsState::from),
                period: number,
            });
        }
        Ok(())
    }

    fn start_fragment(&mut self, fragment: StartedFragment<'_>) -> Result<(), PublishError> {
        let is_under_way = |track: &StreamTrack<S::File>| track.segment.is_some();
        if !self.stream.get(fragment.track).is_some_and(is_under_way) {
            self.start_segment(fragment)?;
        }
        let written = self.gather(fragment.track, fragment.boxes);
        if let Some(segment) = self.segment_under_way(fragment.track)
            && segment.before_samples == 0
        {
            segment.before_samples = segment.size;
        }
        written
    }

    fn write_media(&mut self, track: usize, media: C) -> Result<(), PublishError> {
        self.gather(track, media.as_ref())
    }

    fn end_segment(&mut self, track: usize, _segment: u64) -> Result<(), PublishError> {
        self.complete_segment(track)
    }

    fn change_keys(&mut self, change: KeyChange) {
        self.state.add_signals(self.options.scheme, &change.signals);
    }

    fn warn(&mut self, warning: StreamWarning) {
        self.events.push_back(PublisherEvent::Warning(warning));
    }
}

impl<S: PresentationStore> Publisher<S> {
    fn segment_under_way(&mut self, track: usize) -> Option<&mut SegmentUnderWay<S::File>> {
        self.stream.get_mut(track)?.segment.as_mut()
    }

    fn start_segment(&mut self, fragment: StartedFragment<'_>) -> Result<(), PublishError> {
        let part = self.stream.get_mut(fragment.track).and_then(|track| {
            Some((
                track.index,
                track.next_part.take()?,
                track.described.clone(),
            ))
        });
        if let Some((index, part, described)) = part {
            self.begin_part(index, part, described)?;
        }
        let Some(track) = self.stream.get_mut(fragment.track) else {
            return Ok(());
        };
        let Some(state) = self.state.tracks.get(track.index) else {
            return Ok(());
        };
        let name = state.segment_name(state.next_number());
        let file = self
            .store
            .create(&name)
            .map_err(PublishError::file(&name))?;
        track.segment = Some(SegmentUnderWay {
            file,
            name,
            size: 0,
            before_samples: 0,
            kid: fragment.kid.map(SavedKid),
        });
        self.gather(fragment.track, SEGMENT_TYPE)
    }

    /// Starts a part of a track, and writes its init segment.
    fn begin_part(
        &mut self,
        index: usize,
        part: NextPart,
        described: DescribedTrack,
    ) -> Result<(), PublishError> {
        let discontinuities = self.discontinuities();
        let Some(track) = self.state.tracks.get(index) else {
            return Ok(());
        };
        let name = format!("{}/init-{}.mp4", track.name, part.period);
        let first_number = track.next_number();
        self.write(&name, &part.init)?;
        if let Some(track) = self.state.tracks.get_mut(index) {
            track.parts.push_back(PartState {
                period: part.period,
                first_number,
                init: name,
                scheme: SavedScheme(self.options.scheme),
                default_kid: part.default_kid,
                on_demand: part.on_demand,
                expects_changes: self.options.expects_changes,
                discontinuities: discontinuities.saturating_sub(track.last_discontinuities()),
                frame_rate: described.frame_rate().map(Into::into),
                described: Some(described),
            });
        }
        Ok(())
    }

    fn gather(&mut self, track: usize, bytes: &[u8]) -> Result<(), PublishError> {
        let Some(segment) = self.segment_under_way(track) else {
            return Ok(());
        };
        segment.size += bytes.len() as u64;
        let written = segment.file.write_all(bytes);
        written.map_err(PublishError::file(&segment.name.clone()))
    }

    fn complete_segment(&mut self, index: usize) -> Result<(), PublishError> {
        let Some(track) = self.stream.get_mut(index) else {
            return Ok(());
        };
        let (Some(segment), Some(span)) = (track.segment.take(), track.spans.pop_front()) else {
            return Ok(());
        };
        let is_key_frame = track.is_video() && span.starts_with_sync;
        let (state_index, scale) = (track.index, track.scale);
        self.store
            .publish(&segment.name, segment.file)
            .map_err(PublishError::file(&segment.name))?;
        let Some(state) = self.state.tracks.get_mut(state_index) else {
            return Ok(());
        };
        let number = state.next_number();
        // Sound may start before the presentation does.
        let before_start = span.start.min(0).unsigned_abs();
        let published = SegmentState {
            start: span.start.max(0).unsigned_abs().saturating_mul(scale),
            duration: span
                .duration
                .saturating_sub(before_start)
                .max(1)
                .saturating_mul(scale),
            size: segment.size,
            sap_type: u8::from(span.starts_with_sync),
            key_frame: is_key_frame.then(|| segment.before_samples + u64::from(span.first_sample)),
            kid: segment.kid,
        };
        state.segments.push_back(published);
        let start = state.time(published.start);
        let duration = state.time(published.duration);
        let period = state.parts.back().map_or(0, |part| part.period);
        self.events
            .push_back(PublisherEvent::Segment(PublishedSegment {
                name: segment.name,
                track: state.name.clone(),
                number,
                period,
                start,
                duration,
                size: published.size,
                kid: published.kid.map(|kid| kid.0),
            }));
        self.state.end = self.state.end.max(start + duration);
        self.note_period(period, start, is_key_frame);
        Ok(())
    }

    /// Notes the start of a Period: that of its first pictures, or without pictures, of its first segment.
    fn note_period(&mut self, number: u64, start: Duration, is_picture: bool) {
        match self.state.periods.back_mut() {
            Some(period) if period.number == number => {
                if is_picture && self.period == Some(number) {
                    period.start = start;
                }
            }
            _ => self.state.periods.push_back(PeriodState { number, start }),
        }
        if is_picture && self.period == Some(number) {
            // Later segments do not move it.
            self.period = None;
        }
    }
}
