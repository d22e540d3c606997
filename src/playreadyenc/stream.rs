// SPDX-License-Identifier: MPL-2.0
//! The stream under way: what goes in as buffers and comes out as pushes.

use cenc_mp4::{Encryptor, Error, IndexMode, Output, ProgressiveEncryptor, Totals, protect_init};
use protection_policy::{Packaging, SampleKeys};

use super::logged_packaging::LoggedPackaging;
use crate::buffers::{Push, group};
use crate::byte_stream::PushError;
use crate::chunk::BufferChunk;
use crate::logging::{LogTarget, RuleLog};

/// The packager between READY and READY.
pub(super) struct Stream {
    packaging: Packaging,
    rules: RuleLog,
    encryptor: Encryptor<BufferChunk>,
    /// Kept between buffers, so that its memory is.
    outputs: Vec<Output<BufferChunk>>,
    /// What came out of a progressive file.
    file_totals: Option<Totals>,
}

impl Stream {
    /// Errors when `threads` cannot be started.
    pub(super) fn new(packaging: Packaging, threads: usize) -> Result<Self, Error> {
        let mut encryptor = Encryptor::new(IndexMode::Hold);
        encryptor.set_threads(threads)?;
        Ok(Self {
            packaging,
            rules: RuleLog::default(),
            encryptor,
            outputs: Vec::new(),
            file_totals: None,
        })
    }

    pub(super) const fn packaging(&self) -> &Packaging {
        &self.packaging
    }

    pub(super) const fn packaging_mut(&mut self) -> &mut Packaging {
        &mut self.packaging
    }

    pub(super) fn into_sample_keys(self) -> SampleKeys {
        self.packaging.into_sample_keys()
    }

    /// Starts at the top of a file, without the fragment under way; the keys' IVs go on.
    pub(super) fn restart(&mut self) {
        self.encryptor.restart(IndexMode::Hold);
        self.packaging.restart();
        self.rules = RuleLog::default();
        self.file_totals = None;
    }

    pub(super) const fn set_index_mode(&mut self, index_mode: IndexMode) {
        self.encryptor.set_index_mode(index_mode);
    }

    /// The input is a file: fragments may be in work while the next ones are read.
    pub(super) fn look_ahead(&mut self) {
        self.encryptor.look_ahead();
    }

    /// The input goes on at byte `position`.
    pub(super) fn seek(&mut self, position: u64) -> Result<(), Error> {
        self.encryptor.seek(position)
    }

    /// How many bytes the next buffer should best have.
    pub(super) fn wanted(&self) -> u64 {
        self.encryptor.wanted()
    }

    /// Forgets an unfinished fragment; the tracks stay known.
    pub(super) fn flush(&mut self) {
        self.encryptor.flush();
    }

    /// Takes buffers and returns what can be pushed, with the error that ended it: what was complete before is pushed still.
    pub(super) fn push(
        &mut self,
        buffers: impl IntoIterator<Item = gst::Buffer>,
        target: LogTarget<'_>,
    ) -> (Vec<Push>, Result<(), PushError>) {
        let mut protector = LoggedPackaging {
            packaging: &mut self.packaging,
            rules: &mut self.rules,
            target,
        };
        let taken = buffers.into_iter().try_for_each(|buffer| {
            let chunk = BufferChunk::new(buffer).map_err(PushError::Unmappable)?;
            let pushed = self
                .encryptor
                .push(chunk, &mut protector, &mut self.outputs);
            Ok(pushed?)
        });
        (group(&mut self.outputs), taken)
    }

    /// Takes note of the end of the stream.
    pub(super) fn finish(&mut self, target: LogTarget<'_>) -> (Vec<Push>, Result<(), PushError>) {
        let mut protector = LoggedPackaging {
            packaging: &mut self.packaging,
            rules: &mut self.rules,
            target,
        };
        let finished = self.encryptor.finish(&mut protector, &mut self.outputs);
        (group(&mut self.outputs), finished.map_err(PushError::Mp4))
    }

    /// The stream header of a muxer's caps, protected as the stream is.
    pub(super) fn protect_init(&mut self, init: &[u8]) -> Result<Vec<u8>, Error> {
        protect_init(init, &mut self.packaging)
    }

    /// Samples, media bytes and fragments so far.
    pub(super) const fn totals(&self) -> Totals {
        match self.file_totals {
            Some(totals) => totals,
            None => self.encryptor.totals(),
        }
    }

    /// Asks for the keys of a progressive file.
    pub(super) fn protect_file(&mut self, file: &mut ProgressiveEncryptor) -> Result<(), Error> {
        file.protect(&mut self.packaging)
    }

    /// Takes note of what came out of a progressive file.
    pub(super) const fn set_file_totals(&mut self, totals: Totals) {
        self.file_totals = Some(totals);
    }
}
