// SPDX-License-Identifier: MPL-2.0
//! What waits to be given, and where in the output it stands.

use super::Chunk;
use super::index::FinishedSidx;

/// What an [`super::Encryptor`] gives back, in the order of the stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Output<C> {
    /// Boxes, as they came or written anew.
    Boxes {
        /// Their bytes.
        bytes: Vec<u8>,
        /// The first chunk that held nothing but bytes of these boxes, as it came in: its metadata is theirs.
        from: Option<C>,
        /// What must be told before them.
        news: News,
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
pub struct News {
    /// A `moov` is among the boxes; it is the last then.
    pub init: bool,
    /// The fragment whose `moof` is among the boxes is the first under another protection:
    /// [`super::FragmentProtection::announced`].
    pub change: bool,
}

/// Outputs in order.
pub(super) struct OutputQueue<C> {
    head: Head<C>,
    queue: Vec<Output<C>>,
    /// Bytes in `queue`.
    queued: u64,
    /// Bytes given, those in `queue` included.
    written: u64,
}

/// Boxes that become one output.
struct Head<C> {
    bytes: Vec<u8>,
    from: Option<C>,
    news: News,
}

impl<C: Chunk> OutputQueue<C> {
    pub(super) const fn new() -> Self {
        Self {
            head: Head {
                bytes: Vec::new(),
                from: None,
                news: News {
                    init: false,
                    change: false,
                },
            },
            queue: Vec::new(),
            queued: 0,
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
        self.head.news.init = true;
    }

    pub(super) const fn ends_with_init(&self) -> bool {
        self.head.news.init
    }

    /// The boxes under way are the first under another protection; those before them are given without it.
    pub(super) const fn announce_change(&mut self) {
        self.head.news.change = true;
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
            news: std::mem::take(&mut self.head.news),
        };
        self.give(boxes, len);
    }

    /// Appends payload.
    pub(super) fn media(&mut self, chunk: C) {
        let len = chunk.as_ref().len() as u64;
        self.give(Output::Media(chunk), len);
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
        self.queue.push(Output::Patch {
            position,
            bytes,
            resume,
        });
    }

    /// Hands over all that waits.
    pub(super) fn release(&mut self, out: &mut Vec<Output<C>>) {
        self.queued = 0;
        out.append(&mut self.queue);
    }

    fn give(&mut self, output: Output<C>, len: u64) {
        self.queue.push(output);
        self.queued += len;
        self.written += len;
    }

    /// The bytes of boxes at `position` of the output, if they still wait.
    fn waiting(&mut self, position: u64, len: usize) -> Option<&mut [u8]> {
        let mut start = self.written - self.queued;
        let queued = self.queue.iter_mut().filter_map(|output| match output {
            Output::Boxes { bytes, .. } => Some((bytes.len(), Some(bytes))),
            Output::Media(chunk) => Some((chunk.as_ref().len(), None)),
            Output::Patch { .. } => None,
        });
        let head = (self.head.bytes.len(), Some(&mut self.head.bytes));
        for (size, held) in queued.chain([head]) {
            let at = usize::try_from(position.checked_sub(start)?).ok()?;
            if at < size {
                return held?.get_mut(at..at + len);
            }
            start += size as u64;
        }
        None
    }
}
