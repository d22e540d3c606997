// SPDX-License-Identifier: MPL-2.0
//! A `moov` after media: it is written before the first media, for which it is read from the file in advance.

use common_encryption::Protector;
use isobmff_boxes::FourCc;

use super::{Chunk, ClearMovie, Encryptor, Error, StreamBox};
use crate::LateMoov;

impl<C> ClearMovie<C> {
    /// True for the `moov` that was taken before the media in front of it.
    pub(super) fn is_late_moov(&self, found: &StreamBox) -> bool {
        found.box_type == FourCc::MOOV
            && self
                .late_moov
                .as_ref()
                .is_some_and(|late| late.bytes.is_empty() && late.position == found.position)
    }
}

impl<C: Chunk> Encryptor<C> {
    /// Sets the `moov` of a file that is about to be pushed from its start, since media is in front of it.
    pub fn expect_moov(&mut self, moov: LateMoov) {
        self.movie.late_moov = Some(moov);
    }

    /// Takes that `moov` before the first media, which is at `position` of the input.
    pub(super) fn take_late_moov(
        &mut self,
        position: u64,
        protector: &mut dyn Protector,
    ) -> Result<(), Error> {
        let bytes = match &mut self.movie.late_moov {
            Some(late) => std::mem::take(&mut late.bytes),
            None => return Ok(()),
        };
        if bytes.is_empty() {
            return Ok(());
        }
        let found = StreamBox {
            box_type: FourCc::MOOV,
            bytes,
            position,
            end: position,
            ends_chunk: false,
        };
        self.take_moov(&found, protector)
    }
}
