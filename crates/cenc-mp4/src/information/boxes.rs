// SPDX-License-Identifier: MPL-2.0
//! The boxes with sample auxiliary information or its offsets, 23001-7 clause 7.

use cenc_types::Scheme;
use common_encryption::{ParsedSenc, piff};
use isobmff_boxes::{AuxInfoType, BoxTree, Error, FourCc, Saio, Saiz};

/// The boxes of one `traf` or `stbl` with the auxiliary information of its samples, or with its sizes and offsets (ISO/IEC 23001-7
/// clause 7).
#[derive(Debug, Default)]
pub struct InformationBoxes<'a> {
    senc: Option<ParsedSenc<'a>>,
    is_piff: bool,
    saiz: Option<Saiz<'a>>,
    saio: Option<Saio>,
}

impl<'a> InformationBoxes<'a> {
    /// Reads them from the children of `parents`. The first of each kind counts, and PIFF's box only without `senc`.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::UnknownVersion`].
    pub fn read(parents: &[&'a BoxTree<'_>]) -> Result<Self, Error> {
        let mut found = Self::default();
        let mut piff_senc = None;
        for child in parents.iter().flat_map(|parent| parent.children()) {
            match child.box_type {
                FourCc::SENC if found.senc.is_none() => {
                    found.senc = Some(ParsedSenc::read(child.reader())?);
                }
                FourCc::UUID if is_senc(child) && piff_senc.is_none() => {
                    piff_senc = Some(ParsedSenc::read(child.reader())?);
                }
                FourCc::SAIZ => {
                    let saiz = Saiz::read(child.reader())?;
                    let saiz = is_of_encryption(saiz.info_type).then_some(saiz);
                    found.saiz = found.saiz.or(saiz);
                }
                FourCc::SAIO => {
                    let saio = Saio::read(child.reader())?;
                    let saio = is_of_encryption(saio.info_type).then_some(saio);
                    found.saio = found.saio.or(saio);
                }
                _ => (),
            }
        }
        found.is_piff = found.senc.is_none() && piff_senc.is_some();
        found.senc = found.senc.or(piff_senc);
        Ok(found)
    }

    /// Returns `senc`, or else PIFF's box.
    pub const fn senc(&self) -> Option<&ParsedSenc<'a>> {
        self.senc.as_ref()
    }

    /// True if [`Self::senc`] is PIFF's box.
    pub const fn is_piff(&self) -> bool {
        self.is_piff
    }

    /// Returns the sizes of the entries.
    pub const fn saiz(&self) -> Option<&Saiz<'a>> {
        self.saiz.as_ref()
    }

    /// Returns the offsets of the entries.
    pub const fn saio(&self) -> Option<&Saio> {
        self.saio.as_ref()
    }

    /// True if there are no such boxes.
    pub const fn is_empty(&self) -> bool {
        self.senc.is_none() && self.saiz.is_none() && self.saio.is_none()
    }
}

/// A range of bytes with consecutive entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryExtent {
    /// Start, as `saio` counts: from the start of the file for a track, from the base of its data for a track fragment.
    pub offset: u64,
    /// Length in bytes.
    pub len: u64,
}

/// The reason why `saiz` and `saio` do not place the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacementFault {
    /// The entries exceed the limit; the value is their size in bytes.
    TooLarge(u64),
    /// `saio` has neither one offset nor one for each run or chunk of samples.
    OtherRuns {
        /// Number of offsets.
        offsets: usize,
        /// Number of runs or chunks.
        runs: usize,
    },
}

/// Returns the bytes of the entries of all samples: one range if there is one offset, else one for each chunk or run. `starts` has the
/// number of the first sample of each chunk or run, `limit` is the most bytes of all entries.
///
/// # Errors
/// [`PlacementFault`].
pub fn entry_extents(
    saiz: &Saiz<'_>,
    saio: &Saio,
    starts: &[u64],
    limit: u64,
) -> Result<Vec<EntryExtent>, PlacementFault> {
    let total = saiz.total(0..u64::MAX);
    if total > limit {
        return Err(PlacementFault::TooLarge(total));
    }
    let starts = match saio.offsets.len() {
        1 => &[0],
        offsets if offsets == starts.len() => starts,
        offsets => {
            return Err(PlacementFault::OtherRuns {
                offsets,
                runs: starts.len(),
            });
        }
    };
    let ends = starts
        .iter()
        .skip(1)
        .copied()
        .chain([u64::from(saiz.sample_count)]);
    Ok(saio
        .offsets
        .iter()
        .zip(starts)
        .zip(ends)
        .map(|((&offset, &first), end)| EntryExtent {
            offset,
            len: saiz.total(first..end),
        })
        .collect())
}

/// True if a child of a `traf` or `stbl` has encryption information, its sizes or its offsets.
pub fn is_encryption_information(child: &BoxTree<'_>) -> bool {
    is_senc(child) || matches!(points_at_entries(child), Ok(Some(true)))
}

/// True if a child of a `traf` or `stbl` is `senc`, or PIFF's box in its place.
pub(crate) fn is_senc(child: &BoxTree<'_>) -> bool {
    match child.box_type {
        FourCc::SENC => true,
        FourCc::UUID => child.uuid == Some(piff::SENC),
        _ => false,
    }
}

/// True if a `saiz` or `saio` is of Common Encryption; None for any other box.
pub(crate) fn points_at_entries(child: &BoxTree<'_>) -> Result<Option<bool>, Error> {
    let info_type = match child.box_type {
        FourCc::SAIZ => Saiz::read(child.reader())?.info_type,
        FourCc::SAIO => Saio::read(child.reader())?.info_type,
        _ => return Ok(None),
    };
    Ok(Some(is_of_encryption(info_type)))
}

/// True if auxiliary information is of Common Encryption: aux_info_type is missing, or that of a scheme with parameter 0
/// (23001-7 clause 7.1).
fn is_of_encryption(info_type: Option<AuxInfoType>) -> bool {
    info_type.is_none_or(|info| {
        let kind = info.aux_info_type;
        let is_scheme = Scheme::ALL.iter().any(|scheme| *scheme.fourcc() == kind.0);
        info.parameter == 0 && (is_scheme || kind == piff::SCHM.scheme_type)
    })
}
