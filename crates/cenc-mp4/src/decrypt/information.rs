// SPDX-License-Identifier: MPL-2.0
//! Sample auxiliary information as somebody wrote it, 23001-7 clause 7: in a `senc`, or PIFF's box, or where `saio` points.

use cenc_types::Scheme;
use common_encryption::{FoundProtection, FoundSenc, SampleInformation, piff};
use isobmff_boxes::{BoxTree, FourCc, Reader, Saio, Saiz};

use super::DecryptionError;
use crate::Error;

/// The most bytes of auxiliary information that are taken at once.
const MAX_INFORMATION: usize = 256 << 20;

/// The auxiliary information of the samples of a `stbl` or `traf`.
#[derive(Default)]
pub(super) struct Information {
    /// The entries, one behind the other.
    bytes: Vec<u8>,
    form: Form,
    /// What counts instead of `tenc`: PIFF only.
    pub(super) instead: Option<FoundProtection>,
}

/// How the entries are told apart.
#[derive(Default)]
enum Form {
    /// There are none.
    #[default]
    Absent,
    /// Those of a `senc`, with or without a map of subsamples.
    Senc {
        subsampled: bool,
        clear: ClearEntries,
    },
    /// By the size of each.
    Sized(Vec<u8>),
}

/// What a `senc` with subsamples has for clear samples between protected ones: writers differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ClearEntries {
    /// Nothing.
    Absent,
    /// A map, as for other samples.
    Mapped,
}

/// Where auxiliary information is looked for.
pub(super) struct Place<'p, 'a> {
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

impl Information {
    pub(super) fn read(place: &Place<'_, '_>, fetch: &mut Fetch<'_>) -> Result<Self, Error> {
        if let Some(senc) = find_senc(place.parent) {
            let found = FoundSenc::read(senc.reader())?;
            if u64::from(found.sample_count) != place.samples() && found.sample_count != 0 {
                return Err(place.error("is not for the samples that are there"));
            }
            return Ok(Self {
                bytes: found.entries.left().to_vec(),
                form: Form::Senc {
                    subsampled: found.subsampled,
                    clear: ClearEntries::Absent,
                },
                instead: found.protection,
            });
        }
        match place.find_sizes()? {
            Some((sizes, offsets)) => place.gather(&sizes, &offsets.offsets, fetch),
            None => Ok(Self::default()),
        }
    }

    /// The entry that starts at `at`, which moves behind it; None for a clear sample. `sample` counts from 0; `iv_size` is
    /// that of its protection, None without one.
    pub(super) fn next(
        &self,
        at: &mut usize,
        sample: u32,
        iv_size: Option<u8>,
    ) -> Result<Option<SampleInformation<'_>>, isobmff_boxes::Error> {
        let rest = self.bytes.get(*at..).unwrap_or_default();
        let mut reader = Reader::new(FourCc::SENC, rest);
        let own_size = iv_size.unwrap_or(0);
        let entry = match &self.form {
            Form::Absent => SampleInformation::read(&mut reader, own_size, false)?,
            Form::Senc { clear, .. } if iv_size.is_none() && *clear == ClearEntries::Absent => {
                return Ok(None);
            }
            Form::Senc { subsampled, .. } => {
                SampleInformation::read(&mut reader, own_size, *subsampled)?
            }
            Form::Sized(sizes) => {
                let size = usize::try_from(sample).ok().and_then(|n| sizes.get(n));
                let size = size.copied().unwrap_or(0);
                let mut entry = Reader::new(FourCc::SAIZ, reader.bytes(size.into())?);
                match iv_size {
                    Some(_) => SampleInformation::read(&mut entry, own_size, size > own_size)?,
                    None => SampleInformation::read(&mut entry, 0, false)?,
                }
            }
        };
        *at += rest.len() - reader.left().len();
        Ok(iv_size.map(|_| entry))
    }

    /// Whether it is open what stands for clear samples.
    pub(super) const fn is_ambiguous(&self) -> bool {
        matches!(
            self.form,
            Form::Senc {
                subsampled: true,
                ..
            }
        )
    }

    /// Decides what stands for clear samples.
    pub(super) const fn set_clear_entries(&mut self, entries: ClearEntries) {
        if let Form::Senc { clear, .. } = &mut self.form {
            *clear = entries;
        }
    }

    /// Bytes of all entries.
    pub(super) const fn len(&self) -> usize {
        self.bytes.len()
    }
}

impl Place<'_, '_> {
    fn samples(&self) -> u64 {
        self.runs.iter().map(|&count| u64::from(count)).sum()
    }

    const fn error(&self, reason: &'static str) -> Error {
        let track_id = self.track_id;
        Error::Decryption(DecryptionError::Information { track_id, reason })
    }

    /// The `saiz` and `saio` of Common Encryption.
    fn find_sizes(&self) -> Result<Option<(Saiz<'_>, Saio)>, Error> {
        let mut both = (None, None);
        for child in self.parent.children() {
            match child.box_type {
                FourCc::SAIZ => {
                    let saiz = Saiz::read(child.reader())?;
                    both.0 = both.0.or(is_of_cenc(saiz.info_type).then_some(saiz));
                }
                FourCc::SAIO => {
                    let saio = Saio::read(child.reader())?;
                    both.1 = both.1.or(is_of_cenc(saio.info_type).then_some(saio));
                }
                _ => (),
            }
        }
        match both {
            (Some(saiz), Some(saio)) => Ok(Some((saiz, saio))),
            (None, None) => Ok(None),
            _ => Err(self.error("has sizes without a place, or a place without sizes")),
        }
    }

    /// Collects the entries: all from the one place, or those of each chunk or run from a place of its own.
    fn gather(
        &self,
        saiz: &Saiz<'_>,
        offsets: &[u64],
        fetch: &mut Fetch<'_>,
    ) -> Result<Information, Error> {
        let samples = self.samples();
        if u64::from(saiz.sample_count) > samples {
            return Err(self.error("is for more samples than are there"));
        }
        let runs = match offsets {
            [_] => &[u32::try_from(samples).unwrap_or(u32::MAX)],
            _ if offsets.len() == self.runs.len() => self.runs,
            _ => return Err(self.error("has other places than the samples have")),
        };
        let mut bytes = Vec::new();
        let mut first = 0;
        for (&offset, &count) in offsets.iter().zip(runs) {
            let end = first + u64::from(count);
            let len = usize::try_from(saiz.total(first..end)).unwrap_or(usize::MAX);
            if len > MAX_INFORMATION - bytes.len() {
                return Err(self.error("is too large"));
            }
            let at = i64::try_from(offset).ok();
            let at = at.and_then(|offset| self.base.checked_add(offset));
            let found = at.map(|at| fetch(at, len)).transpose()?.flatten();
            bytes.extend(found.ok_or_else(|| self.error("lies where it cannot be read from"))?);
            first = end;
        }
        let sizes = (0..saiz.sample_count.into()).map_while(|sample| saiz.size(sample));
        Ok(Information {
            bytes,
            form: Form::Sized(sizes.collect()),
            instead: None,
        })
    }
}

/// Whether a child of a `stbl` or `traf` carries auxiliary information of Common Encryption or points at it.
///
/// # Errors
/// [`Error::Unsupported`] for a `saio` of another kind, whose offsets would have to move.
pub(super) fn is_of_protection(child: &BoxTree<'_>) -> Result<bool, Error> {
    Ok(match child.box_type {
        FourCc::SENC => true,
        FourCc::UUID => child.uuid == Some(piff::SENC),
        FourCc::SAIZ => is_of_cenc(Saiz::read(child.reader())?.info_type),
        FourCc::SAIO => match is_of_cenc(Saio::read(child.reader())?.info_type) {
            true => true,
            false => return Err(Error::Unsupported(FourCc::SAIO)),
        },
        _ => false,
    })
}

/// 23001-7, 7.1: aux_info_type is the scheme's, with parameter 0, or is left out.
fn is_of_cenc(info_type: Option<(FourCc, u32)>) -> bool {
    let is_scheme = |kind: FourCc| Scheme::ALL.iter().any(|s| *s.fourcc() == kind.0);
    info_type.is_none_or(|(kind, parameter)| {
        parameter == 0 && (is_scheme(kind) || kind.0 == piff::SCHEME.0)
    })
}

/// A `senc`, or PIFF's box where there is none.
fn find_senc<'b, 'a>(parent: &'b BoxTree<'a>) -> Option<&'b BoxTree<'a>> {
    let mut uuids = parent.all(FourCc::UUID);
    let piff = uuids.find(|child| child.uuid == Some(piff::SENC));
    parent.all(FourCc::SENC).next().or(piff)
}
