// SPDX-License-Identifier: MPL-2.0
//! Where the shared test material is. What is absent is reported as skipped, by name.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Says that a test or a part of it did not run; appends it to the file that PLAYREADY_SKIPPED names.
pub fn skip(test: &str, why: &str) {
    let reason = format!("{test}: {why}");
    // The test harness would swallow what the print macros write.
    let line = format!("skipped: {reason}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    if let Some(list) = std::env::var_os("PLAYREADY_SKIPPED") {
        let list = File::options().append(true).create(true).open(list);
        writeln!(list.unwrap(), "{reason}").unwrap();
    }
}

/// The folder of vectors, or a note that the test is skipped.
pub fn vectors(test: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors");
    let folder = std::env::var_os("PLAYREADY_VECTORS").map_or(beside, PathBuf::from);
    if folder.join("MANIFEST.json").is_file() {
        return Some(folder);
    }
    skip(test, "../shared is not here");
    None
}
