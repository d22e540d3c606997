// SPDX-License-Identifier: MPL-2.0
//! The examples with hlscmafsink: with the element inside it writes protected segments and a playlist with their key.

use std::path::Path;
use std::process::Command;

use crate::iv_ledger;
use crate::launch::{self, Run};
use crate::movie::Movie;
use crate::pipelines::is_protected;
use crate::samples::{self, no_iv_repeats};
use crate::scratch::Scratch;
use crate::tools::{python_with_gstreamer, skip};

#[test]
fn the_rust_example_writes_a_protected_presentation() {
    let test = "hls::the_rust_example_writes_a_protected_presentation";
    if is_runnable(test) {
        let example = launch::build(&["--example", "hlscmafsink"]).join("examples/hlscmafsink");
        writes_protected_hls(&mut launch::program(&example), "cbcs", "SAMPLE-AES");
        writes_each_key(&mut launch::program(&example));
        writes_each_init_segment(&mut launch::program(example));
    }
}

#[test]
fn the_python_example_writes_a_protected_presentation() {
    let test = "hls::the_python_example_writes_a_protected_presentation";
    let Some(python) = python_with_gstreamer(test) else {
        return;
    };
    if is_runnable(test) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hlscmafsink.py");
        let mut example = launch::program(python);
        writes_protected_hls(example.arg(&script), "cenc", "SAMPLE-AES-CTR");
        writes_each_key(launch::program(python).arg(&script));
        writes_each_init_segment(launch::program(python).arg(script));
    }
}

fn is_runnable(test: &str) -> bool {
    let missing = launch::missing(&["hlscmafsink", "cmafmux"]);
    if let Some(element) = missing {
        skip(test, &format!("no element {element}"));
    }
    missing.is_none()
}

fn writes_protected_hls(example: &mut Command, scheme: &str, method: &str) {
    let folder = Scratch::new("hls");
    iv_ledger::except("the segments are joined in another file too");
    Run::of(example.arg(folder.path()).arg(scheme)).succeeded();
    let playlist = std::fs::read_to_string(folder.join("playlist.m3u8")).unwrap();
    let segments = check_playlist(&playlist, method);
    assert_eq!(segments.len(), 4, "{playlist}");
    let mut presentation = std::fs::read(folder.join("init00000.mp4")).unwrap();
    for segment in segments {
        presentation.extend(std::fs::read(folder.join(segment)).unwrap());
    }
    let file = folder.write("presentation.mp4", presentation);
    let movie = is_protected(&file, "hlscmafsink");
    assert_eq!(
        movie.tracks[0].entries[0].scheme.unwrap(),
        scheme.as_bytes()
    );
    assert_eq!(movie.tracks[0].samples.len(), 200);
    no_iv_repeats(&[movie]);
    let keys = std::fs::read_to_string(folder.join("hls.keys")).unwrap();
    let line = keys.lines().find(|line| !line.starts_with('#')).unwrap();
    let words: Vec<_> = line.split_whitespace().collect();
    samples::decodes_by_ffmpeg8(&file, words[2]);
    let left = std::fs::read_dir(folder.path()).unwrap();
    let names = left.map(|file| file.unwrap().file_name().into_string().unwrap());
    let drafts: Vec<_> = names.filter(|name| name.contains("draft")).collect();
    assert_eq!(drafts, [""; 0]);
}

/// The film has eight seconds in segments of two seconds, and each key lasts four: the playlist has the lines of a key where
/// it begins.
fn writes_each_key(example: &mut Command) {
    let folder = Scratch::new("hls-keys");
    let line = |period: u8| format!("*@{period} {:032x} {:032x}\n", period + 1, period + 5);
    let keys = [line(0), line(1), line(2), line(3)].concat();
    let keys = folder.write_secret("hls.keys", &keys);
    Run::of(example.arg(folder.path()).args(["cbcs", "4"])).succeeded();
    let playlist = std::fs::read_to_string(folder.join("playlist.m3u8")).unwrap();
    let (mut key, mut seen) = (String::new(), Vec::new());
    for line in playlist.lines() {
        if line.starts_with("#EXT-X-KEY:") {
            assert_ne!(key, line, "{playlist}");
            line.clone_into(&mut key);
        } else if !line.starts_with('#') {
            seen.push((key.clone(), line.to_owned()));
        }
    }
    assert_eq!(seen.len(), 4, "{playlist}");
    let mut presentation = std::fs::read(folder.join("init00000.mp4")).unwrap();
    for (index, (key, segment)) in seen.iter().enumerate() {
        assert_eq!(key == &seen[0].0, index < 2, "{playlist}");
        assert!(!key.is_empty(), "{playlist}");
        presentation.extend(std::fs::read(folder.join(segment)).unwrap());
    }
    let file = folder.write("presentation.mp4", presentation);
    let movie = is_protected(&file, "hlscmafsink");
    for (index, sample) in movie.tracks[0].samples.iter().enumerate() {
        let kid = u128::from_be_bytes(sample.protection.as_ref().unwrap().rules.kid);
        assert_eq!(kid, 1 + u128::from(index >= 100), "sample {index}");
    }
    launch::pipeline(&format!(
        "filesrc location={} ! clearkeydec key-uri=file://{} ! qtdemux ! h264parse ! avdec_h264 ! fakesink",
        file.display(),
        keys.display(),
    ))
    .succeeded();
}

/// The film with a clear lead of two seconds and a key for each four, each with an init segment of its own: lines and EXT-X-MAP change with
/// each, and each init segment has the key of its segments.
fn writes_each_init_segment(example: &mut Command) {
    let folder = Scratch::new("hls-inits");
    let line = |period: u8| format!("*@{period} {:032x} {:032x}\n", period + 1, period + 5);
    let keys = [line(0), line(1), line(2), line(3)].concat();
    folder.write_secret("hls.keys", &keys);
    let settings = [
        "cenc",
        "4",
        "key-change=init",
        "clear-signaling=init",
        "clear-lead=2000000000",
    ];
    Run::of(example.arg(folder.path()).args(settings)).succeeded();
    let playlist = std::fs::read_to_string(folder.join("playlist.m3u8")).unwrap();
    let (mut key, mut map, mut seen) = ("", "", Vec::new());
    for line in playlist.lines() {
        if line.starts_with("#EXT-X-KEY:") {
            key = line;
        } else if line.starts_with("#EXT-X-MAP:") {
            map = line.split('"').nth(1).unwrap();
        } else if !line.starts_with('#') {
            seen.push((key, map, line));
        }
    }
    assert_eq!(seen.len(), 4, "{playlist}");
    let expected = [None, Some(1), Some(2), Some(2)];
    for (index, ((key, map, segment), kid)) in seen.iter().zip(expected).enumerate() {
        assert_eq!(
            *key == "#EXT-X-KEY:METHOD=NONE",
            kid.is_none(),
            "{playlist}"
        );
        let is_new = index == 0 || seen[index - 1].1 != *map;
        assert_eq!(is_new, index < 3, "{playlist}");
        let parts = [map, segment].map(|name| std::fs::read(folder.join(name)).unwrap());
        let file = folder.write(&format!("{index}.mp4"), parts.concat());
        let movie = Movie::open(&file);
        let samples = &movie.tracks[0].samples;
        assert_eq!(samples.len(), 50, "{playlist}");
        for sample in samples {
            let found = sample.protection.as_ref().map(|found| found.rules.kid);
            assert_eq!(found.map(u128::from_be_bytes), kid, "segment {index}");
        }
        if let Some(kid) = kid {
            samples::decodes_by_ffmpeg8(&file, &format!("{:032x}", kid + 4));
        }
    }
}

/// Checks that one PlayReady key comes before the first segment and its header. Returns the segments.
fn check_playlist<'a>(playlist: &'a str, method: &str) -> Vec<&'a str> {
    let lines: Vec<_> = playlist.lines().collect();
    let is_key = |line: &&str| line.starts_with("#EXT-X-KEY:");
    assert_eq!(
        lines.iter().filter(|line| is_key(line)).count(),
        1,
        "{playlist}"
    );
    let key = lines.iter().position(is_key).unwrap();
    assert!(
        lines[key].contains(&format!("METHOD={method},")),
        "{playlist}"
    );
    assert!(
        lines[key].contains("KEYFORMAT=\"com.microsoft.playready\""),
        "{playlist}"
    );
    assert_eq!(lines[key + 1], "#EXT-X-MAP:URI=\"init00000.mp4\"");
    let first = lines.iter().position(|line| line.starts_with("#EXTINF"));
    assert_eq!(first, Some(key + 2), "{playlist}");
    assert_eq!(lines.last(), Some(&"#EXT-X-ENDLIST"));
    lines
        .into_iter()
        .filter(|line| !line.starts_with('#'))
        .collect()
}
