// SPDX-License-Identifier: MPL-2.0
//! The encoder applications in examples/: each writes protected HLS whose key changes once.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use crate::launch::{self, Run};
use crate::pipelines::is_protected;
use crate::samples::no_iv_repeats;
use crate::scratch::Scratch;
use crate::tools::{project, python_with_gstreamer};

const FRAMES: usize = 125;

#[test]
fn rust_encoder_changes_its_key() {
    let folder = launch::build(&["--example", "encoder"]);
    writes_protected_hls(&mut launch::program(folder.join("examples/encoder")));
}

#[test]
fn python_encoder_changes_its_key() {
    let test = "encoder_examples::python_encoder_changes_its_key";
    if let Some(python) = python_with_gstreamer(test) {
        writes_protected_hls(launch::program(python).arg(project().join("examples/encoder.py")));
    }
}

#[test]
fn c_encoder_changes_its_key() {
    let folder = Scratch::new("encoder-in-c");
    let flags =
        Run::of(Command::new("pkg-config").args(["--cflags", "--libs", "gstreamer-app-1.0"]));
    let program = folder.join("encoder");
    Run::of(
        Command::new("cc")
            .args(["-Wall", "-Wextra", "-Werror"])
            .arg(project().join("examples/encoder.c"))
            .arg("-o")
            .arg(&program)
            .args(flags.succeeded().stdout.split_whitespace()),
    )
    .succeeded();
    writes_protected_hls(&mut launch::program(program));
}

fn writes_protected_hls(encoder: &mut Command) {
    let folder = Scratch::new("encoder");
    Run::of(encoder.arg(folder.path())).succeeded();

    // Each line has the selector, KID and key of a crypto period.
    let keys = fs::read_to_string(folder.join("channel.keys")).unwrap();
    let kids: Vec<String> = keys
        .lines()
        .map(|line| line.split(' ').nth(1).unwrap().replace('-', ""))
        .collect();
    assert_eq!(kids.len(), 2, "{kids:?}");

    let playlist = fs::read_to_string(folder.join("playlist.m3u8")).unwrap();
    let mut presentation = fs::read(folder.join("init.mp4")).unwrap();
    let mut key_lines = BTreeMap::new();
    let mut samples_before = Vec::new();
    for line in playlist.lines() {
        if line.starts_with("#EXT-X-KEY:METHOD=SAMPLE-AES,") {
            samples_before.push(presentation.clone());
            key_lines.insert(line, ());
        } else if !line.starts_with('#') {
            presentation.extend(fs::read(folder.join(line)).unwrap());
        }
    }
    assert_eq!(key_lines.len(), 2, "two different keys: {playlist}");
    assert_eq!(samples_before.len(), 2, "{playlist}");
    assert!(playlist.ends_with("#EXT-X-ENDLIST\n"), "{playlist}");

    let file = folder.write("presentation.mp4", presentation);
    let movie = is_protected(&file, "encoder");
    let samples = &movie.tracks[0].samples;
    assert_eq!(samples.len(), FRAMES);
    let first = is_protected(
        &folder.write("first.mp4", &samples_before[1]),
        "the first key",
    );
    let first = first.tracks[0].samples.len();
    for (index, sample) in samples.iter().enumerate() {
        let kid = sample.protection.as_ref().unwrap().rules.kid;
        let hex: String = kid.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, kids[usize::from(index >= first)], "sample {index}");
    }
    no_iv_repeats(&[movie]);

    launch::pipeline(&format!(
        "filesrc location={} ! clearkeydec key-uri=file://{} ! qtdemux ! h264parse ! avdec_h264 ! fakesink",
        file.display(),
        folder.join("channel.keys").display(),
    ))
    .succeeded();
}
