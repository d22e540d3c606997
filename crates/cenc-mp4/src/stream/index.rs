// SPDX-License-Identifier: MPL-2.0
//! The boxes that refer to other parts of the stream: `sidx` to the bytes after it, `mfra` to those before it.

use isobmff_boxes::{BoxTree, FourCc, Sidx, build_mfro, map_tfra};

use super::reader::StreamBox;
use crate::Error;
use crate::items::places_items;

/// The most fragments that are remembered for an `mfra`; 23 days of 2 s fragments, 16 MiB.
const MAX_FRAGMENTS: usize = 1 << 20;
/// The most unfinished `sidx` boxes.
const MAX_PENDING: usize = 1024;

/// Follows where boxes end in the input and in the output.
#[derive(Default)]
pub(super) struct StreamIndex {
    pending: Vec<PendingSidx>,
    /// The offsets of each `moof`, ascending.
    moofs: Vec<StreamOffsets>,
    moofs_lost: bool,
}

/// An offset in the input and the offset that it has in the output.
#[derive(Clone, Copy)]
pub(super) struct StreamOffsets {
    pub(super) input: u64,
    pub(super) output: u64,
}

/// A `sidx` whose references are not all written yet.
struct PendingSidx {
    sidx: Sidx,
    start: StreamOffsets,
    end: StreamOffsets,
    /// Sizes in the input of the references that are still to come, in reverse order.
    sizes_left: Vec<u64>,
    /// The start of the reference under way; None before the first.
    reference: Option<StreamOffsets>,
    /// first_offset in the output.
    first_offset: u64,
    /// Sizes in the output of the references that are written.
    sizes: Vec<u64>,
}

/// A `sidx` box with its final sizes.
pub(super) struct FinishedSidx {
    /// Offset in the output.
    pub(super) position: u64,
    /// The whole box.
    pub(super) bytes: Vec<u8>,
}

/// Refuses a box with offsets or sizes that would have to change and cannot be updated.
pub(super) fn refuse_unmovable(found: &StreamBox) -> Result<(), Error> {
    match found.box_type {
        FourCc::META if places_items(&found.bytes) => Err(Error::Unsupported(FourCc::ILOC)),
        // Its ranges count bytes, which become more.
        FourCc::SSIX => Err(Error::Unsupported(FourCc::SSIX)),
        _ => Ok(()),
    }
}

impl StreamIndex {
    /// Remembers a whole `sidx` box and returns the bytes to write until it is finished.
    pub(super) fn add_sidx(
        &mut self,
        bytes: &[u8],
        start: StreamOffsets,
    ) -> Result<Vec<u8>, Error> {
        if self.pending.len() == MAX_PENDING {
            return Err(Error::TooLarge {
                what: "the number of unfinished 'sidx' boxes",
                limit: MAX_PENDING as u64,
            });
        }
        let tree = BoxTree::parse(bytes)?;
        let sidx = Sidx::read(tree.reader())?;
        let mut written = Vec::with_capacity(bytes.len());
        tree.write(&mut written)?;
        let mut sizes_left: Vec<u64> = sidx.sizes().collect();
        sizes_left.reverse();
        self.pending.push(PendingSidx {
            first_offset: sidx.first_offset,
            sidx,
            start,
            end: StreamOffsets {
                input: start.input + bytes.len() as u64,
                output: start.output + written.len() as u64,
            },
            sizes: Vec::with_capacity(sizes_left.len()),
            sizes_left,
            reference: None,
        });
        Ok(written)
    }

    /// True if a `sidx` is not finished yet.
    pub(super) const fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Records that a box ends here, and returns the `sidx` boxes that this finishes.
    pub(super) fn mark(&mut self, end: StreamOffsets) -> Result<Vec<FinishedSidx>, Error> {
        for pending in &mut self.pending {
            pending.mark(end)?;
        }
        self.pending
            .extract_if(.., |pending| pending.is_finished())
            .map(|pending| pending.finish())
            .collect()
    }

    /// Finishes all `sidx` boxes at the end of the stream; references beyond it keep their sizes.
    pub(super) fn finish(&mut self) -> Result<Vec<FinishedSidx>, Error> {
        self.pending.drain(..).map(PendingSidx::finish).collect()
    }

    /// Remembers the offsets of a `moof`.
    pub(super) fn add_moof(&mut self, start: StreamOffsets) {
        if self.moofs.len() == MAX_FRAGMENTS {
            self.moofs = Vec::new();
            self.moofs_lost = true;
        }
        if !self.moofs_lost {
            self.moofs.push(start);
        }
    }

    /// Returns an `mfra` with its offsets moved. Drops entries that lead to no `moof`: mp4mux 1.22 writes one at the end
    /// of each list. None if the stream had more fragments than are remembered: players do without `mfra`.
    pub(super) fn move_mfra(&self, bytes: &[u8], position: u64) -> Result<Option<Vec<u8>>, Error> {
        if self.moofs_lost {
            return Ok(None);
        }
        let mut mfra = BoxTree::parse(bytes)?;
        for child in mfra.children_mut().into_iter().flatten() {
            if child.box_type == FourCc::TFRA {
                *child = map_tfra(child, |input| self.moved_moof(input))
                    .map_err(|source| Error::BoxAt { position, source })?;
            }
        }
        let size = mfra.size();
        for child in mfra.children_mut().into_iter().flatten() {
            if child.box_type == FourCc::MFRO {
                *child = build_mfro(size)?;
            }
        }
        let mut out = Vec::with_capacity(size);
        mfra.write(&mut out)?;
        Ok(Some(out))
    }

    /// Returns the offset in the output of the `moof` at `input`.
    fn moved_moof(&self, input: u64) -> Option<u64> {
        self.moofs
            .binary_search_by_key(&input, |moof| moof.input)
            .ok()
            .and_then(|index| self.moofs.get(index))
            .map(|moof| moof.output)
    }
}

impl PendingSidx {
    fn mark(&mut self, end: StreamOffsets) -> Result<(), Error> {
        let misplaced = || Error::BadIndex {
            position: self.start.input,
        };
        if self.reference.is_none() {
            let first = self.end.input.checked_add(self.sidx.first_offset);
            match first.ok_or_else(misplaced)? {
                first if end.input < first => return Ok(()),
                first if end.input > first => return Err(misplaced()),
                _ => self.first_offset = end.output - self.end.output,
            }
            self.reference = Some(end);
        }
        while let (Some(reference), Some(&size)) = (self.reference, self.sizes_left.last()) {
            match reference.input.checked_add(size).ok_or_else(misplaced)? {
                expected if end.input < expected => break,
                expected if end.input > expected => return Err(misplaced()),
                _ => self.sizes.push(end.output - reference.output),
            }
            self.sizes_left.pop();
            self.reference = Some(end);
        }
        Ok(())
    }

    const fn is_finished(&self) -> bool {
        self.sizes_left.is_empty()
    }

    fn finish(mut self) -> Result<FinishedSidx, Error> {
        self.sizes_left.reverse();
        self.sizes.append(&mut self.sizes_left);
        let mut bytes = Vec::new();
        self.sidx
            .to_box(self.first_offset, &self.sizes)?
            .write(&mut bytes)?;
        Ok(FinishedSidx {
            position: self.start.output,
            bytes,
        })
    }
}
