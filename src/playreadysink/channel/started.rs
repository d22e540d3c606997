// SPDX-License-Identifier: MPL-2.0
//! The segments of a presentation whose timeline is known.

use std::path::Path;
use std::time::Duration;

use bytes::BytesMut;

use cenc_mp4::segmenting::{MuxedHeader, MuxedSample, Retiming, StreamCutter};
use segment_packaging::{PushedFragment, SegmentProtector};

use super::muxed_source::MuxedSource;
use super::track::{ChannelTrack, PadSegment};
use crate::chunk::BufferChunk;
use crate::logging::media_time;
use crate::playreadysink::error::SinkError;
use crate::playreadysink::imp::PlayReadySink;
use crate::playreadysink::input_queue::PadNumber;
use crate::playreadysink::recording_sink::{KeyNews, RecordingSink};
use crate::session::PublishedKeys;

/// A presentation whose timeline is known.
pub(super) struct StartedChannel {
    pub(super) timeline: ChannelTimeline,
    pub(super) is_live: bool,
    pub(super) cutter: StreamCutter<BufferChunk>,
    pub(super) stream: Option<SegmentProtector<BufferChunk, RecordingSink>>,
    /// The pads of the tracks of the stream, in the order of `moov`.
    pub(super) stream_tracks: Vec<PadNumber>,
    /// Those of them that have ended while others go on.
    pub(super) ended_tracks: Vec<PadNumber>,
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

    /// Returns the nanoseconds from running times to media times.
    pub(in crate::playreadysink) fn shift(self) -> i128 {
        self.offset.as_nanos().cast_signed() - self.base.as_nanos().cast_signed()
    }

    pub(in crate::playreadysink) fn running_time(self, media_time: Duration) -> Duration {
        (media_time + self.base).saturating_sub(self.offset)
    }
}

impl StartedChannel {
    /// Returns the pads of the tracks of the stream and, after them, of others that these segments have: the track_ID of a track follows
    /// from its place, and stays the same.
    pub(super) fn tracks_with(&self, segments: &[PadSegment]) -> Vec<PadNumber> {
        let mut tracks = self.stream_tracks.clone();
        let mut others: Vec<PadNumber> = segments.iter().map(|segment| segment.pad).collect();
        others.retain(|pad| !tracks.contains(pad));
        others.sort_unstable();
        others.dedup();
        tracks.extend(others);
        tracks
    }

    /// Moves a sample to its time in the presentation, and gives it to the cutter.
    pub(super) fn push(
        &mut self,
        muxed: &mut MuxedSource,
        header: &MuxedHeader,
        mut sample: MuxedSample<BufferChunk>,
    ) {
        let Some(index) = muxed.index else {
            return;
        };
        let retiming = match muxed.retiming {
            Some(retiming) => retiming,
            None => {
                let first = muxed.first_running_time(header, &sample);
                let start = self.timeline.media_time(first);
                let retiming = Retiming::new(header, &sample, start);
                muxed.retiming = Some(retiming);
                retiming
            }
        };
        retiming.apply(&mut sample);
        self.cutter.push(index, sample);
    }

    /// Starts segments at these running times, too.
    pub(super) fn cut_at(&mut self, splices: &[Duration]) {
        for splice in splices {
            self.cutter.cut_at(self.timeline.media_time(*splice));
        }
    }

    /// Protects and writes a segment. Returns its start in media time.
    pub(super) fn push_segment(
        &mut self,
        PadSegment { pad, segment }: PadSegment,
        tracks: &[ChannelTrack],
        location: &Path,
    ) -> Result<Duration, SinkError> {
        let position = self.stream_tracks.iter().position(|number| *number == pad);
        let header = tracks
            .iter()
            .find(|track| track.number == pad)
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

#[cfg(test)]
mod tests {
    use cenc_mp4::segmenting::{CutterLimits, StreamSegment};

    use super::*;

    // The encryptor knows a track again by its track_ID, which follows from its place.
    #[test]
    fn late_tracks_come_after_those_of_the_stream() {
        let mut started = StartedChannel {
            timeline: ChannelTimeline {
                base: Duration::ZERO,
                offset: Duration::ZERO,
            },
            is_live: true,
            cutter: StreamCutter::new(Duration::from_secs(2), CutterLimits { patience: None }),
            stream: None,
            stream_tracks: Vec::new(),
            ended_tracks: Vec::new(),
            segments: 0,
        };
        let pads =
            |numbers: &[usize]| -> Vec<_> { numbers.iter().copied().map(PadNumber).collect() };
        let segments = |numbers: &[usize]| -> Vec<_> {
            let segment = |pad| PadSegment {
                pad,
                segment: StreamSegment {
                    start_index: 0,
                    samples: Vec::new(),
                },
            };
            pads(numbers).into_iter().map(segment).collect()
        };
        assert_eq!(started.tracks_with(&segments(&[1, 3])), pads(&[1, 3]));
        started.stream_tracks = pads(&[1, 3]);
        assert_eq!(started.tracks_with(&segments(&[3])), pads(&[1, 3]));
        assert_eq!(
            started.tracks_with(&segments(&[0, 1, 2])),
            pads(&[1, 3, 0, 2])
        );
    }
}
