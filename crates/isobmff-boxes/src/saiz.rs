// SPDX-License-Identifier: MPL-2.0
//! `saiz`, the sizes of sample auxiliary information, 14496-12 clause 8.7.8.

use std::borrow::Cow;
use std::ops::Range;

use super::{BoxTree, Error, FourCc, FullBoxHeader, Reader};

/// The largest auxiliary information of one sample that `saiz` can state, in bytes.
pub const MAX_SAMPLE_INFO_SIZE: usize = u8::MAX as usize;

/// Builds a `saiz` for samples whose information takes `sizes` bytes, with a default size if all are equal. Without `info_type` the
/// protection scheme implies the kind of information.
///
/// # Errors
/// [`Error::TooLarge`] for more samples than 32 bits count.
pub fn build_saiz(info_type: Option<AuxInfoType>, sizes: &[u8]) -> Result<BoxTree<'static>, Error> {
    let default = match sizes {
        [first, rest @ ..] if rest.iter().all(|size| size == first) => *first,
        _ => 0,
    };
    let mut fields = info_type_fields(info_type);
    fields.push(default);
    fields.extend(
        u32::try_from(sizes.len())
            .map_err(|_| Error::TooLarge {
                box_type: FourCc::SAIZ,
            })?
            .to_be_bytes(),
    );
    if default == 0 {
        fields.extend_from_slice(sizes);
    }
    Ok(BoxTree::full(
        FourCc::SAIZ,
        info_type_header(info_type),
        &fields,
    ))
}

/// The kind of auxiliary information to which a `saiz` or `saio` refers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuxInfoType {
    /// aux_info_type: for Common Encryption the scheme_type, such as `cenc`.
    pub aux_info_type: FourCc,
    /// aux_info_type_parameter.
    pub parameter: u32,
}

/// The fields of a `saiz`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saiz<'a> {
    /// The kind of information; None where the protection scheme implies it.
    pub info_type: Option<AuxInfoType>,
    /// sample_count.
    pub sample_count: u32,
    /// default_sample_info_size in bytes; 0 if each sample has its own size.
    pub default_size: u8,
    listed: Cow<'a, [u8]>,
}

impl<'a> Saiz<'a> {
    /// Reads the fields.
    ///
    /// # Errors
    /// [`Error::Truncated`], also for a sample_count that the box has no room for.
    pub fn read(mut reader: Reader<'a>) -> Result<Self, Error> {
        let info_type = read_info_type(&mut reader)?.1;
        let default_size = reader.u8()?;
        let sample_count = reader.u32()?;
        let listed = match default_size {
            0 => reader.bytes(usize::try_from(sample_count).unwrap_or(usize::MAX))?,
            _ => &[],
        };
        Ok(Self {
            info_type,
            sample_count,
            default_size,
            listed: Cow::Borrowed(listed),
        })
    }

    /// Copies the listed sizes, so that the result does not borrow the box.
    pub fn into_owned(self) -> Saiz<'static> {
        Saiz {
            info_type: self.info_type,
            sample_count: self.sample_count,
            default_size: self.default_size,
            listed: Cow::Owned(self.listed.into_owned()),
        }
    }

    /// Returns the size for the sample with this number, counted from 0; None after the last.
    pub fn size(&self, sample: u64) -> Option<u8> {
        if sample >= u64::from(self.sample_count) {
            return None;
        }
        match self.default_size {
            0 => self.listed.get(usize::try_from(sample).ok()?).copied(),
            size => Some(size),
        }
    }

    /// Returns the total size in bytes for these samples, counted from 0; samples after the last have no information.
    pub fn total(&self, samples: Range<u64>) -> u64 {
        let end = samples.end.min(u64::from(self.sample_count));
        let start = samples.start.min(end);
        if self.default_size != 0 {
            return u64::from(self.default_size) * (end - start);
        }
        let index = |sample| usize::try_from(sample).unwrap_or(usize::MAX);
        self.listed
            .get(index(start)..index(end))
            .into_iter()
            .flatten()
            .map(|&size| u64::from(size))
            .sum()
    }
}

/// Reads the fields with which `saiz` and `saio` start: version, flags and, if bit 0 is set, the kind of information.
pub(super) fn read_info_type(reader: &mut Reader<'_>) -> Result<(u8, Option<AuxInfoType>), Error> {
    let FullBoxHeader { version, flags } = reader.full_box_header()?;
    let info_type = match flags & 1 {
        0 => None,
        _ => Some(AuxInfoType {
            aux_info_type: FourCc(reader.array()?),
            parameter: reader.u32()?,
        }),
    };
    Ok((version, info_type))
}

/// Returns version and flags of a `saiz` or `saio` of version 0.
pub(super) fn info_type_header(info_type: Option<AuxInfoType>) -> FullBoxHeader {
    FullBoxHeader {
        version: 0,
        flags: u32::from(info_type.is_some()),
    }
}

/// Returns the kind of information as `saiz` and `saio` state it after version and flags.
pub(super) fn info_type_fields(info_type: Option<AuxInfoType>) -> Vec<u8> {
    info_type.map_or(Vec::new(), |info| {
        [info.aux_info_type.0, info.parameter.to_be_bytes()].concat()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8]) -> Result<Saiz<'_>, Error> {
        Saiz::read(Reader::new(FourCc::SAIZ, body))
    }

    // Layouts of clause 8.7.8.2.
    #[test]
    fn default_and_listed_sizes_are_read() {
        let saiz = read(&[0, 0, 0, 0, 8, 0, 0, 0, 2]).unwrap();
        assert_eq!(
            (saiz.size(1), saiz.size(2), saiz.total(0..9)),
            (Some(8), None, 16)
        );
        let saiz = read(b"\0\0\0\x01cenc\0\0\0\0\0\0\0\0\x02\x08\x10").unwrap();
        assert_eq!(
            saiz.info_type,
            Some(AuxInfoType {
                aux_info_type: FourCc(*b"cenc"),
                parameter: 0
            })
        );
        assert_eq!(
            (saiz.size(1), saiz.size(2), saiz.total(0..9)),
            (Some(16), None, 24)
        );
    }

    #[test]
    fn sample_count_beyond_the_box_is_refused() {
        let body = [0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 8];
        assert!(matches!(read(&body), Err(Error::Truncated { .. })));
        let many = read(&[0, 0, 0, 0, 255, 0xff, 0xff, 0xff, 0xff]).unwrap();
        assert_eq!(many.total(1..3), 510);
        assert_eq!(many.total(0..u64::MAX), 255 * u64::from(u32::MAX));
    }

    #[test]
    fn equal_sizes_take_one_default() {
        assert_eq!(
            build_saiz(None, &[8, 8]).unwrap().body(),
            [0, 0, 0, 0, 8, 0, 0, 0, 2]
        );
    }

    #[test]
    fn kind_of_information_is_stated_before_the_sizes() {
        let info_type = AuxInfoType {
            aux_info_type: FourCc(*b"abcd"),
            parameter: 5,
        };
        assert_eq!(
            build_saiz(Some(info_type), &[8, 8]).unwrap().body(),
            b"\0\0\0\x01abcd\0\0\0\x05\x08\0\0\0\x02"
        );
    }

    #[test]
    fn unequal_sizes_are_listed() {
        assert_eq!(
            build_saiz(None, &[8, 16]).unwrap().body(),
            [0, 0, 0, 0, 0, 0, 0, 0, 2, 8, 16]
        );
    }
}
