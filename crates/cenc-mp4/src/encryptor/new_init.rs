// SPDX-License-Identifier: MPL-2.0
//! New init segments within a stream, in front of the segment that they describe first.

use isobmff_boxes::FourCc;

use super::{Chunk, Encryptor, Error};

/// True for a box that belongs to the `moof` after it (ISO/IEC 14496-12 clause 8.16, ISO/IEC 23009-1 clause 5.10.3.3): a new init segment
/// goes before it.
pub(super) const fn starts_segment(box_type: FourCc) -> bool {
    matches!(&box_type.0, b"styp" | b"sidx" | b"emsg" | b"prft")
}

impl<C: Chunk> Encryptor<C> {
    /// Writes the boxes that start a segment.
    pub(super) fn write_segment_start(&mut self) -> Result<(), Error> {
        self.segment_start
            .drain(..)
            .try_for_each(|found| self.writer.write_moved(&found))
    }

    /// Writes an init segment that replaces the one in force; the change of keys is announced before it if it `is_announced`.
    ///
    /// # Errors
    /// [`Error::IndexedInit`] inside the range of a segment index, whose references have media only.
    pub(super) fn write_new_init(
        &mut self,
        init: Vec<u8>,
        is_announced: bool,
    ) -> Result<(), Error> {
        if self.writer.is_index_pending() {
            return Err(Error::IndexedInit);
        }
        if let Some(place) = &mut self.movie.moov {
            place.is_replaced = true;
        }
        self.writer.write_new_init(init, is_announced);
        Ok(())
    }
}
