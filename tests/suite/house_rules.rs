// SPDX-License-Identifier: MPL-2.0
//! The house rules that a compiler does not check: the first lines of each file, and its length.

use std::fs;
use std::path::{Path, PathBuf};

/// The longest file of the sources, in lines.
const MAX_LINES: usize = 400;

#[test]
fn every_file_says_its_licence_and_what_it_is() {
    let folders = [
        "src",
        "crates",
        "key-server",
        "packager",
        "tests",
        "fuzz",
        "benches",
        "examples",
    ];
    let mut files: Vec<_> = folders
        .iter()
        .flat_map(|f| rust_files(&root().join(f)))
        .collect();
    files.push(root().join("build.rs"));
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let mut lines = text.lines();
        let first = lines.next();
        assert_eq!(
            first,
            Some("// SPDX-License-Identifier: MPL-2.0"),
            "{}",
            file.display()
        );
        let says = lines.next().is_some_and(|line| line.starts_with("//! "));
        assert!(says, "{} does not say what it is", file.display());
    }
}

#[test]
fn no_file_is_long() {
    for folder in ["src", "crates", "key-server/src", "packager/src"] {
        for file in rust_files(&root().join(folder)) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= MAX_LINES, "{}: {lines} lines", file.display());
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All `.rs` files below a folder, which need not exist.
pub fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            files.push(path);
        }
    }
    files
}
