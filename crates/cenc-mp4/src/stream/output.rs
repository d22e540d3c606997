// SPDX-License-Identifier: MPL-2.0
//! What waits to be given, and where in the output it stands.

use std::collections::VecDeque;

use super::index::FinishedSidx;
use crate::workers::{FragmentMedia, InWork};
use crate::{Chunk, Error};

/// What an [`crate::Encryptor`] gives back, in the order of the stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Output<C> {
    /// Boxes, as they came or written anew.
    Boxes {
        /// Their bytes.
        bytes: Vec<u8>,
        /// The first chunk that held nothing but bytes of these boxes, as it came in: its metadata is theirs.
        from: Option<C>,
        /// What must be told before them.
        announcement: Announcement,
    },
    /// Payload of an `mdat`, encrypted in place.
    Media(C),
    /// Bytes that replace earlier ones, of the same count, at an offset from the start of the stream.
    Patch {
        /// Where.
        position: u64,
        /// What.
        bytes: Vec<u8>,
        /// Where the stream goes on behind it.
        resume: u64,
    },
}

/// What downstream and the application must be told before boxes are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Announcement {
    /// A `moov` is among the boxes; it is the last then.
    pub init: bool,
    /// The fragment whose `moof` is among the boxes is the first under another protection:
    /// [`common_encryption::FragmentProtection::announced`].
    pub change: bool,
}

/// Outputs in order.
pub(super) struct OutputQueue<C> {
    head: Head<C>,
    queue: VecDeque<Waiting<C>>,
    /// Bytes in `queue`.
    queued: u64,
    /// Those of them that workers have.
    in_work: u64,
    /// Bytes given, those in `queue` included.
    written: u64,
}

/// An output in the queue.
enum Waiting<C> {
    Ready(Output<C>),
    /// Payload.
    InWork(InWork<C>),
}

/// Boxes that become one output.
struct Head<C> {
    bytes: Vec<u8>,
    from: Option<C>,
    announcement: Announcement,
}

impl<C: Chunk> OutputQueue<C> {
    pub(super) const fn new() -> Self {
        Self {
            head: Head {
                bytes: Vec::new(),
                from: None,
                announcement: Announcement {
                    init: false,
                    change: false,
                },
            },
            queue: VecDeque::new(),
            queued: 0,
            in_work: 0,
            written: 0,
        }
    }

    /// Where the next byte goes, from the start of the output.
    pub(super) const fn position(&self) -> u64 {
        self.written + self.head.bytes.len() as u64
    }

    /// Bytes that wait.
    pub(super) const fn queued(&self) -> u64 {
        self.queued
    }

    /// Appends boxes to the output under way.
    pub(super) fn boxes(&mut self, bytes: &[u8]) {
        self.head.bytes.extend_from_slice(bytes);
    }

    /// The same for boxes that begin an output as a rule: their memory becomes its.
    pub(super) fn made(&mut self, bytes: Vec<u8>) {
        match self.head.bytes.is_empty() {
            true => self.head.bytes = bytes,
            false => self.boxes(&bytes),
        }
    }

    /// The output under way ends with the init segment.
    pub(super) const fn end_init(&mut self) {
        self.head.announcement.init = true;
    }

    /// The boxes under way are the first under another protection; those before them are given without it.
    pub(super) const fn announce_change(&mut self) {
        self.head.announcement.change = true;
    }

    /// A chunk that holds only bytes of boxes under way or of the next.
    pub(super) fn came_in(&mut self, chunk: C) {
        self.head.from.get_or_insert(chunk);
    }

    /// Ends the output under way.
    pub(super) fn end_boxes(&mut self) {
        if self.head.bytes.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.head.bytes);
        let len = bytes.len() as u64;
        let boxes = Output::Boxes {
            bytes,
            from: self.head.from.take(),
            announcement: std::mem::take(&mut self.head.announcement),
        };
        self.give(len, Waiting::Ready(boxes));
    }

    /// Appends payload behind the boxes under way.
    pub(super) fn media(&mut self, media: FragmentMedia<C>) {
        match media {
            FragmentMedia::Done(chunks) => self.chunks(chunks),
            FragmentMedia::InWork(in_work) => {
                self.end_boxes();
                self.in_work += in_work.len;
                self.give(in_work.len, Waiting::InWork(in_work));
            }
        }
    }

    /// The same for payload that can be given at once.
    pub(super) fn chunks(&mut self, chunks: impl IntoIterator<Item = C>) {
        for chunk in chunks {
            self.end_boxes();
            let len = chunk.as_ref().len() as u64;
            self.give(len, Waiting::Ready(Output::Media(chunk)));
        }
    }

    /// Puts a finished `sidx` where its first version waits, or says that it must be put there.
    pub(super) fn place_sidx(&mut self, FinishedSidx { position, bytes }: FinishedSidx) {
        match self.waiting(position, bytes.len()) {
            Some(place) => place.copy_from_slice(&bytes),
            None => self.patch(position, bytes),
        }
    }

    /// Replaces bytes that were given.
    pub(super) fn patch(&mut self, position: u64, bytes: Vec<u8>) {
        let resume = self.written;
        self.queue.push_back(Waiting::Ready(Output::Patch {
            position,
            bytes,
            resume,
        }));
    }

    /// Hands over what waits, in order: all but at most `ahead` bytes that workers have, and what stands behind them.
    ///
    /// # Errors
    /// Those of a worker. What stands in front of its payload is handed over then, nothing behind it may be.
    pub(super) fn release(&mut self, ahead: u64, out: &mut Vec<Output<C>>) -> Result<(), Error> {
        // An init segment is announced by what its protector knows now.
        let ahead = match self.queue.iter().any(Waiting::is_init) {
            true => 0,
            false => ahead,
        };
        while let Some(waiting) = self.queue.pop_front() {
            match waiting {
                Waiting::Ready(output) => out.push(output),
                Waiting::InWork(in_work) => {
                    let done = match self.in_work > ahead {
                        true => Some(in_work.finish()),
                        false => in_work.finished(),
                    };
                    let Some(chunks) = done else {
                        self.queue.push_front(Waiting::InWork(in_work));
                        break;
                    };
                    self.in_work -= in_work.len;
                    out.extend(chunks?.into_iter().map(Output::Media));
                }
            }
        }
        self.queued = self.queue.iter().map(Waiting::len).sum();
        Ok(())
    }

    fn give(&mut self, len: u64, waiting: Waiting<C>) {
        self.queue.push_back(waiting);
        self.queued += len;
        self.written += len;
    }

    /// The bytes of boxes at `position` of the output, if they still wait.
    fn waiting(&mut self, position: u64, len: usize) -> Option<&mut [u8]> {
        let mut start = self.written - self.queued;
        let queued = self.queue.iter_mut();
        let queued = queued.map(|waiting| (waiting.len(), waiting.boxes()));
        let head = (self.head.bytes.len() as u64, Some(&mut self.head.bytes));
        for (size, held) in queued.chain([head]) {
            let at = position.checked_sub(start)?;
            if at < size {
                let at = usize::try_from(at).ok()?;
                return held?.get_mut(at..at + len);
            }
            start += size;
        }
        None
    }
}

impl<C: Chunk> Waiting<C> {
    /// How many bytes further it takes the stream.
    fn len(&self) -> u64 {
        match self {
            Self::Ready(Output::Boxes { bytes, .. }) => bytes.len() as u64,
            Self::Ready(Output::Media(chunk)) => chunk.as_ref().len() as u64,
            Self::Ready(Output::Patch { .. }) => 0,
            Self::InWork(in_work) => in_work.len,
        }
    }

    const fn is_init(&self) -> bool {
        matches!(self, Self::Ready(Output::Boxes { announcement, .. }) if announcement.init)
    }

    const fn boxes(&mut self) -> Option<&mut Vec<u8>> {
        match self {
            Self::Ready(Output::Boxes { bytes, .. }) => Some(bytes),
            _ => None,
        }
    }
}
