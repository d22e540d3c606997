// SPDX-License-Identifier: MPL-2.0
//! `tfdt`, the decode time of a track fragment, 14496-12 clause 8.8.12.

use super::{Error, Reader};

/// Reads baseMediaDecodeTime: the ticks of the track's timescale from the start of the media to the fragment's first sample.
///
/// # Errors
/// [`Error::Truncated`].
pub fn read_base_media_decode_time(mut reader: Reader<'_>) -> Result<u64, Error> {
    match reader.full_box_header()?.version {
        0 => Ok(u64::from(reader.u32()?)),
        _ => reader.u64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FourCc;

    // Layouts of clause 8.8.12.2.
    #[test]
    fn time_has_either_width() {
        let read = |body: &[u8]| read_base_media_decode_time(Reader::new(FourCc::TFDT, body));
        assert_eq!(read(&[0, 0, 0, 0, 0, 0, 1, 2]), Ok(258));
        assert_eq!(
            read(&[1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2]),
            Ok((1 << 32) + 2)
        );
        assert!(read(&[1, 0, 0, 0, 0, 0, 0, 1]).is_err());
    }
}
