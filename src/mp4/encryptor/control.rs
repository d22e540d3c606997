// SPDX-License-Identifier: MPL-2.0
//! What is asked of a packager between two chunks.

use super::super::passage::Passage;
use super::{Chunk, Encryptor, Error, IndexMode, Movie, Totals};

impl<C: Chunk> Encryptor<C> {
    /// Forgets all that is not complete, after a jump in the input; the tracks stay known.
    pub fn flush(&mut self) {
        self.passage = Passage::new(self.passage.index_mode);
        self.movie = Movie {
            tracks: self.movie.tracks.take(),
            ..Movie::new(std::mem::take(&mut self.movie.fragments))
        };
    }

    /// How many bytes the next chunk should best have, where they can be chosen: up to the end of the box or payload under way,
    /// so that nothing need be divided or brought together. Any other number does too.
    pub fn wanted(&self) -> u64 {
        match (&self.passage.mdat, &self.movie.tracks) {
            (Some(mdat), _) => mdat.left.unwrap_or(Self::START),
            // Small boxes, which are given together.
            (None, None) => Self::START,
            (None, Some(_)) => self.passage.splitter.wanted(),
        }
    }

    /// How much went through so far.
    pub const fn totals(&self) -> Totals {
        self.movie.fragments.totals()
    }

    /// Shares the cipher's work on large fragments among `threads`, the caller's own included; 1 is the default. What comes out does
    /// not depend on it.
    ///
    /// # Errors
    /// [`Error::Threads`] when they cannot be started.
    pub fn set_threads(&mut self, threads: usize) -> Result<(), Error> {
        self.movie.fragments.set_threads(threads)
    }

    /// Forgets the stream: another one starts, on the same threads.
    pub fn restart(&mut self, index_mode: IndexMode) {
        self.passage = Passage::new(index_mode);
        self.movie = Movie::new(std::mem::take(&mut self.movie.fragments));
        self.movie.fragments.restart();
    }

    /// Chooses what happens to the `sidx` boxes to come.
    pub const fn set_index_mode(&mut self, index_mode: IndexMode) {
        self.passage.index_mode = index_mode;
    }
}
