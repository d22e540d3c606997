// SPDX-License-Identifier: MPL-2.0
//! The publication of segments that are complete.

use gst::prelude::*;
use gst::subclass::prelude::*;

use cenc_mp4::segmenting::{StreamSegment, muxed_init_segment};
use presentation_publisher::StartedTrack;
use segment_packaging::{SegmentProtector, SegmentSink, StreamStart};

use super::track::{ChannelTrack, present};
use super::{Channel, ChannelState, PATIENCE};
use crate::chunk::BufferChunk;
use crate::error;
use crate::playreadysink::error::SinkError;
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
            let segments = started.cutter.next_segments();
            let late: Vec<usize> = std::iter::from_fn(|| started.cutter.next_late())
                .map(|late| late.track)
                .collect();
            self.warn_of_late(|track| track.index.is_some_and(|index| late.contains(&index)));
            match segments {
                Some(segments) if segments.is_empty() => (),
                Some(segments) => self.publish_group(segments)?,
                None => break,
            }
        }
        self.check_held()
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

    pub(super) fn publish_group(
        &mut self,
        segments: Vec<StreamSegment<BufferChunk>>,
    ) -> Result<(), SinkError> {
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

    /// Starts the stream with the tracks that have segments, or starts it again if there is a track that it does not have yet.
    pub(super) fn start_stream(
        &mut self,
        segments: &[StreamSegment<BufferChunk>],
    ) -> Result<(), SinkError> {
        let ChannelState::Started(started) = &self.state else {
            return Ok(());
        };
        let wanted = started.tracks_with(segments);
        if wanted == started.stream_tracks {
            return Ok(());
        }
        let StreamDescription { init, presented } = self.describe(&wanted, segments)?;
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
        Ok(())
    }

    /// Describes the tracks with these indices in the cutter.
    fn describe(
        &mut self,
        indices: &[usize],
        segments: &[StreamSegment<BufferChunk>],
    ) -> Result<StreamDescription, SinkError> {
        let mut headers = Vec::new();
        let mut presented = Vec::new();
        for index in indices {
            let mut tracks = self.tracks.iter_mut();
            let Some(track) = tracks.find(|track| track.index == Some(*index)) else {
                continue;
            };
            let segment = segments.iter().find(|segment| segment.track == *index);
            presented.push(present(track, segment, &mut self.names)?);
            headers.extend(track.header.clone());
        }
        let init = muxed_init_segment(&headers.iter().collect::<Vec<_>>())
            .map_err(SinkError::Protection)?;
        Ok(StreamDescription { init, presented })
    }
}
