// SPDX-License-Identifier: MPL-2.0
//! `tkhd`, the track header box, 14496-12 clause 8.3.2.

use super::{Error, Reader};

/// The track header's track_ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tkhd {
    /// The id of the track, also in `trex`, `tfhd`, `tfra` and `sidx`.
    pub track_id: u32,
}

/// The fields of a track header that say how the track is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrackPresentation {
    /// track_enabled: players start with this track, if they choose none of its alternatives.
    pub is_enabled: bool,
    /// Tracks with the same number, other than 0, are alternatives to each other.
    pub alternate_group: u16,
    /// The width at which a picture is shown, in 1/65536 of a pixel; 0 without pictures.
    pub width: u32,
    /// The height, likewise.
    pub height: u32,
}

impl Tkhd {
    /// Reads the fields.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::UnknownVersion`].
    pub fn read(mut reader: Reader<'_>) -> Result<Self, Error> {
        reader.skip_times()?;
        Ok(Self {
            track_id: reader.u32()?,
        })
    }
}

impl TrackPresentation {
    /// Reads the fields.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::UnknownVersion`].
    pub fn read(mut reader: Reader<'_>) -> Result<Self, Error> {
        let header = reader.clone().full_box_header()?;
        reader.skip_times()?;
        reader.bytes(4 + 4)?; // track_ID, reserved
        reader.bytes(if header.version == 1 { 8 } else { 4 })?; // duration
        reader.bytes(8 + 2)?; // reserved, layer
        let alternate_group = reader.u16()?;
        reader.bytes(2 + 2 + 36)?; // volume, reserved, matrix
        Ok(Self {
            is_enabled: header.flags & 1 == 1,
            alternate_group,
            width: reader.u32()?,
            height: reader.u32()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FourCc;

    // Layouts of clause 8.3.2.2.
    #[test]
    fn presentation_is_after_times_of_either_width() {
        for (version, before) in [
            (0, 4 + 4 + 4 + 4 + 4 + 8 + 2),
            (1, 8 + 8 + 4 + 4 + 8 + 8 + 2),
        ] {
            let header = [version, 0, 0, 7];
            let fields = [[0, 3].as_slice(), &[0; 40], &[0, 9, 0, 0, 0, 8, 0x80, 0]].concat();
            let body = [&header[..], &vec![0; before], &fields].concat();
            let read = |body| TrackPresentation::read(Reader::new(FourCc::TKHD, body));
            let expected = TrackPresentation {
                is_enabled: true,
                alternate_group: 3,
                width: 9 << 16,
                height: (8 << 16) | 0x8000,
            };
            assert_eq!(read(&body), Ok(expected));
            assert!(read(&body[..body.len() - 1]).is_err());
        }
    }
}
