// SPDX-License-Identifier: MPL-2.0
//! `cencenc`: protects the samples of an elementary stream.

mod error;
mod imp;
mod stream;

use gst::glib;
use gst::prelude::*;

pub(super) use error::StreamError;

glib::wrapper! {
    /// Takes the samples of a parser and gives them protected, each with what a decryptor must be told of it.
    pub struct CencEnc(ObjectSubclass<imp::CencEnc>)
        @extends gst_base::BaseTransform, gst::Element, gst::Object;
}

/// Registers the element.
pub(super) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(
        Some(plugin),
        "cencenc",
        gst::Rank::NONE,
        CencEnc::static_type(),
    )
}
