// SPDX-License-Identifier: MPL-2.0
//! `cencenc`: protects the samples of an elementary stream.

mod error;
mod imp;
mod stream;

use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;

pub(super) use error::StreamError;

/// The debug category.
static CATEGORY: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    crate::logging::category("cencenc", "Common Encryption of elementary streams")
});

glib::wrapper! {
    /// Protects the samples of a parser. Each buffer carries a `GstProtectionMeta` for the decryptor.
    pub struct CencEnc(ObjectSubclass<imp::CencEnc>)
        @extends gst_base::BaseTransform, gst::Element, gst::Object;
}

/// Registers the element.
pub(super) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    LazyLock::force(&CATEGORY);
    gst::Element::register(
        Some(plugin),
        "cencenc",
        gst::Rank::NONE,
        CencEnc::static_type(),
    )
}
