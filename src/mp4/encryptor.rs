// SPDX-License-Identifier: MPL-2.0
//! The packager's state between two chunks of the stream.

mod control;
mod moov;
mod progressive;

use crate::bmff::{BoxHeader, FourCc};

use super::fragment::{FragmentEncryptor, Totals};
use super::fragmenting::Fragmenter;
use super::held::{HeldMoof, MoovPlace};
use super::init::TrackState;
use super::output::Output;
use super::passage::{Passage, Taken, payload_len};
use super::protector::Protector;
use super::splitter::Next;
use super::{Chunk, Error, piff};

/// What happens to what is known only when bytes behind it are written: the sizes in a `sidx`, a `moov` written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IndexMode {
    /// All behind a `sidx` is held until its sizes are known; a `moov` that is written again is dropped.
    #[default]
    Hold,
    /// Either is replaced by an [`Output::Patch`].
    Patch,
}

/// Protects one stream of MP4, which comes out fragmented.
pub struct Encryptor<C> {
    passage: Passage<C>,
    tracks: Option<Vec<TrackState>>,
    fragments: FragmentEncryptor,
    moov: Option<MoovPlace>,
    /// Where the input goes on when a `moov` that is written again is complete.
    resume: Option<u64>,
    /// Some behind the `moov` of a progressive file.
    fragmenter: Option<Fragmenter<C>>,
}

impl<C: Chunk> Encryptor<C> {
    /// What is read of a stream whose tracks are not known, in bytes.
    const START: u64 = 1 << 20;

    /// A packager at the start of a stream.
    pub fn new(index_mode: IndexMode) -> Self {
        Self {
            passage: Passage::new(index_mode),
            tracks: None,
            fragments: FragmentEncryptor::default(),
            moov: None,
            resume: None,
            fragmenter: None,
        }
    }

    /// Takes the next chunk and appends to `out` what can be given; `protector` is asked at each `moov`.
    ///
    /// # Errors
    /// Whatever makes the stream impossible to protect. What came before the fragment under way is in `out` then, nothing of
    /// that fragment is, and nothing may be pushed any more.
    pub fn push(
        &mut self,
        chunk: C,
        protector: &mut dyn Protector,
        out: &mut Vec<Output<C>>,
    ) -> Result<(), Error> {
        let taken = self.take(chunk, protector);
        // What was complete before an error is given whatever the chunking.
        self.passage.end_chunk(out)?;
        taken
    }

    /// Takes note of the end of the stream.
    ///
    /// # Errors
    /// [`Error::Incomplete`] when it ends inside a box or fragment, which is not given then.
    pub fn finish(
        &mut self,
        protector: &mut dyn Protector,
        out: &mut Vec<Output<C>>,
    ) -> Result<(), Error> {
        if self.passage.ends_with_media() {
            self.complete_media(protector)?;
        }
        if let Some(inside) = self.passage.unfinished() {
            return Err(Error::Incomplete { inside });
        }
        self.finish_fragments(protector)?;
        let inside = FourCc::MOOF;
        self.complete_empty_fragment(protector)
            .map_err(|_| Error::Incomplete { inside })?;
        self.passage.end(out)
    }

    fn take(&mut self, chunk: C, protector: &mut dyn Protector) -> Result<(), Error> {
        let mut rest = Some(chunk);
        while let Some(chunk) = rest {
            rest = match self.passage.take_media(chunk) {
                Ok(taken) => self.take_media(taken, protector)?,
                Err(chunk) => self.take_boxes(chunk, protector)?,
            };
        }
        Ok(())
    }

    /// Takes boxes from the front of a chunk and returns the rest, which is payload or starts behind an init segment.
    fn take_boxes(&mut self, chunk: C, protector: &mut dyn Protector) -> Result<Option<C>, Error> {
        let mut at = 0;
        while self.passage.mdat.is_none() {
            match self.passage.next_box(&chunk, &mut at)? {
                Next::Partial => break,
                Next::Box(header) => self.take_box(&header, protector)?,
                Next::Media(header) => self.start_media(&header, protector)?,
            }
            self.passage.end_init(&chunk, at);
        }
        Ok(self.passage.end_boxes_of(chunk, at))
    }

    fn take_box(&mut self, header: &BoxHeader, protector: &mut dyn Protector) -> Result<(), Error> {
        let (bytes, position) = self.passage.take_box();
        self.refuse_in_progressive(header.box_type)?;
        let bytes = piff::top_level(protector.flavor(), bytes)?;
        match header.box_type {
            FourCc::MOOV => self.take_moov(&bytes, position, protector)?,
            _ if self.resume.is_some() => return self.rewrite(bytes, position),
            FourCc::MOOF => {
                self.complete_empty_fragment(protector)?;
                self.passage.hold((bytes, position));
            }
            FourCc::SIDX | FourCc::MFRA => {
                self.complete_empty_fragment(protector)?;
                self.passage.pass_box(header.box_type, (bytes, position))?;
            }
            other => self.passage.pass_box(other, (bytes, position))?,
        }
        self.passage.mark(self.passage.position)
    }

    fn start_media(
        &mut self,
        header: &BoxHeader,
        protector: &mut dyn Protector,
    ) -> Result<(), Error> {
        if self.resume.is_some() {
            let position = self.passage.position;
            return Err(Error::Rewrites { position });
        }
        let is_empty = payload_len(header) == Some(0);
        let is_placed = self.fragmenter.as_ref().is_some_and(|f| !f.is_empty());
        if !is_empty && self.passage.moof.is_none() && !is_placed {
            return Err(match &self.tracks {
                None => Error::MediaBeforeMoov,
                Some(_) => Error::MediaWithoutMoof,
            });
        }
        self.passage.start_media(header, false);
        match is_empty {
            true => self.complete_media(protector),
            false => Ok(()),
        }
    }

    /// Takes payload and returns what stands behind it.
    fn take_media(
        &mut self,
        taken: Taken<C>,
        protector: &mut dyn Protector,
    ) -> Result<Option<C>, Error> {
        if let Some(mdat) = &mut self.passage.mdat {
            mdat.chunks.push(taken.media);
        }
        self.fragment_media(protector)?;
        if taken.is_complete {
            self.complete_media(protector)?;
        }
        Ok(taken.rest)
    }

    /// The `mdat` is all there: its fragment can be protected and given.
    fn complete_media(&mut self, protector: &mut dyn Protector) -> Result<(), Error> {
        let Some(mut mdat) = self.passage.mdat.take() else {
            return Ok(());
        };
        match self.passage.moof.take() {
            Some(moof) => {
                self.protect_fragment(&moof, (&mdat.header, &mut mdat.chunks), protector)?;
            }
            None if self.fragmenter.is_some() => (),
            None => self.passage.out.boxes(&mdat.header),
        }
        self.passage.give_media(mdat.chunks);
        self.passage.mark(self.passage.position)
    }

    /// A `moof` without samples needs no `mdat`.
    fn complete_empty_fragment(&mut self, protector: &mut dyn Protector) -> Result<(), Error> {
        let Some(moof) = self.passage.moof.take() else {
            return Ok(());
        };
        self.protect_fragment(&moof, (&[], &mut []), protector)
    }

    fn protect_fragment(
        &mut self,
        moof: &HeldMoof,
        (mdat_header, chunks): (&[u8], &mut [C]),
        protector: &mut dyn Protector,
    ) -> Result<(), Error> {
        let tracks = self.tracks.as_mut().ok_or(Error::MediaBeforeMoov)?;
        let fragment = self.passage.fragment(moof, mdat_header);
        let protected = self
            .fragments
            .protect(&fragment, chunks, (tracks, protector))?;
        if protected.announced {
            self.passage.out.announce_change();
        }
        self.passage.give_boxes(moof, mdat_header, protected.moof)
    }
}
