// SPDX-License-Identifier: MPL-2.0
//! The commands of `playready-packager` in README.md and docs/*.md, run in their order.

#![cfg(feature = "serve")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use std::fs;
use std::path::Path;
use std::process::Command;
use test_support::{iv_ledger, tools};

/// The start of each command.
const PROGRAM: &str = "target/release/playready-packager ";
/// The manifests of the protected file.
const MANIFESTS: [(&str, &str); 3] = [
    (
        "clear.mpd",
        "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"><Period><AdaptationSet><Representation><BaseURL>film.mp4</BaseURL>\
         </Representation></AdaptationSet></Period></MPD>",
    ),
    ("clear.m3u8", "#EXTM3U\n#EXT-X-MAP:URI=\"film.mp4\"\n"),
    ("Manifest", "<SmoothStreamingMedia></SmoothStreamingMedia>"),
];

#[test]
fn each_command_runs_as_it_stands() {
    let Some(vectors) = tools::vectors_for("documents::each_command_runs_as_it_stands") else {
        return;
    };
    let clear = vectors.join("clear/o-avaac-prog/prog_8s.mp4");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let docs = fs::read_dir(root.join("docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().path());
    let documents = std::iter::once(root.join("README.md"))
        .chain(docs.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    let commands: usize = documents.map(|path| run_commands(&path, &clear)).sum();
    assert!(commands >= 15, "only {commands} commands");
}

/// Runs the commands of a document in a folder with a clear film and its manifests, and returns how many there are.
fn run_commands(document: &Path, clear: &Path) -> usize {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("documents")
        .join(document.file_stem().unwrap());
    // The keys of an earlier run would be reused.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::copy(clear, folder.join("clear.mp4")).unwrap();
    for (name, text) in MANIFESTS {
        fs::write(folder.join(name), text).unwrap();
    }
    let text = fs::read_to_string(document).unwrap();
    let commands: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix(PROGRAM))
        .collect();
    for arguments in &commands {
        let shell = Command::new("sh")
            .args(["-c", &format!("\"$PACKAGER\" {arguments}")])
            .env("PACKAGER", env!("CARGO_BIN_EXE_playready-packager"))
            .current_dir(&folder)
            .output()
            .unwrap();
        iv_ledger::record(&folder);
        let stderr = String::from_utf8_lossy(&shell.stderr);
        assert!(shell.status.success(), "{arguments}: {stderr}");
    }
    commands.len()
}
