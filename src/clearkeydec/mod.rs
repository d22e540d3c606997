// SPDX-License-Identifier: MPL-2.0
//! `clearkeydec`: decrypts with keys in hand, to check what was protected.

mod events;
mod flow;
mod imp;
mod samples;
mod stream;

use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;

pub(super) use samples::DecryptError;

/// The debug category.
static CATEGORY: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    crate::logging::category(
        "clearkeydec",
        "Common Encryption decryptor with keys in hand",
    )
});

glib::wrapper! {
    /// Takes protected samples, or protected MP4, and gives them clear. Plain pads: MP4 changes its size, and a file may be read
    /// in pull mode.
    pub struct ClearKeyDec(ObjectSubclass<imp::ClearKeyDec>)
        @extends gst::Element, gst::Object;
}

/// Registers the element, which nothing chooses by itself: it must never take the place of a system that keeps its keys.
pub(super) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    LazyLock::force(&CATEGORY);
    gst::Element::register(
        Some(plugin),
        "clearkeydec",
        gst::Rank::NONE,
        ClearKeyDec::static_type(),
    )
}
