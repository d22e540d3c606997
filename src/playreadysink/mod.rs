// SPDX-License-Identifier: MPL-2.0
//! `playreadysink`: publishes protected DASH and HLS, live or on demand.
//!
//! Each pad has a muxer and a `collector`, which hands the output of the muxer to the thread of the element. That thread cuts all tracks at
//! common starts, protects their segments as one stream, and publishes files and manifests.

mod channel;
mod collector;
mod cue_input;
mod error;
mod fragmenter;
mod imp;
mod input_queue;
mod key_frame_requests;
mod messages;
mod properties;
mod recording_sink;
mod sink_store;
mod text_input;
mod track_pad;
mod worker;

use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;

/// The debug category.
static CATEGORY: LazyLock<gst::DebugCategory> =
    LazyLock::new(|| crate::logging::category("playreadysink", "PlayReady DASH and HLS packager"));

glib::wrapper! {
    /// Fragments, protects and publishes the tracks of a presentation.
    pub struct PlayReadySink(ObjectSubclass<imp::PlayReadySink>)
        @extends gst::Bin, gst::Element, gst::Object, @implements gst::ChildProxy;
}

/// Registers the element.
pub(super) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    LazyLock::force(&CATEGORY);
    gst::Element::register(
        Some(plugin),
        "playreadysink",
        gst::Rank::NONE,
        PlayReadySink::static_type(),
    )
}
