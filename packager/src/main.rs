// SPDX-License-Identifier: MPL-2.0
//! The program `playready-packager`.

use std::process::ExitCode;

fn main() -> ExitCode {
    playready_packager::run()
}
