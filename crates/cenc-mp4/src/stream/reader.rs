// SPDX-License-Identifier: MPL-2.0
//! Reads a stream in chunks of any size and yields its boxes and media as events.

use isobmff_boxes::{BoxHeader, FourCc};

use super::recognition::{OtherFormat, SIGNATURE, Trailer, TrailerScan};
use super::splitter::{BoxSplitter, Split};
use crate::{Chunk, Error};

/// The next part of a stream. Only the way in which media is cut depends on the chunks.
pub(crate) enum StreamEvent<C> {
    /// A complete box other than `mdat`.
    Box(StreamBox),
    /// The complete header of an `mdat`.
    MediaStart(MediaHeader),
    /// The next part of the payload of the `mdat`.
    Media(MediaPiece<C>),
    /// The end of the `mdat`, as an offset in the input.
    MediaEnd(u64),
    /// A chunk, or the front of one, that held only bytes of boxes: of those yielded before it and the start of the next.
    BoxBytes(C),
    /// Bytes after the last box that form no box, which were dropped.
    Trailer(Trailer),
    /// The end of the stream, between two boxes.
    StreamEnd,
}

/// A complete box.
pub(crate) struct StreamBox {
    pub(crate) box_type: FourCc,
    /// The whole box.
    pub(crate) bytes: Vec<u8>,
    /// Offset of the box in the input.
    pub(crate) position: u64,
    /// Offset of the first byte after it in the input.
    pub(crate) end: u64,
    /// True if no bytes follow it in its chunk.
    pub(crate) ends_chunk: bool,
}

impl StreamBox {
    /// Returns the number of bytes that it has in the output, for any box but `moov` and `moof`: a `sidx` is written with the shortest
    /// header.
    pub(crate) fn moved_len(&self) -> u64 {
        let shortest = match self.box_type {
            FourCc::SIDX => isobmff_boxes::BoxTree::parse(&self.bytes).map(|sidx| sidx.size()),
            _ => Ok(self.bytes.len()),
        };
        shortest.unwrap_or(self.bytes.len()) as u64
    }
}

/// The header of an `mdat`.
pub(crate) struct MediaHeader {
    pub(crate) bytes: Vec<u8>,
    /// Offset of the payload in the input.
    pub(crate) payload_at: u64,
    /// True if there is no payload.
    pub(crate) is_empty: bool,
}

impl MediaHeader {
    /// Returns the offset of the box in the input.
    pub(crate) const fn position(&self) -> u64 {
        self.payload_at.saturating_sub(self.bytes.len() as u64)
    }
}

/// Part of the payload of an `mdat`.
pub(crate) struct MediaPiece<C> {
    /// Offset in the input.
    pub(crate) position: u64,
    pub(crate) data: C,
}

/// Reads one stream as events.
pub(crate) struct StreamReader<C> {
    splitter: BoxSplitter,
    /// Offset of the next byte to read.
    position: u64,
    chunk: Option<ChunkUnderWay<C>>,
    media: Option<MediaLeft>,
    unrecognized: Option<Unrecognized>,
    /// Some if there are no more chunks.
    end: Option<StreamEnd>,
}

/// A chunk that is not read to its end.
struct ChunkUnderWay<C> {
    chunk: C,
    /// Number of bytes at its front that belong to boxes.
    box_bytes: usize,
}

/// The payload of the `mdat` under way that is still to come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MediaLeft {
    Bytes(u64),
    /// All up to the end of the stream.
    UpToEnd,
}

/// Bytes that form no box, up to the end of the stream.
enum Unrecognized {
    /// The first bytes of the stream.
    Start(Vec<u8>),
    /// Bytes after a box.
    Trailer(TrailerScan),
}

/// Progress at the end of a stream.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StreamEnd {
    ToBeYielded,
    Yielded,
}

impl<C: Chunk> StreamReader<C> {
    /// Creates a reader at the start of a stream.
    pub(crate) fn new() -> Self {
        Self {
            splitter: BoxSplitter::default(),
            position: 0,
            chunk: None,
            media: None,
            unrecognized: None,
            end: None,
        }
    }

    /// Takes the next chunk; the one before must have no events left.
    pub(crate) fn add_chunk(&mut self, chunk: C) {
        self.chunk = Some(ChunkUnderWay {
            chunk,
            box_bytes: 0,
        });
    }

    /// Drops the rest of the chunk under way after an error.
    pub(crate) fn drop_chunk(&mut self) {
        self.chunk = None;
    }

    /// Records that there are no more chunks.
    pub(crate) const fn end_stream(&mut self) {
        self.end = Some(StreamEnd::ToBeYielded);
    }

    /// Returns the next event, or None if that needs another chunk.
    ///
    /// # Errors
    /// A damaged header, a box that is too large, [`Error::Incomplete`] for a stream that ends inside a box, [`Error::NotMp4`] for one
    /// that starts with no box.
    pub(crate) fn next_event(&mut self) -> Result<Option<StreamEvent<C>>, Error> {
        if self.media == Some(MediaLeft::Bytes(0)) {
            return Ok(Some(self.end_media()));
        }
        match (self.chunk.take(), self.media) {
            (Some(under_way), None) if self.unrecognized.is_some() => {
                self.take_unrecognized(&under_way)?;
                self.next_event()
            }
            (Some(under_way), None) => self.next_box(under_way),
            (Some(under_way), Some(left)) => Ok(Some(self.next_media(under_way, left))),
            (None, _) if self.end == Some(StreamEnd::ToBeYielded) => self.next_at_end().map(Some),
            (None, _) => Ok(None),
        }
    }

    /// Returns the offset in the input of the next byte to read.
    pub(crate) const fn position(&self) -> u64 {
        self.position
    }

    /// Records that the input goes on at another offset, between two boxes.
    pub(crate) const fn jump(&mut self, position: u64) {
        self.position = position;
    }

    /// Returns the number of bytes that complete the box or payload under way, if it is known.
    pub(crate) fn wanted(&self) -> Option<u64> {
        match self.media {
            Some(MediaLeft::Bytes(left)) => Some(left),
            Some(MediaLeft::UpToEnd) => None,
            None => Some(self.splitter.wanted()),
        }
    }

    /// True inside an `mdat`.
    pub(crate) const fn is_in_media(&self) -> bool {
        self.media.is_some()
    }

    /// True inside a box other than `mdat`.
    pub(crate) const fn is_in_box(&self) -> bool {
        self.splitter.is_in_box()
    }

    fn next_box(
        &mut self,
        mut under_way: ChunkUnderWay<C>,
    ) -> Result<Option<StreamEvent<C>>, Error> {
        let bytes = under_way.chunk.as_ref();
        let mut taken = 0;
        let found = self.splitter.take(
            bytes.get(under_way.box_bytes..).unwrap_or_default(),
            self.is_first_box(),
            &mut taken,
        )?;
        under_way.box_bytes += taken;
        self.position += taken as u64;
        let ends_chunk = under_way.box_bytes == bytes.len();
        Ok(match found {
            Split::Partial if bytes.is_empty() => self.next_event()?,
            Split::Partial => Some(StreamEvent::BoxBytes(under_way.chunk)),
            Split::Box(box_type) => {
                self.chunk = Some(under_way);
                Some(StreamEvent::Box(self.take_box(box_type, ends_chunk)))
            }
            Split::Media(header) => {
                self.chunk = Some(under_way);
                Some(StreamEvent::MediaStart(self.start_media(&header)))
            }
            Split::NoBox => {
                self.start_unrecognized()?;
                self.take_unrecognized(&under_way)?;
                self.next_event()?
            }
        })
    }

    /// True if the box under way is the first of the stream.
    const fn is_first_box(&self) -> bool {
        self.position == self.splitter.held()
    }

    /// Takes the held bytes, which form no box.
    fn start_unrecognized(&mut self) -> Result<(), Error> {
        let is_first = self.is_first_box();
        let held = self.splitter.take_box();
        self.unrecognized = Some(match is_first {
            true => Unrecognized::Start(held),
            false => {
                let mut scan = TrailerScan::new(self.position - held.len() as u64);
                scan.take(&held)?;
                Unrecognized::Trailer(scan)
            }
        });
        Ok(())
    }

    /// Takes the rest of a chunk, which forms no box either.
    fn take_unrecognized(&mut self, under_way: &ChunkUnderWay<C>) -> Result<(), Error> {
        let bytes = under_way
            .chunk
            .as_ref()
            .get(under_way.box_bytes..)
            .unwrap_or_default();
        self.position += bytes.len() as u64;
        match &mut self.unrecognized {
            Some(Unrecognized::Trailer(scan)) => scan.take(bytes),
            Some(Unrecognized::Start(start)) => {
                let wanted = SIGNATURE.saturating_sub(start.len()).min(bytes.len());
                start.extend(bytes.iter().take(wanted));
                match start.len() < SIGNATURE {
                    true => Ok(()),
                    false => Err(Error::NotMp4(OtherFormat::of(start))),
                }
            }
            None => Ok(()),
        }
    }

    fn take_box(&mut self, box_type: FourCc, ends_chunk: bool) -> StreamBox {
        let bytes = self.splitter.take_box();
        StreamBox {
            box_type,
            position: self.position - bytes.len() as u64,
            end: self.position,
            bytes,
            ends_chunk,
        }
    }

    fn start_media(&mut self, header: &BoxHeader) -> MediaHeader {
        let left = header.size.map(|size| size - header.len as u64);
        self.media = Some(left.map_or(MediaLeft::UpToEnd, MediaLeft::Bytes));
        MediaHeader {
            bytes: self.splitter.take_box(),
            payload_at: self.position,
            is_empty: left == Some(0),
        }
    }

    /// Cuts payload off a chunk, or first the bytes of boxes in front of it.
    fn next_media(&mut self, under_way: ChunkUnderWay<C>, left: MediaLeft) -> StreamEvent<C> {
        let ChunkUnderWay { chunk, box_bytes } = under_way;
        if box_bytes > 0 {
            return StreamEvent::BoxBytes(self.cut(chunk, box_bytes));
        }
        let mut len = chunk.as_ref().len();
        if let MediaLeft::Bytes(left) = left {
            len = len.min(usize::try_from(left).unwrap_or(usize::MAX));
            self.media = Some(MediaLeft::Bytes(left - len as u64));
        }
        let position = self.position;
        self.position += len as u64;
        StreamEvent::Media(MediaPiece {
            position,
            data: self.cut(chunk, len),
        })
    }

    /// Returns the first `len` bytes of a chunk and keeps the others to be read.
    fn cut(&mut self, mut chunk: C, len: usize) -> C {
        if len == chunk.as_ref().len() {
            return chunk;
        }
        let front = chunk.split_to(len);
        self.add_chunk(chunk);
        front
    }

    const fn end_media(&mut self) -> StreamEvent<C> {
        self.media = None;
        StreamEvent::MediaEnd(self.position)
    }

    fn next_at_end(&mut self) -> Result<StreamEvent<C>, Error> {
        match self.media {
            Some(MediaLeft::UpToEnd) => return Ok(self.end_media()),
            Some(MediaLeft::Bytes(_)) => {
                return Err(Error::Incomplete {
                    inside: FourCc::MDAT,
                });
            }
            None => (),
        }
        if self.splitter.is_in_box() {
            if let Some(inside) = self.splitter.cut_movie_box() {
                return Err(Error::Incomplete { inside });
            }
            self.start_unrecognized()?;
        }
        match self.unrecognized.take() {
            Some(Unrecognized::Start(start)) => {
                return Err(Error::NotMp4(OtherFormat::of(&start)));
            }
            Some(Unrecognized::Trailer(scan)) => {
                return Ok(StreamEvent::Trailer(scan.trailer()));
            }
            None => (),
        }
        self.end = Some(StreamEnd::Yielded);
        Ok(StreamEvent::StreamEnd)
    }
}
