// SPDX-License-Identifier: MPL-2.0
//! Reads the sample tables of a protected progressive file again before it is output: the chunks must be where they are in the output,
//! and `senc` must describe each sample.

use isobmff_boxes::{BoxTree, ChunkOffsets, FourCc};

use super::file::FilePiece;
use super::measure::TrackPlan;
use super::tables::offset_table;
use crate::Error;
use crate::information::is_senc;
use crate::init::STBL_PATH;
use crate::written_information::WrittenInformation;

/// A `moov` as it was written.
pub(super) struct WrittenTables<'a> {
    /// The whole box.
    pub(super) bytes: &'a [u8],
    /// The `moov` with the chunk offsets of the input.
    pub(super) input: &'a BoxTree<'a>,
    pub(super) tracks: &'a [TrackPlan],
    /// The parts of the file, in the order of the output.
    pub(super) pieces: &'a [FilePiece],
}

impl WrittenTables<'_> {
    /// Checks the tables of all tracks.
    ///
    /// # Errors
    /// [`Error::UnreadableOutput`].
    pub(super) fn check(&self) -> Result<(), Error> {
        let written = BoxTree::parse(self.bytes).map_err(|_| Error::UnreadableOutput)?;
        let count = written.all(FourCc::TRAK).count();
        let mut traks = written
            .all(FourCc::TRAK)
            .zip(self.input.all(FourCc::TRAK))
            .zip(self.tracks);
        let are_right = traks.all(|((trak, input), plan)| {
            self.places_chunks(trak, input)
                .and_then(|()| self.describes_samples(trak, plan))
                .is_some()
        });
        match are_right && count == self.tracks.len() {
            true => Ok(()),
            false => Err(Error::UnreadableOutput),
        }
    }

    /// Compares each chunk offset with the place to which its media goes.
    fn places_chunks(&self, trak: &BoxTree<'_>, input: &BoxTree<'_>) -> Option<()> {
        let written =
            ChunkOffsets::read(offset_table(trak.descend(&STBL_PATH).ok()?).ok()?).ok()?;
        let input = ChunkOffsets::read(offset_table(input.descend(&STBL_PATH).ok()?).ok()?).ok()?;
        let are_placed = written
            .offsets()
            .zip(input.offsets())
            .all(|(written, input)| self.output_of(input).is_none_or(|place| place == written));
        (are_placed && written.count() == input.count()).then_some(())
    }

    /// Returns the offset in the output of a byte of media; None if it is none.
    fn output_of(&self, input: u64) -> Option<u64> {
        let mut output = 0;
        for piece in self.pieces {
            if let FilePiece::Media(media) = piece
                && media.contains(&input)
            {
                return Some(output + input - media.start);
            }
            output += piece
                .input()
                .map_or(self.bytes.len() as u64, |bytes| bytes.end - bytes.start);
        }
        None
    }

    fn describes_samples(&self, trak: &BoxTree<'_>, plan: &TrackPlan) -> Option<()> {
        let stbl = trak.descend(&STBL_PATH).ok()?;
        let Some(protection) = plan
            .track
            .protection
            .as_ref()
            .filter(|_| plan.senc.count() > 0)
        else {
            return (!stbl.children().iter().any(is_senc)).then_some(());
        };
        WrittenInformation {
            parent: stbl,
            senc: &plan.senc,
            iv_size: protection.tenc().iv.per_sample_size(),
            bytes: self.bytes,
            position: self.moov_at(),
        }
        .check(
            (0..plan.senc.count()).map(|number| plan.table.sizes.get(number)),
            |_| true,
        )
    }

    /// Returns the offset of the `moov` in the output.
    fn moov_at(&self) -> u64 {
        self.pieces
            .iter()
            .map_while(FilePiece::input)
            .map(|bytes| bytes.end - bytes.start)
            .sum()
    }
}

#[cfg(test)]
mod tests;
