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
        mut sizes: impl ExactSizeIterator<Item = u32>,
        mut is_right: impl FnMut(&SampleInformation<'_>) -> bool,
    ) -> Option<()> {
        let boxes = InformationBoxes::read(&[self.parent]).ok()?;
        let senc = boxes.senc()?;
        let mut entries = senc.entries.clone();
        let is_listed = self.senc.sizes().is_some();
        let count = sizes.len();
        let has_count = |found: u32| found as usize == count;
        let is_whole = self.parent.children().iter().filter(|c| is_senc(c)).count() == 1
            && boxes.saiz().is_some() == is_listed
            && boxes.saiz().is_none_or(|saiz| has_count(saiz.sample_count))
            && boxes.saio().is_some() == is_listed
            && boxes.saio().is_none_or(|saio| self.places(saio))
            && has_count(senc.sample_count)
            && entries.left() == self.senc.entries();
        let mut number = 0;
        let are_right = sizes.all(|len| {
            let before = entries.left().len();
            SampleInformation::read(&mut entries, self.iv_size, senc.subsampled).is_ok_and(
                |entry| {
                    let size = (before - entries.left().len()) as u64;
                    let is_sized = boxes
                        .saiz()
                        .is_none_or(|saiz| saiz.total(number..number + 1) == size);
                    number += 1;
                    let covered: u64 = entry.subsamples().map(bytes_of).sum();
                    is_sized && (!senc.subsampled || covered == u64::from(len)) && is_right(&entry)
                },
            )
        });
        (is_whole && are_right && entries.is_empty()).then_some(())
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

fn bytes_of(subsample: Subsample) -> u64 {
    u64::from(subsample.clear_bytes) + u64::from(subsample.protected_bytes)
}
