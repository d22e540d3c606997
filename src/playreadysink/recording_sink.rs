// SPDX-License-Identifier: MPL-2.0
//! The publisher, with a record of the keys that the application learns of.

use std::collections::VecDeque;

use presentation_publisher::{PublishError, Publisher};
use protection_policy::{KeyChange, Signals};
use segment_packaging::{SegmentSink, StartedFragment, StartedInit, StreamWarning};

use super::sink_store::SinkStore;
use crate::chunk::BufferChunk;

/// A change of keys, which the application learns of when its first segment is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyNews {
    /// The keys at the start of a stream, or of an init segment.
    Init(Signals),
    /// A crypto period.
    Change(KeyChange),
}

/// The publisher, with the changes of keys that it has got.
pub(super) struct RecordingSink {
    pub(super) publisher: Publisher<SinkStore>,
    pub(super) news: VecDeque<KeyNews>,
}

impl RecordingSink {
    pub(super) const fn new(publisher: Publisher<SinkStore>) -> Self {
        Self {
            publisher,
            news: VecDeque::new(),
        }
    }
}

impl SegmentSink<BufferChunk> for RecordingSink {
    type Error = PublishError;

    fn start_part(&mut self, init: StartedInit<'_>) -> Result<(), PublishError> {
        self.news
            .extend(init.keys.signals.clone().map(KeyNews::Init));
        SegmentSink::<BufferChunk>::start_part(&mut self.publisher, init)
    }

    fn start_fragment(&mut self, fragment: StartedFragment<'_>) -> Result<(), PublishError> {
        SegmentSink::<BufferChunk>::start_fragment(&mut self.publisher, fragment)
    }

    fn write_media(&mut self, track: usize, media: BufferChunk) -> Result<(), PublishError> {
        self.publisher.write_media(track, media)
    }

    fn end_segment(&mut self, track: usize, segment: u64) -> Result<(), PublishError> {
        SegmentSink::<BufferChunk>::end_segment(&mut self.publisher, track, segment)
    }

    fn change_keys(&mut self, change: KeyChange) {
        self.news.push_back(KeyNews::Change(change.clone()));
        SegmentSink::<BufferChunk>::change_keys(&mut self.publisher, change);
    }

    fn warn(&mut self, warning: StreamWarning) {
        SegmentSink::<BufferChunk>::warn(&mut self.publisher, warning);
    }
}
