// SPDX-License-Identifier: MPL-2.0
//! `clearkeydec`: decrypts with keys in hand, to check what was protected.

mod imp;
mod sample;

use gst::glib;
use gst::prelude::*;

pub(super) use sample::DecryptError;

glib::wrapper! {
    /// Takes protected samples and gives them clear.
    pub struct ClearKeyDec(ObjectSubclass<imp::ClearKeyDec>)
        @extends gst_base::BaseTransform, gst::Element, gst::Object;
}

/// Registers the element, which nothing chooses by itself: it must never take the place of a system that keeps its keys.
pub(super) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(
        Some(plugin),
        "clearkeydec",
        gst::Rank::NONE,
        ClearKeyDec::static_type(),
    )
}
