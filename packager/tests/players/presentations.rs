// SPDX-License-Identifier: MPL-2.0
//! Packages the films.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::players::write_keys;

use crate::films::{self, Film};
use crate::rows::Row;

/// The keys are the same for all films.
const SERIES: u8 = 7;

/// Makes the presentations that the rows need.
pub fn make(folder: &Path, rows: &[Row]) {
    films::make_sources(folder);
    let mut made = BTreeSet::new();
    for row in rows {
        if made.insert(row.presentation()) {
            package(folder, row);
        }
    }
}

/// The key file of a film.
pub fn key_file(folder: &Path, film: &Film) -> PathBuf {
    folder.join(film.name).with_extension("keys")
}

fn package(folder: &Path, row: &Row) {
    let keys = key_file(folder, row.film);
    write_keys(&keys, SERIES, row.film.keys);
    let mut program = Command::new(env!("CARGO_BIN_EXE_playready-packager"));
    program.arg("package").current_dir(folder);
    program.args(row.film.inputs.split(' '));
    program.args(["--scheme", row.scheme]);
    if !row.film.options.contains("--segment-duration") {
        program.args(["--segment-duration", "2s"]);
    }
    program.args(["--key-uri", &format!("file://{}", keys.display())]);
    program.args(row.film.options.split_whitespace());
    program.args(["--output", &row.presentation()]);
    if row.is_single_file {
        program.arg("--single-file");
    }
    let run = program.output().unwrap();
    assert!(run.status.success(), "{}: {run:?}", row.presentation());
}
