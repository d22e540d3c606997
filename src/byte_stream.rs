// SPDX-License-Identifier: MPL-2.0
//! The byte stream that leaves an element: pushes, rewrites of earlier bytes, and the reasons to stop.

use gst::prelude::*;
use gst::subclass::prelude::*;

use cenc_mp4::{Error, IndexMode};

use super::buffers::Push;
use super::caps;
use super::error::{PostedError, UnmappableBuffer, WaitEnd};
use super::pulling::Puller;
use super::sent_stream::{self, StreamStop};

/// Pushes buffers, as one list if they arrived as one, or bytes that replace earlier ones.
pub(super) fn push<E: Puller>(
    element: &E,
    push: Push,
    as_list: bool,
) -> Result<gst::FlowSuccess, gst::FlowError> {
    let srcpad = element.srcpad();
    let flow = match push {
        Push::Init(_) | Push::Change(_) | Push::NewInit(_) => return Ok(gst::FlowSuccess::Ok),
        Push::Buffers(mut buffers) => match buffers.pop() {
            Some(only) if buffers.is_empty() && !as_list => {
                gst::trace!(E::category(), obj = srcpad, "pushes {only:?}");
                srcpad.push(only)
            }
            last => {
                let list: gst::BufferList = buffers.into_iter().chain(last).collect();
                gst::trace!(E::category(), obj = srcpad, "pushes {list:?}");
                srcpad.push_list(list)
            }
        },
        Push::Patch {
            position,
            buffer,
            resume,
        } => {
            let size = buffer.size();
            gst::debug!(
                E::category(),
                obj = srcpad,
                "rewrites {size} bytes at {position}"
            );
            srcpad.push_event(segment_from(position));
            let flow = srcpad.push(buffer);
            // Whatever the flow is, so that later bytes are not written there.
            srcpad.push_event(segment_from(resume));
            flow
        }
    };
    element.sent().note_flow(flow);
    flow
}

/// Processes a part of the stream by `work`, and posts its error.
pub(super) fn process<E: Puller>(
    element: &E,
    work: impl FnOnce() -> Result<gst::FlowSuccess, PushError>,
) -> Result<gst::FlowSuccess, gst::FlowError> {
    match element.sent().is_refused() {
        true => Err(gst::FlowError::Error),
        false => work().map_err(|why| refuse(element, why)),
    }
}

/// Ends the stream: pushes the rest, or posts the error if it is incomplete. Returns whether the end may be passed on: that of an
/// incomplete stream would look complete, but downstream that has stopped the stream must learn of its end.
pub(super) fn end<E: Puller>(element: &E) -> bool {
    let sent = element.sent();
    let ended = match sent.stop() {
        None => element.take(None).map_err(|why| refuse(element, why)),
        Some(_) => Err(gst::FlowError::Error),
    };
    ended.is_ok() || sent.stop() == Some(StreamStop::Downstream)
}

/// Posts the error of the stream unless that was done, and returns the flow error for upstream.
pub(super) fn refuse<E: Puller>(element: &E, why: PushError) -> gst::FlowError {
    match why {
        PushError::Flow(flow) => flow,
        PushError::Reported => sent_stream::refuse_reported(element),
        PushError::Unmappable(error) => sent_stream::refuse(element, &UnmappableBuffer(error)),
        PushError::Mp4(error) => sent_stream::refuse(element, &error),
    }
}

/// Sends caps.
pub(super) fn push_caps<E: Puller>(element: &E, caps: &gst::Caps) -> bool {
    let srcpad = element.srcpad();
    gst::debug!(E::category(), obj = srcpad, "caps {caps}");
    element.sent().note_caps();
    srcpad.push_event(gst::event::Caps::new(caps))
}

/// The position at which a stream of bytes continues.
#[derive(Clone, Copy)]
pub(super) struct SoughtByte {
    pub(super) position: u64,
    /// The mode in which the segment indices that follow are written.
    pub(super) index_mode: IndexMode,
}

/// Passes on the first segment of a stream in bytes; later ones are seeks of the muxer, which `seek` follows or refuses.
pub(super) fn take_segment<E: Puller, R: PostedError>(
    element: &E,
    pad: &gst::Pad,
    event: gst::Event,
    seek: impl FnOnce(SoughtByte) -> Result<(), R>,
) -> bool {
    if element.sent().lacks_caps() {
        // Caps must precede the segment, but filesrc sends none.
        push_caps(element, &caps::fragmented_mp4());
    }
    let gst::EventView::Segment(segment) = event.view() else {
        return false;
    };
    let segment = segment.segment().clone();
    let is_new = element.sent().note_segment(segment.format());
    let bytes = segment.downcast_ref::<gst::format::Bytes>();
    let passes = is_new || bytes.is_none();
    if passes && !gst::Pad::event_default(pad, Some(&*element.obj()), event) {
        return false;
    }
    let Some(bytes) = bytes else {
        return true;
    };
    seek(SoughtByte {
        position: bytes.start().map_or(0, |start| *start),
        index_mode: index_mode(element.srcpad()),
    })
    .map_err(|error| sent_stream::refuse(element, &error))
    .is_ok()
}

/// Makes a sink that supports byte offsets continue at `position`.
fn segment_from(position: u64) -> gst::Event {
    let mut segment = gst::FormattedSegment::<gst::format::Bytes>::new();
    segment.set_start(gst::format::Bytes::from_u64(position));
    gst::event::Segment::new(&segment)
}

/// Takes the buffers out of a list. Buffers that the list still referenced would not be writable.
pub(super) fn buffers_of(mut list: gst::BufferList) -> Vec<gst::Buffer> {
    let mut buffers = Vec::with_capacity(list.len());
    list.make_mut().foreach_mut(|buffer, _| {
        buffers.push(buffer);
        std::ops::ControlFlow::Continue(None)
    });
    buffers
}

/// Returns whether the sink supports rewriting earlier bytes.
pub(super) fn index_mode(srcpad: &gst::Pad) -> IndexMode {
    let mut query = gst::query::Seeking::new(gst::Format::Bytes);
    match srcpad.peer_query(&mut query) && query.result().0 {
        true => IndexMode::Patch,
        false => IndexMode::Hold,
    }
}

/// Answers a query that seeking is not possible.
pub(super) fn not_seekable(query: &mut gst::query::Seeking) -> bool {
    let format = query.format();
    query.set(
        false,
        gst::GenericFormattedValue::new(format, 0),
        gst::GenericFormattedValue::new(format, -1),
    );
    true
}

/// The reason why a stream stops.
pub(super) enum PushError {
    /// Downstream or the element's own state stops it.
    Flow(gst::FlowError),
    /// The error was posted already.
    Reported,
    /// A buffer's memory cannot be mapped.
    Unmappable(gst::glib::BoolError),
    /// Its bytes are not readable MP4.
    Mp4(Error),
}

impl From<gst::FlowError> for PushError {
    fn from(flow: gst::FlowError) -> Self {
        Self::Flow(flow)
    }
}

impl From<Error> for PushError {
    fn from(error: Error) -> Self {
        let end = match &error {
            Error::Protection(source) => source.downcast_ref().and_then(WaitEnd::of),
            _ => None,
        };
        match end {
            Some(WaitEnd::Stopped) => Self::Flow(gst::FlowError::Flushing),
            Some(WaitEnd::Reported) => Self::Reported,
            None => Self::Mp4(error),
        }
    }
}
