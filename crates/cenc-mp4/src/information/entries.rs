// SPDX-License-Identifier: MPL-2.0
//! The entries of samples: IVs and subsamples, 23001-7 clause 7.

use std::borrow::Cow;

use common_encryption::{ParsedSenc, SampleInformation};
use isobmff_boxes::{Error, FourCc, Reader, Saiz};

/// The auxiliary information of the samples of a `traf` or `stbl`: one entry after the other, ISO/IEC 23001-7 clause 7.
#[derive(Debug)]
pub struct SampleEntries<'a> {
    bytes: Cow<'a, [u8]>,
    layout: EntryLayout<'a>,
}

/// The way in which the length of an entry is known.
#[derive(Debug)]
enum EntryLayout<'a> {
    /// From a flag for all entries of a `senc`.
    Flagged {
        subsampled: bool,
        clear: ClearEntries,
    },
    /// From a list of sizes.
    Sized(Saiz<'a>),
}

/// The entries of clear samples in a `senc` with subsamples: writers differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClearEntries {
    /// Clear samples have no entries.
    Absent,
    /// Clear samples have a subsample map, like other samples.
    Mapped,
}

impl Default for SampleEntries<'_> {
    /// Returns no entries, as for samples with a constant IV and no subsamples.
    fn default() -> Self {
        Self {
            bytes: Cow::Borrowed(&[]),
            layout: EntryLayout::Flagged {
                subsampled: false,
                clear: ClearEntries::Absent,
            },
        }
    }
}

impl<'a> SampleEntries<'a> {
    /// Returns those of a `senc`.
    pub fn of_senc(senc: &ParsedSenc<'a>, clear: ClearEntries) -> Self {
        Self {
            bytes: Cow::Borrowed(senc.entries.left()),
            layout: EntryLayout::Flagged {
                subsampled: senc.subsampled,
                clear,
            },
        }
    }

    /// Returns those with the sizes of `saiz`, from the bytes that `saio` points to.
    pub const fn listed(bytes: Vec<u8>, saiz: Saiz<'a>) -> Self {
        Self {
            bytes: Cow::Owned(bytes),
            layout: EntryLayout::Sized(saiz),
        }
    }

    /// Returns a copy that does not borrow from the boxes.
    pub fn into_owned(self) -> SampleEntries<'static> {
        SampleEntries {
            bytes: Cow::Owned(self.bytes.into_owned()),
            layout: match self.layout {
                EntryLayout::Flagged { subsampled, clear } => {
                    EntryLayout::Flagged { subsampled, clear }
                }
                EntryLayout::Sized(saiz) => EntryLayout::Sized(saiz.into_owned()),
            },
        }
    }

    /// Reads the entry that starts at `at`, and moves `at` to the next; None for a clear sample without an entry. `iv_size` is the
    /// Per_Sample_IV_Size in bytes, None for a clear sample. A size in `saiz` counts more than the entry itself.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn next(
        &self,
        at: &mut usize,
        sample: u32,
        iv_size: Option<u8>,
    ) -> Result<Option<SampleInformation<'_>>, Error> {
        let rest = self.bytes.get(*at..).unwrap_or_default();
        let mut reader = Reader::new(FourCc::SENC, rest);
        let own_size = iv_size.unwrap_or(0);
        let entry = match &self.layout {
            EntryLayout::Flagged {
                clear: ClearEntries::Absent,
                ..
            } if iv_size.is_none() => return Ok(None),
            EntryLayout::Flagged { subsampled, .. } => {
                SampleInformation::read(&mut reader, own_size, *subsampled)?
            }
            EntryLayout::Sized(saiz) => {
                let size = saiz.size(sample.into()).unwrap_or(0);
                let mut entry = Reader::new(FourCc::SAIZ, reader.bytes(size.into())?);
                SampleInformation::read(&mut entry, own_size, iv_size.is_some() && size > own_size)?
            }
        };
        *at += rest.len() - reader.left().len();
        Ok(Some(entry))
    }

    /// Reads the entry that starts at `at`, and moves `at` to the end that the entry itself states, so that a size in `saiz` can be
    /// compared. `iv_size` is 0 for clear samples.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn measure(
        &self,
        at: &mut usize,
        sample: u64,
        iv_size: u8,
    ) -> Result<SampleInformation<'_>, Error> {
        let subsampled = match &self.layout {
            EntryLayout::Flagged { subsampled, .. } => *subsampled,
            EntryLayout::Sized(saiz) => saiz.size(sample).is_some_and(|size| size > iv_size),
        };
        let rest = self.bytes.get(*at..).unwrap_or_default();
        let mut reader = Reader::new(FourCc::SENC, rest);
        let entry = SampleInformation::read(&mut reader, iv_size, subsampled)?;
        *at += rest.len() - reader.left().len();
        Ok(entry)
    }

    /// True if the entries from this sample on are empty unless they have IVs.
    pub fn is_bare(&self, sample: u64) -> bool {
        match &self.layout {
            EntryLayout::Flagged { subsampled, .. } => !subsampled,
            EntryLayout::Sized(saiz) => sample >= u64::from(saiz.sample_count),
        }
    }

    /// True if the boxes do not say whether clear samples have entries.
    pub const fn is_ambiguous(&self) -> bool {
        matches!(
            self.layout,
            EntryLayout::Flagged {
                subsampled: true,
                ..
            }
        )
    }

    /// Sets whether clear samples have entries.
    pub const fn set_clear_entries(&mut self, entries: ClearEntries) {
        if let EntryLayout::Flagged { clear, .. } = &mut self.layout {
            *clear = entries;
        }
    }

    /// Returns the size of all entries in bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// True if there are no entries.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}
