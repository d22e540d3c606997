// SPDX-License-Identifier: MPL-2.0
//! `emsg`, an event message in a stream of segments, ISO/IEC 23009-1 clause 5.10.3.3.

use super::{Error, Reader};

/// An event message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Emsg<'a> {
    /// scheme_id_uri, by which the message is understood.
    pub scheme: &'a [u8],
    /// value, which the scheme defines.
    pub value: &'a [u8],
    /// Ticks per second of its times.
    pub timescale: u32,
    /// The start of the event.
    pub start: EmsgStart,
    /// The length of the event in ticks; `0xFFFF_FFFF` if it is unknown.
    pub duration: u32,
    /// Events with the same scheme, value and id are repetitions.
    pub id: u32,
    /// message_data.
    pub message: &'a [u8],
}

/// The start of an event, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmsgStart {
    /// presentation_time_delta of version 0: from the earliest presentation time of the segment.
    AfterSegmentStart(u32),
    /// presentation_time of version 1: from the start of the presentation of the media.
    At(u64),
}

impl<'a> Emsg<'a> {
    /// Reads the fields.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::UnknownVersion`].
    ///
    /// # Examples
    /// ```
    /// use isobmff_boxes::{Emsg, EmsgStart, FourCc, Reader};
    ///
    /// let body = b"\0\0\0\0urn:x\x001\0\0\0\x03\xe8\0\0\0\x05\0\0\0\x06\0\0\0\x07data";
    /// let emsg = Emsg::read(Reader::new(FourCc::EMSG, body))?;
    /// assert_eq!((emsg.scheme, emsg.start), (b"urn:x".as_slice(), EmsgStart::AfterSegmentStart(5)));
    /// # Ok::<(), isobmff_boxes::Error>(())
    /// ```
    pub fn read(mut reader: Reader<'a>) -> Result<Self, Error> {
        match reader.full_box_header()?.version {
            0 => Ok(Self {
                scheme: reader.string()?,
                value: reader.string()?,
                timescale: reader.u32()?,
                start: EmsgStart::AfterSegmentStart(reader.u32()?),
                duration: reader.u32()?,
                id: reader.u32()?,
                message: reader.left(),
            }),
            1 => Ok(Self {
                timescale: reader.u32()?,
                start: EmsgStart::At(reader.u64()?),
                duration: reader.u32()?,
                id: reader.u32()?,
                scheme: reader.string()?,
                value: reader.string()?,
                message: reader.left(),
            }),
            version => Err(reader.unknown_version(version)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FourCc;

    // Layouts of clause 5.10.3.3.3.
    const EXPECTED: Emsg<'static> = Emsg {
        scheme: b"urn:scte:scte35:2013:bin",
        value: b"1001",
        timescale: 90_000,
        start: EmsgStart::AfterSegmentStart(5),
        duration: u32::MAX,
        id: 7,
        message: b"\xfc\x30",
    };

    #[test]
    fn both_versions_are_read() {
        let read = |body: &[u8]| Emsg::read(Reader::new(FourCc::EMSG, body)).map(|emsg| emsg.start);
        let zero = b"\0\0\0\0urn:scte:scte35:2013:bin\x001001\0\0\x01\x5f\x90\0\0\0\x05\xff\xff\xff\xff\0\0\0\x07\xfc\x30";
        assert_eq!(Emsg::read(Reader::new(FourCc::EMSG, zero)), Ok(EXPECTED));
        let one = b"\x01\0\0\0\0\x01\x5f\x90\0\0\0\x01\0\0\0\x05\xff\xff\xff\xff\0\0\0\x07urn:scte:scte35:2013:bin\x001001\0\xfc\x30";
        let at = EmsgStart::At((1 << 32) + 5);
        assert_eq!(
            Emsg::read(Reader::new(FourCc::EMSG, one)),
            Ok(Emsg {
                start: at,
                ..EXPECTED
            })
        );
        let empty = zero.len() - EXPECTED.message.len();
        for len in 0..empty {
            assert!(read(&zero[..len]).is_err(), "{len}");
            assert!(read(&one[..one.len() - zero.len() + len]).is_err(), "{len}");
        }
        assert!(read(&zero[..empty]).is_ok());
        assert!(matches!(
            read(b"\x02\0\0\0"),
            Err(Error::UnknownVersion { version: 2, .. })
        ));
    }
}
