// SPDX-License-Identifier: MPL-2.0
//! `playready-packager`: the command line beside the plugin.

fn main() {}
