// SPDX-License-Identifier: MPL-2.0
//! The publication of segments that are complete.

use std::time::Duration;

use gst::prelude::*;
use gst::subclass::prelude::*;

use cenc_mp4::segmenting::{GroupSpan, TrackSegment, muxed_init_segment};
use presentation_publisher::StartedTrack;
use segment_packaging::{SegmentProtector, SegmentSink, StreamStart};

use super::track::{ChannelTrack, PadSegment, TrackSource, TrackStart, present};
use super::{AWAITING_BYTES, Channel, ChannelState, PATIENCE};
use crate::error;
use crate::playreadysink::error::SinkError;
use crate::playreadysink::input_queue::PadNumber;
use crate::playreadysink::messages;
use crate::playreadysink::recording_sink::RecordingSink;

/// The segments that may wait for a common key frame.
const HELD_SEGMENTS: u32 = 8;
/// The bytes that may wait for a common key frame.
const HELD_BYTES: u64 = 512 << 20;

/// The tracks of a stream.
struct StreamDescription {
    /// The clear init segment.
    init: Vec<u8>,
    /// The entry of each in the manifests.
    presented: Vec<StartedTrack>,
}

impl Channel {
    /// Publishes all segments that are complete.
    pub(super) fn publish_complete(&mut self) -> Result<(), SinkError> {
        loop {
            let ChannelState::Started(started) = &mut self.state else {
                return Ok(());
            };
            let span = started.cutter.next_span();
            let late: Vec<usize> = std::iter::from_fn(|| started.cutter.next_late())
                .map(|late| late.track)
                .collect();
            self.warn_of_late(|track| {
                let index = track.muxed().and_then(|muxed| muxed.index);
                index.is_some_and(|index| late.contains(&index))
            });
            let Some(span) = span.filter(|span| self.has_texts_of(span)) else {
                break;
            };
            let segments = self.take_segments(span);
            if !segments.is_empty() {
                self.publish_group(segments)?;
            }
        }
        self.check_held()
    }

    /// True if all texts of these segments are here. Live pictures do not wait for texts, which may be silent for long; the last segments
    /// wait for the end of the texts.
    fn has_texts_of(&self, span: &GroupSpan) -> bool {
        let ChannelState::Started(started) = &self.state else {
            return true;
        };
        let is_awaited = span.end.is_none()
            || (!started.is_live && started.cutter.waiting_bytes() <= AWAITING_BYTES);
        let mut tracks = self.tracks.iter().filter(|track| !track.is_ended);
        !is_awaited
            || tracks.all(|track| {
                let text = track.text();
                text.is_none_or(|text| text.is_known() && text.is_complete_until(span.end))
            })
    }

    /// Takes the next segments, in the order of the pads.
    fn take_segments(&mut self, span: GroupSpan) -> Vec<PadSegment> {
        let ChannelState::Started(started) = &mut self.state else {
            return Vec::new();
        };
        let mut segments = Vec::new();
        for TrackSegment { track, segment } in started.cutter.next_segments().unwrap_or_default() {
            let mut tracks = self.tracks.iter();
            let pad =
                tracks.find(|pad| pad.muxed().is_some_and(|muxed| muxed.index == Some(track)));
            segments.extend(pad.map(|pad| PadSegment {
                pad: pad.number,
                segment,
            }));
        }
        let end = span
            .end
            .unwrap_or_else(|| self.last_end(&segments).max(span.start));
        for track in &mut self.tracks {
            if let TrackSource::Text(text) = &mut track.source {
                let segment = text.take_segment(span.start..end, span.start_index);
                segments.extend(segment.map(|segment| PadSegment {
                    pad: track.number,
                    segment,
                }));
            }
        }
        segments.sort_by_key(|segment| segment.pad);
        segments
    }

    /// Returns the end of the last segments.
    fn last_end(&self, segments: &[PadSegment]) -> Duration {
        let track_of = |pad: PadNumber| self.tracks.iter().find(|track| track.number == pad);
        let ends = segments.iter().filter_map(|PadSegment { pad, segment }| {
            let header = track_of(*pad)?.header.as_ref()?;
            let span = segment.span();
            Some(header.time(span.start.saturating_add_unsigned(span.duration)))
        });
        ends.max().unwrap_or(Duration::ZERO)
    }

    /// Warns of the tracks for which the others do not wait.
    pub(super) fn warn_of_late(&self, is_late: impl Fn(&ChannelTrack) -> bool) {
        for track in self.tracks.iter().filter(|track| is_late(track)) {
            let text = format!(
                "pad {}: its media is later than that of the other pads by more than {:?}, so that the presentation goes on without \
                 it until it has caught up: look for the reason upstream of the pad, such as a source that stopped",
                track.pad.name(),
                self.settings.segment_duration() * 2 + PATIENCE
            );
            error::post_warning(self.imp(), gst::StreamError::Failed, &text);
        }
    }

    /// Refuses more media than should wait for a key frame.
    pub(super) fn check_held(&self) -> Result<(), SinkError> {
        let ChannelState::Started(started) = &self.state else {
            return Ok(());
        };
        let held = started.cutter.waiting();
        let is_too_long = started.is_live
            && held > self.settings.segment_duration() * HELD_SEGMENTS + PATIENCE * 2;
        match is_too_long || started.cutter.waiting_bytes() > HELD_BYTES {
            true => Err(SinkError::NoKeyFrames { held }),
            false => Ok(()),
        }
    }

    pub(super) fn publish_group(&mut self, segments: Vec<PadSegment>) -> Result<(), SinkError> {
        self.start_stream(&segments)?;
        let ChannelState::Started(started) = &mut self.state else {
            return Ok(());
        };
        for segment in segments {
            let start = started.push_segment(segment, &self.tracks, &self.location)?;
            self.sink
                .imp()
                .note_totals(started.stream.as_ref().map(SegmentProtector::totals));
            started.announce_keys(self.sink.imp(), start);
        }
        if let Some(stream) = &mut started.stream {
            let published = stream.sink.publisher.publish();
            published.map_err(|source| self.publish_error(source))?;
        }
        self.post_events();
        Ok(())
    }

    pub(super) fn post_events(&mut self) {
        if let ChannelState::Started(started) = &mut self.state
            && let Some(stream) = &mut started.stream
        {
            while let Some(event) = stream.sink.publisher.next_event() {
                messages::post(self.sink.imp(), event);
            }
        }
    }

    /// Starts the stream with the tracks that have segments. Starts it again, with a new Period, if there is a track that it does not have
    /// yet, and if one has ended.
    pub(super) fn start_stream(&mut self, segments: &[PadSegment]) -> Result<(), SinkError> {
        let ChannelState::Started(started) = &self.state else {
            return Ok(());
        };
        let wanted = started.tracks_with(segments);
        let ended = self.ended_tracks(&wanted, segments);
        if wanted == started.stream_tracks && ended == started.ended_tracks {
            return Ok(());
        }
        self.warn_of_ended(&ended);
        let StreamDescription { init, presented } = self.describe(&wanted, &ended, segments)?;
        let ChannelState::Started(started) = &mut self.state else {
            return Ok(());
        };
        let location = &self.location;
        let publish_error = |source| SinkError::Publish {
            location: location.clone(),
            source,
        };
        let publisher = self
            .opened
            .as_mut()
            .and_then(|opened| opened.publisher.take());
        match (&mut started.stream, publisher) {
            (Some(stream), _) => {
                let publisher = &mut stream.sink.publisher;
                publisher.start_tracks(presented).map_err(publish_error)?;
                stream
                    .restart(&init)
                    .map_err(|error| SinkError::of_segment(error, location))?;
            }
            (None, Some(mut publisher)) => {
                publisher.start_tracks(presented).map_err(publish_error)?;
                let packaging = self.packaging.take().ok_or(SinkError::NoMedia)?;
                let start = StreamStart {
                    init: &init,
                    packaging,
                    threads: 1,
                    looks_ahead: false,
                };
                let stream = SegmentProtector::start(start, |init| {
                    let mut sink = RecordingSink::new(publisher);
                    SegmentSink::start_part(&mut sink, init)?;
                    Ok(sink)
                });
                started.stream =
                    Some(stream.map_err(|error| SinkError::of_segment(error, location))?);
            }
            (None, None) => return Err(SinkError::NoMedia),
        }
        started.stream_tracks = wanted;
        started.ended_tracks = ended;
        Ok(())
    }

    /// Returns the tracks of a live stream that have ended while others go on. One that has segments again, after a flush, is none of them.
    fn ended_tracks(&self, stream: &[PadNumber], segments: &[PadSegment]) -> Vec<PadNumber> {
        let ChannelState::Started(started) = &self.state else {
            return Vec::new();
        };
        let mut ended = started.ended_tracks.clone();
        let muxed = || self.tracks.iter().filter(|track| track.muxed().is_some());
        if started.is_live && muxed().any(|track| !track.is_ended) {
            let new = muxed().filter(|track| track.is_ended);
            ended.extend(new.map(|track| track.number));
        }
        ended.retain(|pad| {
            stream.contains(pad) && segments.iter().all(|segment| segment.pad != *pad)
        });
        ended.sort_unstable();
        ended.dedup();
        ended
    }

    /// Warns of tracks that have just ended.
    fn warn_of_ended(&self, ended: &[PadNumber]) {
        let ChannelState::Started(started) = &self.state else {
            return;
        };
        let is_new = |track: &&ChannelTrack| {
            ended.contains(&track.number) && !started.ended_tracks.contains(&track.number)
        };
        for track in self.tracks.iter().filter(is_new) {
            let text = format!(
                "pad {}: its stream has ended, and the presentation goes on without it: look for the reason upstream of the pad, and start \
                 the pipeline again to have the track back",
                track.pad.name()
            );
            error::post_warning(self.imp(), gst::StreamError::Failed, &text);
        }
    }

    /// Describes the tracks of these pads.
    fn describe(
        &mut self,
        pads: &[PadNumber],
        ended: &[PadNumber],
        segments: &[PadSegment],
    ) -> Result<StreamDescription, SinkError> {
        let mut headers = Vec::new();
        let mut presented = Vec::new();
        for pad in pads {
            let mut tracks = self.tracks.iter_mut();
            let Some(track) = tracks.find(|track| track.number == *pad) else {
                continue;
            };
            let segment = segments.iter().find(|segment| segment.pad == *pad);
            let start = TrackStart {
                segment: segment.map(|segment| &segment.segment),
                is_ended: ended.contains(pad),
            };
            presented.push(present(track, &start, &mut self.names)?);
            headers.extend(track.header.clone());
        }
        let init = muxed_init_segment(&headers.iter().collect::<Vec<_>>())
            .map_err(SinkError::Protection)?;
        Ok(StreamDescription { init, presented })
    }
}
