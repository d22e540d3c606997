// SPDX-License-Identifier: MPL-2.0
//! Reads a stream that comes in chunks of any size, and yields what it finds as events.

use isobmff_boxes::{BoxHeader, FourCc};

use super::splitter::{BoxSplitter, Split};
use crate::{Chunk, Error};

/// What comes next in a stream. Apart from how media is cut, events do not depend on the chunks.
pub(crate) enum StreamEvent<C> {
    /// A box other than `mdat`, complete.
    Box(StreamBox),
    /// An `mdat` begins: its header, complete.
    MediaStart(MediaHeader),
    /// The next payload of the `mdat`.
    Media(MediaPiece<C>),
    /// The `mdat` ends at this offset of the input.
    MediaEnd(u64),
    /// A chunk, or the front of one, that held nothing but bytes of boxes, all of which were yielded or begin a box to come.
    BoxBytes(C),
    /// The stream ends, between two boxes.
    StreamEnd,
}

/// A complete box.
pub(crate) struct StreamBox {
    pub(crate) box_type: FourCc,
    /// All of it.
    pub(crate) bytes: Vec<u8>,
    /// Its offset in the input.
    pub(crate) position: u64,
    /// Offset of the first byte after it in the input.
    pub(crate) end: u64,
    /// Whether it is the last that the chunk has bytes of.
    pub(crate) ends_chunk: bool,
}

/// The header of an `mdat`.
pub(crate) struct MediaHeader {
    pub(crate) bytes: Vec<u8>,
    /// Offset of the payload in the input.
    pub(crate) payload_at: u64,
    /// Whether there is no payload.
    pub(crate) is_empty: bool,
}

/// Payload of an `mdat`.
pub(crate) struct MediaPiece<C> {
    /// Its offset in the input.
    pub(crate) position: u64,
    pub(crate) data: C,
}

/// Reads one stream.
pub(crate) struct StreamReader<C> {
    splitter: BoxSplitter,
    /// Bytes read of the input.
    position: u64,
    chunk: Option<ChunkUnderWay<C>>,
    media: Option<MediaLeft>,
    /// Some when no chunk is to come.
    end: Option<StreamEnd>,
}

/// A chunk of which bytes are left to read.
struct ChunkUnderWay<C> {
    chunk: C,
    /// How many bytes at its front were those of boxes.
    boxes: usize,
}

/// How much payload of the `mdat` under way is to come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MediaLeft {
    Bytes(u64),
    /// All up to the end of the stream.
    UpToEnd,
}

/// How the end of a stream stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StreamEnd {
    ToBeYielded,
    Yielded,
}

impl<C: Chunk> StreamReader<C> {
    /// A reader at the start of a stream.
    pub(crate) fn new() -> Self {
        Self {
            splitter: BoxSplitter::default(),
            position: 0,
            chunk: None,
            media: None,
            end: None,
        }
    }

    /// Takes the next chunk, once there are no events left of the one before.
    pub(crate) fn add_chunk(&mut self, chunk: C) {
        self.chunk = Some(ChunkUnderWay { chunk, boxes: 0 });
    }

    /// Drops what is left of the chunk under way, of which an event could not be handled.
    pub(crate) fn drop_chunk(&mut self) {
        self.chunk = None;
    }

    /// Takes note that no chunk is to come.
    pub(crate) const fn end_stream(&mut self) {
        self.end = Some(StreamEnd::ToBeYielded);
    }

    /// The next event; None when a chunk must come first.
    ///
    /// # Errors
    /// A damaged header, a box that is too large, and [`Error::Incomplete`] for a stream that ends inside a box.
    pub(crate) fn next_event(&mut self) -> Result<Option<StreamEvent<C>>, Error> {
        if self.media == Some(MediaLeft::Bytes(0)) {
            return Ok(Some(self.end_media()));
        }
        match (self.chunk.take(), self.media) {
            (Some(under_way), None) => self.next_box(under_way),
            (Some(under_way), Some(left)) => Ok(Some(self.next_media(under_way, left))),
            (None, _) if self.end == Some(StreamEnd::ToBeYielded) => self.next_at_end().map(Some),
            (None, _) => Ok(None),
        }
    }

    /// Offset in the input of the next byte to read.
    pub(crate) const fn position(&self) -> u64 {
        self.position
    }

    /// The input goes on at another place, between two boxes.
    pub(crate) const fn jump(&mut self, position: u64) {
        self.position = position;
    }

    /// How many bytes complete the box or payload under way, where that is known.
    pub(crate) fn wanted(&self) -> Option<u64> {
        match self.media {
            Some(MediaLeft::Bytes(left)) => Some(left),
            Some(MediaLeft::UpToEnd) => None,
            None => Some(self.splitter.wanted()),
        }
    }

    /// Whether payload of an `mdat` is to come.
    pub(crate) const fn is_in_media(&self) -> bool {
        self.media.is_some()
    }

    /// Whether a box other than `mdat` is not complete.
    pub(crate) fn is_in_box(&self) -> bool {
        self.splitter.unfinished().is_some()
    }

    fn next_box(
        &mut self,
        mut under_way: ChunkUnderWay<C>,
    ) -> Result<Option<StreamEvent<C>>, Error> {
        let bytes = under_way.chunk.as_ref();
        let (taken, found) = self
            .splitter
            .take(bytes.get(under_way.boxes..).unwrap_or_default())?;
        under_way.boxes += taken;
        self.position += taken as u64;
        let ends_chunk = under_way.boxes == bytes.len();
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
        })
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

    /// Cuts payload off a chunk, after the bytes of boxes in front of it.
    fn next_media(&mut self, under_way: ChunkUnderWay<C>, left: MediaLeft) -> StreamEvent<C> {
        let ChunkUnderWay { chunk, boxes } = under_way;
        if boxes > 0 {
            return StreamEvent::BoxBytes(self.cut(chunk, boxes));
        }
        let len = chunk.as_ref().len();
        let here = match left {
            MediaLeft::Bytes(left) => usize::try_from(left).unwrap_or(usize::MAX).min(len),
            MediaLeft::UpToEnd => len,
        };
        if let MediaLeft::Bytes(left) = left {
            self.media = Some(MediaLeft::Bytes(left - here as u64));
        }
        let position = self.position;
        self.position += here as u64;
        StreamEvent::Media(MediaPiece {
            position,
            data: self.cut(chunk, here),
        })
    }

    /// The first `len` bytes of a chunk; the others stay to be read.
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
        if let Some(inside) = self.splitter.unfinished() {
            return Err(Error::Incomplete { inside });
        }
        self.end = Some(StreamEnd::Yielded);
        Ok(StreamEvent::StreamEnd)
    }
}
