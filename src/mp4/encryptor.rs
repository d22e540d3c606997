// SPDX-License-Identifier: MPL-2.0
//! The packager's state between two chunks of the stream.

mod control;
mod moov;
mod progressive;

use crate::bmff::{BoxHeader, FourCc};

use super::fragment::{Fragment, FragmentEncryptor, Totals};
use super::fragmenting::Fragmenter;
use super::held::{HeldMdat, HeldMoof, MoovPlace, places_items};
use super::index::Index;
use super::init::TrackState;
use super::output::{Output, OutputQueue};
use super::protector::Protector;
use super::splitter::{Next, Splitter};
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
    splitter: Splitter,
    index_mode: IndexMode,
    tracks: Option<Vec<TrackState>>,
    fragments: FragmentEncryptor,
    index: Index,
    /// Bytes taken.
    position: u64,
    out: OutputQueue<C>,
    moov: Option<MoovPlace>,
    /// Where the input goes on when a `moov` that is written again is complete.
    resume: Option<u64>,
    moof: Option<HeldMoof>,
    /// Some behind the `moov` of a progressive file.
    fragmenter: Option<Fragmenter<C>>,
    mdat: Option<HeldMdat<C>>,
}

impl<C: Chunk> Encryptor<C> {
    /// The most bytes that are held for one `sidx`.
    const MAX_HELD: u64 = 256 << 20;

    /// What is read of a stream whose tracks are not known, in bytes.
    const START: u64 = 1 << 20;

    /// A packager at the start of a stream.
    pub fn new(index_mode: IndexMode) -> Self {
        Self {
            splitter: Splitter::default(),
            index_mode,
            tracks: None,
            fragments: FragmentEncryptor::default(),
            index: Index::default(),
            position: 0,
            out: OutputQueue::new(),
            moov: None,
            resume: None,
            moof: None,
            fragmenter: None,
            mdat: None,
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
        if self.moof.is_none() && self.splitter.unfinished().is_none() {
            self.out.end_boxes();
        }
        // What was complete before an error is given whatever the chunking.
        self.release(out)?;
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
        if self.mdat.as_ref().is_some_and(|mdat| mdat.left.is_none()) {
            self.complete_media(protector)?;
        }
        if let Some(inside) = self.unfinished() {
            return Err(Error::Incomplete { inside });
        }
        self.finish_fragments(protector)?;
        let inside = FourCc::MOOF;
        self.complete_empty_fragment(protector)
            .map_err(|_| Error::Incomplete { inside })?;
        self.out.end_boxes();
        for finished in self.index.finish()? {
            self.out.place_sidx(finished);
        }
        self.release(out)
    }

    fn take(&mut self, chunk: C, protector: &mut dyn Protector) -> Result<(), Error> {
        let mut rest = Some(chunk);
        while let Some(chunk) = rest {
            rest = match self.mdat.is_some() {
                true => self.take_media(chunk, protector)?,
                false => self.take_boxes(chunk, protector)?,
            };
        }
        Ok(())
    }

    /// Takes boxes from the front of a chunk and returns the rest, which is payload or starts behind an init segment.
    fn take_boxes(
        &mut self,
        mut chunk: C,
        protector: &mut dyn Protector,
    ) -> Result<Option<C>, Error> {
        let mut at = 0;
        while self.mdat.is_none() {
            let data = chunk.as_ref().get(at..).unwrap_or_default();
            let (taken, next) = self.splitter.take(data)?;
            at += taken;
            self.position += taken as u64;
            match next {
                Next::Partial => break,
                Next::Box(header) => self.take_box(&header, protector)?,
                Next::Media(header) => self.start_media(&header, protector)?,
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

    fn take_box(&mut self, header: &BoxHeader, protector: &mut dyn Protector) -> Result<(), Error> {
        let bytes = self.splitter.take_box();
        let position = self.position - bytes.len() as u64;
        self.refuse_in_progressive(header.box_type)?;
        let bytes = piff::top_level(protector.flavor(), bytes)?;
        match header.box_type {
            FourCc::MOOV => self.take_moov(&bytes, position, protector)?,
            _ if self.resume.is_some() => return self.rewrite(bytes, position),
            FourCc::MOOF => {
                self.complete_empty_fragment(protector)?;
                self.moof = Some(HeldMoof {
                    bytes,
                    position,
                    between: Vec::new(),
                });
            }
            FourCc::SIDX => {
                self.complete_empty_fragment(protector)?;
                let positions = (position, self.out.position());
                let sidx = self.index.add_sidx(&bytes, positions)?;
                self.out.boxes(&sidx);
            }
            FourCc::MFRA => {
                self.complete_empty_fragment(protector)?;
                let mfra = self.index.move_mfra(&bytes, position)?;
                self.out.boxes(&mfra.unwrap_or_default());
            }
            FourCc::META if places_items(&bytes) => return Err(Error::Unsupported(FourCc::ILOC)),
            // Its ranges measure bytes that grow.
            FourCc::SSIX => return Err(Error::Unsupported(FourCc::SSIX)),
            _ => match &mut self.moof {
                Some(moof) => moof.between.push(bytes),
                None => self.out.boxes(&bytes),
            },
        }
        self.mark(self.position)
    }

    fn start_media(
        &mut self,
        header: &BoxHeader,
        protector: &mut dyn Protector,
    ) -> Result<(), Error> {
        let bytes = self.splitter.take_box();
        let left = header.size.map(|size| size - header.len as u64);
        if self.resume.is_some() {
            let position = self.position;
            return Err(Error::Rewrites { position });
        }
        let is_placed = self.fragmenter.as_ref().is_some_and(|f| !f.is_empty());
        if left != Some(0) && self.moof.is_none() && !is_placed {
            return Err(match &self.tracks {
                None => Error::MediaBeforeMoov,
                Some(_) => Error::MediaWithoutMoof,
            });
        }
        self.mdat = Some(HeldMdat {
            header: bytes,
            left,
            chunks: Vec::new(),
            is_loose: false,
        });
        match left {
            Some(0) => self.complete_media(protector),
            _ => Ok(()),
        }
    }

    /// Takes payload from the front of a chunk and returns what stands behind the payload.
    fn take_media(
        &mut self,
        mut chunk: C,
        protector: &mut dyn Protector,
    ) -> Result<Option<C>, Error> {
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
        mdat.chunks.push(media);
        mdat.left = mdat.left.map(|left| left - taken);
        let is_complete = mdat.left == Some(0);
        self.fragment_media(protector)?;
        if is_complete {
            self.complete_media(protector)?;
        }
        Ok(rest)
    }

    /// The `mdat` is all there: its fragment can be protected and given.
    fn complete_media(&mut self, protector: &mut dyn Protector) -> Result<(), Error> {
        let Some(mut mdat) = self.mdat.take() else {
            return Ok(());
        };
        match self.moof.take() {
            Some(moof) => {
                self.protect_fragment(&moof, (&mdat.header, &mut mdat.chunks), protector)?;
            }
            None if self.fragmenter.is_some() => (),
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
    fn complete_empty_fragment(&mut self, protector: &mut dyn Protector) -> Result<(), Error> {
        let Some(moof) = self.moof.take() else {
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
        let output = self.out.position();
        let tracks = self.tracks.as_mut().ok_or(Error::MediaBeforeMoov)?;
        let fragment = Fragment {
            moof: &moof.bytes,
            positions: (moof.position, output),
            payload_at: moof.len() + mdat_header.len(),
        };
        let protected = self
            .fragments
            .protect(&fragment, chunks, (tracks, protector))?;
        self.index.add_moof(moof.position, output);
        if protected.announced {
            self.out.announce_change();
        }
        self.out.made(protected.moof);
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
