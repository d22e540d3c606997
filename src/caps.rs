// SPDX-License-Identifier: MPL-2.0
//! Caps of MP4 streams. Some sinks write the stream header in the caps into every new file or connection, so it must be the protected
//! one.

const STREAM_HEADER: &str = "streamheader";

/// Returns the caps of all MP4 streams; muxers add `variant` and `streamheader`.
pub(super) fn mp4() -> gst::Caps {
    [
        gst::Structure::new_empty("video/quicktime"),
        gst::Structure::new_empty("audio/x-m4a"),
        gst::Structure::new_empty("application/x-3gp"),
    ]
    .into_iter()
    .collect()
}

/// True if a structure has the name of an MP4 stream.
pub(super) fn names_mp4(structure: &gst::StructureRef) -> bool {
    mp4().iter().any(|mp4| mp4.name() == structure.name())
}

/// True if fixed caps are of MP4.
pub(super) fn is_mp4(caps: &gst::CapsRef) -> bool {
    caps.structure(0).is_some_and(names_mp4)
}

/// Returns the caps for fragmented streams without caps, such as those of filesrc.
pub(super) fn fragmented_mp4() -> gst::Caps {
    variant("iso-fragmented")
}

/// Returns the caps for progressive files.
pub(super) fn progressive_mp4() -> gst::Caps {
    variant("iso")
}

fn variant(variant: &str) -> gst::Caps {
    gst::Caps::builder("video/quicktime")
        .field("variant", variant)
        .build()
}

/// Returns the bytes of the stream header, if the caps have one.
pub(super) fn stream_header(caps: &gst::CapsRef) -> Option<Vec<u8>> {
    let header = caps
        .structure(0)?
        .get::<gst::ArrayRef>(STREAM_HEADER)
        .ok()?;
    let mut bytes = Vec::new();
    for value in header.as_slice() {
        bytes.extend_from_slice(&value.get::<gst::Buffer>().ok()?.map_readable().ok()?);
    }
    Some(bytes)
}

/// Replaces the stream header in the caps.
pub(super) fn with_stream_header(mut caps: gst::Caps, bytes: Vec<u8>) -> gst::Caps {
    let mut buffer = gst::Buffer::from_mut_slice(bytes);
    buffer.make_mut().set_flags(gst::BufferFlags::HEADER);
    caps.make_mut()
        .set(STREAM_HEADER, gst::Array::new([buffer]));
    caps
}
