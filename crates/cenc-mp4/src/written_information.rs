// SPDX-License-Identifier: MPL-2.0
//! Reads the auxiliary information of samples again before it is output: each entry must be as long as `saiz` says, be where `saio`
//! says, and cover its sample.

use cenc_types::Subsample;
use common_encryption::{SampleInformation, SencBuilder};
use isobmff_boxes::{BoxTree, Saio};

use super::information::{InformationBoxes, is_senc};

/// The boxes with auxiliary information in a `traf` or `stbl` as it was written.
pub(super) struct WrittenInformation<'a> {
    pub(super) parent: &'a BoxTree<'a>,
    /// The entries that the boxes must have.
    pub(super) senc: &'a SencBuilder,
    /// Bytes of the IV of each entry.
    pub(super) iv_size: u8,
    /// The whole `moof` or `moov`.
    pub(super) bytes: &'a [u8],
    /// Its offset as `saio` counts.
    pub(super) position: u64,
}

impl WrittenInformation<'_> {
    /// Compares the boxes with the sizes of the samples, and checks each entry with `is_right`.
    pub(super) fn check(
        &self,
        sizes: impl ExactSizeIterator<Item = u32>,
        mut is_right: impl FnMut(&SampleInformation<'_>) -> bool,
    ) -> Option<()> {
        let boxes = InformationBoxes::read(&[self.parent]).ok()?;
        let senc = boxes.senc()?;
        let mut entries = senc.entries.clone();
        if !self.has_count(&boxes, sizes.len()) || entries.left() != self.senc.entries() {
            return None;
        }
        for (number, len) in (0..).zip(sizes) {
            let before = entries.left().len();
            let entry =
                SampleInformation::read(&mut entries, self.iv_size, senc.subsampled).ok()?;
            let size = (before - entries.left().len()) as u64;
            if boxes
                .saiz()
                .is_some_and(|saiz| saiz.total(number..number + 1) != size)
                || senc.subsampled && covered_bytes(&entry) != u64::from(len)
                || !is_right(&entry)
            {
                return None;
            }
        }
        entries.is_empty().then_some(())
    }

    /// True if there is one `senc`, for that number of samples, and `saiz` and `saio` of it exactly if it needs them.
    fn has_count(&self, boxes: &InformationBoxes, count: usize) -> bool {
        let has_count = |found: u32| found as usize == count;
        let is_listed = self.senc.sizes().is_some();
        self.parent.children().iter().filter(|c| is_senc(c)).count() == 1
            && boxes
                .senc()
                .is_some_and(|senc| has_count(senc.sample_count))
            && boxes.saiz().is_some() == is_listed
            && boxes.saiz().is_none_or(|saiz| has_count(saiz.sample_count))
            && boxes.saio().is_some() == is_listed
            && boxes.saio().is_none_or(|saio| self.places(saio))
    }

    /// True if `saio` leads to the entries.
    fn places(&self, saio: &Saio) -> bool {
        match saio.offsets.as_slice() {
            [offset] => offset
                .checked_sub(self.position)
                .and_then(|offset| self.bytes.get(usize::try_from(offset).ok()?..))
                .is_some_and(|place| place.starts_with(self.senc.entries())),
            _ => false,
        }
    }
}

/// Returns the number of bytes that the subsamples of an entry describe.
fn covered_bytes(entry: &SampleInformation<'_>) -> u64 {
    entry
        .subsamples()
        .map(
            |Subsample {
                 clear_bytes,
                 protected_bytes,
             }| { u64::from(clear_bytes) + u64::from(protected_bytes) },
        )
        .sum()
}
