// SPDX-License-Identifier: MPL-2.0
//! The samples of a track from its muxer.

use std::time::Duration;

use cenc_mp4::segmenting::{MuxedHeader, MuxedSample, MuxedTrackReader, Retiming};

use crate::chunk::BufferChunk;
use crate::playreadysink::fragmenter::MuxerKind;
use crate::playreadysink::input_queue::FirstBuffer;

/// The muxer of a track, and what has come from it.
pub(super) struct MuxedSource {
    pub(super) muxer: MuxerKind,
    pub(super) reader: MuxedTrackReader<BufferChunk>,
    pub(super) first: Option<FirstBuffer>,
    pub(super) retiming: Option<Retiming>,
    /// Samples before the start of the presentation.
    pub(super) held: Vec<MuxedSample<BufferChunk>>,
    pub(super) held_bytes: u64,
    /// Index in the cutter.
    pub(super) index: Option<usize>,
}

impl MuxedSource {
    pub(super) fn new(muxer: MuxerKind) -> Self {
        Self {
            muxer,
            reader: MuxedTrackReader::default(),
            first: None,
            retiming: None,
            held: Vec::new(),
            held_bytes: 0,
            index: None,
        }
    }

    /// Returns the running time of its first sample.
    pub(super) fn first_running_time(
        &self,
        header: &MuxedHeader,
        sample: &MuxedSample<BufferChunk>,
    ) -> Duration {
        let by_buffer = self.first.and_then(|first| first.running_time);
        match (self.muxer.keeps_time, by_buffer) {
            (false, Some(running_time)) => running_time.into(),
            _ => header.time(sample.start()),
        }
    }

    /// Keeps a sample until the start of the presentation.
    pub(super) fn hold(&mut self, sample: MuxedSample<BufferChunk>) {
        self.held_bytes += u64::from(sample.size);
        self.held.push(sample);
    }

    pub(super) fn held_duration(&self, header: &MuxedHeader) -> Duration {
        let ends = self.held.first().zip(self.held.last());
        ends.map_or(Duration::ZERO, |(first, last)| {
            header
                .time(last.start())
                .saturating_sub(header.time(first.start()))
        })
    }

    /// Forgets what came before a jump in the stream.
    pub(super) fn flush(&mut self) {
        self.reader.flush();
        self.retiming = None;
        self.held.clear();
        self.held_bytes = 0;
    }
}
