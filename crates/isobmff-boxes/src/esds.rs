// SPDX-License-Identifier: MPL-2.0
//! `esds`, the elementary stream descriptor of MPEG-4 systems: ISO/IEC 14496-14 clause 6.7 and 14496-1 clause 7.2.6.

use super::{Error, Reader};

/// ES_DescrTag, DecoderConfigDescrTag and DecSpecificInfoTag.
const ES_DESCRIPTOR: u8 = 3;
const DECODER_CONFIG: u8 = 4;
const SPECIFIC_INFO: u8 = 5;

/// The fields of an `esds` that name the codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Esds<'a> {
    /// objectTypeIndication, as mp4ra.org registers it: 0x40 for MPEG-4 audio.
    pub object_type: u8,
    /// DecoderSpecificInfo: for MPEG-4 audio, the AudioSpecificConfig. Empty if there is none.
    pub specific_info: &'a [u8],
}

impl<'a> Esds<'a> {
    /// Reads the fields; None if the box has no decoder configuration.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(mut reader: Reader<'a>) -> Result<Option<Self>, Error> {
        reader.full_box_header()?;
        let Some(mut stream) = find(&mut reader, ES_DESCRIPTOR)? else {
            return Ok(None);
        };
        skip_stream_fields(&mut stream)?;
        let Some(mut decoder) = find(&mut stream, DECODER_CONFIG)? else {
            return Ok(None);
        };
        let object_type = decoder.u8()?;
        decoder.bytes(12)?; // streamType up to avgBitrate
        Ok(Some(Self {
            object_type,
            specific_info: find(&mut decoder, SPECIFIC_INFO)?
                .map_or(&[], |specific| specific.left()),
        }))
    }
}

/// Skips ES_ID up to OCR_ES_Id.
fn skip_stream_fields(stream: &mut Reader<'_>) -> Result<(), Error> {
    stream.u16()?;
    let flags = stream.u8()?;
    if flags & 0x80 != 0 {
        stream.u16()?; // dependsOn_ES_ID
    }
    if flags & 0x40 != 0 {
        let len = stream.u8()?;
        stream.bytes(len.into())?; // URLstring
    }
    if flags & 0x20 != 0 {
        stream.u16()?;
    }
    Ok(())
}

/// Reads descriptors up to the first with this tag.
fn find<'a>(reader: &mut Reader<'a>, tag: u8) -> Result<Option<Reader<'a>>, Error> {
    while !reader.is_empty() {
        let found = reader.u8()?;
        let size = read_size(reader)?;
        // A box that ends early still names its codec.
        let body = reader.bytes(size.min(reader.left().len()))?;
        if found == tag {
            return Ok(Some(Reader::new(super::FourCc(*b"esds"), body)));
        }
    }
    Ok(None)
}

/// Reads sizeOfInstance: groups of seven bits, of which all but the last are marked; four at most.
fn read_size(reader: &mut Reader<'_>) -> Result<usize, Error> {
    let mut size = 0;
    for _ in 0..4 {
        let byte = reader.u8()?;
        size = (size << 7) | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FourCc;

    /// The `esds` that FFmpeg 8.1 writes for AAC-LC with 48 kHz and one channel.
    const FFMPEG: &[u8] = b"\0\0\0\0\x03\x80\x80\x80\x25\0\x01\0\x04\x80\x80\x80\x17\x40\x15\0\0\0\0\x01\x1b\x82\0\x01\x1b\x82\
        \x05\x80\x80\x80\x05\x11\x88\x56\xe5\0\x06\x80\x80\x80\x01\x02";

    fn read(body: &[u8]) -> Result<Option<Esds<'_>>, Error> {
        Esds::read(Reader::new(FourCc(*b"esds"), body))
    }

    #[test]
    fn codec_and_its_configuration_are_read() {
        let esds = read(FFMPEG).unwrap().unwrap();
        assert_eq!(esds.object_type, 0x40);
        assert_eq!(esds.specific_info, [0x11, 0x88, 0x56, 0xe5, 0]);
    }

    // 14496-1 clause 7.2.6.5: streamDependenceFlag, URL_Flag, OCRstreamFlag; sizes of one byte.
    #[test]
    fn optional_fields_are_skipped() {
        let body = b"\0\0\0\0\x03\x1b\0\x01\xe0\0\x02\x02ab\0\x03\x04\x0f\x6b\x15\0\0\0\0\0\0\0\0\0\0\0\x05\0";
        let esds = read(body).unwrap().unwrap();
        assert_eq!((esds.object_type, esds.specific_info), (0x6b, &[][..]));
    }

    #[test]
    fn no_prefix_is_a_panic() {
        for end in 0..FFMPEG.len() {
            let _ = read(&FFMPEG[..end]);
        }
        assert_eq!(read(&[0; 4]), Ok(None));
    }
}
