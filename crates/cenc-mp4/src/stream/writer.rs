// SPDX-License-Identifier: MPL-2.0
//! Writes a stream: moves offsets, finishes indexes, and keeps the outputs in order.

use isobmff_boxes::FourCc;

use super::assembler::{FragmentBoxes, FragmentPart};
use super::index::{StreamIndex, StreamOffsets, refuse_unmovable};
use super::output::{Output, OutputQueue};
use super::reader::StreamBox;
use crate::workers::FragmentMedia;
use crate::{Chunk, Error};

/// The way to write values that are known only after later bytes: the sizes in a `sidx`, and a `moov` that the muxer rewrites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IndexMode {
    /// Holds everything after a `sidx` until its sizes are known, and drops a rewritten `moov`: no [`Output::Patch`] comes out.
    #[default]
    Hold,
    /// Writes both at once, and corrects them later by an [`Output::Patch`].
    Patch,
}

/// A fragment whose samples are changed, or are being changed by a worker.
pub(crate) struct WrittenFragment<C> {
    /// The new `moof`.
    pub(crate) moof: Vec<u8>,
    pub(crate) media: FragmentMedia<C>,
    /// See [`common_encryption::FragmentProtection::announced`].
    pub(crate) announced: bool,
    /// The init segment that goes before it, if that is new.
    pub(crate) init: Option<Vec<u8>>,
}

/// Writes one stream.
pub(crate) struct StreamWriter<C> {
    queue: OutputQueue<C>,
    index: StreamIndex,
    index_mode: IndexMode,
}

impl<C: Chunk> StreamWriter<C> {
    /// The most bytes that are held for a `sidx`.
    const MAX_HELD: u64 = 256 << 20;

    /// Creates a writer at the start of a stream.
    pub(crate) fn new(index_mode: IndexMode) -> Self {
        Self {
            queue: OutputQueue::new(),
            index: StreamIndex::default(),
            index_mode,
        }
    }

    pub(crate) const fn index_mode(&self) -> IndexMode {
        self.index_mode
    }

    pub(crate) const fn set_index_mode(&mut self, index_mode: IndexMode) {
        self.index_mode = index_mode;
    }

    /// Returns the offset of the next byte in the output.
    pub(crate) const fn position(&self) -> u64 {
        self.queue.position()
    }

    /// True if a `sidx` is not finished.
    pub(crate) const fn is_index_pending(&self) -> bool {
        self.index.is_pending()
    }

    /// Writes the `moov` of an init segment in place of the one in the input.
    pub(crate) fn write_moov(&mut self, moov: &[u8], found: &StreamBox) -> Result<(), Error> {
        self.queue.push_boxes(moov);
        self.queue.end_init();
        self.mark(found.end)?;
        if !found.ends_chunk {
            self.queue.end_boxes();
        }
        Ok(())
    }

    /// Writes an init segment that replaces the one in force.
    pub(crate) fn write_new_init(&mut self, init: Vec<u8>, is_announced: bool) {
        self.queue.push_new_init(init, is_announced);
    }

    /// Announces an init segment that is not part of the stream with the boxes that follow.
    pub(crate) const fn announce_init(&mut self) {
        self.queue.end_init();
    }

    /// Writes a box unchanged.
    pub(crate) fn write_box(&mut self, found: &StreamBox) -> Result<(), Error> {
        self.queue.push_boxes(&found.bytes);
        self.mark(found.end)
    }

    /// Writes any box but `moov` and `moof`. Moves the offsets of indexes and leaves other boxes unchanged.
    pub(crate) fn write_moved(&mut self, found: &StreamBox) -> Result<(), Error> {
        match found.box_type {
            FourCc::SIDX => {
                let start = self.offsets(found.position);
                self.queue
                    .push_boxes(&self.index.add_sidx(&found.bytes, start)?);
            }
            FourCc::MFRA => {
                if let Some(mfra) = self.index.move_mfra(&found.bytes, found.position)? {
                    self.queue.push_boxes(&mfra);
                }
            }
            _ => {
                refuse_unmovable(found)?;
                self.queue.push_boxes(&found.bytes);
            }
        }
        self.mark(found.end)
    }

    /// Writes a whole fragment.
    pub(crate) fn write_fragment(
        &mut self,
        boxes: &FragmentBoxes,
        mut written: WrittenFragment<C>,
    ) -> Result<(), Error> {
        if written.announced {
            self.queue.announce_change();
        }
        let mut end = boxes.start();
        for part in boxes.before.iter() {
            self.write_part(part, &mut written.media);
            self.mark_part(part, &mut end)?;
        }
        if boxes.is_cut {
            self.queue.push_owned_boxes(written.moof);
            for part in boxes.after.iter() {
                self.write_part(part, &mut written.media);
            }
            return Ok(());
        }
        self.index.add_moof(self.offsets(boxes.position));
        self.queue.push_owned_boxes(written.moof);
        end += boxes.moof.len() as u64;
        self.mark(end)?;
        for part in boxes.after.iter() {
            self.write_part(part, &mut written.media);
            self.mark_part(part, &mut end)?;
        }
        Ok(())
    }

    /// Writes media that no `moof` describes, and the boxes around it, unchanged.
    pub(crate) fn write_undescribed(
        &mut self,
        boxes: &FragmentBoxes,
        chunks: Vec<C>,
    ) -> Result<(), Error> {
        let mut media = FragmentMedia::Done(chunks);
        let mut end = boxes.start();
        for part in boxes.before.iter() {
            self.write_part(part, &mut media);
            self.mark_part(part, &mut end)?;
        }
        Ok(())
    }

    /// Writes a box of a fragment.
    fn write_part(&mut self, part: &FragmentPart, media: &mut FragmentMedia<C>) {
        self.queue.push_boxes(part.bytes());
        if let FragmentPart::Mdat { chunks, .. } = part {
            self.queue.push_fragment_media(media.take(*chunks));
        }
    }

    /// Takes note of the end of a written box, which starts at `end` in the input, and moves `end` there.
    fn mark_part(&mut self, part: &FragmentPart, end: &mut u64) -> Result<(), Error> {
        *end += part.bytes().len() as u64;
        if let FragmentPart::Mdat { len, .. } = part {
            *end += len;
        }
        self.mark(*end)
    }

    /// Writes the header of an `mdat` whose payload is not held.
    pub(crate) fn write_media_header(&mut self, header: &[u8]) {
        self.queue.push_boxes(header);
    }

    /// Writes payload that is not held.
    pub(crate) fn write_media(&mut self, media: impl IntoIterator<Item = C>) {
        self.queue.push_media(media);
    }

    /// Replaces bytes that were written; without [`IndexMode::Patch`] they stay.
    pub(crate) fn patch(&mut self, position: u64, bytes: Vec<u8>) {
        if self.index_mode == IndexMode::Patch {
            self.queue.push_patch(position, bytes);
        }
    }

    /// Takes a chunk that held only bytes of the boxes under way or of the next.
    pub(crate) fn take_box_bytes(&mut self, chunk: C) {
        self.queue.set_chunk_of_boxes(chunk);
    }

    /// Records that a box, which is written, ends at `position` of the input.
    pub(crate) fn mark(&mut self, position: u64) -> Result<(), Error> {
        for sidx in self.index.mark(self.offsets(position))? {
            self.queue.place_sidx(sidx);
        }
        Ok(())
    }

    /// Returns an offset of the input with the current one of the output.
    const fn offsets(&self, input: u64) -> StreamOffsets {
        StreamOffsets {
            input,
            output: self.position(),
        }
    }

    /// Ends the output under way.
    pub(crate) fn end_boxes(&mut self) {
        self.queue.end_boxes();
    }

    /// Ends the stream and releases the whole queue.
    pub(crate) fn finish(&mut self, out: &mut Vec<Output<C>>) -> Result<(), Error> {
        self.queue.end_boxes();
        for finished in self.index.finish()? {
            self.queue.place_sidx(finished);
        }
        self.release(0, out)
    }

    /// Releases the queue except `ahead` bytes in work; all of it stays while a `sidx` is not finished.
    pub(crate) fn release(&mut self, ahead: u64, out: &mut Vec<Output<C>>) -> Result<(), Error> {
        if self.index_mode == IndexMode::Patch || !self.index.is_pending() {
            return self.queue.release(ahead, out);
        }
        if self.queue.queued() > Self::MAX_HELD {
            return Err(Error::TooLarge {
                what: "the media that one 'sidx' indexes, which is held until its sizes are known (write to a \
                       file, or let the muxer write no 'sidx'), in bytes,",
                limit: Self::MAX_HELD,
            });
        }
        Ok(())
    }
}
