// SPDX-License-Identifier: MPL-2.0
//! The `moov`: the first, and one that a muxer writes again at its end, to tell a duration.

use isobmff_boxes::FourCc;

use super::{Chunk, Encryptor, Movie, Protection};
use crate::Error;
use crate::fragmenting::Fragmenter;
use crate::held::MoovPlace;
use crate::init::protect_moov;
use crate::passage::Passage;

impl<C: Chunk> Encryptor<C> {
    /// Takes note that the input goes on at byte `position`: where it stopped, or not behind the `moov`, which is then written
    /// again.
    ///
    /// # Errors
    /// [`Error::Rewrites`] for any other place.
    pub fn seek(&mut self, position: u64) -> Result<(), Error> {
        if position == self.passage.position || self.passage.position == 0 {
            return Ok(());
        }
        let to_moov = self.movie.moov.is_some_and(|moov| position <= moov.input);
        if !to_moov || self.passage.unfinished().is_some() || self.passage.moof.is_some() {
            return Err(Error::Rewrites { position });
        }
        self.movie.resume = Some(self.passage.position);
        self.passage.position = position;
        Ok(())
    }
}

impl<C: Chunk> Protection<'_, C> {
    pub(super) fn take_moov(
        &mut self,
        bytes: &[u8],
        input: u64,
        passage: &mut Passage<C>,
    ) -> Result<(), Error> {
        let movie = &mut *self.movie;
        let (clear, fragmenter) = Fragmenter::open(bytes)?;
        let (moov, tracks) = protect_moov(&clear, self.protector)?;
        if let (Some(resume), Some(place)) = (movie.resume.take(), movie.moov) {
            if (input, moov.len()) != (place.input, place.len) {
                return Err(Error::Rewrites { position: input });
            }
            passage.position = resume;
            passage.patch(place.output, moov);
            return passage.mark(resume);
        }
        if fragmenter.is_some() && passage.index.is_pending() {
            return Err(Error::Unsupported(FourCc::SIDX));
        }
        movie.fragmenter = fragmenter;
        movie.tracks = Some(tracks);
        movie.moov = Some(MoovPlace {
            input,
            output: passage.out.position(),
            len: moov.len(),
        });
        passage.give_moov(&moov)
    }
}

impl<C: Chunk> Movie<C> {
    /// A box in front of the `moov` that is written again.
    pub(super) fn rewrite(
        &self,
        bytes: Vec<u8>,
        position: u64,
        passage: &mut Passage<C>,
    ) -> Result<(), Error> {
        let moov = self.moov.filter(|moov| passage.position <= moov.input);
        let moov = moov.ok_or(Error::Rewrites { position })?;
        passage.patch(moov.output_of(position), bytes);
        Ok(())
    }
}
