// SPDX-License-Identifier: MPL-2.0
//! `clearkeydec`: decrypts with given keys, to check protected streams.

mod awaited_keys;
mod events;
mod flow;
mod imp;
mod keys;
mod lead;
mod samples;
mod stream;

use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;

pub(super) use samples::DecryptError;

/// The debug category.
static CATEGORY: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    crate::logging::category("clearkeydec", "Common Encryption decryptor with given keys")
});

glib::wrapper! {
    /// Decrypts protected samples or protected MP4. It is no `GstBaseTransform`, since MP4 changes its size and files may be read in
    /// pull mode.
    pub struct ClearKeyDec(ObjectSubclass<imp::ClearKeyDec>)
        @extends gst::Element, gst::Object;
}

/// Registers the element with rank NONE: autoplugging must never choose it in place of a DRM system that protects its keys.
pub(super) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    LazyLock::force(&CATEGORY);
    gst::Element::register(
        Some(plugin),
        "clearkeydec",
        gst::Rank::NONE,
        ClearKeyDec::static_type(),
    )
}
