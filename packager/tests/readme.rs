// SPDX-License-Identifier: MPL-2.0
//! The README's commands of `playready-packager`, run in their order.

#![cfg(feature = "serve")]

use std::fs;
use std::path::Path;
use std::process::Command;
use test_support::tools;

const README: &str = include_str!("../../README.md");
/// The start of each command.
const PROGRAM: &str = "target/release/playready-packager ";
/// Manifests of the file that they protect.
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
    let Some(vectors) = tools::vectors_for("readme::each_command_runs_as_it_stands") else {
        return;
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    // Keys of an earlier run would be reused.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let clear = vectors.join("clear/o-avaac-prog/prog_8s.mp4");
    fs::copy(clear, folder.join("clear.mp4")).unwrap();
    for (name, text) in MANIFESTS {
        fs::write(folder.join(name), text).unwrap();
    }
    let commands: Vec<_> = README
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
        let stderr = String::from_utf8_lossy(&shell.stderr);
        assert!(shell.status.success(), "{arguments}: {stderr}");
    }
    assert!(commands.len() >= 3, "{commands:?}");
}
