// SPDX-License-Identifier: MPL-2.0
//! A stream of MP4 on its way from chunk to output: boxes are completed, a `moof` waits for its `mdat`, offsets move.
//!
//! What becomes of boxes and samples is the business of a [`Work`].

use crate::bmff::{BoxHeader, FourCc};

use super::fragment::Fragment;
use super::held::{HeldMdat, HeldMoof, places_items};
use super::index::Index;
use super::output::{Output, OutputQueue};
use super::splitter::{Next, Splitter};
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
    splitter: Splitter,
    index_mode: IndexMode,
    index: Index,
    /// Bytes taken.
    position: u64,
    out: OutputQueue<C>,
    moof: Option<HeldMoof>,
    mdat: Option<HeldMdat<C>>,
    /// What a [`Work`] gives of a loose `mdat`; kept so that its memory is.
    loose: Vec<C>,
}

impl<C: Chunk> Stream<C> {
    /// The most bytes that are held for one `sidx`.
    const MAX_HELD: u64 = 256 << 20;

    /// A stream at its start.
    pub(super) fn new(index_mode: IndexMode) -> Self {
        Self {
            splitter: Splitter::default(),
            index_mode,
            index: Index::default(),
            position: 0,
            out: OutputQueue::new(),
            moof: None,
            mdat: None,
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
        if self.moof.is_none() && self.splitter.unfinished().is_none() {
            self.out.end_boxes();
        }
        // What was complete before an error is given whatever the chunking.
        self.release(out)?;
        taken
    }

    /// Takes note of the end of the stream.
    pub(super) fn finish(
        &mut self,
        work: &mut impl Work<C>,
        out: &mut Vec<Output<C>>,
    ) -> Result<(), Error> {
        if self.mdat.as_ref().is_some_and(|mdat| mdat.left.is_none()) {
            self.complete_media(work)?;
        }
        if let Some(inside) = self.unfinished() {
            return Err(Error::Incomplete { inside });
        }
        let inside = FourCc::MOOF;
        self.complete_empty_fragment(work)
            .map_err(|error| match error {
                Error::SamplesElsewhere { .. } => Error::Incomplete { inside },
                error => error,
            })?;
        self.out.end_boxes();
        for finished in self.index.finish()? {
            self.out.place_sidx(finished);
        }
        self.release(out)
    }

    pub(super) const fn set_index_mode(&mut self, index_mode: IndexMode) {
        self.index_mode = index_mode;
    }

    /// Bytes taken.
    pub(super) const fn position(&self) -> u64 {
        self.position
    }

    pub(super) const fn index_mode(&self) -> IndexMode {
        self.index_mode
    }

    fn take(&mut self, chunk: C, work: &mut impl Work<C>) -> Result<(), Error> {
        let mut rest = Some(chunk);
        while let Some(chunk) = rest {
            rest = match self.mdat.is_some() {
                true => self.take_media(chunk, work)?,
                false => self.take_boxes(chunk, work)?,
            };
        }
        Ok(())
    }

    /// Takes boxes from the front of a chunk and returns the rest, which is payload or starts behind an init segment.
    fn take_boxes(&mut self, mut chunk: C, work: &mut impl Work<C>) -> Result<Option<C>, Error> {
        let mut at = 0;
        while self.mdat.is_none() {
            let data = chunk.as_ref().get(at..).unwrap_or_default();
            let (taken, next) = self.splitter.take(data)?;
            at += taken;
            self.position += taken as u64;
            match next {
                Next::Partial => break,
                Next::Box(header) => self.take_box(&header, work)?,
                Next::Media(header) => self.start_media(&header, work)?,
            }
            if self.out.ends_with_init() && at < chunk.as_ref().len() {
                self.out.end_boxes();
            }
        }
        match chunk.as_ref().len() {
            0 => return Ok(None),
            len if at == len => {
                self.out.came_in(chunk);
                return Ok(None);
            }
            _ => (),
        }
        let boxes = chunk.split_to(at);
        self.out.came_in(boxes);
        Ok(Some(chunk))
    }

    fn take_box(&mut self, header: &BoxHeader, work: &mut impl Work<C>) -> Result<(), Error> {
        let bytes = self.splitter.take_box();
        let position = self.position - bytes.len() as u64;
        match header.box_type {
            FourCc::MOOV => self.take_moov(&bytes, position, work)?,
            _ if work.keeps_all() => self.out.boxes(&bytes),
            FourCc::MOOF => {
                self.complete_empty_fragment(work)?;
                self.moof = Some(HeldMoof {
                    bytes,
                    position,
                    between: Vec::new(),
                });
            }
            FourCc::SIDX => {
                self.complete_empty_fragment(work)?;
                let positions = (position, self.out.position());
                let sidx = self.index.add_sidx(&bytes, positions)?;
                self.out.boxes(&sidx);
            }
            FourCc::MFRA => {
                self.complete_empty_fragment(work)?;
                let mfra = self.index.move_mfra(&bytes, position)?;
                self.out.boxes(&mfra.unwrap_or_default());
            }
            FourCc::META if places_items(&bytes) => return Err(Error::Unsupported(FourCc::ILOC)),
            // Its ranges measure bytes whose count changes.
            FourCc::SSIX => return Err(Error::Unsupported(FourCc::SSIX)),
            _ => match &mut self.moof {
                Some(moof) => moof.between.push(bytes),
                None => self.out.boxes(&bytes),
            },
        }
        self.mark(self.position)
    }

    fn take_moov(
        &mut self,
        bytes: &[u8],
        position: u64,
        work: &mut impl Work<C>,
    ) -> Result<(), Error> {
        self.complete_empty_fragment(work)?;
        let moov = work.moov(bytes, position)?;
        self.out.boxes(&moov);
        self.out.end_init();
        Ok(())
    }

    fn start_media(&mut self, header: &BoxHeader, work: &mut impl Work<C>) -> Result<(), Error> {
        let bytes = self.splitter.take_box();
        let left = header.size.map(|size| size - header.len as u64);
        // An empty one needs no description.
        let is_loose = left != Some(0) && self.moof.is_none();
        if is_loose {
            work.start_loose(self.position)?;
            self.out.boxes(&bytes);
            self.out.end_boxes();
        }
        self.mdat = Some(HeldMdat {
            header: bytes,
            left,
            chunks: Vec::new(),
            is_loose,
        });
        match left {
            Some(0) => self.complete_media(work),
            _ => Ok(()),
        }
    }

    /// Takes payload from the front of a chunk and returns what stands behind the payload.
    fn take_media(&mut self, mut chunk: C, work: &mut impl Work<C>) -> Result<Option<C>, Error> {
        let Some(mdat) = &mut self.mdat else {
            return Ok(Some(chunk));
        };
        let len = chunk.as_ref().len() as u64;
        let left = mdat.left.unwrap_or(u64::MAX);
        let (media, rest) = match usize::try_from(left) {
            Ok(at) if left < len => (chunk.split_to(at), Some(chunk)),
            _ => (chunk, None),
        };
        let taken = left.min(len);
        self.position += taken;
        mdat.left = mdat.left.map(|left| left - taken);
        let is_complete = mdat.left == Some(0);
        match mdat.is_loose {
            true => {
                work.loose(media, &mut self.loose)?;
                self.loose.drain(..).for_each(|chunk| self.out.media(chunk));
            }
            false => mdat.chunks.push(media),
        }
        if is_complete {
            self.complete_media(work)?;
        }
        Ok(rest)
    }

    /// The `mdat` is all there: its fragment can be changed and given.
    fn complete_media(&mut self, work: &mut impl Work<C>) -> Result<(), Error> {
        let Some(mut mdat) = self.mdat.take() else {
            return Ok(());
        };
        match self.moof.take() {
            _ if mdat.is_loose => work.end_loose()?,
            Some(moof) => self.give_fragment(&moof, (&mdat.header, &mut mdat.chunks), work)?,
            None => self.out.boxes(&mdat.header),
        }
        if !mdat.chunks.is_empty() {
            self.out.end_boxes();
        }
        for chunk in mdat.chunks {
            self.out.media(chunk);
        }
        self.mark(self.position)
    }

    /// A `moof` without samples needs no `mdat`.
    fn complete_empty_fragment(&mut self, work: &mut impl Work<C>) -> Result<(), Error> {
        let Some(moof) = self.moof.take() else {
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
        let output = self.out.position();
        let fragment = Fragment {
            moof: &moof.bytes,
            positions: (moof.position, output),
            payload_at: moof.len() + mdat_header.len(),
        };
        let written = work.fragment(&fragment, chunks)?;
        self.index.add_moof(moof.position, output);
        self.out.made(written);
        let mut end = moof.position + moof.bytes.len() as u64;
        self.mark(end)?;
        for between in &moof.between {
            self.out.boxes(between);
            end += between.len() as u64;
            self.mark(end)?;
        }
        self.out.boxes(mdat_header);
        Ok(())
    }

    /// What the input is in the middle of.
    fn unfinished(&self) -> Option<FourCc> {
        match &self.mdat {
            Some(_) => Some(FourCc::MDAT),
            None => self.splitter.unfinished(),
        }
    }

    /// A box ends at `position` of the input, unless it is held behind a `moof`.
    fn mark(&mut self, position: u64) -> Result<(), Error> {
        if self.moof.is_some() {
            return Ok(());
        }
        for sidx in self.index.mark(position, self.out.position())? {
            self.out.place_sidx(sidx);
        }
        Ok(())
    }

    /// Hands the queue over, unless a `sidx` in it is not finished.
    fn release(&mut self, out: &mut Vec<Output<C>>) -> Result<(), Error> {
        if self.index_mode == IndexMode::Patch || !self.index.is_pending() {
            self.out.release(out);
        } else if self.out.queued() > Self::MAX_HELD {
            return Err(Error::TooLarge {
                what: "what a 'sidx' measures, held until its sizes are known (write to a file, or let the \
                       muxer write no 'sidx'), in bytes,",
                limit: Self::MAX_HELD,
            });
        }
        Ok(())
    }
}
