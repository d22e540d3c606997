// SPDX-License-Identifier: MPL-2.0
//! Events and queries. Caps of samples become those of the clear stream; caps of MP4 stay.

use std::sync::atomic::Ordering;

use gst::prelude::*;
use gst::subclass::prelude::*;

use super::CATEGORY;
use super::imp::ClearKeyDec;
use super::samples::DecryptError;
use super::stream::DecryptedStream;
use crate::byte_stream::{self, SoughtByte, not_seekable};
use crate::{caps, lock, logging, protected_caps, sent_stream};

impl ClearKeyDec {
    pub(super) fn sink_event(&self, pad: &gst::Pad, event: gst::Event) -> bool {
        logging::event::<Self>(pad, &event);
        if self.ends_in_lead(&event) {
            let _ = sent_stream::refuse(self, &DecryptError::NoMeta);
            return false;
        }
        match event.view() {
            gst::EventView::StreamStart(_) => {
                self.sent.restart();
                self.with_stream(DecryptedStream::restart);
            }
            gst::EventView::FlushStart(_) => self.waits.set_flushing(true),
            gst::EventView::FlushStop(_) => {
                self.waits.set_flushing(false);
                self.sent.flush();
                self.with_stream(DecryptedStream::flush);
            }
            gst::EventView::Caps(event) => return self.take_caps(event.caps_owned()),
            gst::EventView::Segment(_) if !self.is_of_samples() => {
                return byte_stream::take_segment(self, pad, event, |to| self.seek(to));
            }
            // The stream is clear from here on, so its protection is no longer signaled.
            gst::EventView::Protection(_) => return true,
            gst::EventView::Eos(_) if !self.ends() => return false,
            _ => (),
        }
        match self.after_lead(event) {
            Some(event) => gst::Pad::event_default(pad, Some(&*self.obj()), event),
            None => true,
        }
    }

    /// True if a stream ends with `event` while nothing has shown yet whether its samples are clear.
    fn ends_in_lead(&self, event: &gst::Event) -> bool {
        matches!(
            event.type_(),
            gst::EventType::Eos | gst::EventType::StreamStart
        ) && lock(&self.stream)
            .as_ref()
            .is_some_and(DecryptedStream::is_holding)
    }

    /// Returns an event that may pass now. Others pass after the samples that are held before them.
    fn after_lead(&self, event: gst::Event) -> Option<gst::Event> {
        // Other events may come while the streaming thread waits for a key.
        if !event.type_().is_serialized() {
            return Some(event);
        }
        match lock(&self.stream).as_mut() {
            Some(stream) => stream.lead_mut().pass_event(event),
            None => Some(event),
        }
    }

    /// Refuses seeks, since byte positions of protected and clear MP4 differ.
    pub(super) fn src_event(&self, pad: &gst::Pad, event: gst::Event) -> bool {
        logging::event::<Self>(pad, &event);
        match event.view() {
            gst::EventView::Seek(_) if !self.is_of_samples() => {
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

    pub(super) fn query(&self, pad: &gst::Pad, query: &mut gst::QueryRef) -> bool {
        match query.view_mut() {
            gst::QueryViewMut::Caps(query) => {
                let found = match pad.direction() {
                    gst::PadDirection::Sink => self.wanted(),
                    _ => self.given(),
                };
                let found = protected_caps::filtered(found, query.filter_owned().as_ref());
                query.set_result(&found);
                true
            }
            gst::QueryViewMut::Seeking(seeking) if !self.is_of_samples() => not_seekable(seeking),
            _ => gst::Pad::query_default(pad, Some(&*self.obj()), query),
        }
    }

    pub(super) fn with_stream(&self, work: impl FnOnce(&mut DecryptedStream)) {
        if let Some(stream) = lock(&self.stream).as_mut() {
            work(stream);
            let is_of_samples = stream.is_of_samples();
            self.is_of_samples.store(is_of_samples, Ordering::Relaxed);
        }
    }

    pub(super) fn is_of_samples(&self) -> bool {
        self.is_of_samples.load(Ordering::Relaxed)
    }

    /// Returns the input caps that fit the caps accepted downstream.
    fn wanted(&self) -> gst::Caps {
        let clear = self
            .srcpad
            .peer_query_caps(None)
            .intersect(&self.srcpad.pad_template_caps());
        let (mp4, clear) = divided(&clear);
        let mut wanted = protected_caps::wanted(&clear);
        wanted.merge(mp4);
        wanted.intersect(&self.sinkpad.pad_template_caps())
    }

    /// Returns the output caps for the caps of upstream.
    fn given(&self) -> gst::Caps {
        let protected = self
            .sinkpad
            .current_caps()
            .unwrap_or_else(|| self.sinkpad.peer_query_caps(None))
            .intersect(&self.sinkpad.pad_template_caps());
        let (mp4, protected) = divided(&protected);
        let mut given = protected_caps::unprotect(&protected);
        given.merge(mp4);
        given.intersect(&self.srcpad.pad_template_caps())
    }

    fn take_caps(&self, caps: gst::Caps) -> bool {
        let taken = match caps::is_mp4(&caps) {
            true => self.clear_mp4_caps(caps),
            false => self.clear_sample_caps(&caps),
        };
        match taken {
            Ok(clear) => match self.after_lead(gst::event::Caps::new(&clear)) {
                Some(_) => byte_stream::push_caps(self, &clear),
                None => true,
            },
            Err(error) => {
                let _ = sent_stream::refuse(self, &error);
                false
            }
        }
    }

    /// Ends the stream. Returns whether the end may be passed on.
    fn ends(&self) -> bool {
        match self.is_of_samples() {
            true => !self.sent.is_refused(),
            false => byte_stream::end(self),
        }
    }

    fn clear_sample_caps(&self, protected: &gst::Caps) -> Result<gst::Caps, DecryptError> {
        let mut taken = Ok(());
        self.with_stream(|stream| taken = stream.take_caps(protected));
        taken.map(|()| protected_caps::unprotect(protected))
    }

    /// Passes caps on; a stream header in them is decrypted like the stream itself.
    fn clear_mp4_caps(&self, caps: gst::Caps) -> Result<gst::Caps, DecryptError> {
        let mut clear = Ok(None);
        self.with_stream(|stream| {
            stream.take_mp4();
            let header = caps::stream_header(&caps);
            clear = header.map(|header| stream.clear_init(&header)).transpose();
        });
        Ok(match clear? {
            Some(header) => caps::with_stream_header(caps, header),
            None => caps,
        })
    }

    /// Continues at a byte, which must be where the stream stopped.
    fn seek(&self, to: SoughtByte) -> Result<(), DecryptError> {
        match lock(&self.stream).as_mut() {
            Some(stream) => {
                stream.set_index_mode(to.index_mode);
                stream.seek(to.position)
            }
            None => Ok(()),
        }
    }
}

/// Splits caps into those of MP4 and the others.
fn divided(caps: &gst::CapsRef) -> (gst::Caps, gst::Caps) {
    let (mp4, others): (Vec<_>, Vec<_>) = caps
        .iter()
        .map(ToOwned::to_owned)
        .partition(|structure: &gst::Structure| caps::names_mp4(structure));
    (mp4.into_iter().collect(), others.into_iter().collect())
}
