// SPDX-License-Identifier: MPL-2.0
//! Events and queries.

use gst::subclass::prelude::*;

use super::CATEGORY;
use super::imp::PlayReadyEnc;
use super::stream::Mp4Stream;
use crate::byte_stream::{self, SoughtByte, not_seekable};
use crate::cue_event::CueFromUpstream;
use crate::{caps, lock, logging};

impl PlayReadyEnc {
    pub(super) fn sink_event(&self, pad: &gst::Pad, event: gst::Event) -> bool {
        logging::event::<Self>(pad, &event);
        match event.view() {
            gst::EventView::StreamStart(_) => {
                self.sent.restart();
                self.with_stream(Mp4Stream::restart);
            }
            gst::EventView::FlushStart(_) => self.session.waits.set_flushing(true),
            gst::EventView::FlushStop(_) => {
                self.session.waits.set_flushing(false);
                self.sent.flush();
                self.with_stream(Mp4Stream::flush);
            }
            gst::EventView::CustomDownstream(custom) => {
                if let Some(cue) = CueFromUpstream::read(custom.structure()) {
                    self.with_stream(|stream| stream.take_cue(&cue));
                }
            }
            gst::EventView::Segment(segment) => {
                self.with_stream(|stream| stream.set_segment(segment.segment()));
                return byte_stream::take_segment(self, pad, event, |to| self.seek(to));
            }
            gst::EventView::Caps(event) => return self.caps(event.caps_owned()),
            gst::EventView::Eos(_) if !byte_stream::end(self) => return false,
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

    /// Continues at a byte.
    fn seek(&self, to: SoughtByte) -> Result<(), cenc_mp4::Error> {
        match lock(&self.stream).as_mut() {
            Some(stream) => {
                stream.set_index_mode(to.index_mode);
                stream.seek(to.position)
            }
            None => Ok(()),
        }
    }

    /// Passes caps on; a stream header in them is protected like the stream itself.
    fn caps(&self, caps: gst::Caps) -> bool {
        let Some(header) = caps::stream_header(&caps) else {
            return byte_stream::push_caps(self, &caps);
        };
        let protected = {
            let mut stream = lock(&self.stream);
            let Some(stream) = stream.as_mut() else {
                return false;
            };
            stream.protect_init(&header)
        };
        match protected {
            Ok(header) => byte_stream::push_caps(self, &caps::with_stream_header(caps, header)),
            Err(error) => {
                let _ = byte_stream::refuse(self, error.into());
                false
            }
        }
    }
}
