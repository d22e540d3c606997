// SPDX-License-Identifier: MPL-2.0
//! A stream of MP4 on its way through, whatever becomes of its samples: boxes are completed, a `moof` waits for its `mdat`, offsets
//! move, outputs wait for what stands before them.

use isobmff_boxes::{BoxHeader, FourCc};

use super::encryptor::IndexMode;
use super::fragment::Fragment;
use super::held::{HeldMdat, HeldMoof, places_items};
use super::index::Index;
use super::output::{Output, OutputQueue};
use super::splitter::{Next, Splitter};
use super::{Chunk, Error};

/// A stream between two chunks.
pub(super) struct Passage<C> {
    pub(super) splitter: Splitter,
    pub(super) index_mode: IndexMode,
    /// How many bytes of media may be in work when a chunk was taken.
    pub(super) ahead: u64,
    pub(super) index: Index,
    /// Bytes taken.
    pub(super) position: u64,
    pub(super) out: OutputQueue<C>,
    pub(super) moof: Option<HeldMoof>,
    pub(super) mdat: Option<HeldMdat<C>>,
}

impl<C: Chunk> Passage<C> {
    /// The most bytes that are held for one `sidx`.
    const MAX_HELD: u64 = 256 << 20;

    /// A stream at its start.
    pub(super) fn new(index_mode: IndexMode) -> Self {
        Self {
            splitter: Splitter::default(),
            index_mode,
            ahead: 0,
            index: Index::default(),
            position: 0,
            out: OutputQueue::new(),
            moof: None,
            mdat: None,
        }
    }

    /// A chunk was taken: appends to `out` what can be given. `ahead` bytes may still be in work.
    pub(super) fn end_chunk(&mut self, ahead: u64, out: &mut Vec<Output<C>>) -> Result<(), Error> {
        if self.moof.is_none() && self.splitter.unfinished().is_none() {
            self.out.end_boxes();
        }
        self.release(ahead, out)
    }

    /// The end of the stream, all of which was taken.
    pub(super) fn end(&mut self, out: &mut Vec<Output<C>>) -> Result<(), Error> {
        self.out.end_boxes();
        for finished in self.index.finish()? {
            self.out.place_sidx(finished);
        }
        self.release(0, out)
    }

    /// The next box in `chunk` from `at` on, which moves behind what was taken of it.
    pub(super) fn next_box(&mut self, chunk: &C, at: &mut usize) -> Result<Next, Error> {
        let data = chunk.as_ref().get(*at..).unwrap_or_default();
        let (taken, next) = self.splitter.take(data)?;
        *at += taken;
        self.position += taken as u64;
        Ok(next)
    }

    /// Ends the output under way behind an init segment, when there is more than `at` bytes of `chunk`.
    pub(super) fn end_init(&mut self, chunk: &C, at: usize) {
        if self.out.ends_with_init() && at < chunk.as_ref().len() {
            self.out.end_boxes();
        }
    }

    /// The first `at` bytes of `chunk` were those of boxes; returns the others.
    pub(super) fn end_boxes_of(&mut self, mut chunk: C, at: usize) -> Option<C> {
        match chunk.as_ref().len() {
            0 => None,
            len if at == len => {
                self.out.came_in(chunk);
                None
            }
            _ => {
                let boxes = chunk.split_to(at);
                self.out.came_in(boxes);
                Some(chunk)
            }
        }
    }

    /// The box that was found, and where it stands.
    pub(super) fn found_box(&mut self) -> (Vec<u8>, u64) {
        let bytes = self.splitter.take_box();
        let position = self.position - bytes.len() as u64;
        (bytes, position)
    }

    /// Any box but `moov` and `moof`, which stood at `position`: what measures the stream is moved, all else stays as it is.
    pub(super) fn pass_box(
        &mut self,
        box_type: FourCc,
        (bytes, position): (Vec<u8>, u64),
    ) -> Result<(), Error> {
        match box_type {
            FourCc::SIDX => {
                let positions = (position, self.out.position());
                let sidx = self.index.add_sidx(&bytes, positions)?;
                self.out.boxes(&sidx);
            }
            FourCc::MFRA => {
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
        Ok(())
    }

    /// A `moof`, which stood at `position`, waits for its `mdat`.
    pub(super) fn hold(&mut self, (bytes, position): (Vec<u8>, u64)) {
        self.moof = Some(HeldMoof {
            bytes,
            position,
            between: Vec::new(),
        });
    }

    /// An `mdat` begins, whose header was found; it is not complete before its last byte came.
    pub(super) fn start_media(&mut self, header: &BoxHeader) {
        self.mdat = Some(HeldMdat {
            header: self.splitter.take_box(),
            left: header.size.map(|size| size - header.len as u64),
            chunks: Vec::new(),
        });
    }

    /// Whether the `mdat` under way has no bytes to come.
    pub(super) fn has_all_media(&self) -> bool {
        self.mdat.as_ref().is_some_and(|mdat| mdat.left == Some(0))
    }

    /// Gives the header of an `mdat` whose payload is not held.
    pub(super) fn give_mdat_header(&mut self) {
        let header = self.mdat.as_ref().map(|mdat| mdat.header.as_slice());
        self.out.boxes(header.unwrap_or_default());
    }

    /// Cuts the payload of the `mdat` under way off a chunk, and returns it with what stands behind it.
    pub(super) fn payload_of(&mut self, mut chunk: C) -> (C, Option<C>) {
        let len = chunk.as_ref().len();
        let left = self.mdat.as_mut().and_then(|mdat| mdat.left.as_mut());
        let here = left.as_ref().and_then(|left| usize::try_from(**left).ok());
        let here = here.unwrap_or(usize::MAX).min(len);
        if let Some(left) = left {
            *left -= here as u64;
        }
        self.position += here as u64;
        match here < len {
            true => (chunk.split_to(here), Some(chunk)),
            false => (chunk, None),
        }
    }

    /// Gives a fragment's boxes: its `moof` as it was `written`, and all up to its payload.
    pub(super) fn give_boxes(
        &mut self,
        moof: &HeldMoof,
        mdat_header: &[u8],
        written: Vec<u8>,
    ) -> Result<(), Error> {
        self.index.add_moof(moof.position, self.out.position());
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

    /// A held `moof` as the fragment that it is with an `mdat` of this header.
    pub(super) fn fragment<'m>(&self, moof: &'m HeldMoof, mdat_header: &[u8]) -> Fragment<'m> {
        Fragment {
            moof: &moof.bytes,
            positions: (moof.position, self.out.position()),
            payload_at: moof.len() + mdat_header.len(),
        }
    }

    /// Gives an init segment's `moov`.
    pub(super) fn give_moov(&mut self, moov: &[u8]) -> Result<(), Error> {
        self.out.boxes(moov);
        self.out.end_init();
        self.mark(self.position)
    }

    /// Replaces bytes that were given, where that is possible; elsewhere they stay.
    pub(super) fn patch(&mut self, position: u64, bytes: Vec<u8>) {
        if self.index_mode == IndexMode::Patch {
            self.out.patch(position, bytes);
        }
    }

    /// Whether the end of the stream is the end of the `mdat` under way.
    pub(super) fn ends_with_media(&self) -> bool {
        self.mdat.as_ref().is_some_and(|mdat| mdat.left.is_none())
    }

    /// What the input is in the middle of.
    pub(super) fn unfinished(&self) -> Option<FourCc> {
        match &self.mdat {
            Some(_) => Some(FourCc::MDAT),
            None => self.splitter.unfinished(),
        }
    }

    /// A box ends at `position` of the input, unless it is held behind a `moof`.
    pub(super) fn mark(&mut self, position: u64) -> Result<(), Error> {
        if self.moof.is_some() {
            return Ok(());
        }
        for sidx in self.index.mark(position, self.out.position())? {
            self.out.place_sidx(sidx);
        }
        Ok(())
    }

    /// Hands the queue over but for `ahead` bytes in work, unless a `sidx` in it is not finished.
    pub(super) fn release(&mut self, ahead: u64, out: &mut Vec<Output<C>>) -> Result<(), Error> {
        if self.index_mode == IndexMode::Patch || !self.index.is_pending() {
            return self.out.release(ahead, out);
        }
        if self.out.queued() > Self::MAX_HELD {
            return Err(Error::TooLarge {
                what: "what a 'sidx' measures, held until its sizes are known (write to a file, or let the \
                       muxer write no 'sidx'), in bytes,",
                limit: Self::MAX_HELD,
            });
        }
        Ok(())
    }
}
