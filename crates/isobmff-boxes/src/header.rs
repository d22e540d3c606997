// SPDX-License-Identifier: MPL-2.0
//! The header that every box starts with, 14496-12 clause 4.2.

use super::{Error, FourCc, Reader};

/// Type, size and header length of a box.
///
/// ```
/// use isobmff_boxes::{BoxHeader, FourCc};
///
/// let header = BoxHeader::read(b"\0\0\0\x10ftypisom\0\0\x02\0", FourCc(*b"file"))?;
/// assert_eq!((header.box_type, header.size), (FourCc::FTYP, Some(16)));
/// # Ok::<(), isobmff_boxes::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoxHeader {
    /// The four-character code.
    pub box_type: FourCc,
    /// The size of the whole box in bytes; None if it extends to the end of the file.
    pub size: Option<u64>,
    /// The size of the header in bytes: 8, or 16 with a 64-bit size; 16 more for a `uuid` box.
    pub len: usize,
    /// The extended type of a `uuid` box.
    pub uuid: Option<[u8; 16]>,
}

/// The version and flags of a FullBox, which follow its box header; by default both are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FullBoxHeader {
    /// The version of the box's layout.
    pub version: u8,
    /// The flags, of which 24 bits are stored.
    pub flags: u32,
}

impl BoxHeader {
    /// True for a type that a writer may have chosen: all are printable, and some of QuickTime start with a copyright sign.
    pub(super) fn is_plausible_type(box_type: [u8; 4]) -> bool {
        box_type
            .iter()
            .all(|byte| matches!(byte, b' '..=b'~' | 0xa9))
    }

    /// The largest size of a header in bytes: with 64-bit size and extended type.
    pub const MAX_LEN: usize = 32;

    /// Reads the header at the start of `data`; `parent` is the box that errors name.
    ///
    /// # Errors
    /// [`Error::Truncated`] if more bytes are needed, [`Error::BadSize`] for a size below the header's own.
    pub fn read(data: &[u8], parent: FourCc) -> Result<Self, Error> {
        let mut reader = Reader::new(parent, data);
        let size = reader.u32()?;
        let box_type = FourCc(reader.array()?);
        let size = match size {
            0 => None,
            1 => Some(reader.u64()?),
            size => Some(u64::from(size)),
        };
        let uuid = match box_type {
            FourCc::UUID => Some(reader.array()?),
            _ => None,
        };
        let len = data.len() - reader.left().len();
        match size {
            Some(size) if size < len as u64 => Err(Error::BadSize { box_type, size }),
            _ => Ok(Self {
                box_type,
                size,
                len,
                uuid,
            }),
        }
    }

    /// Returns the size in bytes of the box in a parent of which `left` bytes remain.
    ///
    /// # Errors
    /// [`Error::Truncated`] if the box runs past its parent.
    pub fn size_within(&self, left: usize) -> Result<usize, Error> {
        let Some(size) = self.size else {
            return Ok(left);
        };
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size > left {
            return Err(Error::Truncated {
                in_box: self.box_type,
                needed: size,
                left,
            });
        }
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: FourCc = FourCc::MOOV;

    #[test]
    fn large_size_and_extended_type_lengthen_the_header() {
        let mut data = vec![0, 0, 0, 1];
        data.extend(b"uuid");
        data.extend(40u64.to_be_bytes());
        data.extend([7; 24]);
        let header = BoxHeader::read(&data, PARENT).unwrap();
        assert_eq!((header.len, header.size), (32, Some(40)));
        assert_eq!(header.uuid, Some([7; 16]));
    }

    #[test]
    fn size_zero_runs_to_the_end() {
        let header = BoxHeader::read(b"\0\0\0\0mdat....", PARENT).unwrap();
        assert_eq!(header.size, None);
        assert_eq!(header.size_within(12), Ok(12));
    }

    #[test]
    fn size_below_the_header_is_refused() {
        assert!(matches!(
            BoxHeader::read(b"\0\0\0\x07free", PARENT),
            Err(Error::BadSize { size: 7, .. })
        ));
    }

    #[test]
    fn child_past_its_parent_is_refused() {
        let header = BoxHeader::read(b"\0\0\0\x20free", PARENT).unwrap();
        assert!(matches!(
            header.size_within(8),
            Err(Error::Truncated { needed: 32, .. })
        ));
    }
}
