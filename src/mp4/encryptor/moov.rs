// SPDX-License-Identifier: MPL-2.0
//! The `moov`: the first, and one that a muxer writes again at its end, to tell a duration.

use crate::bmff::FourCc;

use super::super::Error;
use super::super::fragmenting::Fragmenter;
use super::super::held::MoovPlace;
use super::super::init::protect_moov;
use super::super::protector::Protector;
use super::{Chunk, Encryptor, IndexMode};

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
        let to_moov = self.moov.is_some_and(|moov| position <= moov.input);
        if !to_moov || self.passage.unfinished().is_some() || self.passage.moof.is_some() {
            return Err(Error::Rewrites { position });
        }
        self.resume = Some(self.passage.position);
        self.passage.position = position;
        Ok(())
    }

    pub(super) fn take_moov(
        &mut self,
        bytes: &[u8],
        input: u64,
        protector: &mut dyn Protector,
    ) -> Result<(), Error> {
        self.complete_empty_fragment(protector)?;
        let (clear, fragmenter) = Fragmenter::open(bytes)?;
        let (moov, tracks) = protect_moov(&clear, protector)?;
        if let (Some(resume), Some(place)) = (self.resume.take(), self.moov) {
            if (input, moov.len()) != (place.input, place.len) {
                return Err(Error::Rewrites { position: input });
            }
            self.passage.position = resume;
            self.patch(place.output, moov);
            return Ok(());
        }
        if fragmenter.is_some() && self.passage.index.is_pending() {
            return Err(Error::Unsupported(FourCc::SIDX));
        }
        self.fragmenter = fragmenter;
        self.tracks = Some(tracks);
        self.moov = Some(MoovPlace {
            input,
            output: self.passage.out.position(),
            len: moov.len(),
        });
        self.passage.out.boxes(&moov);
        self.passage.out.end_init();
        Ok(())
    }

    /// A box in front of the `moov` that is written again.
    pub(super) fn rewrite(&mut self, bytes: Vec<u8>, position: u64) -> Result<(), Error> {
        let moov = self.moov.filter(|moov| self.passage.position <= moov.input);
        let moov = moov.ok_or(Error::Rewrites { position })?;
        self.patch(moov.output_of(position), bytes);
        Ok(())
    }

    pub(super) fn patch(&mut self, position: u64, bytes: Vec<u8>) {
        if self.passage.index_mode == IndexMode::Patch {
            self.passage.out.patch(position, bytes);
        }
    }
}
