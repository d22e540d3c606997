// SPDX-License-Identifier: MPL-2.0
//! Collects the auxiliary information of the samples of a `stbl` or `traf`.

use isobmff_boxes::{BoxTree, FourCc, Saio, Saiz};

use super::DecryptionError;
use crate::Error;
use crate::information::{
    ClearEntries, InformationBoxes, PlacementFault, SampleEntries, entry_extents, is_seig_group,
    is_senc, points_at_entries,
};

/// The most bytes of auxiliary information of a `stbl` or `traf`.
const MAX_INFORMATION: u64 = 256 << 20;

/// The boxes of a `stbl` or `traf`, and the data that `saio` refers to.
pub(super) struct InformationPlace<'p, 'a> {
    /// The `stbl` or `traf`.
    pub(super) parent: &'p BoxTree<'a>,
    pub(super) track_id: u32,
    /// The number of samples of each chunk or run.
    pub(super) runs: &'p [u32],
    /// The base of `saio` offsets.
    pub(super) base: i64,
}

/// The bytes of a file or fragment that may have auxiliary information.
pub(super) trait InformationReader {
    /// Reads `len` bytes at `offset`, counted as `saio` does; None if they are not there.
    fn read_at(&mut self, offset: i64, len: usize) -> Result<Option<Vec<u8>>, Error>;
}

impl<'p> InformationPlace<'p, '_> {
    /// Returns the entries of all samples.
    pub(super) fn gather(
        &self,
        boxes: &InformationBoxes<'p>,
        bytes: &mut dyn InformationReader,
    ) -> Result<SampleEntries<'p>, Error> {
        match (boxes.senc(), boxes.saiz(), boxes.saio()) {
            (Some(senc), ..) => {
                if u64::from(senc.sample_count) != self.samples() && senc.sample_count != 0 {
                    return Err(self.error("is for another number of samples than there are"));
                }
                Ok(SampleEntries::of_senc(senc, ClearEntries::Absent))
            }
            (None, Some(saiz), Some(saio)) => self.gather_listed(saiz, saio, bytes),
            (None, None, None) => Ok(SampleEntries::default()),
            _ => Err(self.error("has sizes without offsets, or offsets without sizes")),
        }
    }

    fn gather_listed(
        &self,
        saiz: &Saiz<'p>,
        saio: &Saio,
        bytes: &mut dyn InformationReader,
    ) -> Result<SampleEntries<'p>, Error> {
        if u64::from(saiz.sample_count) > self.samples() {
            return Err(self.error("is for more samples than there are"));
        }
        let starts: Vec<u64> = self
            .runs
            .iter()
            .scan(0, |next, &count| {
                Some(std::mem::replace(next, *next + u64::from(count)))
            })
            .collect();
        let extents = entry_extents(saiz, saio, &starts, MAX_INFORMATION).map_err(|fault| {
            self.error(match fault {
                PlacementFault::TooLarge(_) => "is too large",
                PlacementFault::OtherRuns { .. } => {
                    "has another number of offsets than there are chunks or runs"
                }
            })
        })?;
        let mut entries = Vec::new();
        for extent in extents {
            let unreadable = || self.error("is outside of the data that can be read");
            let offset = i64::try_from(extent.offset)
                .ok()
                .and_then(|offset| self.base.checked_add(offset))
                .ok_or_else(unreadable)?;
            entries.extend(
                bytes
                    .read_at(offset, usize::try_from(extent.len).unwrap_or(usize::MAX))?
                    .ok_or_else(unreadable)?,
            );
        }
        Ok(SampleEntries::listed(entries, saiz.clone()))
    }

    fn samples(&self) -> u64 {
        self.runs.iter().map(|&count| u64::from(count)).sum()
    }

    const fn error(&self, reason: &'static str) -> Error {
        Error::Decryption(DecryptionError::Information {
            track_id: self.track_id,
            reason,
        })
    }
}

/// True if a child of a `stbl` or `traf` describes protection and must be removed from a clear file.
///
/// # Errors
/// [`Error::Unsupported`] for a `saio` of another kind, whose offsets would change.
pub(super) fn describes_protection(child: &BoxTree<'_>) -> Result<bool, Error> {
    match points_at_entries(child)? {
        Some(false) if child.box_type == FourCc::SAIO => Err(Error::Unsupported(FourCc::SAIO)),
        Some(of_encryption) => Ok(of_encryption),
        None => Ok(is_senc(child) || is_seig_group(child)),
    }
}
