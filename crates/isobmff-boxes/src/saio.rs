// SPDX-License-Identifier: MPL-2.0
//! `saio`, the offsets of sample auxiliary information, 14496-12 clause 8.7.9.

use super::saiz::read_info_type;
use super::{AuxInfoType, BoxTree, Error, FourCc, FullBoxHeader, Reader};

/// Builds a `saio` with one entry, `offset` bytes after the base of the track fragment.
pub fn build_saio(offset: u32) -> BoxTree<'static> {
    let mut fields = 1u32.to_be_bytes().to_vec();
    fields.extend(offset.to_be_bytes());
    BoxTree::full(FourCc::SAIO, FullBoxHeader::default(), &fields)
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
    fn one_offset_of_32_bits() {
        assert_eq!(build_saio(7).body(), [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 7]);
    }
}
