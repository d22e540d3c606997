// SPDX-License-Identifier: MPL-2.0
//! What points into the stream from elsewhere: `sidx` in front of the bytes it measures, `mfra` behind them.

use isobmff_boxes::{BoxTree, FourCc, Sidx, build_mfro, map_tfra};

use super::reader::StreamBox;
use crate::Error;
use crate::items::places_items;

/// Fragments whose places are remembered for an `mfra`; 23 days of 2 s fragments, 16 MiB.
const MAX_FRAGMENTS: usize = 1 << 20;
/// The most `sidx` boxes that are followed at once.
const MAX_PENDING: usize = 1024;

/// Follows where boxes end in the input and in the output.
#[derive(Default)]
pub(super) struct StreamIndex {
    pending: Vec<Pending>,
    /// Input and output offset of each `moof`, ascending.
    moofs: Vec<(u64, u64)>,
    moofs_lost: bool,
}

/// A `sidx` whose references are not all written yet.
struct Pending {
    sidx: Sidx,
    /// Offset of the box in the input and in the output.
    positions: (u64, u64),
    /// References in the input that are still to come, in reverse order.
    sizes_left: Vec<u64>,
    /// Where the reference under way started, in the input and in the output; None before the first.
    started: Option<(u64, u64)>,
    /// End of the `sidx` in the input and in the output.
    end: (u64, u64),
    first_offset: u64,
    sizes: Vec<u64>,
}

/// A `sidx` box with its final sizes.
pub(super) struct FinishedSidx {
    /// Offset in the output.
    pub(super) position: u64,
    /// The whole box.
    pub(super) bytes: Vec<u8>,
}

/// Refuses a box whose offsets or sizes tell of bytes that move, and are not followed.
pub(super) fn refuse_unmovable(found: &StreamBox) -> Result<(), Error> {
    match found.box_type {
        FourCc::META if places_items(&found.bytes) => Err(Error::Unsupported(FourCc::ILOC)),
        // Its ranges measure bytes whose count changes.
        FourCc::SSIX => Err(Error::Unsupported(FourCc::SSIX)),
        _ => Ok(()),
    }
}

impl StreamIndex {
    /// Remembers a whole `sidx` box and returns it as it is written until it is finished.
    pub(super) fn add_sidx(
        &mut self,
        bytes: &[u8],
        positions: (u64, u64),
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
        self.pending.push(Pending {
            first_offset: sidx.first_offset,
            sidx,
            positions,
            sizes: Vec::with_capacity(sizes_left.len()),
            sizes_left,
            started: None,
            end: (
                positions.0 + bytes.len() as u64,
                positions.1 + written.len() as u64,
            ),
        });
        Ok(written)
    }

    /// Whether a `sidx` is not finished yet.
    pub(super) const fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Takes note that a box ends at `input`, which is `output` in what is written, and returns what is finished by it.
    pub(super) fn mark(&mut self, input: u64, output: u64) -> Result<Vec<FinishedSidx>, Error> {
        for pending in &mut self.pending {
            pending.mark(input, output)?;
        }
        self.pending
            .extract_if(.., |pending| pending.is_finished())
            .map(|pending| pending.finish())
            .collect()
    }

    /// The stream ends: references beyond it keep their sizes.
    pub(super) fn finish(&mut self) -> Result<Vec<FinishedSidx>, Error> {
        self.pending.drain(..).map(Pending::finish).collect()
    }

    /// Remembers where a `moof` went.
    pub(super) fn add_moof(&mut self, input: u64, output: u64) {
        if self.moofs.len() == MAX_FRAGMENTS {
            self.moofs = Vec::new();
            self.moofs_lost = true;
        }
        if !self.moofs_lost {
            self.moofs.push((input, output));
        }
    }

    /// `mfra` with its offsets moved. Entries that lead to no `moof` are dropped (mp4mux 1.22 writes one at the end of each
    /// list); None when the stream has outgrown what is remembered: players do without.
    pub(super) fn move_mfra(&self, bytes: &[u8], position: u64) -> Result<Option<Vec<u8>>, Error> {
        if self.moofs_lost {
            return Ok(None);
        }
        let mut mfra = BoxTree::parse(bytes)?;
        let moved = |input: u64| {
            let found = self.moofs.binary_search_by_key(&input, |moof| moof.0);
            let moof = found.ok().and_then(|index| self.moofs.get(index));
            moof.map(|moof| moof.1)
        };
        for child in mfra.children_mut().into_iter().flatten() {
            if child.box_type == FourCc::TFRA {
                *child =
                    map_tfra(child, moved).map_err(|source| Error::BoxAt { position, source })?;
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
}

impl Pending {
    fn mark(&mut self, input: u64, output: u64) -> Result<(), Error> {
        let bad = || Error::BadIndex {
            position: self.positions.0,
        };
        if self.started.is_none() {
            let first = self.end.0.checked_add(self.sidx.first_offset);
            match first.ok_or_else(bad)? {
                first if input < first => return Ok(()),
                first if input > first => return Err(bad()),
                _ => self.first_offset = output - self.end.1,
            }
            self.started = Some((input, output));
        }
        while let (Some(started), Some(&size)) = (self.started, self.sizes_left.last()) {
            match started.0.checked_add(size).ok_or_else(bad)? {
                end if input < end => break,
                end if input > end => return Err(bad()),
                _ => self.sizes.push(output - started.1),
            }
            self.sizes_left.pop();
            self.started = Some((input, output));
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
        let tree = self.sidx.to_box(self.first_offset, &self.sizes)?;
        tree.write(&mut bytes)?;
        Ok(FinishedSidx {
            position: self.positions.1,
            bytes,
        })
    }
}
