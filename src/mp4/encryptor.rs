// SPDX-License-Identifier: MPL-2.0
//! The packager's state between two chunks of the stream.

use crate::bmff::{BoxHeader, BoxTree, FourCc, Reader};

use super::fragment::{Fragment, FragmentEncryptor};
use super::index::{FinishedSidx, Index};
use super::init::{Protector, TrackState, protect_moov};
use super::splitter::{Next, Splitter};
use super::{Chunk, Error};

/// What an [`Encryptor`] gives back, in the order of the stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Output<C> {
    /// Boxes, as they came or written anew.
    Boxes {
        /// Their bytes.
        bytes: Vec<u8>,
        /// The first chunk that held nothing but bytes of these boxes, as it came in: its metadata is theirs.
        from: Option<C>,
        /// Whether a `moov` is among them; it is the last then.
        init: bool,
    },
    /// Payload of an `mdat`, encrypted in place.
    Media(C),
    /// Bytes that replace earlier ones, of the same count, at an offset from the start of the stream.
    Patch {
        /// Where.
        position: u64,
        /// What.
        bytes: Vec<u8>,
    },
}

/// What happens to a `sidx`, whose sizes are known only when the bytes that it measures are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IndexMode {
    /// Everything behind it is held until then.
    #[default]
    Hold,
    /// It is written as it came and replaced by an [`Output::Patch`].
    Patch,
}

/// Protects one stream of fragmented MP4.
pub struct Encryptor<C> {
    splitter: Splitter,
    index_mode: IndexMode,
    tracks: Option<Vec<TrackState>>,
    fragments: FragmentEncryptor,
    index: Index,
    /// Bytes taken.
    position: u64,
    /// Bytes given, what waits in `queue` included.
    written: u64,
    head: Head<C>,
    moof: Option<HeldMoof>,
    mdat: Option<HeldMdat<C>>,
    queue: Vec<Output<C>>,
    queued: u64,
}

/// Boxes ready to be given.
struct Head<C> {
    bytes: Vec<u8>,
    from: Option<C>,
    init: bool,
}

/// A `moof` whose `mdat` is not complete yet.
struct HeldMoof {
    bytes: Vec<u8>,
    position: u64,
    /// What stands between it and its `mdat`.
    between: Vec<u8>,
}

struct HeldMdat<C> {
    header: Vec<u8>,
    /// Payload still to come; None: all up to the end of the stream.
    left: Option<u64>,
    chunks: Vec<C>,
}

impl<C: Chunk> Encryptor<C> {
    /// The most bytes that are held for one `sidx`.
    const MAX_HELD: u64 = 256 << 20;

    /// A packager at the start of a stream.
    pub fn new(index_mode: IndexMode) -> Self {
        Self {
            splitter: Splitter::default(),
            index_mode,
            tracks: None,
            fragments: FragmentEncryptor::default(),
            index: Index::default(),
            position: 0,
            written: 0,
            head: Head {
                bytes: Vec::new(),
                from: None,
                init: false,
            },
            moof: None,
            mdat: None,
            queue: Vec::new(),
            queued: 0,
        }
    }

    /// Takes the next chunk and appends to `out` what can be given; `protector` is asked at each `moov`.
    ///
    /// # Errors
    /// Whatever makes the stream impossible to protect. Nothing of the fragment under way has been given then, and nothing may
    /// be pushed any more.
    pub fn push(
        &mut self,
        mut chunk: C,
        protector: &mut dyn Protector,
        out: &mut Vec<Output<C>>,
    ) -> Result<(), Error> {
        let mut at = 0;
        loop {
            let len = chunk.as_ref().len();
            if self.mdat.is_some() {
                if at > 0 && at < len {
                    let boxes = chunk.split_to(at);
                    self.head.from.get_or_insert(boxes);
                    at = 0;
                }
                if at > 0 || len == 0 {
                    break;
                }
                let Some(rest) = self.take_media(chunk)? else {
                    self.release(out)?;
                    return Ok(());
                };
                chunk = rest;
                continue;
            }
            let data = chunk.as_ref().get(at..).unwrap_or_default();
            let (taken, next) = self.splitter.take(data)?;
            at += taken;
            self.position += taken as u64;
            match next {
                Next::Partial => break,
                Next::Box(header) => self.take_box(&header, protector)?,
                Next::Media(header) => self.start_media(&header)?,
            }
            if self.head.init && at < len {
                self.give_head();
            }
        }
        if at > 0 {
            self.head.from.get_or_insert(chunk);
        }
        if self.moof.is_none() && self.splitter.unfinished().is_none() {
            self.give_head();
        }
        self.release(out)
    }

    /// Takes note of the end of the stream.
    ///
    /// # Errors
    /// [`Error::Incomplete`] when it ends inside a box or fragment, which is not given then.
    pub fn finish(&mut self, out: &mut Vec<Output<C>>) -> Result<(), Error> {
        if self.mdat.as_ref().is_some_and(|mdat| mdat.left.is_none()) {
            self.complete_media()?;
        }
        let inside = match (&self.mdat, self.splitter.unfinished()) {
            (Some(_), _) => Some(FourCc::MDAT),
            (None, inside) => inside,
        };
        if let Some(inside) = inside {
            return Err(Error::Incomplete { inside });
        }
        self.complete_empty_fragment()?;
        self.give_head();
        for finished in self.index.finish()? {
            self.place_sidx(finished);
        }
        self.release(out)
    }

    /// Samples and media bytes protected or passed so far.
    pub const fn totals(&self) -> (u64, u64) {
        self.fragments.totals()
    }

    fn take_box(&mut self, header: &BoxHeader, protector: &mut dyn Protector) -> Result<(), Error> {
        let bytes = self.splitter.take_box();
        let position = self.position - bytes.len() as u64;
        match header.box_type {
            FourCc::MOOV => {
                self.complete_empty_fragment()?;
                let (moov, tracks) = protect_moov(&bytes, protector)?;
                self.tracks = Some(tracks);
                self.head.bytes.extend(moov);
                self.head.init = true;
            }
            FourCc::MOOF => {
                self.complete_empty_fragment()?;
                self.moof = Some(HeldMoof {
                    bytes,
                    position,
                    between: Vec::new(),
                });
            }
            FourCc::SIDX => {
                self.complete_empty_fragment()?;
                let tree = BoxTree::parse(&bytes)?;
                let output = self.output_position();
                let len = bytes.len() as u64;
                self.index.add_sidx(&tree, (position, output), len)?;
                tree.write(&mut self.head.bytes)?;
            }
            FourCc::MFRA => {
                self.complete_empty_fragment()?;
                let mfra = self.index.move_mfra(BoxTree::parse(&bytes)?, position)?;
                self.head.bytes.extend(mfra.unwrap_or_default());
            }
            FourCc::META => {
                refuse_item_locations(&bytes)?;
                self.pass(&bytes);
            }
            _ => self.pass(&bytes),
        }
        self.mark()
    }

    /// A box that stays as it is.
    fn pass(&mut self, bytes: &[u8]) {
        match &mut self.moof {
            Some(moof) => moof.between.extend_from_slice(bytes),
            None => self.head.bytes.extend_from_slice(bytes),
        }
    }

    fn start_media(&mut self, header: &BoxHeader) -> Result<(), Error> {
        let bytes = self.splitter.take_box();
        let left = header.size.map(|size| size - header.len as u64);
        if left != Some(0) && self.moof.is_none() {
            return Err(match &self.tracks {
                None => Error::MediaBeforeMoov,
                Some(_) => Error::MediaWithoutMoof,
            });
        }
        self.mdat = Some(HeldMdat {
            header: bytes,
            left,
            chunks: Vec::new(),
        });
        if left == Some(0) {
            self.complete_media()?;
        }
        Ok(())
    }

    /// Takes a chunk of payload and returns what stands behind the payload.
    fn take_media(&mut self, mut chunk: C) -> Result<Option<C>, Error> {
        let Some(mdat) = &mut self.mdat else {
            return Ok(Some(chunk));
        };
        let len = chunk.as_ref().len() as u64;
        let left = mdat.left.unwrap_or(u64::MAX);
        let (media, rest) = if left < len {
            let at = usize::try_from(left).unwrap_or(usize::MAX);
            (chunk.split_to(at), Some(chunk))
        } else {
            (chunk, None)
        };
        let taken = left.min(len);
        self.position += taken;
        mdat.chunks.push(media);
        mdat.left = mdat.left.map(|left| left - taken);
        if mdat.left == Some(0) {
            self.complete_media()?;
        }
        Ok(rest)
    }

    /// The `mdat` is all there: its fragment can be protected and given.
    fn complete_media(&mut self) -> Result<(), Error> {
        let Some(mut mdat) = self.mdat.take() else {
            return Ok(());
        };
        if let Some(moof) = self.moof.take() {
            self.protect_fragment(moof, &mdat.header, &mut mdat.chunks)?;
        } else {
            self.head.bytes.extend_from_slice(&mdat.header);
        }
        if !mdat.chunks.is_empty() {
            self.give_head();
        }
        for chunk in mdat.chunks {
            let len = chunk.as_ref().len() as u64;
            self.give(Output::Media(chunk), len);
        }
        self.mark()
    }

    /// A `moof` without samples needs no `mdat`.
    fn complete_empty_fragment(&mut self) -> Result<(), Error> {
        match self.moof.take() {
            Some(moof) => self.protect_fragment(moof, &[], &mut []),
            None => Ok(()),
        }
    }

    fn protect_fragment(
        &mut self,
        moof: HeldMoof,
        mdat_header: &[u8],
        chunks: &mut [C],
    ) -> Result<(), Error> {
        let output = self.output_position();
        let tracks = self.tracks.as_mut().ok_or(Error::MediaBeforeMoov)?;
        let fragment = Fragment {
            moof: &moof.bytes,
            positions: (moof.position, output),
            payload_at: moof.bytes.len() + moof.between.len() + mdat_header.len(),
        };
        let protected = self.fragments.protect(&fragment, chunks, tracks)?;
        self.index.add_moof(moof.position, output);
        self.head.bytes.extend(protected);
        self.head.bytes.extend(moof.between);
        self.head.bytes.extend_from_slice(mdat_header);
        Ok(())
    }

    /// Where the next byte goes, from the start of the output.
    const fn output_position(&self) -> u64 {
        self.written + self.head.bytes.len() as u64
    }

    /// A box ends here, unless it is held behind a `moof`.
    fn mark(&mut self) -> Result<(), Error> {
        if self.moof.is_some() {
            return Ok(());
        }
        let finished = self.index.mark(self.position, self.output_position())?;
        for sidx in finished {
            self.place_sidx(sidx);
        }
        Ok(())
    }

    /// Puts a finished `sidx` where its first version stands, or says that it must be put there.
    fn place_sidx(&mut self, FinishedSidx { position, bytes }: FinishedSidx) {
        let mut start = self.written - self.queued;
        let queued = self.queue.iter_mut().filter_map(|output| match output {
            Output::Boxes { bytes, .. } => Some((bytes.len(), Some(bytes))),
            Output::Media(chunk) => Some((chunk.as_ref().len(), None)),
            Output::Patch { .. } => None,
        });
        let head = std::iter::once((self.head.bytes.len(), Some(&mut self.head.bytes)));
        for (len, held) in queued.chain(head) {
            let at = position.checked_sub(start).map(|at| at as usize);
            if let (Some(at), Some(held)) = (at.filter(|&at| at < len), held)
                && let Some(place) = held.get_mut(at..at + bytes.len())
            {
                place.copy_from_slice(&bytes);
                return;
            }
            start += len as u64;
        }
        self.queue.push(Output::Patch { position, bytes });
    }

    fn give_head(&mut self) {
        if self.head.bytes.is_empty() {
            return;
        }
        let output = Output::Boxes {
            bytes: std::mem::take(&mut self.head.bytes),
            from: self.head.from.take(),
            init: std::mem::take(&mut self.head.init),
        };
        let len = match &output {
            Output::Boxes { bytes, .. } => bytes.len() as u64,
            Output::Media(_) | Output::Patch { .. } => 0,
        };
        self.give(output, len);
    }

    fn give(&mut self, output: Output<C>, len: u64) {
        self.queue.push(output);
        self.queued += len;
        self.written += len;
    }

    /// Hands the queue over, unless a `sidx` in it is not finished.
    fn release(&mut self, out: &mut Vec<Output<C>>) -> Result<(), Error> {
        if self.index_mode == IndexMode::Hold && self.index.is_pending() {
            if self.queued > Self::MAX_HELD {
                return Err(Error::TooLarge {
                    what: "what a 'sidx' measures, all held until its sizes are known (write to a file, or \
                           let the muxer write no 'sidx'),",
                    limit: Self::MAX_HELD,
                });
            }
            return Ok(());
        }
        self.queued = 0;
        out.append(&mut self.queue);
        Ok(())
    }
}

/// Items of a top-level `meta` are placed by file offsets, which would have to move.
fn refuse_item_locations(meta: &[u8]) -> Result<(), Error> {
    let tree = BoxTree::parse(meta)?;
    let mut children: Reader<'_> = tree.reader();
    children.version_and_flags()?;
    while !children.is_empty() {
        if children.child()?.0.box_type == FourCc::ILOC {
            return Err(Error::Unsupported(FourCc::ILOC));
        }
    }
    Ok(())
}
