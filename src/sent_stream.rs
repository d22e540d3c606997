// SPDX-License-Identifier: MPL-2.0
//! The caps and segments that an element has sent downstream since its stream started, and the cause that stopped the stream.

use std::sync::Mutex;

use super::error::{self, PostedError};
use super::lock;
use super::logging::Logged;

/// The caps and segments that were sent since STREAM_START or, for segments, since the end of the last flush. The sticky events of the
/// source pad do not tell this, since they outlive STREAM_START.
#[derive(Default)]
pub(super) struct SentStream(Mutex<SentState>);

#[derive(Default)]
struct SentState {
    has_caps: bool,
    /// The format of the last segment.
    segment: Option<gst::Format>,
    stop: Option<StreamStop>,
}

/// The cause that stopped a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamStop {
    /// Downstream, by the flow that it returned for the last buffer.
    Downstream,
    /// The element itself, whose error is posted.
    Refused,
}

impl SentStream {
    /// Starts another stream.
    pub(super) fn restart(&self) {
        *lock(&self.0) = SentState::default();
    }

    /// Ends a flush: the stream may go on, with another segment.
    pub(super) fn flush(&self) {
        let mut state = lock(&self.0);
        state.segment = None;
        state.stop = None;
    }

    /// Notes caps.
    pub(super) fn note_caps(&self) {
        lock(&self.0).has_caps = true;
    }

    /// True if the stream has no caps yet.
    pub(super) fn lacks_caps(&self) -> bool {
        !lock(&self.0).has_caps
    }

    /// Notes a segment. Returns true if the last one was of another format, or if this is the first.
    pub(super) fn note_segment(&self, format: gst::Format) -> bool {
        lock(&self.0).segment.replace(format) != Some(format)
    }

    /// Notes the flow that downstream returned for a buffer.
    pub(super) fn note_flow(&self, flow: Result<gst::FlowSuccess, gst::FlowError>) {
        lock(&self.0).stop = flow.err().map(|_| StreamStop::Downstream);
    }

    /// Returns what stopped the stream.
    pub(super) fn stop(&self) -> Option<StreamStop> {
        lock(&self.0).stop
    }

    /// True once the element has refused the stream.
    pub(super) fn is_refused(&self) -> bool {
        self.stop() == Some(StreamStop::Refused)
    }

    /// Notes that the element refuses the stream. Returns false if it did so before.
    fn note_refusal(&self) -> bool {
        let refused = Some(StreamStop::Refused);
        std::mem::replace(&mut lock(&self.0).stop, refused) != refused
    }
}

/// An element that sends one stream.
pub(super) trait StreamSender: Logged {
    fn sent(&self) -> &SentStream;
}

/// Posts an error and stops the stream. What comes after it, such as caps that upstream sends again, posts no other one.
pub(super) fn refuse(element: &impl StreamSender, error: &impl PostedError) -> gst::FlowError {
    if element.sent().note_refusal() {
        error::post(element, error);
    }
    gst::FlowError::Error
}

/// Stops a stream whose error was posted elsewhere.
pub(super) fn refuse_reported(element: &impl StreamSender) -> gst::FlowError {
    element.sent().note_refusal();
    gst::FlowError::Error
}
