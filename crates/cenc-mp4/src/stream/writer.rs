// SPDX-License-Identifier: MPL-2.0
//! Writes a stream: offsets move, indexes are finished, outputs wait for what comes before them.

use isobmff_boxes::FourCc;

use super::assembler::FragmentBoxes;
use super::index::{StreamIndex, refuse_unmovable};
use super::output::{Output, OutputQueue};
use super::reader::StreamBox;
use crate::workers::FragmentMedia;
use crate::{Chunk, Error};

/// What happens to what is known only when bytes after it are written: the sizes in a `sidx`, a `moov` written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IndexMode {
    /// All after a `sidx` is held until its sizes are known; a `moov` that is written again is dropped.
    #[default]
    Hold,
    /// Either is replaced by an [`Output::Patch`].
    Patch,
}

/// A fragment whose samples are changed, or are being changed.
pub(crate) struct WrittenFragment<C> {
    /// The `moof`, written anew.
    pub(crate) moof: Vec<u8>,
    pub(crate) media: FragmentMedia<C>,
    /// [`common_encryption::FragmentProtection::announced`].
    pub(crate) announced: bool,
}

/// Writes one stream.
pub(crate) struct StreamWriter<C> {
    queue: OutputQueue<C>,
    index: StreamIndex,
    index_mode: IndexMode,
}

impl<C: Chunk> StreamWriter<C> {
    /// The most bytes that are held for one `sidx`.
    const MAX_HELD: u64 = 256 << 20;

    /// A writer at the start of a stream.
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

    /// Offset of the next byte in the output.
    pub(crate) const fn position(&self) -> u64 {
        self.queue.position()
    }

    /// Whether a `sidx` is not finished.
    pub(crate) const fn is_index_pending(&self) -> bool {
        self.index.is_pending()
    }

    /// Writes an init segment's `moov`, in place of the one that was found.
    pub(crate) fn write_moov(&mut self, moov: &[u8], found: &StreamBox) -> Result<(), Error> {
        self.queue.boxes(moov);
        self.queue.end_init();
        self.mark(found.end)?;
        if !found.ends_chunk {
            self.queue.end_boxes();
        }
        Ok(())
    }

    /// Writes a box as it is.
    pub(crate) fn write_box(&mut self, found: &StreamBox) -> Result<(), Error> {
        self.queue.boxes(&found.bytes);
        self.mark(found.end)
    }

    /// Writes any box but `moov` and `moof`: what measures the stream is moved, all else stays as it is.
    pub(crate) fn write_moved(&mut self, found: &StreamBox) -> Result<(), Error> {
        match found.box_type {
            FourCc::SIDX => {
                let positions = (found.position, self.position());
                let sidx = self.index.add_sidx(&found.bytes, positions)?;
                self.queue.boxes(&sidx);
            }
            FourCc::MFRA => {
                let mfra = self.index.move_mfra(&found.bytes, found.position)?;
                self.queue.boxes(&mfra.unwrap_or_default());
            }
            _ => {
                refuse_unmovable(found)?;
                self.queue.boxes(&found.bytes);
            }
        }
        self.mark(found.end)
    }

    /// Writes a whole fragment.
    pub(crate) fn write_fragment(
        &mut self,
        boxes: &FragmentBoxes,
        written: WrittenFragment<C>,
    ) -> Result<(), Error> {
        if written.announced {
            self.queue.announce_change();
        }
        self.index.add_moof(boxes.position, self.position());
        self.queue.made(written.moof);
        let mut end = boxes.position + boxes.moof.len() as u64;
        self.mark(end)?;
        for between in &boxes.between {
            self.queue.boxes(between);
            end += between.len() as u64;
            self.mark(end)?;
        }
        self.queue.boxes(&boxes.mdat_header);
        self.queue.media(written.media);
        Ok(())
    }

    /// Writes the header of an `mdat` whose payload is not held.
    pub(crate) fn write_media_header(&mut self, header: &[u8]) {
        self.queue.boxes(header);
    }

    /// Writes payload that is not held.
    pub(crate) fn write_media(&mut self, media: impl IntoIterator<Item = C>) {
        self.queue.chunks(media);
    }

    /// Replaces bytes that were written, where that is possible; elsewhere they stay.
    pub(crate) fn patch(&mut self, position: u64, bytes: Vec<u8>) {
        if self.index_mode == IndexMode::Patch {
            self.queue.patch(position, bytes);
        }
    }

    /// Takes a chunk that held nothing but bytes of the boxes under way or of the next.
    pub(crate) fn take_box_bytes(&mut self, chunk: C) {
        self.queue.came_in(chunk);
    }

    /// A box, of which all is written, ends at `position` of the input.
    pub(crate) fn mark(&mut self, position: u64) -> Result<(), Error> {
        for sidx in self.index.mark(position, self.queue.position())? {
            self.queue.place_sidx(sidx);
        }
        Ok(())
    }

    /// Ends the output under way.
    pub(crate) fn end_boxes(&mut self) {
        self.queue.end_boxes();
    }

    /// Ends the stream, all of which is written.
    pub(crate) fn finish(&mut self, out: &mut Vec<Output<C>>) -> Result<(), Error> {
        self.queue.end_boxes();
        for finished in self.index.finish()? {
            self.queue.place_sidx(finished);
        }
        self.release(0, out)
    }

    /// Hands the queue over but for `ahead` bytes in work, unless a `sidx` in it is not finished.
    pub(crate) fn release(&mut self, ahead: u64, out: &mut Vec<Output<C>>) -> Result<(), Error> {
        if self.index_mode == IndexMode::Patch || !self.index.is_pending() {
            return self.queue.release(ahead, out);
        }
        if self.queue.queued() > Self::MAX_HELD {
            return Err(Error::TooLarge {
                what: "what a 'sidx' measures, held until its sizes are known (write to a file, or let the \
                       muxer write no 'sidx'), in bytes,",
                limit: Self::MAX_HELD,
            });
        }
        Ok(())
    }
}
