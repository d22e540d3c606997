// SPDX-License-Identifier: MPL-2.0
//! `playreadycmafmux` and `playreadymp4mux`: a muxer and `playreadyenc` in one element, for users of a muxer such as splitmuxsink,
//! encodebin and applications.

mod cmaf;
mod imp;
mod mp4;
mod pad;
mod parts;
pub(crate) mod templates;

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
    /// Writes one track as protected CMAF.
    pub struct PlayReadyCmafMux(ObjectSubclass<imp::MuxBin<cmaf::Cmaf>>)
        @extends gst::Bin, gst::Element, gst::Object, @implements gst::ChildProxy;
}

glib::wrapper! {
    /// Writes protected fragmented MP4.
    pub struct PlayReadyMp4Mux(ObjectSubclass<imp::MuxBin<mp4::Mp4>>)
        @extends gst::Bin, gst::Element, gst::Object, @implements gst::ChildProxy;
}

/// Registers the elements with rank MARGINAL, the lowest that encodebin considers. All clear muxers rank before them, so they are
/// used only by name.
pub(super) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    LazyLock::force(&CMAF_CATEGORY);
    LazyLock::force(&MP4_CATEGORY);
    let rank = gst::Rank::MARGINAL;
    gst::Element::register(
        Some(plugin),
        "playreadycmafmux",
        rank,
        PlayReadyCmafMux::static_type(),
    )?;
    gst::Element::register(
        Some(plugin),
        "playreadymp4mux",
        rank,
        PlayReadyMp4Mux::static_type(),
    )
}
