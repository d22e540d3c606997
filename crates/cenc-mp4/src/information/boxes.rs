// SPDX-License-Identifier: MPL-2.0
//! The boxes that hold or place sample auxiliary information, 23001-7 clause 7.

use cenc_types::Scheme;
use common_encryption::{ParsedSenc, piff};
use isobmff_boxes::{AuxInfoType, BoxTree, Error, FourCc, Saio, Saiz};

/// The boxes of one `traf` or `stbl` that hold or place the auxiliary information of its samples.
#[derive(Debug, Default)]
pub struct InformationBoxes<'a> {
    senc: Option<ParsedSenc<'a>>,
    is_piff: bool,
    saiz: Option<Saiz<'a>>,
    saio: Option<Saio>,
}

impl<'a> InformationBoxes<'a> {
    /// Finds them among the children of `parents`. The first of each kind counts, and `senc` more than PIFF's box.
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

    /// `senc`, or PIFF's box where there is none.
    pub const fn senc(&self) -> Option<&ParsedSenc<'a>> {
        self.senc.as_ref()
    }

    /// Whether it is PIFF's box.
    pub const fn is_piff(&self) -> bool {
        self.is_piff
    }

    /// The sizes of the entries.
    pub const fn saiz(&self) -> Option<&Saiz<'a>> {
        self.saiz.as_ref()
    }

    /// The places of the entries.
    pub const fn saio(&self) -> Option<&Saio> {
        self.saio.as_ref()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.senc.is_none() && self.saiz.is_none() && self.saio.is_none()
    }
}

/// Bytes that hold entries, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryExtent {
    /// Where they start, as `saio` counts: in the file for a track, from the base of its data for a track fragment.
    pub offset: u64,
    /// How many they are.
    pub len: u64,
}

/// Why `saiz` and `saio` place no entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacementFault {
    /// The entries are larger than is taken, in bytes.
    TooLarge(u64),
    /// There are so many offsets for so many runs or chunks of samples.
    OtherRuns {
        /// Of `saio`.
        offsets: usize,
        /// Of the samples.
        runs: usize,
    },
}

/// Tells where the entries of all samples lie: all at the one offset, or those of each chunk or run at an offset of its own.
/// `starts` has the number of the first sample of each chunk or run; `limit` is the most bytes that are taken.
///
/// # Errors
/// [`PlacementFault`].
pub fn entry_extents(
    saiz: &Saiz<'_>,
    saio: &Saio,
    (starts, limit): (&[u64], u64),
) -> Result<Vec<EntryExtent>, PlacementFault> {
    let total = saiz.total(0..u64::MAX);
    if total > limit {
        return Err(PlacementFault::TooLarge(total));
    }
    let starts = match saio.offsets.len() {
        1 => &[0],
        offsets if offsets == starts.len() => starts,
        offsets => {
            let runs = starts.len();
            return Err(PlacementFault::OtherRuns { offsets, runs });
        }
    };
    let ends = starts.iter().skip(1).copied();
    let ends = ends.chain([u64::from(saiz.sample_count)]);
    let extents = saio.offsets.iter().zip(starts).zip(ends);
    let extents = extents.map(|((&offset, &first), end)| EntryExtent {
        offset,
        len: saiz.total(first..end),
    });
    Ok(extents.collect())
}

/// Whether a child of a `traf` or `stbl` is `senc`, or PIFF's box in its place.
pub(crate) fn is_senc(child: &BoxTree<'_>) -> bool {
    match child.box_type {
        FourCc::SENC => true,
        FourCc::UUID => child.uuid == Some(piff::SENC),
        _ => false,
    }
}

/// Whether a child of a `traf` or `stbl` is the `saiz` or `saio` of Common Encryption; None: of something else.
pub(crate) fn points_at_entries(child: &BoxTree<'_>) -> Result<Option<bool>, Error> {
    let info_type = match child.box_type {
        FourCc::SAIZ => Saiz::read(child.reader())?.info_type,
        FourCc::SAIO => Saio::read(child.reader())?.info_type,
        _ => return Ok(None),
    };
    Ok(Some(is_of_encryption(info_type)))
}

/// 23001-7, 7.1: aux_info_type is the scheme's, with parameter 0, or is left out.
fn is_of_encryption(info_type: Option<AuxInfoType>) -> bool {
    info_type.is_none_or(|info| {
        let kind = info.aux_info_type;
        let is_scheme = Scheme::ALL.iter().any(|scheme| *scheme.fourcc() == kind.0);
        info.parameter == 0 && (is_scheme || kind == piff::SCHM.scheme_type)
    })
}
