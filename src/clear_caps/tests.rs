// SPDX-License-Identifier: MPL-2.0
//! Caps in the form that parsers and demuxers give.

use super::*;

// x264 wrote this codec_data for a stream of 16 x 16 pixels.
const AVCC: &str =
    "0142c015ffe1001a6742c015da7b016a0c0c0d4a000003000200000300791e2c5d4001000468ce3c80";

fn format(text: &str) -> Result<StreamFormat, FormatError> {
    gst::init().unwrap();
    StreamFormat::of(&gst::Caps::from_str(text).unwrap())
}

#[test]
fn audio_is_protected_whole_whatever_its_type() {
    for caps in [
        "audio/mpeg, mpegversion=(int)4, framed=(boolean)true, stream-format=(string)raw",
        "audio/mpeg, mpegversion=(int)1, layer=(int)3, parsed=(boolean)true",
        "audio/x-ac3, framed=(boolean)true, alignment=(string)frame",
        "audio/x-eac3, framed=(boolean)true",
        "audio/x-opus, channel-mapping-family=(int)0",
        "audio/x-flac, framed=(boolean)true",
        "audio/x-alac, rate=(int)48000",
    ] {
        let format = format(caps).unwrap();
        assert_eq!(format.media, Media::Audio);
        assert!(!format.codec.maps_subsamples(), "{caps}");
    }
}

#[test]
fn streams_that_are_not_in_samples_are_refused_with_the_remedy() {
    for caps in [
        "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au",
        "video/x-h264, stream-format=(string)avc, alignment=(string)nal",
        "video/x-h264",
        "video/x-h265, stream-format=(string)byte-stream, alignment=(string)au",
        "video/x-av1, stream-format=(string)annexb, alignment=(string)tu",
        "video/x-vp9, alignment=(string)frame, width=(int)16, height=(int)16",
        "audio/mpeg, mpegversion=(int)4, stream-format=(string)adts",
        "audio/mpeg, mpegversion=(int)1, layer=(int)3, parsed=(boolean)false",
        "audio/x-ac3, framed=(boolean)true, alignment=(string)iec61937",
        "audio/x-ac3",
        "audio/x-vorbis",
    ] {
        let error = format(caps).err();
        assert!(matches!(error, Some(FormatError::NotFramed(_))), "{caps}");
        assert!(error.unwrap().to_string().contains("h264parse"));
    }
}

#[test]
fn video_has_a_size_and_its_configuration() {
    let caps = format!(
        "video/x-h264, stream-format=(string)avc, alignment=(string)au, codec_data=(buffer){AVCC}"
    );
    let error = format(&caps).err();
    assert!(matches!(error, Some(FormatError::NoSize(_))), "{error:?}");
    let sized = format(&format!("{caps}, width=(int)99999, height=(int)16")).unwrap();
    let media = Media::Video {
        width: u16::MAX,
        height: 16,
    };
    assert_eq!(sized.media, media);
    assert!(sized.codec.maps_subsamples());
    let bare = "video/x-h264, stream-format=(string)avc, alignment=(string)au, width=(int)16, height=(int)16";
    assert!(matches!(format(bare), Err(FormatError::Codec(_))));
}

#[test]
fn buffers_that_stand_in_the_caps_are_no_samples() {
    let caps = "audio/x-flac, framed=(boolean)true, streamheader=(buffer)< 7f464c41, 0300 >";
    let format = format(caps).unwrap();
    assert!(format.is_header(&[0x7f, 0x46, 0x4c, 0x41]));
    assert!(format.is_header(&[3, 0]));
    assert!(!format.is_header(&[3, 1]) && !format.is_header(&[]));
}
