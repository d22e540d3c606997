// SPDX-License-Identifier: MPL-2.0
//! The `moov`: the first one, and one that a muxer rewrites at its end to state the duration.

use common_encryption::Protector;
use isobmff_boxes::FourCc;

use super::{Chunk, Encryptor, StreamBox};
use crate::Error;
use crate::fragmenting::Fragmenter;
use crate::init::{MovieInit, ProtectedMoov, protect_moov};

/// The place of the last `moov`.
#[derive(Clone, Copy)]
pub(super) struct MoovPlace {
    /// Offset in the input.
    input: u64,
    /// Offset in the output.
    output: u64,
    /// Bytes in the output.
    len: usize,
    /// True once another init segment was written after it.
    pub(super) is_replaced: bool,
}

impl MoovPlace {
    /// Returns the offset in the output of a box before the `moov`, which is at `position` in the input. The first box may have
    /// grown; all after it have moved by the same distance.
    const fn output_of(&self, position: u64) -> u64 {
        match position {
            0 => 0,
            _ => (position + self.output).saturating_sub(self.input),
        }
    }
}

impl<C: Chunk> Encryptor<C> {
    /// Records that the input continues at byte `position`: where it stopped, or at or before the `moov`, which the muxer
    /// then rewrites.
    ///
    /// # Errors
    /// [`Error::Rewrites`] for any other position.
    pub fn seek(&mut self, position: u64) -> Result<(), Error> {
        let now = self.reader.position();
        if position == now || now == 0 {
            return Ok(());
        }
        let is_between_boxes =
            !self.reader.is_in_media() && !self.reader.is_in_box() && !self.assembler.is_waiting();
        if !is_between_boxes || self.movie.moov.is_none_or(|moov| position > moov.input) {
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
        let ProtectedMoov {
            bytes: moov,
            tracks,
        } = protect_moov(&clear, protector, &mut self.warnings)?;
        if let (Some(resume), Some(place)) = (self.movie.resume.take(), self.movie.moov) {
            if place.is_replaced {
                // The keys of the first one are no longer known. It misses the duration, which fragments tell too.
                self.reader.jump(resume);
                return self.writer.mark(resume);
            }
            if (found.position, moov.len()) != (place.input, place.len) {
                return Err(Error::Rewrites {
                    position: found.position,
                });
            }
            self.reader.jump(resume);
            self.writer.patch(place.output, moov);
            return self.writer.mark(resume);
        }
        if fragmenter
            .as_ref()
            .is_some_and(|fragmenter| !fragmenter.announces_fragments())
            && self.writer.is_index_pending()
        {
            return Err(Error::Unsupported(FourCc::SIDX));
        }
        self.movie.fragmenter = fragmenter;
        self.movie.is_unannounced = false;
        self.movie.init = Some(MovieInit {
            file_type: std::mem::take(&mut self.movie.file_type),
            moov: clear.into_owned(),
            tracks,
        });
        self.movie.moov = Some(MoovPlace {
            input: found.position,
            output: self.writer.position(),
            len: moov.len(),
            is_replaced: false,
        });
        self.writer.write_moov(&moov, found)
    }

    /// Takes a box before a `moov` that the muxer rewrites.
    pub(super) fn rewrite(&mut self, found: StreamBox) -> Result<(), Error> {
        let moov = self
            .movie
            .moov
            .filter(|moov| found.end <= moov.input)
            .ok_or(Error::Rewrites {
                position: found.position,
            })?;
        self.writer
            .patch(moov.output_of(found.position), found.bytes);
        Ok(())
    }
}
