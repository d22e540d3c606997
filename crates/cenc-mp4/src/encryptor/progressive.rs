// SPDX-License-Identifier: MPL-2.0
//! A progressive file in a stream: each fragment that is cut from it is protected like a fragment of the input.

use common_encryption::Protector;
use isobmff_boxes::FourCc;

use super::{Chunk, ClearMovie, Encryptor, Error};

impl<C> ClearMovie<C> {
    /// Refuses boxes that index or place the bytes of a progressive file, which is output in fragments.
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
    /// Protects the fragments of a progressive file for which all media has arrived.
    pub(super) fn protect_cut_fragments(
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
