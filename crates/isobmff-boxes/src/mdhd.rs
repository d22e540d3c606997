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
}
