// SPDX-License-Identifier: MPL-2.0
//! `playreadyenc`: protects the MP4 stream of a muxer.

mod events;
mod flow;
mod imp;
mod logged_packaging;
mod pull;
mod stream;

use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;

/// The debug category.
static CATEGORY: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    crate::logging::category("playreadyenc", "PlayReady and Common Encryption packager")
});

glib::wrapper! {
    /// Takes MP4 and gives it protected; stands behind the muxer, or behind filesrc. Progressive files stay so where upstream
    /// can be read anywhere, as filesrc right before it; in a stream those with `moov` in front come out in fragments.
    pub struct PlayReadyEnc(ObjectSubclass<imp::PlayReadyEnc>)
        @extends gst::Element, gst::Object;
}

/// Registers the element.
pub(super) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    LazyLock::force(&CATEGORY);
    gst::Element::register(
        Some(plugin),
        "playreadyenc",
        gst::Rank::NONE,
        PlayReadyEnc::static_type(),
    )
}
