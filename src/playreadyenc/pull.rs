// SPDX-License-Identifier: MPL-2.0
//! Protection of a file that the element reads itself.

use cenc_mp4::{LateMoov, Output, ProgressiveEncryptor, RequiredForm};

use super::imp::PlayReadyEnc;
use super::stream::Mp4Stream;
use crate::buffers::Push;
use crate::byte_stream::{PushError, index_mode};
use crate::chunk::BufferChunk;
use crate::lock;
use crate::pulling::{BLOCK, Puller, Upstream};

impl Puller for PlayReadyEnc {
    type File = ProgressiveEncryptor;

    fn srcpad(&self) -> &gst::Pad {
        &self.srcpad
    }

    /// Opens the file and makes the first pass.
    fn open(
        &self,
        upstream: Option<&mut Upstream>,
    ) -> Result<Option<ProgressiveEncryptor>, PushError> {
        self.with_stream(Mp4Stream::restart);
        let mut late_moov = None;
        if let Some(upstream) = upstream {
            if let Some(mut file) = ProgressiveEncryptor::open(upstream, self.required_form()?)? {
                lock(&self.stream)
                    .as_mut()
                    .ok_or(PushError::Flow(gst::FlowError::Flushing))?
                    .protect_file(&mut file)?;
                self.warn_of_changes(std::iter::from_fn(|| file.next_warning()));
                file.measure(upstream)?;
                return Ok(Some(file));
            }
            late_moov = LateMoov::find(upstream)?;
        }
        let mode = index_mode(&self.srcpad);
        self.with_stream(|stream| {
            stream.set_index_mode(mode);
            stream.look_ahead();
            if let Some(moov) = late_moov {
                stream.expect_moov(moov);
            }
        });
        Ok(None)
    }

    fn next_output(
        &self,
        file: &mut ProgressiveEncryptor,
        upstream: &mut Upstream,
    ) -> Result<Option<Output<BufferChunk>>, PushError> {
        let output = file.next_output(upstream)?;
        self.counts.set(file.totals());
        Ok(output)
    }

    fn wanted(&self) -> u64 {
        let stream = lock(&self.stream);
        stream.as_ref().map_or(BLOCK, Mp4Stream::wanted)
    }

    fn take(&self, buffer: Option<gst::Buffer>) -> Result<(), PushError> {
        let taken = match buffer {
            Some(buffer) => self.protect(false, |stream, target| stream.push([buffer], target)),
            None => self.protect(false, Mp4Stream::finish),
        };
        taken.map(drop)
    }

    fn push(&self, push: Push) -> Result<gst::FlowSuccess, gst::FlowError> {
        self.push(push, false)
    }
}

impl PlayReadyEnc {
    /// Returns the form of the output file that the settings require.
    fn required_form(&self) -> Result<RequiredForm, PushError> {
        let stream = lock(&self.stream);
        let packaging = stream
            .as_ref()
            .map(Mp4Stream::packaging)
            .ok_or(PushError::Flow(gst::FlowError::Flushing))?;
        Ok(RequiredForm::of(packaging))
    }
}
