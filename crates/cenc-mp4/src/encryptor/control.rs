// SPDX-License-Identifier: MPL-2.0
//! What is asked of a packager between two chunks.

use super::{Chunk, Encryptor, Error, IndexMode, Movie, Totals};
use crate::passage::Passage;

impl<C: Chunk> Encryptor<C> {
    /// Forgets all that is not complete, after a jump in the input; the tracks stay known.
    pub fn flush(&mut self) {
        self.passage = Passage {
            ahead: self.passage.ahead,
            ..Passage::new(self.passage.index_mode)
        };
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

    /// Encrypts fragments on as many threads side by side, the caller's own included; 1 is the default. What comes out does not
    /// depend on it.
    ///
    /// # Errors
    /// [`Error::Threads`] when they cannot be started.
    pub fn set_threads(&mut self, threads: usize) -> Result<(), Error> {
        self.movie.fragments.set_threads(threads)
    }

    /// The input comes as fast as it is taken: fragments may stay in work while the next chunks are pushed, up to 4 MiB for each
    /// thread, and come out then or at the end. Elsewhere what is complete comes out at once, so that threads are of use only to chunks
    /// that hold several fragments.
    pub fn look_ahead(&mut self) {
        self.passage.ahead = self.movie.fragments.ahead();
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
