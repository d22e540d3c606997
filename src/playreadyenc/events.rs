// SPDX-License-Identifier: MPL-2.0
//! Events and queries.

use gst::prelude::*;
use gst::subclass::prelude::*;

use super::CATEGORY;
use super::imp::PlayReadyEnc;
use super::stream::Mp4Stream;
use crate::byte_stream::{index_mode, not_seekable};
use crate::{caps, error, lock, logging};

impl PlayReadyEnc {
    pub(super) fn sink_event(&self, pad: &gst::Pad, event: gst::Event) -> bool {
        logging::event::<Self>(pad, &event);
        match event.view() {
            gst::EventView::StreamStart(_) => self.with_stream(Mp4Stream::restart),
            gst::EventView::FlushStart(_) => self.session.set_flushing(true),
            gst::EventView::FlushStop(_) => {
                self.session.set_flushing(false);
                self.with_stream(Mp4Stream::flush);
            }
            gst::EventView::Segment(segment) => {
                let segment = segment.segment().clone();
                return self.segment(pad, event, &segment);
            }
            gst::EventView::Caps(event) => return self.caps(event.caps_owned()),
            // The end of an incomplete stream is not passed on, since it would look complete.
            gst::EventView::Eos(_) if self.finish().is_err() => return false,
            _ => (),
        }
        gst::Pad::event_default(pad, Some(&*self.obj()), event)
    }

    /// Refuses seeks: byte positions differ, and protection cannot start in the middle of a stream.
    pub(super) fn src_event(&self, pad: &gst::Pad, event: gst::Event) -> bool {
        logging::event::<Self>(pad, &event);
        match event.view() {
            gst::EventView::Seek(_) => {
                gst::info!(
                    CATEGORY,
                    obj = pad,
                    "refuses to seek: byte positions differ before and after protection"
                );
                false
            }
            _ => gst::Pad::event_default(pad, Some(&*self.obj()), event),
        }
    }

    /// Answers muxers that seeking is not possible, since they would rewrite data that is already protected.
    pub(super) fn sink_query(&self, pad: &gst::Pad, query: &mut gst::QueryRef) -> bool {
        match query.view_mut() {
            gst::QueryViewMut::Seeking(seeking) => not_seekable(seeking),
            // No allocation is proposed, since buffers are passed on in their own memory.
            gst::QueryViewMut::Allocation(_) => false,
            _ => gst::Pad::query_default(pad, Some(&*self.obj()), query),
        }
    }

    pub(super) fn src_query(&self, pad: &gst::Pad, query: &mut gst::QueryRef) -> bool {
        match query.view_mut() {
            gst::QueryViewMut::Seeking(seeking) => not_seekable(seeking),
            _ => gst::Pad::query_default(pad, Some(&*self.obj()), query),
        }
    }

    pub(super) fn with_stream(&self, work: impl FnOnce(&mut Mp4Stream)) {
        if let Some(stream) = lock(&self.stream).as_mut() {
            work(stream);
        }
    }

    /// Passes on the first segment in bytes; later ones are seeks of the muxer, which are followed or refused.
    fn segment(&self, pad: &gst::Pad, event: gst::Event, segment: &gst::Segment) -> bool {
        self.give_caps();
        let Some(segment) = segment.downcast_ref::<gst::format::Bytes>() else {
            return gst::Pad::event_default(pad, Some(&*self.obj()), event);
        };
        let start = segment.start().map_or(0, |start| *start);
        let first = self.srcpad.sticky_event::<gst::event::Segment>(0).is_none();
        if first && !gst::Pad::event_default(pad, Some(&*self.obj()), event) {
            return false;
        }
        let mode = index_mode(&self.srcpad);
        let mut sought = Ok(());
        self.with_stream(|stream| {
            stream.set_index_mode(mode);
            sought = stream.seek(start);
        });
        sought.map_err(|error| error::post(self, &error)).is_ok()
    }

    /// Sends caps before the segment if upstream, like filesrc, sends none.
    fn give_caps(&self) {
        if self.srcpad.current_caps().is_none() {
            self.push_caps(&caps::fragmented_mp4());
        }
    }

    fn push_caps(&self, caps: &gst::Caps) -> bool {
        gst::debug!(CATEGORY, obj = self.srcpad, "caps {caps}");
        self.srcpad.push_event(gst::event::Caps::new(caps))
    }

    /// Passes caps on; a stream header in them is protected like the stream itself.
    fn caps(&self, caps: gst::Caps) -> bool {
        let Some(header) = caps::stream_header(&caps) else {
            return self.push_caps(&caps);
        };
        let protected = {
            let mut stream = lock(&self.stream);
            let Some(stream) = stream.as_mut() else {
                return false;
            };
            stream.protect_init(&header)
        };
        match protected {
            Ok(header) => self.push_caps(&caps::with_stream_header(caps, header)),
            Err(error) => {
                let _ = self.refuse(error.into());
                false
            }
        }
    }
}
