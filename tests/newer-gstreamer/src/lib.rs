// SPDX-License-Identifier: MPL-2.0
//! Empty: the package only pins gst-plugin-isobmff and gst-plugin-hlssink3, whose own libraries are the plugins that the tests
//! load.
