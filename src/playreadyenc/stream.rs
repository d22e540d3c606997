// SPDX-License-Identifier: MPL-2.0
//! The current stream: turns input buffers into pushes.

use cenc_mp4::{
    Encryptor, Error, IndexMode, LateMoov, Output, ProgressiveEncryptor, Totals, Warning,
};
use common_encryption::ObservedProtector;
use protection_policy::{Packaging, SampleKeys};

use super::logged_rules::LoggedRules;
use crate::buffers::{Push, group};
use crate::byte_stream::PushError;
use crate::chunk::BufferChunk;
use crate::cue_event::CueFromUpstream;
use crate::logging::{LogTarget, RuleLog};

/// The packager from READY to PAUSED and back.
pub(super) struct Mp4Stream {
    packaging: Packaging,
    rules: RuleLog,
    /// The segment of the input, if it is in time.
    segment: Option<gst::FormattedSegment<gst::ClockTime>>,
    /// The number of fragments before the one whose running time is noted.
    timed_fragment: Option<u64>,
    encryptor: Encryptor<BufferChunk>,
    /// Reused for every buffer to keep its memory.
    outputs: Vec<Output<BufferChunk>>,
}

impl Mp4Stream {
    /// Fails if `threads` cannot be started.
    pub(super) fn new(packaging: Packaging, threads: usize) -> Result<Self, Error> {
        let mut encryptor = Encryptor::new(IndexMode::Hold);
        encryptor.set_threads(threads)?;
        Ok(Self {
            packaging,
            rules: RuleLog::default(),
            segment: None,
            timed_fragment: None,
            encryptor,
            outputs: Vec::new(),
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

    /// Starts again at the beginning of a file and drops the unfinished fragment; IVs continue.
    pub(super) fn restart(&mut self) {
        self.encryptor.restart(IndexMode::Hold);
        self.packaging.restart();
        self.rules = RuleLog::default();
        self.segment = None;
        self.timed_fragment = None;
    }

    /// Sets the segment of the following buffers, by which a fragment has a running time.
    pub(super) fn set_segment(&mut self, segment: &gst::Segment) {
        self.segment = segment.downcast_ref().cloned();
    }

    /// Takes a cue from upstream.
    pub(super) fn take_cue(&mut self, cue: &CueFromUpstream) {
        self.packaging.take_cue(&cue.section, cue.place);
    }

    pub(super) const fn set_index_mode(&mut self, index_mode: IndexMode) {
        self.encryptor.set_index_mode(index_mode);
    }

    /// Treats the input as a file: fragments may be encrypted while the next ones are read.
    pub(super) fn look_ahead(&mut self) {
        self.encryptor.look_ahead();
    }

    /// Sets the `moov` of a file that has media in front of it.
    pub(super) fn expect_moov(&mut self, moov: LateMoov) {
        self.encryptor.expect_moov(moov);
    }

    /// Continues the input at byte `position`.
    pub(super) fn seek(&mut self, position: u64) -> Result<(), Error> {
        self.encryptor.seek(position)
    }

    /// Returns the preferred size of the next buffer in bytes.
    pub(super) fn wanted(&self) -> u64 {
        self.encryptor.wanted()
    }

    /// Drops an unfinished fragment and keeps the tracks.
    pub(super) fn flush(&mut self) {
        self.encryptor.flush();
        self.packaging.forget_cues();
        self.timed_fragment = None;
    }

    /// Protects buffers and returns what can be pushed, with the error that stopped it. What was complete before is still pushed.
    pub(super) fn push(
        &mut self,
        buffers: impl IntoIterator<Item = gst::Buffer>,
        target: LogTarget<'_>,
    ) -> (Vec<Push>, Result<(), PushError>) {
        let mut protector = ObservedProtector {
            protector: &mut self.packaging,
            observer: LoggedRules {
                rules: &mut self.rules,
                target,
            },
        };
        let taken = buffers.into_iter().try_for_each(|buffer| {
            let fragments = self.encryptor.totals().fragments;
            if self.timed_fragment != Some(fragments)
                && let (Some(segment), Some(pts)) = (&self.segment, buffer.pts())
                && let Some(running_time) = segment.to_running_time(pts)
            {
                self.timed_fragment = Some(fragments);
                protector.protector.note_running_time(running_time.into());
            }
            let chunk = BufferChunk::new(buffer).map_err(PushError::Unmappable)?;
            Ok(self
                .encryptor
                .push(chunk, &mut protector, &mut self.outputs)?)
        });
        (group(&mut self.outputs), taken)
    }

    /// Ends the stream and returns what is left to push.
    pub(super) fn finish(&mut self, target: LogTarget<'_>) -> (Vec<Push>, Result<(), PushError>) {
        let mut protector = ObservedProtector {
            protector: &mut self.packaging,
            observer: LoggedRules {
                rules: &mut self.rules,
                target,
            },
        };
        let finished = self.encryptor.finish(&mut protector, &mut self.outputs);
        (group(&mut self.outputs), finished.map_err(PushError::from))
    }

    /// Returns the stream header of a muxer's caps, protected like the stream. It describes the fragments of a stream without `moov`.
    pub(super) fn protect_init(&mut self, init: &[u8]) -> Result<Vec<u8>, Error> {
        self.encryptor.take_init(init, &mut self.packaging)
    }

    /// Returns the numbers of samples, media bytes and fragments so far.
    pub(super) const fn totals(&self) -> Totals {
        self.encryptor.totals()
    }

    /// Chooses the keys of a progressive file.
    pub(super) fn protect_file(&mut self, file: &mut ProgressiveEncryptor) -> Result<(), Error> {
        file.protect(&mut self.packaging)
    }

    /// Returns the next warning of what was changed in the input.
    pub(super) fn next_warning(&mut self) -> Option<Warning> {
        self.encryptor.next_warning()
    }
}
