// SPDX-License-Identifier: MPL-2.0
//! Media of a progressive file in a stream: each fragment that it makes is protected as if it had come so.

use isobmff_boxes::FourCc;

use super::{Chunk, ClearMovie, Encryptor, Error};
use common_encryption::Protector;

impl<C> ClearMovie<C> {
    /// Refuses what measures or places the bytes of a file that comes out fragmented.
    pub(super) const fn refuse_in_progressive(&self, box_type: FourCc) -> Result<(), Error> {
        match (self.fragmenter.is_some(), box_type) {
            (true, FourCc::MOOV) => Err(Error::Box(isobmff_boxes::Error::Duplicate { box_type })),
            (true, FourCc::MOOF) => Err(Error::SamplesInMoov),
            (true, FourCc::SIDX | FourCc::MFRA) => Err(Error::Unsupported(box_type)),
            _ => Ok(()),
        }
    }
}

impl<C: Chunk> Encryptor<C> {
    /// Protects the fragments for which all media has come, if the file is progressive.
    pub(super) fn protect_made_fragments(
        &mut self,
        protector: &mut dyn Protector,
    ) -> Result<(), Error> {
        let position = self.reader.position();
        while let Some(fragmenter) = &mut self.movie.fragmenter
            && let Some(fragment) = fragmenter.next_fragment(position)?
        {
            self.protect_fragment(fragment, protector)?;
        }
        Ok(())
    }
}
