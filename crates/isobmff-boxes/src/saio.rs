// SPDX-License-Identifier: MPL-2.0
//! `saio`, the offsets of sample auxiliary information, 14496-12 clause 8.7.9.

use super::saiz::{info_type_fields, info_type_header, read_info_type};
use super::{AuxInfoType, BoxTree, Error, FourCc, Reader};

/// The flag of the kind of information.
const HAS_INFO_TYPE: u32 = 1;

/// Builds a `saio` with one entry, `offset` bytes after the base of the track fragment. Without `info_type` the protection scheme
/// implies the kind of information.
pub fn build_saio(info_type: Option<AuxInfoType>, offset: u32) -> BoxTree<'static> {
    let mut fields = info_type_fields(info_type);
    fields.extend(1u32.to_be_bytes());
    fields.extend(offset.to_be_bytes());
    BoxTree::full(FourCc::SAIO, info_type_header(info_type), &fields)
}

/// Rewrites the offsets of a `saio` by `map`; its kind of information and the width of its offsets stay.
///
/// # Errors
/// As [`Saio::read`]; [`Error::TooLarge`] for an offset that outgrows its field.
pub fn map_saio(saio: &BoxTree<'_>, map: impl Fn(u64) -> u64) -> Result<BoxTree<'static>, Error> {
    let offsets = Saio::read(saio.reader())?.offsets;
    let header = saio.reader().full_box_header()?;
    let kind = match header.flags & HAS_INFO_TYPE {
        0 => 4..4,
        _ => 4..12,
    };
    let mut fields = saio.body().get(kind).unwrap_or_default().to_vec();
    let too_large = || Error::TooLarge {
        box_type: FourCc::SAIO,
    };
    fields.extend(
        u32::try_from(offsets.len())
            .map_err(|_| too_large())?
            .to_be_bytes(),
    );
    for offset in offsets.into_iter().map(map) {
        match header.version {
            0 => fields.extend(
                u32::try_from(offset)
                    .map_err(|_| too_large())?
                    .to_be_bytes(),
            ),
            _ => fields.extend(offset.to_be_bytes()),
        }
    }
    Ok(BoxTree::full(FourCc::SAIO, header, &fields))
}

/// The fields of a `saio`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saio {
    /// The kind of information; None where the protection scheme implies it.
    pub info_type: Option<AuxInfoType>,
    /// One offset for all samples, or one for each chunk or run, in bytes: for a track from the start of the file, for a track
    /// fragment from the base of its data.
    pub offsets: Vec<u64>,
}

impl Saio {
    /// Reads the fields.
    ///
    /// # Errors
    /// [`Error::Truncated`], also for an entry_count that the box has no room for; [`Error::UnknownVersion`].
    pub fn read(mut reader: Reader<'_>) -> Result<Self, Error> {
        let (version, info_type) = read_info_type(&mut reader)?;
        let mut offsets = Vec::new();
        for _ in 0..reader.u32()? {
            offsets.push(match version {
                0 => u64::from(reader.u32()?),
                1 => reader.u64()?,
                version => {
                    return Err(Error::UnknownVersion {
                        box_type: FourCc::SAIO,
                        version,
                    });
                }
            });
        }
        Ok(Self { info_type, offsets })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Layouts of clause 8.7.9.2.
    #[test]
    fn offsets_of_both_versions_are_read() {
        let read = |body| Saio::read(Reader::new(FourCc::SAIO, body));
        let saio = read(b"\0\0\0\x01cenc\0\0\0\0\0\0\0\x01\0\0\x01\0").unwrap();
        assert_eq!(
            saio.info_type,
            Some(AuxInfoType {
                aux_info_type: FourCc(*b"cenc"),
                parameter: 0
            })
        );
        assert_eq!(saio.offsets, [256]);
        let saio = read(b"\x01\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0\0").unwrap();
        assert_eq!(saio.offsets, [1 << 32]);
        let refused = read(b"\0\0\0\0\xff\xff\xff\xff\0\0\x01\0");
        assert!(matches!(refused, Err(Error::Truncated { .. })));
    }

    #[test]
    fn mapped_offsets_keep_kind_and_width() {
        for (body, expected) in [
            (
                b"\0\0\0\x01abcd\0\0\0\x07\0\0\0\x01\0\0\x01\0".as_slice(),
                b"\0\0\0\x01abcd\0\0\0\x07\0\0\0\x01\0\0\x01\x05".as_slice(),
            ),
            (
                b"\x01\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0\0".as_slice(),
                b"\x01\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0\x05".as_slice(),
            ),
        ] {
            let saio = BoxTree::leaf(FourCc::SAIO, body.to_vec());
            let mapped = map_saio(&saio, |offset| offset + 5).unwrap();
            assert_eq!(mapped.body(), expected);
        }
        let narrow = BoxTree::leaf(FourCc::SAIO, vec![0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9]);
        let refused = map_saio(&narrow, |_| 1 << 32);
        assert!(matches!(refused, Err(Error::TooLarge { .. })));
    }

    #[test]
    fn one_offset_of_32_bits() {
        assert_eq!(
            build_saio(None, 7).body(),
            [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 7]
        );
    }
}
