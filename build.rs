// SPDX-License-Identifier: MPL-2.0
//! Gives the plugin its commit id and release date.

fn main() {
    gst_plugin_version_helper::info();
}
