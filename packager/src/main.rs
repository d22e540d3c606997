// SPDX-License-Identifier: MPL-2.0
//! `playready-packager`: the command line beside the plugin.

use std::process::ExitCode;

fn main() -> ExitCode {
    playready_packager::run()
}
