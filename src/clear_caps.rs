// SPDX-License-Identifier: MPL-2.0
//! Caps of clear elementary streams that can be protected sample by sample, and the sample format that they describe.

use std::str::FromStr;

use cenc_types::Media;
use codec_headers::Codec;

/// Streams in the sample format of MP4: with lengths instead of start codes, one access unit or frame per buffer.
const FRAMED: &str = "\
    video/x-h264, stream-format=(string){ avc, avc3 }, alignment=(string)au; \
    video/x-h265, stream-format=(string){ hvc1, hev1 }, alignment=(string)au; \
    video/x-h266, stream-format=(string){ vvc1, vvi1 }, alignment=(string)au; \
    video/x-av1, stream-format=(string)obu-stream, alignment=(string)tu; \
    video/x-vp9; \
    video/x-vp8; \
    audio/mpeg, mpegversion=(int){ 2, 4 }, stream-format=(string)raw; \
    audio/mpeg, mpegversion=(int)1; \
    audio/x-ac3, framed=(boolean)true; \
    audio/x-eac3, framed=(boolean)true; \
    audio/x-opus; \
    audio/x-flac, framed=(boolean)true; \
    audio/x-alac; \
    audio/x-dts, framed=(boolean)true";

/// An `av1C` without OBUs. GStreamer 1.22 has no codec_data for AV1, and a sequence header precedes each key frame.
const AV1_IN_BAND: [u8; 4] = [0x81, 0, 0, 0];

/// Returns the caps of the streams that can be protected.
pub(super) fn framed() -> gst::Caps {
    gst::Caps::from_str(FRAMED).expect("the list is in the syntax of caps")
}

/// Returns the media types of [`framed`], whatever the framing.
pub(super) fn media_types() -> Vec<String> {
    let mut names: Vec<_> = framed().iter().map(|s| s.name().to_string()).collect();
    names.dedup();
    names
}

/// The format of a clear stream's samples according to its caps.
#[derive(Debug)]
pub(super) struct StreamFormat {
    /// The reader that finds the protectable bytes.
    pub(super) codec: Codec,
    /// The type of media, for the choice of the key.
    pub(super) media: Media,
    /// Buffers in the caps that may be repeated in the stream and are no samples.
    pub(super) headers: Vec<gst::Buffer>,
}

impl StreamFormat {
    /// Reads fixed caps.
    ///
    /// # Errors
    /// [`FormatError`]
    pub(super) fn of(caps: &gst::CapsRef) -> Result<Self, FormatError> {
        let not_framed = || FormatError::NotFramed(caps.to_owned());
        let structure = caps.structure(0).ok_or_else(not_framed)?;
        if is_loose(structure) || !caps.is_subset(&framed()) {
            return Err(not_framed());
        }
        let format = sample_entry(structure).ok_or_else(not_framed)?;
        let config = structure
            .get::<gst::Buffer>("codec_data")
            .ok()
            .and_then(|buffer| buffer.into_mapped_buffer_readable().ok());
        let config = config
            .as_ref()
            .map(|config| config.as_slice())
            .or_else(|| (format == *b"av01").then_some(AV1_IN_BAND.as_slice()));
        Ok(Self {
            codec: Codec::new(format, config)?,
            media: media(structure).ok_or_else(|| FormatError::NoSize(caps.to_owned()))?,
            headers: headers(structure),
        })
    }

    /// True if a buffer repeats one of the caps, which is no sample and already public.
    pub(super) fn is_header(&self, bytes: &[u8]) -> bool {
        self.headers.iter().any(|header: &gst::Buffer| {
            header.size() == bytes.len()
                && header
                    .map_readable()
                    .is_ok_and(|map| map.as_slice() == bytes)
        })
    }
}

/// True if optional fields name a framing other than that of MP4.
fn is_loose(structure: &gst::StructureRef) -> bool {
    let wanted = match structure.name().as_str() {
        "video/x-vp9" => Some("super-frame"),
        "audio/x-ac3" | "audio/x-eac3" => Some("frame"),
        _ => None,
    };
    wanted
        .zip(structure.get::<&str>("alignment").ok())
        .is_some_and(|(wanted, is)| wanted != is)
        || structure.get("parsed") == Ok(false)
}

/// Returns the sample entry type of the stream in MP4.
fn sample_entry(structure: &gst::StructureRef) -> Option<[u8; 4]> {
    let stream_format = structure.get::<&str>("stream-format").unwrap_or_default();
    Some(match structure.name().as_str() {
        "video/x-h264" if stream_format == "avc3" => *b"avc3",
        "video/x-h264" => *b"avc1",
        "video/x-h265" | "video/x-h266" => stream_format.as_bytes().try_into().ok()?,
        "video/x-av1" => *b"av01",
        "video/x-vp9" => *b"vp09",
        "video/x-vp8" => *b"vp08",
        "audio/mpeg" => *b"mp4a",
        "audio/x-ac3" => *b"ac-3",
        "audio/x-eac3" => *b"ec-3",
        "audio/x-opus" => *b"Opus",
        "audio/x-flac" => *b"fLaC",
        "audio/x-alac" => *b"alac",
        "audio/x-dts" => *b"dtsc",
        _ => return None,
    })
}

/// Returns the type of media. The size of video is needed to choose between keys for SD, HD and so on.
fn media(structure: &gst::StructureRef) -> Option<Media> {
    if !structure.name().starts_with("video/") {
        return Some(Media::Audio);
    }
    let side = |name| {
        let pixels: i32 = structure.get(name).ok()?;
        (pixels > 0).then(|| u16::try_from(pixels).unwrap_or(u16::MAX))
    };
    Some(Media::Video {
        width: side("width")?,
        height: side("height")?,
    })
}

fn headers(structure: &gst::StructureRef) -> Vec<gst::Buffer> {
    let array = structure.get::<gst::ArrayRef>("streamheader");
    array
        .iter()
        .flat_map(|array| array.as_slice())
        .filter_map(|value| value.get().ok())
        .collect()
}

/// The reason why a stream cannot be protected sample by sample.
#[derive(Debug, thiserror::Error)]
pub(super) enum FormatError {
    /// Its buffers are not samples.
    #[error(
        "the buffers of this stream are not samples as MP4 has them: put its parser in front (h264parse, h265parse, \
         av1parse, aacparse, …), which turns byte-stream into avc or hvc1 and ADTS into raw; caps: {0}"
    )]
    NotFramed(gst::Caps),
    /// Video of unknown size.
    #[error(
        "caps need width and height for the choice of the key: put the stream's parser before the element; caps: {0}"
    )]
    NoSize(gst::Caps),
    /// A codec without a rule for the protectable bytes of its samples.
    #[error(transparent)]
    Codec(#[from] codec_headers::Error),
}

#[cfg(test)]
mod tests;
