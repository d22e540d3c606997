// SPDX-License-Identifier: MPL-2.0
//! Empty: the package only pins gst-plugin-fmp4, whose own library is the plugin that the tests load.
