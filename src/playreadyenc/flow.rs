// SPDX-License-Identifier: MPL-2.0
//! The flow of buffers through the element, and the signaling before them.

use gst::prelude::*;
use gst::subclass::prelude::*;

use cenc_mp4::{Totals, Warning};
use common_encryption::Protector;

use super::CATEGORY;
use super::imp::PlayReadyEnc;
use super::stream::Mp4Stream;
use crate::buffers::Push;
use crate::byte_stream::{self, PushError};
use crate::error::{self, OneFileSink};
use crate::logging::{self, LogTarget};
use crate::session::{AnnouncedChange, AnnouncedStart};
use crate::{caps, downstream, lock, sent_stream};

impl PlayReadyEnc {
    pub(super) fn chain(
        &self,
        pad: &gst::Pad,
        buffer: gst::Buffer,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        gst::log!(CATEGORY, obj = pad, "received {buffer:?}");
        byte_stream::process(self, || {
            self.protect(false, |stream, target| stream.push([buffer], target))
        })
    }

    /// Turns one list of whole fragments into one list, which hlscmafsink's inner sink requires.
    pub(super) fn chain_list(
        &self,
        pad: &gst::Pad,
        list: gst::BufferList,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        gst::log!(CATEGORY, obj = pad, "received {list:?}");
        let buffers = byte_stream::buffers_of(list);
        byte_stream::process(self, || {
            self.protect(true, |stream, target| stream.push(buffers, target))
        })
    }

    /// Runs `work` on the current stream and pushes its output.
    pub(super) fn protect(
        &self,
        as_list: bool,
        work: impl FnOnce(&mut Mp4Stream, LogTarget<'_>) -> (Vec<Push>, Result<(), PushError>),
    ) -> Result<gst::FlowSuccess, PushError> {
        let element = self.obj();
        let target = LogTarget {
            category: *CATEGORY,
            element: element.upcast_ref(),
        };
        let (before, after);
        let mut changes = Vec::new();
        let (pushes, worked, warnings) = {
            let mut stream = lock(&self.stream);
            let stream = stream.as_mut().ok_or(gst::FlowError::Flushing)?;
            before = stream.totals();
            let (pushes, worked) = work(stream, target);
            after = stream.totals();
            self.counts.set(after);
            changes.extend(std::iter::from_fn(|| stream.next_warning()));
            (pushes, worked, stream.packaging_mut().warnings())
        };
        if after.fragments > before.fragments {
            self.log_fragments(before, after, &pushes);
        }
        self.session.warn_of_keys(self, warnings);
        self.warn_of_changes(changes);
        for push in pushes {
            self.push(push, as_list)?;
        }
        worked.map(|()| gst::FlowSuccess::Ok)
    }

    /// Posts warnings of what was changed in the input.
    pub(super) fn warn_of_changes(&self, changes: impl IntoIterator<Item = Warning>) {
        for change in changes {
            error::post_warning(self, gst::StreamError::Demux, &change.to_string());
        }
    }

    fn log_fragments(&self, before: Totals, after: Totals, pushes: &[Push]) {
        let (first, last) = (before.fragments + 1, after.fragments);
        let samples = after.samples - before.samples;
        let bytes = after.bytes - before.bytes;
        let pts = pushes.iter().find_map(Push::pts).display();
        match first == last {
            true => gst::debug!(
                CATEGORY,
                imp = self,
                "fragment {last} at {pts}: {samples} samples, {bytes} bytes of media"
            ),
            false => gst::debug!(
                CATEGORY,
                imp = self,
                "fragments {first} to {last} from {pts} on: {samples} samples, {bytes} bytes of media"
            ),
        }
    }

    pub(super) fn push(
        &self,
        push: Push,
        as_list: bool,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        match push {
            Push::Init(init) => {
                logging::tracks(self, &init);
                if self.renews_init() {
                    self.refuse_one_file()?;
                }
                self.announce(init.pts());
                Ok(gst::FlowSuccess::Ok)
            }
            Push::NewInit(init) => {
                self.refuse_one_file()?;
                logging::tracks(self, &init);
                self.push_header(&init)
            }
            Push::Change(at) => {
                self.announce_change(at);
                Ok(gst::FlowSuccess::Ok)
            }
            push => byte_stream::push(self, push, as_list),
        }
    }

    /// True if new init segments may follow the first.
    fn renews_init(&self) -> bool {
        let stream = lock(&self.stream);
        stream
            .as_ref()
            .is_some_and(|stream| stream.packaging().renews_init())
    }

    /// Refuses a sink that writes several init segments into one file.
    fn refuse_one_file(&self) -> Result<(), gst::FlowError> {
        match downstream::one_file_sink(&self.srcpad) {
            Some(sink) => Err(sent_stream::refuse(self, &OneFileSink { sink })),
            None => Ok(()),
        }
    }

    /// Sends caps with a new init segment as stream header.
    fn push_header(&self, init: &gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        let caps = self.srcpad.current_caps();
        let header = init.map_readable().map_err(|_| gst::FlowError::Error)?;
        let caps = caps.unwrap_or_else(caps::fragmented_mp4);
        match byte_stream::push_caps(self, &caps::with_stream_header(caps, header.to_vec())) {
            true => Ok(gst::FlowSuccess::Ok),
            false => Err(gst::FlowError::NotNegotiated),
        }
    }

    /// Signals a change of protection before its first fragment, whose buffer has the timestamp `at`, is pushed.
    fn announce_change(&self, at: Option<gst::ClockTime>) {
        let change = {
            let mut stream = lock(&self.stream);
            let packaging = stream.as_mut().map(Mp4Stream::packaging_mut);
            packaging.and_then(|packaging| {
                Some(AnnouncedChange {
                    change: packaging.next_change()?,
                    scheme: packaging.config().scheme,
                    at,
                })
            })
        };
        if let Some(change) = change {
            self.session.announce_change(self, &self.srcpad, &change);
        }
    }

    /// Signals the protection before the init segment, whose buffer has the timestamp `at`, is pushed: downstream by events, to the
    /// application by a message.
    fn announce(&self, at: Option<gst::ClockTime>) {
        let start = {
            let stream = lock(&self.stream);
            stream.as_ref().map(Mp4Stream::packaging).and_then(|p| {
                Some(AnnouncedStart {
                    signals: p.signals()?.clone(),
                    scheme: p.config().scheme,
                    period: p.init_period(),
                    at,
                })
            })
        };
        if let Some(start) = start {
            self.session.announce(self, &self.srcpad, &start);
        }
    }
}
