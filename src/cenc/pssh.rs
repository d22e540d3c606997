// SPDX-License-Identifier: MPL-2.0
//! `pssh`, the protection system specific header, 23001-7 clause 8.1.

use crate::bmff::{BoxTree, Error, FourCc, Reader};

use super::KeyId;

/// What a DRM system is told in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pssh {
    /// SystemID, in UUID order.
    pub system_id: [u8; 16],
    /// The KIDs that a version 1 box lists; None makes a version 0 box.
    pub kids: Option<Vec<KeyId>>,
    /// Data, as the system defines it.
    pub data: Vec<u8>,
}

impl Pssh {
    /// Reads a box.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::UnknownVersion`].
    pub fn read(mut reader: Reader<'_>) -> Result<Self, Error> {
        let version = reader.version_and_flags()?.0;
        let system_id = reader.array()?;
        let kids = match version {
            0 => None,
            1 => Some(read_kids(&mut reader)?),
            version => {
                return Err(Error::UnknownVersion {
                    box_type: FourCc::PSSH,
                    version,
                });
            }
        };
        let size = reader.u32()?;
        let data = reader.bytes(usize::try_from(size).unwrap_or(usize::MAX))?;
        Ok(Self {
            system_id,
            kids,
            data: data.to_vec(),
        })
    }

    /// The whole box in bytes, size and type included.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when KIDs or data outgrow their 32-bit counts.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
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
        let mut bytes = Vec::with_capacity(12 + fields.len());
        BoxTree::full(FourCc::PSSH, (version, 0), &fields).write(&mut bytes)?;
        Ok(bytes)
    }
}

fn read_kids(reader: &mut Reader<'_>) -> Result<Vec<KeyId>, Error> {
    let count = reader.u32()?;
    let mut kids = Vec::new();
    for _ in 0..count {
        kids.push(KeyId::from_bytes(reader.array()?));
    }
    Ok(kids)
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
            let tree = BoxTree::parse(&bytes).unwrap();
            assert_eq!(Pssh::read(tree.reader()), Ok(pssh));
        }
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
