// SPDX-License-Identifier: MPL-2.0
//! Protects the samples that the `moov` of a stream places: each fragment that is cut from them is protected like a fragment
//! of the input. In a progressive file these are all samples. In other files they are the first samples, and fragments
//! follow.

use common_encryption::Protector;
use isobmff_boxes::{BoxHeader, FourCc};

use super::{Chunk, ClearMovie, Encryptor, Error};

/// Bytes of version and flags.
const FULL_BOX_HEADER: usize = 4;

impl<C> ClearMovie<C> {
    /// Numbers a `moof` of the input after the fragments that were cut from the samples of `moov`.
    pub(super) fn renumber(&self, moof: &mut [u8]) {
        if self.cut_fragments == 0 {
            return;
        }
        let parent = FourCc::MOOF;
        let mut at = BoxHeader::read(moof, parent).map_or(moof.len(), |header| header.len);
        while let Some(Ok(header)) = moof.get(at..).map(|rest| BoxHeader::read(rest, parent)) {
            let number = at + header.len + FULL_BOX_HEADER;
            if header.box_type == FourCc::MFHD
                && let Some(number) = moof.get_mut(number..).and_then(<[u8]>::first_chunk_mut)
            {
                *number = u32::from_be_bytes(*number)
                    .wrapping_add(self.cut_fragments)
                    .to_be_bytes();
            }
            let Some(size) = header.size.and_then(|size| usize::try_from(size).ok()) else {
                return;
            };
            at = at.saturating_add(size);
        }
    }
}

impl<C: Chunk> Encryptor<C> {
    /// Continues with the fragments of the input before a box of this type, if `moov` places samples and announces fragments
    /// too, as FFmpeg's `-movflags frag_keyframe` writes it.
    ///
    /// # Errors
    /// A progressive file with a box that indexes or places its bytes, which move; [`Error::SamplesInMoov`] for fragments among the
    /// samples of the `moov`.
    pub(super) fn end_tables(
        &mut self,
        box_type: FourCc,
        protector: &mut dyn Protector,
    ) -> Result<(), Error> {
        let Some(fragmenter) = &mut self.movie.fragmenter else {
            return Ok(());
        };
        match box_type {
            FourCc::MOOV | FourCc::MOOF | FourCc::SIDX | FourCc::MFRA | FourCc::MDAT
                if fragmenter.announces_fragments() && fragmenter.has_all_media() =>
            {
                fragmenter.end();
                self.protect_cut_fragments(protector)?;
                if let Some(fragmenter) = self.movie.fragmenter.take() {
                    self.movie.cut_fragments = fragmenter.sequence_number();
                }
                Ok(())
            }
            // Its references may start after the samples of the moov.
            FourCc::SIDX if fragmenter.announces_fragments() => Ok(()),
            FourCc::MOOV => Err(Error::Box(isobmff_boxes::Error::Duplicate { box_type })),
            FourCc::MOOF => Err(Error::SamplesInMoov),
            FourCc::SIDX | FourCc::MFRA => Err(Error::Unsupported(box_type)),
            _ => Ok(()),
        }
    }

    /// Protects all fragments that are cut from the samples of a `moov` once the last of these has arrived.
    pub(super) fn end_cut_media(&mut self, protector: &mut dyn Protector) -> Result<(), Error> {
        match &mut self.movie.fragmenter {
            Some(fragmenter) if fragmenter.has_all_media() => {
                fragmenter.end();
                self.protect_cut_fragments(protector)
            }
            _ => Ok(()),
        }
    }

    /// Protects the fragments of a progressive file for which all media has arrived.
    pub(super) fn protect_cut_fragments(
        &mut self,
        protector: &mut dyn Protector,
    ) -> Result<(), Error> {
        let position = self.reader.position();
        while let Some(fragmenter) = &mut self.movie.fragmenter
            && let Some(fragment) = fragmenter.next_fragment(position)?
        {
            self.protect_fragment(fragment, true, protector)?;
        }
        Ok(())
    }
}
