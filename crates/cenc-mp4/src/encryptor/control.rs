// SPDX-License-Identifier: MPL-2.0
//! The settings and the state of an encryptor, between two chunks.

use super::{
    Chunk, ClearMovie, Encryptor, Error, FragmentAssembler, IndexMode, Output, StreamReader,
    StreamWriter, Totals, WarningQueue,
};
use common_encryption::Protector;

use crate::Warning;
use crate::init::{ProtectedInit, protect_init};

/// The bytes to read at once while the tracks are not known.
const START: u64 = 1 << 20;

impl<C: Chunk> Encryptor<C> {
    /// Drops incomplete boxes and fragments after a jump in the input; the tracks stay known.
    pub fn flush(&mut self) {
        let movie = ClearMovie::of(self.movie.init.take());
        self.start_over(self.writer.index_mode(), movie);
    }

    /// Takes an init segment that is not part of the stream, such as a file of its own or the stream header in a pipeline's caps, and
    /// returns it protected. It describes the fragments of the stream unless that has a `moov` too. Other boxes are kept.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn take_init(
        &mut self,
        init: &[u8],
        protector: &mut dyn Protector,
    ) -> Result<Vec<u8>, Error> {
        let ProtectedInit { bytes, movie } = protect_init(init, protector, &mut self.warnings)?;
        if let (None, Some(movie)) = (&self.movie.moov, movie) {
            self.movie.init = Some(movie);
            self.movie.is_unannounced = true;
        }
        Ok(bytes)
    }

    /// Returns the best size of the next chunk in bytes: up to the end of the box or payload under way, so that nothing has to be
    /// split or copied. Any other size works too.
    pub fn wanted(&self) -> u64 {
        match self.movie.init.is_none() && !self.reader.is_in_media() {
            // Small boxes, which become one output.
            true => START,
            false => self.reader.wanted().unwrap_or(START),
        }
    }

    /// True once the tracks are known.
    pub const fn has_tracks(&self) -> bool {
        self.movie.init.is_some()
    }

    /// Returns the amount of media processed so far.
    pub const fn totals(&self) -> Totals {
        self.fragments.totals()
    }

    /// Sets the number of threads that encrypt fragments in parallel, the caller's own included; 1 is the default. The output does
    /// not depend on it.
    ///
    /// # Errors
    /// [`Error::Threads`] if they cannot be started.
    pub fn set_threads(&mut self, threads: usize) -> Result<(), Error> {
        self.fragments.set_threads(threads)
    }

    /// Allows fragments to stay in work while the next chunks are pushed, up to 4 MiB for each thread; their output follows then or
    /// at the end. This is for input that arrives as fast as it is taken. Without it complete fragments are output at once, so that
    /// threads help only with chunks of several fragments.
    pub fn look_ahead(&mut self) {
        self.ahead = self.fragments.ahead();
    }

    /// Ends a part of the stream and appends the rest of the output to `out`. Another part follows, after [`Self::flush`] or
    /// [`Self::start_part`], or [`Self::check_protected`].
    ///
    /// # Errors
    /// [`Error::Incomplete`] if the part ends inside a box or fragment, which is not in `out` then.
    pub fn end_part(
        &mut self,
        protector: &mut dyn Protector,
        out: &mut Vec<Output<C>>,
    ) -> Result<(), Error> {
        self.reader.end_stream();
        match self.take_events(protector) {
            Ok(()) => self.writer.finish(out),
            failed => self.writer.release(0, out).and(failed),
        }
    }

    /// Refuses a track of which nothing was protected in the whole stream, over all its parts and init segments.
    ///
    /// # Errors
    /// [`Error::NothingProtected`].
    pub fn check_protected(&self) -> Result<(), Error> {
        self.fragments.check_protected()
    }

    /// Starts another part of the stream, which has an init segment of its own. A track with the track_ID and the kind of media of an
    /// earlier one goes on.
    pub fn start_part(&mut self, index_mode: IndexMode) {
        self.start_over(index_mode, ClearMovie::of(None));
        self.ahead = 0;
        self.fragments.start_part();
        self.warnings = WarningQueue::default();
    }

    /// Starts another stream, on the same threads.
    pub fn restart(&mut self, index_mode: IndexMode) {
        self.start_part(index_mode);
        self.fragments.forget_tracks();
    }

    /// Returns the next warning of the stream so far; each is returned once.
    pub fn next_warning(&mut self) -> Option<Warning> {
        self.warnings.next()
    }

    /// Sets how to write the next `sidx` boxes.
    pub const fn set_index_mode(&mut self, index_mode: IndexMode) {
        self.writer.set_index_mode(index_mode);
    }

    fn start_over(&mut self, index_mode: IndexMode, movie: ClearMovie<C>) {
        self.reader = StreamReader::new();
        self.assembler = FragmentAssembler::new();
        self.writer = StreamWriter::new(index_mode);
        self.movie = movie;
        self.segment_start.clear();
    }
}
