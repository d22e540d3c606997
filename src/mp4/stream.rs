// SPDX-License-Identifier: MPL-2.0
//! A stream of MP4 from chunk to output, in which `mdat` need not follow a `moof`. What becomes of boxes and samples is the business of
//! a [`Work`].

use crate::bmff::{BoxHeader, FourCc};

use super::fragment::Fragment;
use super::held::HeldMoof;
use super::output::Output;
use super::passage::{Passage, Taken, payload_len};
use super::splitter::Next;
use super::{Chunk, Error, IndexMode};

/// What is done to the boxes and samples of a stream.
pub(super) trait Work<C> {
    /// Whether the stream stays as it is up to the next `moov`.
    fn keeps_all(&self) -> bool;

    /// A whole `moov`, which stood at `position`, as it is written.
    fn moov(&mut self, bytes: &[u8], position: u64) -> Result<Vec<u8>, Error>;

    /// Changes the samples in `chunks` and returns the `moof` as it is written.
    fn fragment(&mut self, fragment: &Fragment<'_>, chunks: &mut [C]) -> Result<Vec<u8>, Error>;

    /// Takes note of an `mdat` that no `moof` precedes, or refuses it; its payload starts at `position`.
    fn start_loose(&mut self, position: u64) -> Result<(), Error>;

    /// The next payload of such an `mdat`; what is finished is appended to `out`.
    fn loose(&mut self, chunk: C, out: &mut Vec<C>) -> Result<(), Error>;

    /// The end of such an `mdat`.
    fn end_loose(&mut self) -> Result<(), Error>;
}

/// A stream between two chunks.
pub(super) struct Stream<C> {
    passage: Passage<C>,
    /// What a [`Work`] gives of a loose `mdat`; kept so that its memory is.
    loose: Vec<C>,
}

impl<C: Chunk> Stream<C> {
    /// A stream at its start.
    pub(super) fn new(index_mode: IndexMode) -> Self {
        Self {
            passage: Passage::new(index_mode),
            loose: Vec::new(),
        }
    }

    /// Takes the next chunk and appends to `out` what can be given.
    pub(super) fn push(
        &mut self,
        chunk: C,
        work: &mut impl Work<C>,
        out: &mut Vec<Output<C>>,
    ) -> Result<(), Error> {
        let taken = self.take(chunk, work);
        // What was complete before an error is given whatever the chunking.
        self.passage.end_chunk(out)?;
        taken
    }

    /// Takes note of the end of the stream.
    pub(super) fn finish(
        &mut self,
        work: &mut impl Work<C>,
        out: &mut Vec<Output<C>>,
    ) -> Result<(), Error> {
        if self.passage.ends_with_media() {
            self.complete_media(work)?;
        }
        if let Some(inside) = self.passage.unfinished() {
            return Err(Error::Incomplete { inside });
        }
        let inside = FourCc::MOOF;
        self.complete_empty_fragment(work)
            .map_err(|error| match error {
                Error::SamplesElsewhere { .. } => Error::Incomplete { inside },
                error => error,
            })?;
        self.passage.end(out)
    }

    pub(super) const fn set_index_mode(&mut self, index_mode: IndexMode) {
        self.passage.index_mode = index_mode;
    }

    /// Bytes taken.
    pub(super) const fn position(&self) -> u64 {
        self.passage.position
    }

    pub(super) const fn index_mode(&self) -> IndexMode {
        self.passage.index_mode
    }

    fn take(&mut self, chunk: C, work: &mut impl Work<C>) -> Result<(), Error> {
        let mut rest = Some(chunk);
        while let Some(chunk) = rest {
            rest = match self.passage.take_media(chunk) {
                Ok(taken) => self.take_media(taken, work)?,
                Err(chunk) => self.take_boxes(chunk, work)?,
            };
        }
        Ok(())
    }

    /// Takes boxes from the front of a chunk and returns the rest, which is payload or starts behind an init segment.
    fn take_boxes(&mut self, chunk: C, work: &mut impl Work<C>) -> Result<Option<C>, Error> {
        let mut at = 0;
        while self.passage.mdat.is_none() {
            match self.passage.next_box(&chunk, &mut at)? {
                Next::Partial => break,
                Next::Box(header) => self.take_box(&header, work)?,
                Next::Media(header) => self.start_media(&header, work)?,
            }
            self.passage.end_init(&chunk, at);
        }
        Ok(self.passage.end_boxes_of(chunk, at))
    }

    fn take_box(&mut self, header: &BoxHeader, work: &mut impl Work<C>) -> Result<(), Error> {
        let (bytes, position) = self.passage.take_box();
        match header.box_type {
            FourCc::MOOV => self.take_moov(&bytes, position, work)?,
            _ if work.keeps_all() => self.passage.out.boxes(&bytes),
            FourCc::MOOF => {
                self.complete_empty_fragment(work)?;
                self.passage.hold((bytes, position));
            }
            FourCc::SIDX | FourCc::MFRA => {
                self.complete_empty_fragment(work)?;
                self.passage.pass_box(header.box_type, (bytes, position))?;
            }
            other => self.passage.pass_box(other, (bytes, position))?,
        }
        self.passage.mark(self.passage.position)
    }

    fn take_moov(
        &mut self,
        bytes: &[u8],
        position: u64,
        work: &mut impl Work<C>,
    ) -> Result<(), Error> {
        self.complete_empty_fragment(work)?;
        let moov = work.moov(bytes, position)?;
        self.passage.out.boxes(&moov);
        self.passage.out.end_init();
        Ok(())
    }

    fn start_media(&mut self, header: &BoxHeader, work: &mut impl Work<C>) -> Result<(), Error> {
        let is_empty = payload_len(header) == Some(0);
        // An empty one needs no description.
        let is_loose = !is_empty && self.passage.moof.is_none();
        self.passage.start_media(header, is_loose);
        if is_loose {
            work.start_loose(self.passage.position)?;
            let header = self.passage.mdat.as_ref().map(|mdat| &mdat.header);
            self.passage.out.boxes(header.map_or(&[], Vec::as_slice));
            self.passage.out.end_boxes();
        }
        match is_empty {
            true => self.complete_media(work),
            false => Ok(()),
        }
    }

    /// Takes payload and returns what stands behind it.
    fn take_media(&mut self, taken: Taken<C>, work: &mut impl Work<C>) -> Result<Option<C>, Error> {
        match &mut self.passage.mdat {
            Some(mdat) if !mdat.is_loose => mdat.chunks.push(taken.media),
            _ => {
                work.loose(taken.media, &mut self.loose)?;
                let out = &mut self.passage.out;
                self.loose.drain(..).for_each(|chunk| out.media(chunk));
            }
        }
        if taken.is_complete {
            self.complete_media(work)?;
        }
        Ok(taken.rest)
    }

    /// The `mdat` is all there: its fragment can be changed and given.
    fn complete_media(&mut self, work: &mut impl Work<C>) -> Result<(), Error> {
        let Some(mut mdat) = self.passage.mdat.take() else {
            return Ok(());
        };
        match self.passage.moof.take() {
            _ if mdat.is_loose => work.end_loose()?,
            Some(moof) => self.give_fragment(&moof, (&mdat.header, &mut mdat.chunks), work)?,
            None => self.passage.out.boxes(&mdat.header),
        }
        self.passage.give_media(mdat.chunks);
        self.passage.mark(self.passage.position)
    }

    /// A `moof` without samples needs no `mdat`.
    fn complete_empty_fragment(&mut self, work: &mut impl Work<C>) -> Result<(), Error> {
        let Some(moof) = self.passage.moof.take() else {
            return Ok(());
        };
        self.give_fragment(&moof, (&[], &mut []), work)
    }

    fn give_fragment(
        &mut self,
        moof: &HeldMoof,
        (mdat_header, chunks): (&[u8], &mut [C]),
        work: &mut impl Work<C>,
    ) -> Result<(), Error> {
        let fragment = self.passage.fragment(moof, mdat_header);
        let written = work.fragment(&fragment, chunks)?;
        self.passage.give_boxes(moof, mdat_header, written)
    }
}
