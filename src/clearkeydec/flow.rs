// SPDX-License-Identifier: MPL-2.0
//! The flow of buffers through the element, and the files that it reads itself.

use gst::prelude::*;
use gst::subclass::prelude::*;

use cenc_mp4::{Output, ProgressiveDecryptor};

use super::CATEGORY;
use super::awaited_keys::WaitEnd;
use super::imp::ClearKeyDec;
use super::lead::Held;
use super::samples::DecryptError;
use super::stream::{DecryptedStream, ReadySamples};
use crate::buffers::Push;
use crate::byte_stream::{self, PushError, index_mode};
use crate::chunk::BufferChunk;
use crate::logging::{self, LogTarget};
use crate::pulling::{Puller, Upstream};
use crate::{lock, sent_stream};

impl ClearKeyDec {
    pub(super) fn chain(
        &self,
        pad: &gst::Pad,
        buffer: gst::Buffer,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        gst::log!(CATEGORY, obj = pad, "received {buffer:?}");
        if self.is_of_samples() {
            return self.chain_sample(buffer);
        }
        byte_stream::process(self, || self.decrypt(false, |stream| stream.push([buffer])))
    }

    pub(super) fn chain_list(
        &self,
        pad: &gst::Pad,
        list: gst::BufferList,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        gst::log!(CATEGORY, obj = pad, "received {list:?}");
        let mut buffers = byte_stream::buffers_of(list).into_iter();
        if self.is_of_samples() {
            return buffers.try_fold(gst::FlowSuccess::Ok, |_, buffer| self.chain_sample(buffer));
        }
        byte_stream::process(self, || self.decrypt(true, |stream| stream.push(buffers)))
    }

    /// Decrypts and pushes a buffer of an elementary stream.
    fn chain_sample(&self, buffer: gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        if self.sent.is_refused() {
            return Err(gst::FlowError::Error);
        }
        let element = self.obj();
        let target = LogTarget {
            category: *CATEGORY,
            element: element.upcast_ref(),
        };
        let decrypted = match lock(&self.stream).as_mut() {
            Some(stream) => stream.decrypt(buffer, target),
            None => return Err(gst::FlowError::Flushing),
        };
        match decrypted {
            Ok(ready) => self.push_samples(ready),
            Err(error) => Err(self.refuse_decryption(&error)),
        }
    }

    /// Posts why samples cannot be decrypted, unless the stream stopped while it waited for a key.
    fn refuse_decryption(&self, error: &DecryptError) -> gst::FlowError {
        match self.keys.take_wait_end() {
            Some(end) => byte_stream::refuse(self, self.waited(end)),
            None => sent_stream::refuse(self, error),
        }
    }

    /// Returns why MP4 cannot be decrypted: the reason for which an awaited key did not come, if it is one.
    fn why(&self, error: PushError) -> PushError {
        match self.keys.take_wait_end() {
            Some(end) => self.waited(end),
            None => error,
        }
    }

    /// Returns what the end of a wait is for the stream. Posts the error of an answer.
    fn waited(&self, end: WaitEnd) -> PushError {
        match end {
            WaitEnd::Stopped => PushError::Flow(gst::FlowError::Flushing),
            WaitEnd::Reported => PushError::Reported,
            WaitEnd::Answer(answer) => {
                let _ = sent_stream::refuse(self, &DecryptError::from(answer));
                PushError::Reported
            }
        }
    }

    fn push_samples(&self, ready: ReadySamples) -> Result<gst::FlowSuccess, gst::FlowError> {
        for held in ready.held {
            match held {
                Held::Sample(sample) => drop(self.srcpad.push(sample)?),
                Held::Event(event) => drop(self.srcpad.push_event(event)),
            }
        }
        let Some(sample) = ready.sample else {
            return Ok(gst::FlowSuccess::Ok);
        };
        gst::trace!(CATEGORY, obj = self.srcpad, "pushes {sample:?}");
        self.srcpad.push(sample)
    }

    /// Runs `work` on the current stream and pushes its output.
    fn decrypt(
        &self,
        as_list: bool,
        work: impl FnOnce(&mut DecryptedStream) -> (Vec<Push>, Result<(), PushError>),
    ) -> Result<gst::FlowSuccess, PushError> {
        let (pushes, worked) = {
            let mut stream = lock(&self.stream);
            work(stream.as_mut().ok_or(gst::FlowError::Flushing)?)
        };
        for push in pushes {
            self.push(push, as_list)?;
        }
        worked
            .map(|()| gst::FlowSuccess::Ok)
            .map_err(|error| self.why(error))
    }

    fn push(&self, push: Push, as_list: bool) -> Result<gst::FlowSuccess, gst::FlowError> {
        if let Push::Init(init) = &push {
            logging::tracks(self, init);
        }
        byte_stream::push(self, push, as_list)
    }
}

impl Puller for ClearKeyDec {
    type File = ProgressiveDecryptor;

    fn srcpad(&self) -> &gst::Pad {
        &self.srcpad
    }

    fn open(
        &self,
        upstream: Option<&mut Upstream>,
    ) -> Result<Option<ProgressiveDecryptor>, PushError> {
        self.with_stream(DecryptedStream::restart);
        let keys = lock(&self.stream)
            .as_ref()
            .map(|stream| stream.keys().clone())
            .ok_or(gst::FlowError::Flushing)?;
        if let Some(upstream) = upstream
            && let Some(file) = ProgressiveDecryptor::open(upstream, &keys)?
        {
            return Ok(Some(file));
        }
        let mode = index_mode(&self.srcpad);
        self.with_stream(|stream| stream.set_index_mode(mode));
        Ok(None)
    }

    fn next_output(
        &self,
        file: &mut ProgressiveDecryptor,
        upstream: &mut Upstream,
    ) -> Result<Option<Output<BufferChunk>>, PushError> {
        file.next_output(upstream)
            .map_err(|error| self.why(error.into()))
    }

    fn take(&self, buffer: Option<gst::Buffer>) -> Result<(), PushError> {
        let taken = match buffer {
            Some(buffer) => self.decrypt(false, |stream| stream.push([buffer])),
            None => self.decrypt(false, DecryptedStream::finish),
        };
        taken.map(drop)
    }

    fn push(&self, push: Push) -> Result<gst::FlowSuccess, gst::FlowError> {
        self.push(push, false)
    }
}
