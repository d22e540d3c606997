// SPDX-License-Identifier: MPL-2.0
//! The pad templates, with the names that splitmuxsink looks for. Caps queries on the pads return the caps of the installed muxer.

use gst::prelude::*;

use super::pad::MuxPad;

/// Returns the template `video_%u`.
pub(super) fn video() -> gst::PadTemplate {
    request("video_%u", &video_caps())
}

/// Returns the caps of video that the muxers of all versions take.
pub(crate) fn video_caps() -> gst::Caps {
    let aligned = [
        ("video/x-h264", &["avc", "avc3"][..], "au"),
        ("video/x-h265", &["hvc1", "hev1"], "au"),
        ("video/x-av1", &["obu-stream"], "tu"),
    ]
    .map(|(name, formats, alignment)| {
        gst::Structure::builder(name)
            .field("stream-format", gst::List::new(formats))
            .field("alignment", alignment)
            .build()
    });
    let vp9 = gst::Structure::new_empty("video/x-vp9");
    aligned.into_iter().chain([vp9]).collect()
}

/// Returns the template `audio_%u`.
pub(super) fn audio() -> gst::PadTemplate {
    request("audio_%u", &audio_caps())
}

/// Returns the caps of audio that the muxers of all versions take.
pub(crate) fn audio_caps() -> gst::Caps {
    [
        "audio/mpeg",
        "audio/x-ac3",
        "audio/x-eac3",
        "audio/x-opus",
        "audio/x-alac",
        "audio/x-flac",
    ]
    .into_iter()
    .map(gst::Structure::new_empty)
    .collect()
}

/// Returns the template `subtitle_%u`, whose tracks stay clear.
pub(super) fn subtitle() -> gst::PadTemplate {
    request(
        "subtitle_%u",
        &gst::Caps::builder("text/x-raw")
            .field("format", "utf8")
            .build(),
    )
}

/// Returns the template `src`.
pub(super) fn source(variant: &str) -> gst::PadTemplate {
    let caps = gst::Caps::builder("video/quicktime").field("variant", variant);
    let (direction, presence) = (gst::PadDirection::Src, gst::PadPresence::Always);
    gst::PadTemplate::new("src", direction, presence, &caps.build())
        .expect("name and caps are valid")
}

fn request(name: &str, caps: &gst::Caps) -> gst::PadTemplate {
    of_type(name, caps, MuxPad::static_type())
}

/// Returns a template for request pads of a type.
pub(crate) fn of_type(name: &str, caps: &gst::Caps, pad_type: gst::glib::Type) -> gst::PadTemplate {
    let (direction, presence) = (gst::PadDirection::Sink, gst::PadPresence::Request);
    gst::PadTemplate::with_gtype(name, direction, presence, caps, pad_type)
        .expect("name and caps are valid")
}

/// Returns the first unused name of a template among the pads of `element`; splitmuxsink requests it again for the next file.
pub(crate) fn free_name(template: &gst::PadTemplate, element: &gst::Element) -> String {
    let template = template.name_template();
    (0u32..)
        .map(|number| template.replace("%u", &number.to_string()))
        .find(|name| element.static_pad(name).is_none())
        .unwrap_or_default()
}
