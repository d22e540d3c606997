// SPDX-License-Identifier: MPL-2.0
//! The current stream: samples with protection metas, or the bytes of MP4.

use std::sync::Arc;

use bytes::BytesMut;
use gst::prelude::*;

use cenc_mp4::{Decryptor, Error, IndexMode, Output, Totals};
use cenc_types::Scheme;
use common_encryption::KnownKeys;

use super::lead::{ClearLead, Held};
use super::samples::{self, DecryptError, FoundBuffer, SampleFormat};
use crate::buffers::{Push, group};
use crate::byte_stream::PushError;
use crate::chunk::BufferChunk;
use crate::logging::LogTarget;
use crate::protected_caps;
use crate::stream_counts::StreamCounts;

/// The samples that one more sample of an elementary stream makes ready for downstream.
pub(super) struct ReadySamples {
    /// The samples and events that were held before it.
    pub(super) held: Vec<Held>,
    /// The sample itself, unless it is held.
    pub(super) sample: Option<gst::Buffer>,
}

/// The decryptor from READY to PAUSED and back.
pub(super) struct DecryptedStream {
    keys: Arc<KnownKeys>,
    /// The format of an elementary stream; None if the stream is MP4.
    samples: Option<SampleFormat>,
    lead: ClearLead,
    /// The protection of its last buffer.
    last: FoundBuffer,
    /// The samples of an elementary stream, or the bytes of MP4.
    counts: Arc<StreamCounts>,
    decryptor: Decryptor<BufferChunk>,
    /// Reused for every buffer to keep its memory.
    outputs: Vec<Output<BufferChunk>>,
}

impl DecryptedStream {
    pub(super) fn new(keys: Arc<KnownKeys>, counts: Arc<StreamCounts>) -> Self {
        Self {
            decryptor: Decryptor::new(IndexMode::Hold, Arc::clone(&keys)),
            keys,
            samples: None,
            lead: ClearLead::default(),
            last: FoundBuffer::Empty,
            counts,
            outputs: Vec::new(),
        }
    }

    pub(super) const fn keys(&self) -> &Arc<KnownKeys> {
        &self.keys
    }

    /// True if buffers are samples of an elementary stream.
    pub(super) const fn is_of_samples(&self) -> bool {
        self.samples.is_some()
    }

    /// Sets the caps of an elementary stream.
    pub(super) fn take_caps(&mut self, protected: &gst::CapsRef) -> Result<(), DecryptError> {
        let media_type = protected_caps::original_media_type(protected)
            .ok_or_else(|| DecryptError::NoType(protected.to_owned()))?;
        self.samples = Some(SampleFormat {
            scheme: protected_caps::scheme(protected)?,
            has_subsamples: ["video/x-h264", "video/x-h265", "video/x-h266"].contains(&media_type),
        });
        Ok(())
    }

    /// Treats the stream as MP4.
    pub(super) const fn take_mp4(&mut self) {
        self.samples = None;
    }

    /// Starts again at the beginning of a file.
    pub(super) fn restart(&mut self) {
        self.samples = None;
        self.lead = ClearLead::default();
        self.last = FoundBuffer::Empty;
        self.counts.set(Totals::default());
        self.decryptor = Decryptor::new(IndexMode::Hold, Arc::clone(&self.keys));
    }

    pub(super) fn flush(&mut self) {
        self.lead.skip();
        self.decryptor.flush();
    }

    pub(super) const fn set_index_mode(&mut self, index_mode: IndexMode) {
        self.decryptor.set_index_mode(index_mode);
    }

    /// Continues the input at byte `to`, which must be the current position.
    pub(super) const fn seek(&self, to: u64) -> Result<(), DecryptError> {
        match self.decryptor.position() {
            0 => Ok(()),
            from if from == to => Ok(()),
            from => Err(DecryptError::Jump { from, to }),
        }
    }

    /// Returns the samples at the start of an elementary stream that may be clear.
    pub(super) const fn lead_mut(&mut self) -> &mut ClearLead {
        &mut self.lead
    }

    /// True if samples are held that may be clear.
    pub(super) const fn is_holding(&self) -> bool {
        self.lead.is_holding()
    }

    /// Decrypts the sample of an elementary stream.
    pub(super) fn decrypt(
        &mut self,
        mut buffer: gst::Buffer,
        target: LogTarget<'_>,
    ) -> Result<ReadySamples, DecryptError> {
        let format = self.samples.unwrap_or(SampleFormat {
            scheme: Scheme::Cenc,
            has_subsamples: false,
        });
        let found = samples::decrypt(buffer.make_mut(), &self.keys, format)?;
        self.counts.add_sample(buffer.size() as u64);
        self.log_change(found, buffer.pts(), target);
        Ok(match found {
            FoundBuffer::Unknown => ReadySamples {
                held: Vec::new(),
                sample: self.lead.take(buffer)?,
            },
            FoundBuffer::Protected(_) => ReadySamples {
                held: self.lead.prove(&buffer),
                sample: Some(buffer),
            },
            FoundBuffer::Clear | FoundBuffer::Empty => ReadySamples {
                held: Vec::new(),
                sample: self.lead.pass(buffer),
            },
        })
    }

    fn log_change(
        &mut self,
        found: FoundBuffer,
        pts: Option<gst::ClockTime>,
        LogTarget { category, element }: LogTarget<'_>,
    ) {
        let pts = pts.display();
        match found {
            _ if self.last == found => (),
            FoundBuffer::Empty => return,
            FoundBuffer::Clear => gst::info!(category, obj = element, "clear from {pts} on"),
            FoundBuffer::Unknown => {
                gst::info!(
                    category,
                    obj = element,
                    "not known to be protected from {pts} on"
                );
            }
            FoundBuffer::Protected(kid) => {
                gst::info!(category, obj = element, "under KID {kid} from {pts} on");
            }
        }
        self.last = found;
    }

    /// Decrypts bytes of MP4 and returns what can be pushed, with the error that stopped it.
    pub(super) fn push(
        &mut self,
        buffers: impl IntoIterator<Item = gst::Buffer>,
    ) -> (Vec<Push>, Result<(), PushError>) {
        let taken = buffers.into_iter().try_for_each(|buffer| {
            let chunk = BufferChunk::new(buffer).map_err(PushError::Unmappable)?;
            Ok(self.decryptor.push(chunk, &mut self.outputs)?)
        });
        self.counts.set(Totals {
            bytes: self.decryptor.position(),
            ..Totals::default()
        });
        (group(&mut self.outputs), taken)
    }

    /// Ends the stream and returns what is left to push.
    pub(super) fn finish(&mut self) -> (Vec<Push>, Result<(), PushError>) {
        let finished = self.decryptor.finish(&mut self.outputs);
        (group(&mut self.outputs), finished.map_err(PushError::Mp4))
    }

    /// Returns the stream header of a muxer's caps for the clear stream.
    pub(super) fn clear_init(&self, init: &[u8]) -> Result<Vec<u8>, Error> {
        let mut decryptor = Decryptor::new(IndexMode::Hold, Arc::clone(&self.keys));
        let mut outputs = Vec::new();
        decryptor.push(BytesMut::from(init), &mut outputs)?;
        decryptor.finish(&mut outputs)?;
        Ok(outputs
            .into_iter()
            .flat_map(|output| match output {
                Output::Boxes { bytes, .. } | Output::Patch { bytes, .. } => bytes,
                Output::Media(chunk) => chunk.to_vec(),
            })
            .collect())
    }
}
