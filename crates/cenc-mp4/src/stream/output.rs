// SPDX-License-Identifier: MPL-2.0
//! The queue of outputs, and the position of each in the output.

use std::collections::VecDeque;

use super::index::FinishedSidx;
use crate::workers::{FragmentMedia, MediaInWork};
use crate::{Chunk, Error};

/// A part of the stream that an [`crate::Encryptor`] or [`crate::Decryptor`] returns, in the order of the stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Output<C> {
    /// Boxes, as in the input or rewritten.
    Boxes {
        /// Their bytes.
        bytes: Vec<u8>,
        /// The first input chunk that held nothing but bytes of these boxes: its metadata is theirs.
        from: Option<C>,
        /// The changes to announce before them.
        announcement: Announcement,
    },
    /// Payload of an `mdat`, encrypted or decrypted in place.
    Media(C),
    /// Bytes that replace as many earlier ones. They come out only with [`crate::IndexMode::Patch`].
    Patch {
        /// Offset of the first byte to replace, from the start of the output.
        position: u64,
        /// The new bytes.
        bytes: Vec<u8>,
        /// Offset at which the output goes on after the patch.
        resume: u64,
    },
}

/// The changes that downstream and the application must learn of before they get the boxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Announcement {
    /// True if the last of the boxes is a `moov`, or if they start the first fragment after a `moov` that is not in the stream.
    pub init: bool,
    /// True if the boxes have the `moof` of the first fragment under another protection, or the new init segment before it:
    /// [`common_encryption::FragmentProtection::announced`].
    pub change: bool,
    /// True if the boxes are an init segment that replaces the one in force. The boxes of its first fragment follow.
    pub new_init: bool,
}

/// Outputs in order.
pub(super) struct OutputQueue<C> {
    boxes: BoxesUnderWay<C>,
    queue: VecDeque<QueuedOutput<C>>,
    /// Bytes in `queue`.
    queued: u64,
    /// Bytes in `queue` that workers have.
    in_work: u64,
    /// Bytes released or in `queue`.
    written: u64,
}

/// An output in the queue.
enum QueuedOutput<C> {
    Ready(Output<C>),
    /// Payload that a worker encrypts.
    InWork(MediaInWork<C>),
}

/// Boxes that become one output.
struct BoxesUnderWay<C> {
    bytes: Vec<u8>,
    from: Option<C>,
    announcement: Announcement,
}

impl<C: Chunk> OutputQueue<C> {
    pub(super) const fn new() -> Self {
        Self {
            boxes: BoxesUnderWay {
                bytes: Vec::new(),
                from: None,
                announcement: Announcement {
                    init: false,
                    change: false,
                    new_init: false,
                },
            },
            queue: VecDeque::new(),
            queued: 0,
            in_work: 0,
            written: 0,
        }
    }

    /// Returns the offset of the next byte from the start of the output.
    pub(super) const fn position(&self) -> u64 {
        self.written + self.boxes.bytes.len() as u64
    }

    /// Returns the number of bytes in the queue.
    pub(super) const fn queued(&self) -> u64 {
        self.queued
    }

    /// Appends boxes to the output under way.
    pub(super) fn push_boxes(&mut self, bytes: &[u8]) {
        self.boxes.bytes.extend_from_slice(bytes);
    }

    /// Appends boxes without a copy if they are the first of an output, as a `moof` usually is.
    pub(super) fn push_owned_boxes(&mut self, bytes: Vec<u8>) {
        match self.boxes.bytes.is_empty() {
            true => self.boxes.bytes = bytes,
            false => self.push_boxes(&bytes),
        }
    }

    /// Records that the output under way ends with the init segment, or is the first after one that is not in the stream.
    pub(super) const fn end_init(&mut self) {
        self.boxes.announcement.init = true;
    }

    /// Records that the boxes under way are the first under another protection.
    pub(super) const fn announce_change(&mut self) {
        self.boxes.announcement.change = true;
    }

    /// Appends an init segment as an output of its own. The chunk of boxes stays that of the boxes after it.
    pub(super) fn push_new_init(&mut self, bytes: Vec<u8>, is_announced: bool) {
        let from = self.boxes.from.take();
        self.end_boxes();
        self.boxes.from = from;
        self.enqueue(QueuedOutput::Ready(Output::Boxes {
            bytes,
            from: None,
            announcement: Announcement {
                init: false,
                change: is_announced,
                new_init: true,
            },
        }));
    }

    /// Takes an input chunk that holds only bytes of the boxes under way or of the next ones.
    pub(super) fn set_chunk_of_boxes(&mut self, chunk: C) {
        self.boxes.from.get_or_insert(chunk);
    }

    /// Ends the output under way.
    pub(super) fn end_boxes(&mut self) {
        if self.boxes.bytes.is_empty() {
            return;
        }
        let boxes = Output::Boxes {
            bytes: std::mem::take(&mut self.boxes.bytes),
            from: self.boxes.from.take(),
            announcement: std::mem::take(&mut self.boxes.announcement),
        };
        self.enqueue(QueuedOutput::Ready(boxes));
    }

    /// Appends the payload of a fragment.
    pub(super) fn push_fragment_media(&mut self, media: FragmentMedia<C>) {
        match media {
            FragmentMedia::Done(chunks) => self.push_media(chunks),
            FragmentMedia::InWork(in_work) => {
                self.end_boxes();
                self.in_work += in_work.len;
                self.enqueue(QueuedOutput::InWork(in_work));
            }
        }
    }

    /// Appends payload that is ready.
    pub(super) fn push_media(&mut self, chunks: impl IntoIterator<Item = C>) {
        for chunk in chunks {
            self.end_boxes();
            self.enqueue(QueuedOutput::Ready(Output::Media(chunk)));
        }
    }

    /// Puts a finished `sidx` in the place of its first version: in the queue, or else by a patch.
    pub(super) fn place_sidx(&mut self, sidx: FinishedSidx) {
        match self.queued_boxes(sidx.position, sidx.bytes.len()) {
            Some(place) => place.copy_from_slice(&sidx.bytes),
            None => self.push_patch(sidx.position, sidx.bytes),
        }
    }

    /// Replaces bytes that were released.
    pub(super) fn push_patch(&mut self, position: u64, bytes: Vec<u8>) {
        self.enqueue(QueuedOutput::Ready(Output::Patch {
            position,
            bytes,
            resume: self.written,
        }));
    }

    /// Moves outputs to `out`, in order, and leaves at most `ahead` bytes that workers have and the outputs after them.
    ///
    /// # Errors
    /// Those of a worker. The outputs before its payload are in `out` then; none after it may be used.
    pub(super) fn release(&mut self, ahead: u64, out: &mut Vec<Output<C>>) -> Result<(), Error> {
        // An init segment is announced with the protection that its protector knows at that moment.
        let ahead = match self.queue.iter().any(QueuedOutput::is_init) {
            true => 0,
            false => ahead,
        };
        while let Some(queued) = self.queue.pop_front() {
            match queued {
                QueuedOutput::Ready(output) => out.push(output),
                QueuedOutput::InWork(in_work) => {
                    let finished = match self.in_work > ahead {
                        true => Some(in_work.finish()),
                        false => in_work.finished(),
                    };
                    let Some(chunks) = finished else {
                        self.queue.push_front(QueuedOutput::InWork(in_work));
                        break;
                    };
                    self.in_work -= in_work.len;
                    out.extend(chunks?.into_iter().map(Output::Media));
                }
            }
        }
        self.queued = self.queue.iter().map(QueuedOutput::len).sum();
        Ok(())
    }

    fn enqueue(&mut self, output: QueuedOutput<C>) {
        self.queued += output.len();
        self.written += output.len();
        self.queue.push_back(output);
    }

    /// Returns the bytes of boxes at `position` of the output, if they are in the queue.
    fn queued_boxes(&mut self, position: u64, len: usize) -> Option<&mut [u8]> {
        let mut start = self.written - self.queued;
        for queued in &mut self.queue {
            let end = start + queued.len();
            if position < end {
                let at = usize::try_from(position.checked_sub(start)?).ok()?;
                return queued.boxes_mut()?.get_mut(at..at + len);
            }
            start = end;
        }
        let at = usize::try_from(position.checked_sub(start)?).ok()?;
        self.boxes.bytes.get_mut(at..at + len)
    }
}

impl<C: Chunk> QueuedOutput<C> {
    /// Returns the number of bytes that it adds to the stream.
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

    const fn boxes_mut(&mut self) -> Option<&mut Vec<u8>> {
        match self {
            Self::Ready(Output::Boxes { bytes, .. }) => Some(bytes),
            _ => None,
        }
    }
}
