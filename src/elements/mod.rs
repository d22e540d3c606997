// SPDX-License-Identifier: MPL-2.0
//! The GStreamer elements: thin, they move buffers and events and leave the rest to the modules below.

mod buffers;
mod caps;
mod chunk;
mod error;
mod playreadyenc;
mod settings;
mod signals;

use gst::glib;

/// Registers the plugin's elements.
///
/// # Errors
/// When GStreamer refuses one.
pub fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    playreadyenc::register(plugin)
}
