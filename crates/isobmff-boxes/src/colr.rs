// SPDX-License-Identifier: MPL-2.0
//! `colr`, the colour information of a visual sample entry, 14496-12 clause 12.1.5.

use super::{Error, Reader};

/// The colours of pictures, in the code points of ISO/IEC 23091-2 (CICP).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodedColours {
    /// colour_primaries.
    pub primaries: u8,
    /// transfer_characteristics.
    pub transfer: u8,
    /// matrix_coefficients.
    pub matrix: u8,
    /// full_range_flag: all values are used, black is 0.
    pub is_full_range: bool,
}

impl CodedColours {
    /// Reads the box, with code points or in QuickTime's form of it; None if it has an ICC profile instead.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(mut reader: Reader<'_>) -> Result<Option<Self>, Error> {
        let has_range = match &reader.array()? {
            b"nclx" => true,
            b"nclc" => false,
            _ => return Ok(None),
        };
        // The code points have 16 bits here and 8 in 23091-2; 0 is reserved there.
        let mut code = || reader.u16().map(|code| u8::try_from(code).unwrap_or(0));
        Ok(Some(Self {
            primaries: code()?,
            transfer: code()?,
            matrix: code()?,
            is_full_range: has_range && reader.u8()? & 0x80 != 0,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FourCc;

    #[test]
    fn code_points_are_read_in_both_forms() {
        let read = |body| CodedColours::read(Reader::new(FourCc(*b"colr"), body));
        let hdr10 = CodedColours {
            primaries: 9,
            transfer: 16,
            matrix: 9,
            is_full_range: false,
        };
        let full = CodedColours {
            is_full_range: true,
            ..hdr10
        };
        assert_eq!(read(b"nclx\0\x09\0\x10\0\x09\x80"), Ok(Some(full)));
        assert_eq!(read(b"nclc\0\x09\0\x10\0\x09"), Ok(Some(hdr10)));
        assert_eq!(read(b"prof\0\0\0\0"), Ok(None));
        assert!(read(b"nclx\0\x09\0\x10\0\x09").is_err());
    }
}
