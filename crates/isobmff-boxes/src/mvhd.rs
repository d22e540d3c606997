// SPDX-License-Identifier: MPL-2.0
//! `mvhd`, the movie header box, 14496-12 clause 8.2.2.

use super::{Error, FourCc, Reader};

/// Reads the ticks per second of the movie's times.
///
/// # Errors
/// [`Error::Truncated`], [`Error::UnknownVersion`].
pub fn read_movie_timescale(mut reader: Reader<'_>) -> Result<u32, Error> {
    reader.skip_times()?;
    reader.u32()
}

/// Reads the movie's duration in ticks of the movie's timescale; None if the box marks it as unknown.
///
/// # Errors
/// [`Error::Truncated`], [`Error::UnknownVersion`].
pub fn read_movie_duration(mut reader: Reader<'_>) -> Result<Option<u64>, Error> {
    let (duration, unknown) = match reader.full_box_header()?.version {
        0 => {
            reader.bytes(2 * 4 + 4)?;
            (u64::from(reader.u32()?), u64::from(u32::MAX))
        }
        1 => {
            reader.bytes(2 * 8 + 4)?;
            (reader.u64()?, u64::MAX)
        }
        version => {
            return Err(Error::UnknownVersion {
                box_type: FourCc::MVHD,
                version,
            });
        }
    };
    Ok(Some(duration).filter(|&duration| duration != 0 && duration != unknown))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Layouts of clause 8.2.2.2; all ones and, in files of other segmenters, zero mean unknown.
    #[test]
    fn duration_of_either_width_is_known_or_not() {
        let read = |body: &[u8]| read_movie_duration(Reader::new(FourCc::MVHD, body));
        let narrow = |duration: [u8; 4]| [[0; 16].as_slice(), &duration].concat();
        assert_eq!(read(&narrow([0, 0, 1, 2])), Ok(Some(258)));
        assert_eq!(read(&narrow([0xff; 4])), Ok(None));
        assert_eq!(read(&narrow([0; 4])), Ok(None));
        let wide = [&[1], [0; 23].as_slice(), &[0, 0, 0, 1, 0, 0, 0, 0]].concat();
        assert_eq!(read(&wide), Ok(Some(1 << 32)));
        assert!(read(&[2; 40]).is_err() && read(&wide[..30]).is_err());
    }
}
