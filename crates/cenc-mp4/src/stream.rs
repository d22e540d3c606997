// SPDX-License-Identifier: MPL-2.0
//! A stream of MP4 from chunk to output. What becomes of boxes and samples is the business of a [`Work`].

use isobmff_boxes::{BoxHeader, FourCc};

use super::fragment::{Fragment, Written};
use super::held::HeldMoof;
use super::output::Output;
use super::passage::Passage;
use super::splitter::Next;
use super::{Chunk, Error};

/// What is done to the boxes and samples of a stream on its way through a [`Passage`].
pub(super) trait Work<C: Chunk> {
    /// Looks first at a whole box, which stood at a position. What it returns goes the way of all boxes; None: it has gone already.
    fn take_box(
        &mut self,
        box_type: FourCc,
        stood: (Vec<u8>, u64),
        passage: &mut Passage<C>,
    ) -> Result<Option<Vec<u8>>, Error>;

    /// Changes the samples in `chunks` and writes the `moof`.
    fn fragment(&mut self, fragment: &Fragment<'_>, chunks: Vec<C>) -> Result<Written<C>, Error>;

    /// An `mdat` begins that no `moof` precedes; `passage` has its header and stands at its payload.
    fn start_loose(&mut self, is_empty: bool, passage: &mut Passage<C>) -> Result<(), Error>;

    /// The next payload of such an `mdat`.
    fn loose(&mut self, media: C, passage: &mut Passage<C>) -> Result<(), Error>;

    /// The end of such an `mdat`.
    fn end_loose(&mut self) -> Result<(), Error>;

    /// The end of the stream.
    fn end(&mut self, passage: &mut Passage<C>) -> Result<(), Error>;
}

impl<C: Chunk> Passage<C> {
    /// Takes the next chunk and appends to `out` what can be given.
    pub(super) fn push(
        &mut self,
        chunk: C,
        work: &mut impl Work<C>,
        out: &mut Vec<Output<C>>,
    ) -> Result<(), Error> {
        let taken = self.take(chunk, work);
        // What was complete before an error is given whatever the chunking.
        let ahead = taken.as_ref().map_or(0, |()| self.ahead);
        self.end_chunk(ahead, out)?;
        taken
    }

    /// Takes note of the end of the stream.
    ///
    /// # Errors
    /// [`Error::Incomplete`] when it ends inside a box or fragment, which is not given then.
    pub(super) fn finish(
        &mut self,
        work: &mut impl Work<C>,
        out: &mut Vec<Output<C>>,
    ) -> Result<(), Error> {
        let ended = self.end_input(work);
        match ended {
            Ok(()) => self.end(out),
            Err(_) => self.release(0, out).and(ended),
        }
    }

    fn end_input(&mut self, work: &mut impl Work<C>) -> Result<(), Error> {
        if self.ends_with_media() {
            self.complete_media(work)?;
        }
        if let Some(inside) = self.unfinished() {
            return Err(Error::Incomplete { inside });
        }
        work.end(self)?;
        let inside = FourCc::MOOF;
        self.complete_empty_fragment(work)
            .map_err(|error| match error {
                Error::SamplesElsewhere { .. } => Error::Incomplete { inside },
                error => error,
            })
    }

    /// Gives a fragment of which all is there.
    pub(super) fn give_fragment(
        &mut self,
        moof: &HeldMoof,
        (mdat_header, chunks): (&[u8], Vec<C>),
        work: &mut impl Work<C>,
    ) -> Result<(), Error> {
        let fragment = self.fragment(moof, mdat_header);
        let written = work.fragment(&fragment, chunks)?;
        if written.announced {
            self.out.announce_change();
        }
        self.give_boxes(moof, mdat_header, written.moof)?;
        self.out.media(written.media);
        Ok(())
    }

    fn take(&mut self, chunk: C, work: &mut impl Work<C>) -> Result<(), Error> {
        let mut rest = Some(chunk);
        while let Some(chunk) = rest {
            rest = match self.mdat {
                Some(_) => self.take_media(chunk, work)?,
                None => self.take_boxes(chunk, work)?,
            };
        }
        Ok(())
    }

    /// Takes boxes from the front of a chunk and returns the rest, which is payload or starts behind an init segment.
    fn take_boxes(&mut self, chunk: C, work: &mut impl Work<C>) -> Result<Option<C>, Error> {
        let mut at = 0;
        while self.mdat.is_none() {
            match self.next_box(&chunk, &mut at)? {
                Next::Partial => break,
                Next::Box(header) => self.take_box(&header, work)?,
                Next::Media(header) => self.take_header(&header, work)?,
            }
            self.end_init(&chunk, at);
        }
        Ok(self.end_boxes_of(chunk, at))
    }

    fn take_box(&mut self, header: &BoxHeader, work: &mut impl Work<C>) -> Result<(), Error> {
        let box_type = header.box_type;
        let (bytes, position) = self.found_box();
        if let FourCc::MOOV | FourCc::MOOF | FourCc::SIDX | FourCc::MFRA = box_type {
            self.complete_empty_fragment(work)?;
        }
        let Some(bytes) = work.take_box(box_type, (bytes, position), self)? else {
            return Ok(());
        };
        match box_type {
            FourCc::MOOF => self.hold((bytes, position)),
            other => self.pass_box(other, (bytes, position))?,
        }
        self.mark(self.position)
    }

    fn take_header(&mut self, header: &BoxHeader, work: &mut impl Work<C>) -> Result<(), Error> {
        self.start_media(header);
        if self.moof.is_none() {
            work.start_loose(self.has_all_media(), self)?;
        }
        match self.has_all_media() {
            true => self.complete_media(work),
            false => Ok(()),
        }
    }

    /// Takes payload and returns what stands behind it.
    fn take_media(&mut self, chunk: C, work: &mut impl Work<C>) -> Result<Option<C>, Error> {
        let (media, rest) = self.payload_of(chunk);
        match (&mut self.mdat, &self.moof) {
            (Some(mdat), Some(_)) => mdat.chunks.push(media),
            _ => work.loose(media, self)?,
        }
        if self.has_all_media() {
            self.complete_media(work)?;
        }
        Ok(rest)
    }

    /// The `mdat` is all there: its fragment can be changed and given.
    fn complete_media(&mut self, work: &mut impl Work<C>) -> Result<(), Error> {
        let Some(mdat) = self.mdat.take() else {
            return Ok(());
        };
        match self.moof.take() {
            Some(moof) => self.give_fragment(&moof, (&mdat.header, mdat.chunks), work)?,
            None => work.end_loose()?,
        }
        self.mark(self.position)
    }

    /// A `moof` without samples needs no `mdat`.
    fn complete_empty_fragment(&mut self, work: &mut impl Work<C>) -> Result<(), Error> {
        match self.moof.take() {
            Some(moof) => self.give_fragment(&moof, (&[], Vec::new()), work),
            None => Ok(()),
        }
    }
}
