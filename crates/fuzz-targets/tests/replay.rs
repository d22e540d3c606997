// SPDX-License-Identifier: MPL-2.0
//! Runs the bodies of the fuzz targets on their corpus, and on the damaged and clear files of ../shared/vectors.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use fuzz_targets as targets;

use test_support::tools;

/// Longer files of ../shared are truncated to this: the targets push each file several times.
const MAX_LEN: usize = 256 << 10;

type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 19] = [
    ("bmff", targets::bmff),
    ("codec_ac4", targets::codec_ac4),
    ("codec_av1", targets::codec_av1),
    ("codec_avc", targets::codec_avc),
    ("codec_hevc", targets::codec_hevc),
    ("codec_vp9", targets::codec_vp9),
    ("codec_vvc", targets::codec_vvc),
    ("cpix", targets::cpix),
    ("cpix_file", targets::cpix_file),
    ("cue", targets::cue),
    ("inspect", targets::inspect),
    ("keys_file", targets::keys_file),
    ("manifest", targets::manifest),
    ("mp4", targets::mp4),
    ("mp4_decrypt", targets::mp4_decrypt),
    ("playready_object", targets::playready_object),
    ("progressive", targets::progressive),
    ("speke_request", targets::speke_request),
    ("text", targets::text),
];

#[test]
fn each_target_holds_for_its_corpus() {
    for (name, target) in TARGETS {
        let inputs = files(&root().join("fuzz/corpus").join(name));
        assert!(!inputs.is_empty(), "{name} has no corpus");
        for input in inputs {
            replay(name, target, &input);
        }
    }
}

#[test]
fn real_streams_in_the_corpus_are_protected() {
    let inputs = files(&root().join("fuzz/corpus/mp4"));
    let real = |path: &&PathBuf| {
        path.file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("ffmpeg-")
    };
    for input in inputs.iter().filter(real) {
        let data = fs::read(input).unwrap();
        let scheme = cenc_types::Scheme::Cenc;
        let mode = cenc_mp4::IndexMode::Hold;
        let protected = test_support::encrypted::protect(&data, scheme, mode, []).unwrap();
        let samples = test_support::stream::samples(&protected);
        assert!(samples.iter().all(|sample| sample.protection.is_some()));
        assert!(!samples.is_empty(), "{}", input.display());
    }
}

#[test]
fn each_target_holds_for_shared_files() {
    let Some(vectors) = tools::vectors() else {
        return tools::skip("each_target_holds_for_shared_files", "no ../shared/vectors");
    };
    let mut inputs = files(&vectors.join("hostile"));
    inputs.extend(files(&vectors.join("clear")));
    inputs.extend(files(&vectors.join("struct")));
    for (name, target) in TARGETS {
        for input in &inputs {
            replay(name, target, input);
        }
    }
}

/// Runs a target. If it panics, the report names the input.
fn replay(name: &str, target: Target, input: &Path) {
    let mut data = fs::read(input).unwrap();
    data.truncate(MAX_LEN);
    let held = std::panic::catch_unwind(|| target(&data));
    assert!(held.is_ok(), "target {name} fails on {}", input.display());
}

/// All files below a folder, sorted by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

fn root() -> &'static Path {
    tools::project()
}
