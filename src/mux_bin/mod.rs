// SPDX-License-Identifier: MPL-2.0
//! `playreadycmafmux` and `playreadymp4mux`: a muxer and `playreadyenc` in one element, for those who ask for a muxer:
//! splitmuxsink, encodebin, applications.

mod cmaf;
mod imp;
mod mp4;
mod pad;
mod parts;
mod templates;

use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;

/// The debug category of `playreadycmafmux`.
static CMAF_CATEGORY: LazyLock<gst::DebugCategory> =
    LazyLock::new(|| crate::logging::category("playreadycmafmux", "PlayReady CMAF muxer"));
/// The debug category of `playreadymp4mux`.
static MP4_CATEGORY: LazyLock<gst::DebugCategory> =
    LazyLock::new(|| crate::logging::category("playreadymp4mux", "PlayReady MP4 muxer"));

glib::wrapper! {
    /// cmafmux, protected: one track.
    pub struct PlayReadyCmafMux(ObjectSubclass<imp::MuxBin<cmaf::Cmaf>>)
        @extends gst::Bin, gst::Element, gst::Object, @implements gst::ChildProxy;
}

glib::wrapper! {
    /// mp4mux in its fragmented mode, protected.
    pub struct PlayReadyMp4Mux(ObjectSubclass<imp::MuxBin<mp4::Mp4>>)
        @extends gst::Bin, gst::Element, gst::Object, @implements gst::ChildProxy;
}

/// Registers the elements. encodebin sees no muxer below MARGINAL; there every clear muxer comes before these, so that they
/// are taken by their name only.
pub(super) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    LazyLock::force(&CMAF_CATEGORY);
    LazyLock::force(&MP4_CATEGORY);
    let rank = gst::Rank::MARGINAL;
    let cmaf = PlayReadyCmafMux::static_type();
    gst::Element::register(Some(plugin), "playreadycmafmux", rank, cmaf)?;
    let mp4 = PlayReadyMp4Mux::static_type();
    gst::Element::register(Some(plugin), "playreadymp4mux", rank, mp4)
}
