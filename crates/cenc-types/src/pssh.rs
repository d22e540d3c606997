// SPDX-License-Identifier: MPL-2.0
//! `pssh`, the protection system specific header, 23001-7 clause 8.1.

use isobmff_boxes::{BoxTree, ChildBox, Error, FourCc, FullBoxHeader, Reader};

use super::KeyId;

/// The extended type of PIFF 1.1 for `pssh`; its layout is that of version 0.
pub const PIFF_PSSH: [u8; 16] = [
    0xd0, 0x8a, 0x4f, 0x18, 0x10, 0xf3, 0x4a, 0x82, 0xb6, 0xc8, 0x32, 0xd8, 0xab, 0xa1, 0x83, 0xd3,
];

/// The data of one DRM system in a file or manifest.
///
/// ```
/// use cenc_types::Pssh;
///
/// let pssh = Pssh { system_id: [0x10; 16], kids: None, data: vec![1, 2] };
/// // 23001-7 clause 8.1.2: version and flags, SystemID, DataSize, Data.
/// let mut expected = b"\0\0\0\x22pssh\0\0\0\0".to_vec();
/// expected.extend([0x10; 16]);
/// expected.extend([0, 0, 0, 2, 1, 2]);
/// assert_eq!(pssh.to_bytes()?, expected);
/// assert_eq!(Pssh::from_bytes(&expected)?, pssh);
/// # Ok::<(), isobmff_boxes::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pssh {
    /// SystemID, in UUID order.
    pub system_id: [u8; 16],
    /// The KIDs of a version 1 box; None for a version 0 box.
    pub kids: Option<Vec<KeyId>>,
    /// Data, whose format the system defines.
    pub data: Vec<u8>,
}

impl Pssh {
    /// Reads the box, with size and type, that fills `whole`.
    ///
    /// # Errors
    /// As [`Self::read`]; [`Error::Missing`] for a box of another type, [`Error::BadSize`] unless its 32-bit size is that of `whole`.
    pub fn from_bytes(whole: &[u8]) -> Result<Self, Error> {
        const FILE: FourCc = FourCc(*b"file");
        let ChildBox { header, body } = Reader::new(FILE, whole).child()?;
        if header.box_type != FourCc::PSSH {
            return Err(Error::Missing {
                parent: FILE,
                child: FourCc::PSSH,
            });
        }
        let size = header.size.unwrap_or_default();
        if body.len() + 8 != whole.len() || size != whole.len() as u64 {
            return Err(Error::BadSize {
                box_type: FourCc::PSSH,
                size,
            });
        }
        Self::read(Reader::new(FourCc::PSSH, body))
    }

    /// Reads the body of a box.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::UnknownVersion`].
    pub fn read(mut reader: Reader<'_>) -> Result<Self, Error> {
        let version = reader.full_box_header()?.version;
        // The fields are read in this order.
        Ok(Self {
            system_id: reader.array()?,
            kids: match version {
                0 => None,
                1 => Some(read_kids(&mut reader)?),
                version => {
                    return Err(Error::UnknownVersion {
                        box_type: FourCc::PSSH,
                        version,
                    });
                }
            },
            data: read_data(&mut reader)?,
        })
    }

    /// Builds PIFF's box, which cannot list KIDs.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if the data exceed their 32-bit count.
    pub fn to_piff_box(&self) -> Result<BoxTree<'static>, Error> {
        let plain = Self {
            kids: None,
            ..self.clone()
        };
        Ok(plain.to_box()?.with_uuid(PIFF_PSSH))
    }

    /// Returns the bytes of the whole box, with size and type.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if KIDs or data exceed their 32-bit counts.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let pssh = self.to_box()?;
        let mut bytes = Vec::with_capacity(pssh.size());
        pssh.write(&mut bytes)?;
        Ok(bytes)
    }

    fn to_box(&self) -> Result<BoxTree<'static>, Error> {
        let count = |len: usize| {
            u32::try_from(len).map_err(|_| Error::TooLarge {
                box_type: FourCc::PSSH,
            })
        };
        let mut fields = self.system_id.to_vec();
        if let Some(kids) = &self.kids {
            fields.extend(count(kids.len())?.to_be_bytes());
            fields.extend(kids.iter().flat_map(KeyId::as_bytes));
        }
        fields.extend(count(self.data.len())?.to_be_bytes());
        fields.extend_from_slice(&self.data);
        let version = u8::from(self.kids.is_some());
        Ok(BoxTree::full(
            FourCc::PSSH,
            FullBoxHeader { version, flags: 0 },
            &fields,
        ))
    }
}

fn read_kids(reader: &mut Reader<'_>) -> Result<Vec<KeyId>, Error> {
    let mut kids = Vec::new();
    for _ in 0..reader.u32()? {
        kids.push(KeyId::from_bytes(reader.array()?));
    }
    Ok(kids)
}

fn read_data(reader: &mut Reader<'_>) -> Result<Vec<u8>, Error> {
    let size = usize::try_from(reader.u32()?).unwrap_or(usize::MAX);
    Ok(reader.bytes(size)?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_come_back_as_written() {
        for kids in [None, Some(vec![KeyId::from_bytes([3; 16]); 2])] {
            let pssh = Pssh {
                system_id: [1; 16],
                kids,
                data: vec![4, 5],
            };
            let bytes = pssh.to_bytes().unwrap();
            assert_eq!(Pssh::from_bytes(&bytes), Ok(pssh));
        }
    }

    #[test]
    fn only_one_whole_box_is_taken() {
        let pssh = Pssh {
            system_id: [1; 16],
            kids: Some(vec![KeyId::from_bytes([3; 16])]),
            data: vec![4, 5],
        };
        let whole = pssh.to_bytes().unwrap();
        for end in 0..whole.len() {
            assert!(Pssh::from_bytes(&whole[..end]).is_err(), "{end}");
        }
        let behind = [&*whole, &[0]].concat();
        let open = [&[0; 4], &whole[4..]].concat();
        let long = [b"\0\0\0\x01pssh\0\0\0\0\0\0\0\x3e", &whole[8..]].concat();
        for bytes in [behind, open, long] {
            let error = Pssh::from_bytes(&bytes).unwrap_err();
            assert!(matches!(error, Error::BadSize { .. }), "{error}");
        }
        let other = [&whole[..4], b"free", &whole[8..]].concat();
        let error = Pssh::from_bytes(&other).unwrap_err();
        assert!(matches!(error, Error::Missing { .. }), "{error}");
    }

    #[test]
    fn count_of_kids_beyond_the_box_is_refused() {
        let mut whole = b"\0\0\0\x24pssh\x01\0\0\0".to_vec();
        whole.extend([1; 16]);
        whole.extend([0xff; 8]);
        let error = Pssh::from_bytes(&whole).unwrap_err();
        assert!(matches!(error, Error::Truncated { .. }), "{error}");
    }

    // The W3C common pssh without KIDs, as in "cenc" Initialization Data Format, clause 3.
    #[test]
    fn layout_is_the_standards() {
        let pssh = Pssh {
            system_id: [0x10; 16],
            kids: Some(vec![]),
            data: vec![],
        };
        let mut expected = b"\0\0\0\x24pssh\x01\0\0\0".to_vec();
        expected.extend([0x10; 16]);
        expected.extend([0; 8]);
        assert_eq!(pssh.to_bytes().unwrap(), expected);
    }
}
