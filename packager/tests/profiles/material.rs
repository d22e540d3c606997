// SPDX-License-Identifier: MPL-2.0
//! Protected files of our own packager, from clear vectors, and the tracks of its presentations as boxes that can be changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::scratch::Scratch;
use test_support::{iv_ledger, tools};

use crate::edits::{EditableBox, read_all, write_all};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_playready-packager");
/// Keys that only these tests use.
pub const VIDEO_KID: &str = "d0d1d2d3-d4d5-4647-9849-5a5b5c5d5e01";
pub const AUDIO_KID: &str = "d0d1d2d3-d4d5-4647-9849-5a5b5c5d5e02";
const VIDEO_KEY: &str = "4f1e2d3c4b5a69788796a5b4c3d2e1a1";
const AUDIO_KEY: &str = "4f1e2d3c4b5a69788796a5b4c3d2e1a2";
const CBC_VIDEO: &str = "d0d1d2d3-d4d5-4647-9849-5a5b5c5d5e03 4f1e2d3c4b5a69788796a5b4c3d2e1a3";
const CBC_AUDIO: &str = "d0d1d2d3-d4d5-4647-9849-5a5b5c5d5e04 4f1e2d3c4b5a69788796a5b4c3d2e1a4";
const LATER: &str = "d0d1d2d3-d4d5-4647-9849-5a5b5c5d5e05 4f1e2d3c4b5a69788796a5b4c3d2e1a5";

/// The folder of the tests, with clear films and keys.
pub struct Material {
    scratch: Scratch,
    vectors: PathBuf,
}

/// An init segment and the segments after it, as boxes.
#[derive(Clone)]
pub struct Parts {
    pub init: Vec<EditableBox>,
    pub segments: Vec<Vec<EditableBox>>,
}

impl Material {
    /// Returns None if the vectors are missing.
    pub fn new(test: &str) -> Option<Self> {
        let vectors = tools::vectors_for(&format!("profiles::{test}"))?;
        let scratch = Scratch::new(&format!("profiles-{test}"));
        for (name, keys) in [
            (
                "two.keys",
                format!("video {VIDEO_KID} {VIDEO_KEY}\naudio {AUDIO_KID} {AUDIO_KEY}\n"),
            ),
            (
                "cbc.keys",
                format!("video {CBC_VIDEO}\naudio {CBC_AUDIO}\n"),
            ),
            ("one.keys", format!("* {VIDEO_KID} {VIDEO_KEY}\n")),
            ("text.keys", format!("text {VIDEO_KID} {VIDEO_KEY}\n")),
            (
                "periods.keys",
                format!("*@0 {VIDEO_KID} {VIDEO_KEY}\n*@1 {LATER}\n*@2 {LATER}\n"),
            ),
        ] {
            scratch.write_secret(name, &keys);
        }
        Some(Self { scratch, vectors })
    }

    pub fn vector(&self, name: &str) -> PathBuf {
        self.vectors.join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        self.scratch.write(name, bytes)
    }

    /// Runs the packager in the folder; `{clear}` in the arguments is replaced by the folder of clear vectors.
    pub fn run(&self, arguments: &str, keys: &str) {
        let key_uri = format!("file://{}", self.scratch.join(keys).display());
        let clear = self.vectors.join("clear");
        let arguments = arguments.replace("{clear}", clear.to_str().unwrap());
        let run = Command::new(PROGRAM)
            .args(arguments.split_whitespace())
            .args(["--key-uri", &key_uri])
            .current_dir(self.scratch.path())
            .output()
            .unwrap();
        assert!(run.status.success(), "{arguments}: {run:?}");
        iv_ledger::record(self.scratch.path());
    }

    /// Protects a clear vector, and returns the file.
    pub fn protected(&self, name: &str, clear: &str, keys: &str, options: &str) -> PathBuf {
        let output = self.scratch.join(&format!("{name}.mp4"));
        self.run(
            &format!("protect {{clear}}/{clear} {} {options}", output.display()),
            keys,
        );
        output
    }

    /// Packages a film of pictures and sound into a folder of this name, which is kept for the next call.
    pub fn packaged(&self, name: &str, keys: &str, options: &str) -> PathBuf {
        let folder = self.scratch.join(name);
        if !folder.exists() {
            self.run(
                &format!("package {{clear}}/o-avaac-prog/prog_8s.mp4 --output {name} {options}"),
                keys,
            );
        }
        folder.join("v1")
    }

    /// Returns a track of a presentation: `video` or `audio`.
    pub fn track(&self, presentation: &Path, kind: &str) -> Parts {
        let is_of_kind = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap();
            path.is_dir() && name.starts_with(kind)
        };
        let folder = fs::read_dir(presentation)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(is_of_kind)
            .unwrap();
        let read = |name: &str| fs::read(folder.join(name)).ok();
        Parts {
            init: read_all(&read("init.mp4").unwrap()),
            segments: (1..)
                .map_while(|number| read(&format!("{number}.m4s")))
                .map(|segment| read_all(&segment))
                .collect(),
        }
    }

    /// Writes the files of a track, which are one stream.
    pub fn files_of(&self, name: &str, parts: &Parts) -> Vec<PathBuf> {
        std::iter::once(&parts.init)
            .chain(&parts.segments)
            .enumerate()
            .map(|(number, boxes)| self.write(&format!("{name}-{number}.mp4"), &write_all(boxes)))
            .collect()
    }
}
