// SPDX-License-Identifier: MPL-2.0
//! `playreadyenc`: protects the MP4 stream of a muxer.

mod events;
mod flow;
mod imp;
mod logged_rules;
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
    /// Protects an MP4 stream, after a muxer or filesrc. A progressive file remains one if upstream supports random access, as
    /// filesrc directly before the element does; as a stream it must have `moov` in front and becomes fragmented.
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
