// SPDX-License-Identifier: MPL-2.0
//! The segments of a presentation whose timeline is known.

use std::path::Path;
use std::time::Duration;

use bytes::BytesMut;

use cenc_mp4::segmenting::{MuxedSample, Retiming, StreamCutter, StreamSegment};
use segment_packaging::{PushedFragment, SegmentProtector};

use super::track::ChannelTrack;
use crate::chunk::BufferChunk;
use crate::logging::media_time;
use crate::playreadysink::error::SinkError;
use crate::playreadysink::imp::PlayReadySink;
use crate::playreadysink::recording_sink::{KeyNews, RecordingSink};
use crate::session::PublishedKeys;

/// A presentation whose timeline is known.
pub(super) struct StartedChannel {
    pub(super) timeline: ChannelTimeline,
    pub(super) is_live: bool,
    pub(super) cutter: StreamCutter<BufferChunk>,
    pub(super) stream: Option<SegmentProtector<BufferChunk, RecordingSink>>,
    /// The index in the cutter of each track of the stream, in the order of `moov`.
    pub(super) stream_tracks: Vec<usize>,
    pub(super) segments: u64,
}

/// The relation of media times to running times: media time = running time - `base` + `offset`.
#[derive(Debug, Clone, Copy)]
pub(in crate::playreadysink) struct ChannelTimeline {
    pub(in crate::playreadysink) base: Duration,
    pub(in crate::playreadysink) offset: Duration,
}

impl ChannelTimeline {
    pub(in crate::playreadysink) fn media_time(self, running_time: Duration) -> Duration {
        running_time.saturating_sub(self.base) + self.offset
    }

    pub(in crate::playreadysink) fn running_time(self, media_time: Duration) -> Duration {
        (media_time + self.base).saturating_sub(self.offset)
    }
}

impl StartedChannel {
    /// Returns the indices in the cutter of the tracks of the stream and of these segments.
    pub(super) fn tracks_with(&self, segments: &[StreamSegment<BufferChunk>]) -> Vec<usize> {
        let own = segments.iter().map(|segment| segment.track);
        let mut tracks: Vec<usize> = self.stream_tracks.iter().copied().chain(own).collect();
        tracks.sort_unstable();
        tracks.dedup();
        tracks
    }

    /// Moves a sample to its time in the presentation, and gives it to the cutter.
    pub(super) fn push(&mut self, track: &mut ChannelTrack, mut sample: MuxedSample<BufferChunk>) {
        let (Some(header), Some(index)) = (&track.header, track.index) else {
            return;
        };
        let retiming = match track.retiming {
            Some(retiming) => retiming,
            None => {
                let start = self.timeline.media_time(track.first_running_time(&sample));
                let retiming = Retiming::new(header, &sample, start);
                track.retiming = Some(retiming);
                retiming
            }
        };
        retiming.apply(&mut sample);
        self.cutter.push(index, sample);
    }

    /// Protects and writes a segment. Returns its start in media time.
    pub(super) fn push_segment(
        &mut self,
        segment: StreamSegment<BufferChunk>,
        tracks: &[ChannelTrack],
        location: &Path,
    ) -> Result<Duration, SinkError> {
        let position = self
            .stream_tracks
            .iter()
            .position(|index| *index == segment.track);
        let header = tracks
            .iter()
            .find(|track| track.index == Some(segment.track))
            .and_then(|track| track.header.as_ref());
        let (Some(stream), Some(position), Some(header)) = (&mut self.stream, position, header)
        else {
            return Ok(Duration::ZERO);
        };
        self.segments += 1;
        let span = segment.span();
        let start = header.time(span.start);
        stream.sink.publisher.expect_segment(position, span);
        let track_id = u32::try_from(position + 1).unwrap_or(u32::MAX);
        let sequence_number = u32::try_from(self.segments).unwrap_or(u32::MAX);
        let boxes = segment
            .write_boxes(track_id, sequence_number)
            .map_err(SinkError::Protection)?;
        stream
            .packaging_mut()
            .note_running_time(self.timeline.running_time(start));
        let fragment = PushedFragment {
            track: position,
            segment: segment.start_index,
            is_last: true,
        };
        let boxes = BufferChunk::Copied(BytesMut::from(boxes.as_slice()));
        let media = segment.samples.into_iter().flat_map(|sample| sample.media);
        stream
            .push(fragment, std::iter::once(boxes).chain(media))
            .map_err(|error| SinkError::of_segment(error, location))?;
        Ok(start)
    }

    /// Publishes the keys in use to the application.
    pub(super) fn announce_keys(&mut self, sink: &PlayReadySink, start: Duration) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        let scheme = stream.packaging().config().scheme;
        let period = stream.packaging().init_period();
        let running_time = media_time(self.timeline.running_time(start));
        while let Some(news) = stream.sink.news.pop_front() {
            let is_change = matches!(news, KeyNews::Change(_));
            let (signals, period) = match &news {
                KeyNews::Init(signals) => (signals, period),
                KeyNews::Change(change) => (&change.signals, change.period),
            };
            sink.session.publish_keys(
                sink,
                &PublishedKeys {
                    signals,
                    scheme,
                    period,
                    running_time,
                    is_change,
                },
            );
        }
    }
}
