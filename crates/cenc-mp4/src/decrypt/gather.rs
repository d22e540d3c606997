// SPDX-License-Identifier: MPL-2.0
//! Brings together the auxiliary information of the samples of a `stbl` or `traf`, or says why it cannot be followed.

use isobmff_boxes::{BoxTree, FourCc, Saio, Saiz};

use super::DecryptionError;
use crate::Error;
use crate::information::{
    ClearEntries, InformationBoxes, PlacementFault, SampleEntries, entry_extents, is_seig_group,
    is_senc, points_at_entries,
};

/// The most bytes of auxiliary information that are taken at once.
const MAX_INFORMATION: u64 = 256 << 20;

/// Where auxiliary information is looked for.
pub(super) struct InformationPlace<'p, 'a> {
    /// The `stbl` or `traf`.
    pub(super) parent: &'p BoxTree<'a>,
    pub(super) track_id: u32,
    /// How many samples each of its chunks or runs has.
    pub(super) runs: &'p [u32],
    /// What `saio` counts from.
    pub(super) base: i64,
}

/// Gives so many bytes at an offset; None where the stream's part at hand does not reach.
pub(super) type Fetch<'f> = dyn FnMut(i64, usize) -> Result<Option<Vec<u8>>, Error> + 'f;

impl<'p> InformationPlace<'p, '_> {
    /// The entries of all samples.
    pub(super) fn gather(
        &self,
        boxes: &InformationBoxes<'p>,
        fetch: &mut Fetch<'_>,
    ) -> Result<SampleEntries<'p>, Error> {
        match (boxes.senc(), boxes.saiz(), boxes.saio()) {
            (Some(senc), ..) => {
                if u64::from(senc.sample_count) != self.samples() && senc.sample_count != 0 {
                    return Err(self.error("is not for the samples that are there"));
                }
                Ok(SampleEntries::of_senc(senc, ClearEntries::Absent))
            }
            (None, Some(saiz), Some(saio)) => self.gather_listed(saiz, saio, fetch),
            (None, None, None) => Ok(SampleEntries::default()),
            _ => Err(self.error("has sizes without a place, or a place without sizes")),
        }
    }

    fn gather_listed(
        &self,
        saiz: &Saiz<'p>,
        saio: &Saio,
        fetch: &mut Fetch<'_>,
    ) -> Result<SampleEntries<'p>, Error> {
        if u64::from(saiz.sample_count) > self.samples() {
            return Err(self.error("is for more samples than are there"));
        }
        let starts = self.runs.iter().scan(0, |next, &count| {
            let start = *next;
            *next += u64::from(count);
            Some(start)
        });
        let starts: Vec<u64> = starts.collect();
        let extents = entry_extents(saiz, saio, (&starts, MAX_INFORMATION));
        let extents = extents.map_err(|fault| {
            self.error(match fault {
                PlacementFault::TooLarge(_) => "is too large",
                PlacementFault::OtherRuns { .. } => "has other places than the samples have",
            })
        })?;
        let mut bytes = Vec::new();
        for extent in extents {
            let at = i64::try_from(extent.offset).ok();
            let at = at.and_then(|offset| self.base.checked_add(offset));
            let len = usize::try_from(extent.len).unwrap_or(usize::MAX);
            let found = at.map(|at| fetch(at, len)).transpose()?.flatten();
            bytes.extend(found.ok_or_else(|| self.error("lies where it cannot be read from"))?);
        }
        Ok(SampleEntries::listed(bytes, saiz.clone()))
    }

    fn samples(&self) -> u64 {
        self.runs.iter().map(|&count| u64::from(count)).sum()
    }

    const fn error(&self, reason: &'static str) -> Error {
        let track_id = self.track_id;
        Error::Decryption(DecryptionError::Information { track_id, reason })
    }
}

/// Whether a child of a `stbl` or `traf` tells of protection, and has no place where nothing is protected.
///
/// # Errors
/// [`Error::Unsupported`] for a `saio` of another kind, whose offsets would have to move.
pub(super) fn tells_of_protection(child: &BoxTree<'_>) -> Result<bool, Error> {
    match points_at_entries(child)? {
        Some(false) if child.box_type == FourCc::SAIO => Err(Error::Unsupported(FourCc::SAIO)),
        Some(of_encryption) => Ok(of_encryption),
        None => Ok(is_senc(child) || is_seig_group(child)),
    }
}
