// SPDX-License-Identifier: MPL-2.0
//! `mdhd`, the media header box, 14496-12 clause 8.4.2.

use super::{Error, Reader};

/// Reads the timescale of the media, in ticks per second; 0 only in a damaged file.
///
/// # Errors
/// [`Error::Truncated`], [`Error::UnknownVersion`].
pub fn read_timescale(mut reader: Reader<'_>) -> Result<u32, Error> {
    reader.skip_times()?;
    reader.u32()
}

/// Reads the language, three letters of ISO 639-2/T; None where the field has no letters, for instance a language number of QuickTime.
///
/// # Errors
/// [`Error::Truncated`], [`Error::UnknownVersion`].
pub fn read_language(mut reader: Reader<'_>) -> Result<Option<[u8; 3]>, Error> {
    let version = reader.clone().full_box_header()?.version;
    reader.skip_times()?;
    reader.u32()?; // timescale
    reader.bytes(if version == 1 { 8 } else { 4 })?; // duration
    let packed = reader.u16()?;
    let letters = [10, 5, 0].map(|shift| ((packed >> shift) & 0x1f).to_be_bytes()[1] + 0x60);
    Ok(letters
        .iter()
        .all(u8::is_ascii_lowercase)
        .then_some(letters))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FourCc;

    // Layouts of clause 8.4.2.2.
    #[test]
    fn timescale_follows_times_of_either_width() {
        let read = |body: &[u8]| read_timescale(Reader::new(FourCc::MDHD, body));
        let narrow = [&[0; 12], [0, 0, 0x75, 0x30].as_slice()].concat();
        assert_eq!(read(&narrow), Ok(30000));
        let wide = [&[1, 0, 0, 0], [0; 16].as_slice(), &[0, 1, 0x5f, 0x90]].concat();
        assert_eq!(read(&wide), Ok(90000));
        assert!(read(&[2; 40]).is_err() && read(&narrow[..15]).is_err());
    }

    // Clause 8.4.2.3; 0x55c4 is "und" in the files of every muxer.
    #[test]
    fn language_is_unpacked() {
        let read = |version: u8, times: usize, packed: [u8; 2]| {
            let body = [&[version, 0, 0, 0][..], &vec![0; times], &packed, &[0; 2]].concat();
            read_language(Reader::new(FourCc::MDHD, &body)).unwrap()
        };
        assert_eq!(read(0, 16, [0x55, 0xc4]), Some(*b"und"));
        assert_eq!(read(1, 28, [0x15, 0xc7]), Some(*b"eng"));
        assert_eq!(read(0, 16, [0, 0]), None, "QuickTime's English");
        assert_eq!(read(0, 16, [0x7f, 0xff]), None, "QuickTime's unspecified");
    }
}
