// SPDX-License-Identifier: MPL-2.0
//! The `moov`: the first, and one that a muxer writes again at its end, to tell a duration.

use isobmff_boxes::FourCc;

use super::{Chunk, Encryptor, StreamBox};
use crate::Error;
use crate::fragmenting::Fragmenter;
use crate::init::protect_moov;
use common_encryption::Protector;

/// Where the last `moov` is.
#[derive(Clone, Copy)]
pub(super) struct MoovPlace {
    input: u64,
    output: u64,
    /// Bytes that it takes in the output.
    len: usize,
}

impl MoovPlace {
    /// Where a box is in the output that came at `position` in front of the `moov`: after the first, which may have
    /// grown, all bytes have moved alike.
    const fn output_of(&self, position: u64) -> u64 {
        match position {
            0 => 0,
            _ => (position + self.output).saturating_sub(self.input),
        }
    }
}

impl<C: Chunk> Encryptor<C> {
    /// Takes note that the input goes on at byte `position`: where it stopped, or not after the `moov`, which is then written
    /// again.
    ///
    /// # Errors
    /// [`Error::Rewrites`] for any other place.
    pub fn seek(&mut self, position: u64) -> Result<(), Error> {
        let now = self.reader.position();
        if position == now || now == 0 {
            return Ok(());
        }
        let to_moov = self.movie.moov.is_some_and(|moov| position <= moov.input);
        let between_boxes =
            !self.reader.is_in_media() && !self.reader.is_in_box() && !self.assembler.is_waiting();
        if !to_moov || !between_boxes {
            return Err(Error::Rewrites { position });
        }
        self.movie.resume = Some(now);
        self.reader.jump(position);
        Ok(())
    }

    pub(super) fn take_moov(
        &mut self,
        found: &StreamBox,
        protector: &mut dyn Protector,
    ) -> Result<(), Error> {
        let (clear, fragmenter) = Fragmenter::open(&found.bytes)?;
        let (moov, tracks) = protect_moov(&clear, protector)?;
        if let (Some(resume), Some(place)) = (self.movie.resume.take(), self.movie.moov) {
            if (found.position, moov.len()) != (place.input, place.len) {
                return Err(Error::Rewrites {
                    position: found.position,
                });
            }
            self.reader.jump(resume);
            self.writer.patch(place.output, moov);
            return self.writer.mark(resume);
        }
        if fragmenter.is_some() && self.writer.is_index_pending() {
            return Err(Error::Unsupported(FourCc::SIDX));
        }
        self.movie.fragmenter = fragmenter;
        self.movie.tracks = Some(tracks);
        self.movie.moov = Some(MoovPlace {
            input: found.position,
            output: self.writer.position(),
            len: moov.len(),
        });
        self.writer.write_moov(&moov, found)
    }

    /// Takes a box in front of the `moov` that is written again.
    pub(super) fn rewrite(&mut self, found: StreamBox) -> Result<(), Error> {
        let moov = self.movie.moov.filter(|moov| found.end <= moov.input);
        let moov = moov.ok_or(Error::Rewrites {
            position: found.position,
        })?;
        self.writer
            .patch(moov.output_of(found.position), found.bytes);
        Ok(())
    }
}
