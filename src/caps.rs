// SPDX-License-Identifier: MPL-2.0
//! Caps of MP4 streams: the stream header in them is written into every new file or connection by some sinks, so that a clear
//! one would leak there.

const STREAM_HEADER: &str = "streamheader";

/// What MP4 streams are called; muxers add `variant` and `streamheader`.
pub(super) fn mp4() -> gst::Caps {
    [
        gst::Structure::new_empty("video/quicktime"),
        gst::Structure::new_empty("audio/x-m4a"),
        gst::Structure::new_empty("application/x-3gp"),
    ]
    .into_iter()
    .collect()
}

/// Whether a structure's name is one of those.
pub(super) fn names_mp4(structure: &gst::StructureRef) -> bool {
    mp4().iter().any(|mp4| mp4.name() == structure.name())
}

/// Whether fixed caps are of MP4.
pub(super) fn is_mp4(caps: &gst::CapsRef) -> bool {
    caps.structure(0).is_some_and(names_mp4)
}

/// For streams that come without caps, as filesrc's.
pub(super) fn fragmented_mp4() -> gst::Caps {
    variant("iso-fragmented")
}

/// For files whose `moov` places the samples.
pub(super) fn progressive_mp4() -> gst::Caps {
    variant("iso")
}

fn variant(variant: &str) -> gst::Caps {
    gst::Caps::builder("video/quicktime")
        .field("variant", variant)
        .build()
}

/// The bytes of the stream header, if the caps have one.
pub(super) fn stream_header(caps: &gst::CapsRef) -> Option<Vec<u8>> {
    let header = caps
        .structure(0)?
        .get::<gst::ArrayRef>(STREAM_HEADER)
        .ok()?;
    let mut bytes = Vec::new();
    for value in header.as_slice() {
        let buffer = value.get::<gst::Buffer>().ok()?;
        bytes.extend_from_slice(&buffer.map_readable().ok()?);
    }
    Some(bytes)
}

/// The caps with another stream header.
pub(super) fn with_stream_header(mut caps: gst::Caps, bytes: Vec<u8>) -> gst::Caps {
    let mut buffer = gst::Buffer::from_mut_slice(bytes);
    buffer.make_mut().set_flags(gst::BufferFlags::HEADER);
    caps.make_mut()
        .set(STREAM_HEADER, gst::Array::new([buffer]));
    caps
}
