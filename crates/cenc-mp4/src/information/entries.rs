// SPDX-License-Identifier: MPL-2.0
//! The entries of samples, one after the other: IVs and subsamples, 23001-7 clause 7.

use std::borrow::Cow;

use common_encryption::{ParsedSenc, SampleInformation};
use isobmff_boxes::{Error, FourCc, Reader, Saiz};

/// The auxiliary information of the samples of a `traf` or `stbl`.
#[derive(Debug)]
pub struct SampleEntries<'a> {
    bytes: Cow<'a, [u8]>,
    layout: EntryLayout<'a>,
}

/// How the entries are told apart.
#[derive(Debug)]
enum EntryLayout<'a> {
    /// By a flag for all: those of a `senc`.
    Flagged {
        subsampled: bool,
        clear: ClearEntries,
    },
    /// By the size of each.
    Sized(Saiz<'a>),
}

/// What a `senc` with subsamples has for clear samples between protected ones: writers differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClearEntries {
    /// Nothing.
    Absent,
    /// A map, as for other samples.
    Mapped,
}

impl Default for SampleEntries<'_> {
    /// No entries, as where a constant IV makes them needless.
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
    /// Those of a `senc`.
    pub fn of_senc(senc: &ParsedSenc<'a>, clear: ClearEntries) -> Self {
        let subsampled = senc.subsampled;
        Self {
            bytes: Cow::Borrowed(senc.entries.left()),
            layout: EntryLayout::Flagged { subsampled, clear },
        }
    }

    /// Those whose sizes are listed, brought together from where `saio` points.
    pub const fn listed(bytes: Vec<u8>, saiz: Saiz<'a>) -> Self {
        Self {
            bytes: Cow::Owned(bytes),
            layout: EntryLayout::Sized(saiz),
        }
    }

    /// The same, independent of the boxes.
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

    /// The entry that starts at `at`, which moves to the next; None where a clear sample has none. `iv_size` is that of the
    /// sample's protection, None without one. A size that is stated counts, whatever the entry says itself.
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
                let subsampled = iv_size.is_some() && size > own_size;
                SampleInformation::read(&mut entry, own_size, subsampled)?
            }
        };
        *at += rest.len() - reader.left().len();
        Ok(Some(entry))
    }

    /// The entry that starts at `at`, which moves to where the entry ends by what it says itself: so a size that is stated can
    /// be held against it. Clear samples have an IV of no bytes.
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

    /// Whether samples from this one on have entries of no bytes, if they have no IV of their own.
    pub fn is_bare(&self, sample: u64) -> bool {
        match &self.layout {
            EntryLayout::Flagged { subsampled, .. } => !subsampled,
            EntryLayout::Sized(saiz) => sample >= u64::from(saiz.sample_count),
        }
    }

    /// Whether it is open what there is for clear samples.
    pub const fn is_ambiguous(&self) -> bool {
        matches!(
            self.layout,
            EntryLayout::Flagged {
                subsampled: true,
                ..
            }
        )
    }

    /// Decides what there is for clear samples.
    pub const fn set_clear_entries(&mut self, entries: ClearEntries) {
        if let EntryLayout::Flagged { clear, .. } = &mut self.layout {
            *clear = entries;
        }
    }

    /// Bytes of all entries.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}
