// SPDX-License-Identifier: MPL-2.0
//! Media of a progressive file in a stream: each fragment that it makes is protected as if it had come so.

use crate::bmff::{self, FourCc};

use super::super::fragmenting::ClearFragment;
use super::super::held::HeldMoof;
use super::super::protector::Protector;
use super::{Chunk, Encryptor, Error};

impl<C: Chunk> Encryptor<C> {
    /// Refuses what measures or places the bytes of a file that comes out fragmented.
    pub(super) const fn refuse_in_progressive(&self, box_type: FourCc) -> Result<(), Error> {
        match (self.fragmenter.is_some(), box_type) {
            (true, FourCc::MOOV) => Err(Error::Box(bmff::Error::Duplicate { box_type })),
            (true, FourCc::MOOF) => Err(Error::SamplesInMoov),
            (true, FourCc::SIDX | FourCc::MFRA) => Err(Error::Unsupported(box_type)),
            _ => Ok(()),
        }
    }

    /// Sends the payload that an `mdat` holds, which ends at the present position, through the fragmenter, if there is one.
    pub(super) fn fragment_media(&mut self, protector: &mut dyn Protector) -> Result<(), Error> {
        let (Some(fragmenter), Some(mdat)) = (&mut self.fragmenter, &mut self.passage.mdat) else {
            return Ok(());
        };
        for media in mdat.chunks.drain(..) {
            let position = self.passage.position - media.as_ref().len() as u64;
            fragmenter.add(position, media);
        }
        while let Some(fragmenter) = &mut self.fragmenter
            && let Some(fragment) = fragmenter.next_fragment()?
        {
            self.give_fragment(fragment, protector)?;
        }
        Ok(())
    }

    /// The stream ends: gives the fragments that need no bytes, and sees to it that none is left.
    pub(super) fn finish_fragments(&mut self, protector: &mut dyn Protector) -> Result<(), Error> {
        while let Some(fragmenter) = &mut self.fragmenter
            && let Some(fragment) = fragmenter.next_at_end()?
        {
            self.give_fragment(fragment, protector)?;
        }
        Ok(())
    }

    fn give_fragment(
        &mut self,
        mut clear: ClearFragment<C>,
        protector: &mut dyn Protector,
    ) -> Result<(), Error> {
        let moof = HeldMoof {
            bytes: clear.moof,
            position: self.passage.position,
            between: Vec::new(),
        };
        self.protect_fragment(&moof, (&clear.mdat_header, &mut clear.chunks), protector)?;
        self.passage.out.end_boxes();
        for chunk in clear.chunks {
            self.passage.out.media(chunk);
        }
        Ok(())
    }
}
