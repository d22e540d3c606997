// SPDX-License-Identifier: MPL-2.0
//! What is asked of a packager between two chunks.

use super::{
    Chunk, ClearMovie, Encryptor, Error, FragmentAssembler, IndexMode, StreamReader, StreamWriter,
    Totals,
};

/// What is read of a stream whose tracks are not known, in bytes.
const START: u64 = 1 << 20;

impl<C: Chunk> Encryptor<C> {
    /// Forgets all that is not complete, after a jump in the input; the tracks stay known.
    pub fn flush(&mut self) {
        let tracks = self.movie.tracks.take();
        self.start_over(self.writer.index_mode(), ClearMovie::of(tracks));
    }

    /// How many bytes the next chunk should best have, where they can be chosen: up to the end of the box or payload under way,
    /// so that nothing need be divided or brought together. Any other number does too.
    pub fn wanted(&self) -> u64 {
        match self.movie.tracks.is_none() && !self.reader.is_in_media() {
            // Small boxes, which are given together.
            true => START,
            false => self.reader.wanted().unwrap_or(START),
        }
    }

    /// How much went through so far.
    pub const fn totals(&self) -> Totals {
        self.fragments.totals()
    }

    /// Encrypts fragments on as many threads side by side, the caller's own included; 1 is the default. What comes out does not
    /// depend on it.
    ///
    /// # Errors
    /// [`Error::Threads`] when they cannot be started.
    pub fn set_threads(&mut self, threads: usize) -> Result<(), Error> {
        self.fragments.set_threads(threads)
    }

    /// The input comes as fast as it is taken: fragments may stay in work while the next chunks are pushed, up to 4 MiB for each
    /// thread, and come out then or at the end. Elsewhere what is complete comes out at once, so that threads are of use only to chunks
    /// that hold several fragments.
    pub fn look_ahead(&mut self) {
        self.ahead = self.fragments.ahead();
    }

    /// Forgets the stream: another one starts, on the same threads.
    pub fn restart(&mut self, index_mode: IndexMode) {
        self.start_over(index_mode, ClearMovie::of(None));
        self.ahead = 0;
        self.fragments.restart();
    }

    /// Chooses what happens to the `sidx` boxes to come.
    pub const fn set_index_mode(&mut self, index_mode: IndexMode) {
        self.writer.set_index_mode(index_mode);
    }

    fn start_over(&mut self, index_mode: IndexMode, movie: ClearMovie<C>) {
        self.reader = StreamReader::new();
        self.assembler = FragmentAssembler::new();
        self.writer = StreamWriter::new(index_mode);
        self.movie = movie;
    }
}
