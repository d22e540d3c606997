// SPDX-License-Identifier: MPL-2.0
//! The byte stream that leaves an element: pushes, rewrites of earlier bytes, and the reasons to stop.

use gst::prelude::*;

use cenc_mp4::{Error, IndexMode};

use super::buffers::Push;
use super::error::WaitEnd;
use super::pulling::Puller;

/// Pushes buffers, as one list if they arrived as one, or bytes that replace earlier ones.
pub(super) fn push<E: Puller>(
    element: &E,
    push: Push,
    as_list: bool,
) -> Result<gst::FlowSuccess, gst::FlowError> {
    let srcpad = element.srcpad();
    match push {
        Push::Init(_) | Push::Change(_) => Ok(gst::FlowSuccess::Ok),
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
            srcpad.push(buffer)?;
            srcpad.push_event(segment_from(resume));
            Ok(gst::FlowSuccess::Ok)
        }
    }
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
