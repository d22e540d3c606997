// SPDX-License-Identifier: MPL-2.0
//! Damaged and unusual structures through both encrypting elements: no output contains clear media, nor does what leaves before an error.
//!
//! All input goes through one separate process, in which a crash is noticed. Each run has the same seeds.

use std::path::Path;

use test_support::mutations::{ClearMedia, Node, SeededRandom, mutated_file, mutated_units};

use crate::enc;
use crate::in_process;
use crate::line::Line;
use crate::movie::Movie;
use crate::tools;

/// Mutations for each element.
const COUNT: u64 = 3_000;

#[test]
fn mutated_input_leaves_no_clear_media() {
    let folder = tools::project().join("../shared/field-cases");
    if !folder.is_dir() {
        return tools::skip("mutated_input_leaves_no_clear_media", "no ../shared");
    }
    in_process::run(
        "mutations::pushes_mutations_of_the_given_folder",
        folder.as_os_str(),
    );
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn pushes_mutations_of_the_given_folder() {
    let Some(folder) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let folder = Path::new(&folder);
    for name in ["base-av.mp4", "base-progressive.mp4"] {
        let accepted = push_files(&folder.join(name), COUNT / 2);
        assert!(accepted > COUNT / 20, "{name}: {accepted} accepted");
    }
    let accepted = push_samples(&folder.join("base-video.mp4"));
    assert!(accepted > COUNT / 20, "{accepted} samples accepted");
}

/// Pushes mutations of a file through playreadyenc. Returns the number of those that end without an error.
fn push_files(file: &Path, count: u64) -> u64 {
    let clear = std::fs::read(file).unwrap();
    let nodes = Node::read_all(&clear);
    let media = ClearMedia::of(&clear);
    let mut accepted = 0;
    for seed in 1..=count {
        let mut random = SeededRandom::new(seed);
        let data = mutated_file(&nodes, &mut random);
        let line = Line::new(&enc::one_key("cenc"), None);
        let mut rest = data.as_slice();
        let mut is_whole = true;
        while is_whole && !rest.is_empty() {
            let (chunk, after) = rest.split_at(rest.len().min(1 + random.below(20_000)));
            is_whole = line.push(chunk);
            rest = after;
        }
        let (is_whole, out) = (is_whole && line.end(), line.output());
        accepted += u64::from(is_whole);
        assert!(!media.is_in(&out), "{}, seed {seed}", file.display());
    }
    accepted
}

/// Pushes mutations of samples of a video track through cencenc. Returns the number of samples that are not refused.
fn push_samples(file: &Path) -> u64 {
    let movie = Movie::open(file);
    let media = ClearMedia::of(&movie.file);
    let track = movie.track(b"vide");
    let mut accepted = 0;
    for seed in 1..=COUNT {
        let mut random = SeededRandom::new(seed);
        let mut config = track.entries[0].config.clone().unwrap();
        if random.below(4) == 0 {
            let at = random.below(config.len());
            config[at] = random.pick(&[0, 1, 0x7f, 0x80, 0xff]);
        }
        let caps = gst::Caps::builder("video/x-h264")
            .field("stream-format", "avc")
            .field("alignment", "au")
            .field("width", 320)
            .field("height", 180)
            .field("codec_data", gst::Buffer::from_slice(config))
            .build();
        let cencenc = format!("cencenc scheme=cenc key-id={} key={}", enc::KID, enc::KEY);
        let line = Line::new(&cencenc, Some(&caps));
        let first = random.below(track.samples.len() - 2);
        for sample in &track.samples[first..first + 2] {
            let units = mutated_units(movie.bytes(sample), &mut random);
            accepted += u64::from(!units.is_empty() && line.push(&units));
        }
        assert!(!media.is_in(&line.output()), "seed {seed}");
    }
    accepted
}
