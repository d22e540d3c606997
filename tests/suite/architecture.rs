// SPDX-License-Identifier: MPL-2.0
//! The house rules that a compiler does not check: which module uses which, and what each file starts with.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each module of src and the modules that it may use.
const ARROWS: [(&str, &[&str]); 10] = [
    ("bmff", &[]),
    ("codec", &[]),
    ("cenc", &["bmff", "codec"]),
    ("playready", &["cenc"]),
    ("cpix", &["cenc"]),
    ("signaling", &["cenc", "playready"]),
    ("keys", &["cenc", "playready", "cpix"]),
    ("mp4", &["bmff", "codec", "cenc"]),
    (
        "packaging",
        &[
            "cenc",
            "playready",
            "cpix",
            "signaling",
            "keys",
            "mp4",
            "bmff",
        ],
    ),
    (
        "elements",
        &[
            "bmff",
            "codec",
            "cenc",
            "playready",
            "cpix",
            "signaling",
            "keys",
            "mp4",
            "packaging",
        ],
    ),
];
/// The longest file of src and packager/src, in lines.
const MAX_LINES: usize = 400;

#[test]
fn modules_use_only_those_below_them() {
    for module in modules() {
        let arrow = ARROWS.iter().find(|(from, _)| *from == module);
        let (_, below) = arrow.unwrap_or_else(|| panic!("no arrows are known for src/{module}"));
        for file in files_of(&module) {
            for used in crate_paths(&code(&file)) {
                let known = used == module || below.contains(&used.as_str());
                assert!(known, "{} uses {used}", file.display());
            }
        }
    }
}

#[test]
fn only_elements_know_gstreamer() {
    for module in modules().iter().filter(|module| *module != "elements") {
        for file in files_of(module) {
            let code = code(&file);
            let mut words = code.split(|c: char| c != '_' && !c.is_alphanumeric());
            let found = words.find(|word| {
                ["gst", "glib", "gstreamer"].contains(word)
                    || word.starts_with("gst_")
                    || word.starts_with("gstreamer_")
            });
            assert_eq!(found, None, "{}", file.display());
        }
    }
}

#[test]
fn the_map_in_lib_rs_names_every_module() {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let entries = text.lines().filter_map(|line| line.strip_prefix("//! - "));
    let names = entries.filter_map(|entry| entry.split('`').nth(1));
    let named: BTreeSet<String> = names.map(str::to_owned).collect();
    let missing: Vec<_> = modules().difference(&named).cloned().collect();
    assert_eq!(missing, [] as [&str; 0]);
}

#[test]
fn every_file_says_its_licence_and_what_it_is() {
    let folders = ["src", "packager", "tests", "fuzz", "benches", "examples"];
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
    for folder in ["src", "packager/src"] {
        for file in rust_files(&root().join(folder)) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= MAX_LINES, "{}: {lines} lines", file.display());
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The modules of src, by what stands in that folder.
fn modules() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("src")).unwrap();
    let names = entries.map(|entry| entry.unwrap().path().with_extension(""));
    let names = names.map(|path| path.file_name().unwrap().to_string_lossy().into_owned());
    names.filter(|name| name != "lib").collect()
}

fn files_of(module: &str) -> Vec<PathBuf> {
    let mut files = rust_files(&root().join("src").join(module));
    files.extend(Some(root().join(format!("src/{module}.rs"))).filter(|file| file.exists()));
    files
}

/// All `.rs` files below a folder, which need not exist.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
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

/// A file without the lines that are comments.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The first names of all `crate::name` and `crate::{name, …}`.
fn crate_paths(code: &str) -> BTreeSet<String> {
    let paths = code.split("crate::").skip(1);
    paths
        .flat_map(|path| match path.strip_prefix('{') {
            Some(group) => group_heads(group),
            None => vec![identifier(path)],
        })
        .collect()
}

fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut heads, mut item) = (0, Vec::new(), String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(std::mem::take(&mut item)),
            _ if depth == 0 => item.push(c),
            _ => (),
        }
    }
    heads.push(item);
    let heads = heads.iter().map(|head| identifier(head.trim()));
    heads.filter(|head| !head.is_empty()).collect()
}

fn identifier(text: &str) -> String {
    text.chars()
        .take_while(|c| *c == '_' || c.is_alphanumeric())
        .collect()
}

#[test]
fn grouped_paths_are_seen() {
    let code = "use crate::{a::{b, c}, d,\n e::f};\ncrate::g::h()";
    assert_eq!(
        crate_paths(code),
        ["a", "d", "e", "g"].map(str::to_owned).into()
    );
}
