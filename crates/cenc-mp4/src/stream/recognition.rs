// SPDX-License-Identifier: MPL-2.0
//! Distinguishes top-level boxes from bytes that form none: a trailer of a phone or an editor, or a file of another format.

use std::fmt;

use isobmff_boxes::{BoxHeader, FourCc};

use super::splitter::MAX_BOX;
use crate::Error;

/// Top-level boxes that make up a movie: one that is cut or damaged is an error.
const MOVIE_BOXES: [FourCc; 13] = [
    FourCc::FTYP,
    FourCc::STYP,
    FourCc::MOOV,
    FourCc::MOOF,
    FourCc::MDAT,
    FourCc::MFRA,
    FourCc::SIDX,
    FourCc::SSIX,
    FourCc::META,
    FourCc::UUID,
    FourCc::PSSH,
    FourCc(*b"prft"),
    FourCc(*b"emsg"),
];
/// The boxes that place or hold samples; bytes with one of these types are no trailer.
const SAMPLE_BOXES: [FourCc; 3] = [FourCc::MOOV, FourCc::MOOF, FourCc::MDAT];
/// The number of bytes that identify a file of another format: three packets of MPEG-TS with time stamps.
pub(crate) const SIGNATURE: usize = 2 * 192 + 5;
/// Bytes of size and type.
const SHORT_HEADER: usize = 8;

/// The bytes at which a top-level box may start.
pub(crate) enum Recognized {
    /// A box.
    Box(BoxHeader),
    /// No box.
    NoBox,
    /// More bytes are needed.
    Partial,
}

/// A file of another format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherFormat {
    /// MPEG transport stream.
    MpegTs,
    /// Matroska or WebM.
    Matroska,
    /// A format that FFmpeg reads, by its name.
    Media(&'static str),
    /// Anything else.
    Unknown,
}

/// Bytes after the last box that form no box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trailer {
    /// Offset in the input.
    pub(crate) position: u64,
    pub(crate) len: u64,
}

/// Searches a trailer for boxes: a trailer with a box of a movie is the rest of a damaged file.
pub(crate) struct TrailerScan {
    trailer: Trailer,
    /// The last four bytes as a number.
    last_four: u32,
}

/// Reads the header of a top-level box. `is_first` is true at the start of the input.
///
/// # Errors
/// A movie box of an impossible size.
pub(crate) fn recognize(bytes: &[u8], is_first: bool) -> Result<Recognized, Error> {
    let header = match BoxHeader::read(bytes, FourCc(*b"file")) {
        Ok(header) => header,
        Err(isobmff_boxes::Error::Truncated { .. }) => return Ok(Recognized::Partial),
        Err(isobmff_boxes::Error::BadSize { box_type, .. }) if !MOVIE_BOXES.contains(&box_type) => {
            return Ok(Recognized::NoBox);
        }
        Err(error) => return Err(error.into()),
    };
    let is_box = MOVIE_BOXES.contains(&header.box_type)
        || header.size.is_some_and(|size| size <= MAX_BOX)
            && (!is_first || is_printable(header.box_type));
    Ok(match is_box {
        true => Recognized::Box(header),
        false => Recognized::NoBox,
    })
}

/// Returns the type of the incomplete box at the end of the input if it belongs to the movie: it is one of its boxes, or has boxes
/// with samples; `moof` if its type did not arrive.
pub(crate) fn cut_movie_box(bytes: &[u8]) -> Option<FourCc> {
    let box_type = bytes
        .get(SHORT_HEADER / 2..bytes.len().min(SHORT_HEADER))
        .filter(|box_type| !box_type.is_empty())?;
    let is_movie_box = MOVIE_BOXES
        .iter()
        .any(|known| known.0.starts_with(box_type));
    (is_movie_box || TrailerScan::new(0).take(bytes).is_err())
        .then_some(box_type.try_into().map_or(FourCc::MOOF, FourCc))
}

fn is_printable(box_type: FourCc) -> bool {
    // QuickTime has types that start with the copyright sign.
    box_type
        .0
        .iter()
        .all(|&byte| byte == 0xa9 || byte.is_ascii_graphic() || byte == b' ')
}

impl OtherFormat {
    /// Recognizes a file by its first bytes, of which [`SIGNATURE`] are enough.
    pub(crate) fn of(start: &[u8]) -> Self {
        const SIGNATURES: [(&[u8], OtherFormat); 12] = [
            (b"\x1a\x45\xdf\xa3", OtherFormat::Matroska),
            (b"FLV", OtherFormat::Media("FLV")),
            (b"RIFF", OtherFormat::Media("AVI or WAVE")),
            (b"OggS", OtherFormat::Media("Ogg")),
            (b"fLaC", OtherFormat::Media("FLAC")),
            (b"ID3", OtherFormat::Media("MP3 or ADTS")),
            (b"\x00\x00\x01\xba", OtherFormat::Media("MPEG-PS")),
            (
                b"\x00\x00\x00\x01",
                OtherFormat::Media("a raw video stream"),
            ),
            (b"\x00\x00\x01", OtherFormat::Media("a raw video stream")),
            (b"\x06\x0e\x2b\x34", OtherFormat::Media("MXF")),
            (b"\x30\x26\xb2\x75", OtherFormat::Media("ASF")),
            (b"DKIF", OtherFormat::Media("IVF")),
        ];
        // Packets of 188 bytes, of 192 with a time stamp in front, or of 204 with error correction.
        let is_ts = [(0, 188), (4, 192), (0, 204)].iter().any(|(at, size)| {
            start.get(*at) == Some(&0x47)
                && start.get(at + size).is_none_or(|&byte| byte == 0x47)
                && !start.iter().all(u8::is_ascii)
        });
        SIGNATURES
            .iter()
            .find(|(signature, _)| start.starts_with(signature))
            .map_or(
                if is_ts { Self::MpegTs } else { Self::Unknown },
                |(_, format)| *format,
            )
    }
}

impl fmt::Display for OtherFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::MpegTs => "MPEG-TS",
            Self::Matroska => "Matroska or WebM",
            Self::Media(name) => name,
            Self::Unknown => {
                return f
                    .write_str(": give a progressive or fragmented MP4 file (ISO/IEC 14496-12)");
            }
        };
        write!(
            f,
            " but {name}: remux it to MP4, for instance with ffmpeg -i FILE -c copy -movflags +faststart FILE.mp4"
        )
    }
}

impl TrailerScan {
    /// Starts at `position` of the input.
    pub(crate) const fn new(position: u64) -> Self {
        Self {
            trailer: Trailer { position, len: 0 },
            last_four: 0,
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`Error::NoBox`] if they have the type of a box with samples.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        for &byte in bytes {
            self.last_four = self.last_four << 8 | u32::from(byte);
            let followed_by = FourCc(self.last_four.to_be_bytes());
            if SAMPLE_BOXES.contains(&followed_by) {
                return Err(Error::NoBox {
                    position: self.trailer.position,
                    followed_by,
                });
            }
        }
        self.trailer.len += bytes.len() as u64;
        Ok(())
    }

    pub(crate) const fn trailer(&self) -> Trailer {
        self.trailer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_box(bytes: &[u8], is_first: bool) -> Option<bool> {
        match recognize(bytes, is_first).unwrap() {
            Recognized::Box(_) => Some(true),
            Recognized::NoBox => Some(false),
            Recognized::Partial => None,
        }
    }

    #[test]
    fn boxes_are_told_from_other_bytes() {
        for (bytes, first, later) in [
            (&b"\0\0\0\x10ftypiso6"[..], Some(true), Some(true)),
            (b"\0\0\0\x10abcd", Some(true), Some(true)),
            (b"\0\0\0\x10\x01\x02\x03\x04", Some(false), Some(true)),
            (b"\0\0\0\0mdat", Some(true), Some(true)),
            (b"\0\0\0\0\0\0\0\0", Some(false), Some(false)),
            (b"\0\0\0\0free", Some(false), Some(false)),
            (b"\0\0\0\x07free", Some(false), Some(false)),
            (b"<?xml ve", Some(false), Some(false)),
            (b"\0\0\0\x10fty", None, None),
        ] {
            assert_eq!(is_box(bytes, true), first, "{bytes:?}");
            assert_eq!(is_box(bytes, false), later, "{bytes:?}");
        }
        assert!(recognize(b"\0\0\0\x07moof", false).is_err());
    }

    #[test]
    fn cut_boxes_of_the_movie_are_no_trailer() {
        for (bytes, cut) in [
            (&b"\0\0\x01\0moof\0\0\0"[..], true),
            (b"\0\0\x01\0mo", true),
            (b"\0\0\x01\0", false),
            (b"\0\0\0\0\0\0", false),
            (b"\0\0\x01\x0bSEFHk\0\0\0", false),
            (b"\0\0\x01\x0bSEFH\0\0\0\x10moof", true),
            (b"\0\0\x01\0free\0", false),
        ] {
            assert_eq!(cut_movie_box(bytes).is_some(), cut, "{bytes:?}");
        }
    }

    // Signatures of ISO/IEC 13818-1 (sync_byte 0x47), RFC 8794, and of the formats' own documents.
    #[test]
    fn other_formats_are_named() {
        let packets = |at: usize, size: usize| {
            let mut bytes = vec![0xff; SIGNATURE];
            for start in (at..SIGNATURE).step_by(size) {
                bytes[start] = 0x47;
            }
            bytes
        };
        for (at, size) in [(0, 188), (4, 192), (0, 204)] {
            assert_eq!(OtherFormat::of(&packets(at, size)), OtherFormat::MpegTs);
        }
        for (bytes, name) in [
            (&b"\x1a\x45\xdf\xa3\x9f"[..], "Matroska"),
            (b"FLV\x01\x05", "FLV"),
            (b"RIFF\0\0\0\0AVI ", "AVI"),
            (b"OggS\0", "Ogg"),
            (b"\x89PNG\r\n\x1a\n", ": give a"),
            (b"Good morning", ": give a"),
            (b"", ": give a"),
        ] {
            let text = OtherFormat::of(bytes).to_string();
            assert!(text.contains(name), "{text}");
        }
    }
}
