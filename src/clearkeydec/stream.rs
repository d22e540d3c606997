// SPDX-License-Identifier: MPL-2.0
//! The stream under way: samples by their meta, or the bytes of MP4.

use std::sync::Arc;

use bytes::BytesMut;
use gst::prelude::*;

use cenc_mp4::{Decryptor, Error, IndexMode, Output};
use cenc_types::Scheme;
use common_encryption::KnownKeys;

use super::samples::{self, DecryptError, FoundBuffer};
use crate::buffers::{Push, group};
use crate::byte_stream::PushError;
use crate::chunk::BufferChunk;
use crate::logging::LogTarget;
use crate::protected_caps;

/// The decryptor between READY and READY.
pub(super) struct Stream {
    keys: Arc<KnownKeys>,
    /// The scheme of an elementary stream; None: the stream is MP4.
    samples: Option<Scheme>,
    /// What its last buffer was.
    last: FoundBuffer,
    /// How many buffers of samples were decrypted.
    decrypted: u64,
    decryptor: Decryptor<BufferChunk>,
    /// Kept between buffers, so that its memory is.
    outputs: Vec<Output<BufferChunk>>,
}

impl Stream {
    pub(super) fn new(keys: KnownKeys) -> Self {
        let keys = Arc::new(keys);
        Self {
            decryptor: Decryptor::new(IndexMode::Hold, Arc::clone(&keys)),
            keys,
            samples: None,
            last: FoundBuffer::Empty,
            decrypted: 0,
            outputs: Vec::new(),
        }
    }

    pub(super) const fn keys(&self) -> &Arc<KnownKeys> {
        &self.keys
    }

    /// Whether buffers are samples of an elementary stream.
    pub(super) const fn is_of_samples(&self) -> bool {
        self.samples.is_some()
    }

    /// Takes the caps of an elementary stream.
    pub(super) fn take_caps(&mut self, protected: &gst::CapsRef) -> Result<(), DecryptError> {
        if protected_caps::original_media_type(protected).is_none() {
            return Err(DecryptError::NoType(protected.to_owned()));
        }
        self.samples = Some(protected_caps::scheme(protected)?);
        Ok(())
    }

    /// The stream is MP4.
    pub(super) const fn take_mp4(&mut self) {
        self.samples = None;
    }

    /// Starts at the top of a file.
    pub(super) fn restart(&mut self) {
        self.samples = None;
        self.last = FoundBuffer::Empty;
        self.decrypted = 0;
        self.decryptor = Decryptor::new(IndexMode::Hold, Arc::clone(&self.keys));
    }

    pub(super) fn flush(&mut self) {
        self.decryptor.flush();
    }

    pub(super) const fn set_index_mode(&mut self, index_mode: IndexMode) {
        self.decryptor.set_index_mode(index_mode);
    }

    /// The input goes on at byte `to`, which must be where it stopped.
    pub(super) const fn seek(&self, to: u64) -> Result<(), DecryptError> {
        match self.decryptor.position() {
            0 => Ok(()),
            from if from == to => Ok(()),
            from => Err(DecryptError::Jump { from, to }),
        }
    }

    /// Decrypts the sample of an elementary stream.
    pub(super) fn decrypt(
        &mut self,
        buffer: &mut gst::BufferRef,
        LogTarget { category, element }: LogTarget<'_>,
    ) -> Result<(), DecryptError> {
        let scheme = self.samples.unwrap_or(Scheme::Cenc);
        let found = samples::decrypt(buffer, &self.keys, scheme)?;
        self.decrypted += 1;
        let pts = buffer.pts().display();
        match found {
            _ if self.last == found => (),
            FoundBuffer::Empty => return Ok(()),
            FoundBuffer::Clear => gst::info!(category, obj = element, "clear from {pts} on"),
            FoundBuffer::Under(kid) => {
                gst::info!(category, obj = element, "under KID {kid} from {pts} on");
            }
        }
        self.last = found;
        Ok(())
    }

    /// Tells how far the stream got.
    pub(super) fn progress(&self) -> String {
        match self.is_of_samples() {
            true => format!("after {} buffers", self.decrypted),
            false => format!("after {} bytes of MP4", self.decryptor.position()),
        }
    }

    /// Takes bytes of MP4 and returns what can be pushed, with the error that ended it.
    pub(super) fn push(
        &mut self,
        buffers: impl IntoIterator<Item = gst::Buffer>,
    ) -> (Vec<Push>, Result<(), PushError>) {
        let taken = buffers.into_iter().try_for_each(|buffer| {
            let chunk = BufferChunk::new(buffer).map_err(PushError::Unmappable)?;
            Ok(self.decryptor.push(chunk, &mut self.outputs)?)
        });
        (group(&mut self.outputs), taken)
    }

    /// Takes note of the end of the stream.
    pub(super) fn finish(&mut self) -> (Vec<Push>, Result<(), PushError>) {
        let finished = self.decryptor.finish(&mut self.outputs);
        (group(&mut self.outputs), finished.map_err(PushError::Mp4))
    }

    /// The stream header of a muxer's caps for the clear stream.
    pub(super) fn clear_init(&self, init: &[u8]) -> Result<Vec<u8>, Error> {
        let mut decryptor = Decryptor::new(IndexMode::Hold, Arc::clone(&self.keys));
        let mut outputs = Vec::new();
        decryptor.push(BytesMut::from(init), &mut outputs)?;
        decryptor.finish(&mut outputs)?;
        let bytes = outputs.into_iter().flat_map(|output| match output {
            Output::Boxes { bytes, .. } | Output::Patch { bytes, .. } => bytes,
            Output::Media(chunk) => chunk.to_vec(),
        });
        Ok(bytes.collect())
    }
}
