// SPDX-License-Identifier: MPL-2.0
//! A muxer that goes back to where its `moov` stands and writes it again, 14496-12 clause 8.2.

use super::{Chunk, Encryptor, Error, IndexMode};

impl<C: Chunk> Encryptor<C> {
    /// Takes note that the input goes on at byte `position`: where it stopped, or not behind the `moov`, which is then written
    /// again.
    ///
    /// # Errors
    /// [`Error::Rewrites`] for any other place.
    pub fn seek(&mut self, position: u64) -> Result<(), Error> {
        if position == self.position || self.position == 0 {
            return Ok(());
        }
        let to_moov = self.moov.is_some_and(|moov| position <= moov.input);
        if !to_moov || self.unfinished().is_some() || self.moof.is_some() {
            return Err(Error::Rewrites { position });
        }
        self.resume = Some(self.position);
        self.position = position;
        Ok(())
    }

    /// A box in front of the `moov` that is written again.
    pub(super) fn rewrite(&mut self, bytes: Vec<u8>, position: u64) -> Result<(), Error> {
        let moov = self.moov.filter(|moov| self.position <= moov.input);
        let moov = moov.ok_or(Error::Rewrites { position })?;
        self.patch(moov.output_of(position), bytes);
        Ok(())
    }

    pub(super) fn patch(&mut self, position: u64, bytes: Vec<u8>) {
        if self.index_mode == IndexMode::Patch {
            self.out.patch(position, bytes);
        }
    }
}
