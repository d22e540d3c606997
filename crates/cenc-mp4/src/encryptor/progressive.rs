// SPDX-License-Identifier: MPL-2.0
//! Media of a progressive file in a stream: each fragment that it makes is protected as if it had come so.

use isobmff_boxes::FourCc;

use super::{Chunk, Error, Movie, Protection};
use crate::fragmenting::{ClearFragment, Fragmenter};
use crate::held::HeldMoof;
use crate::passage::Passage;

impl<C> Movie<C> {
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

impl<C: Chunk> Protection<'_, C> {
    /// Gives the fragments that `next` makes, if the file is progressive.
    pub(super) fn give_fragments(
        &mut self,
        next: impl Fn(&mut Fragmenter<C>) -> Result<Option<ClearFragment<C>>, Error>,
        passage: &mut Passage<C>,
    ) -> Result<(), Error> {
        while let Some(fragmenter) = &mut self.movie.fragmenter
            && let Some(clear) = next(fragmenter)?
        {
            let moof = HeldMoof {
                bytes: clear.moof,
                position: passage.position,
                between: Vec::new(),
            };
            passage.give_fragment(&moof, (&clear.mdat_header, clear.chunks), self)?;
        }
        Ok(())
    }
}
