// SPDX-License-Identifier: MPL-2.0
//! A browser plays what the element wrote, by EME ClearKey with the right key, and not with a wrong one.

use std::process::Command;

use crate::enc::{self, KEY, KID};
use crate::launch::{self, Run};
use crate::media::{Audio, Recipe, Video};
use crate::scratch::Scratch;
use crate::tools::{self, skip};

const WRONG_KEY: &str = "00112233445566778899aabbccddee00";

/// mp4mux as it writes fragments, and as it writes a progressive file of which the element makes fragments.
const FRAGMENTS: &str = "mp4mux fragment-duration=1000";
const FASTSTART: &str = "mp4mux faststart=true";

fn plays_with_the_right_key_only(muxer: &'static str, scheme: &str) {
    let test = format!("browser: {muxer} {scheme}");
    let Some(script) = tools::browser_check() else {
        return skip(&test, "no ../shared/browser-check");
    };
    let Some(chromium) = tools::chromium() else {
        return skip(&test, "no chromium");
    };
    let folder = Scratch::new("browser");
    let protected = folder.join("protected.mp4");
    let tail = format!(
        "{} ! filesink location={}",
        enc::one_key(scheme),
        protected.display()
    );
    let recipe = Recipe::new(muxer, Video::Avc, Audio::Aac);
    launch::pipeline(&recipe.pipeline(&tail)).succeeded();
    let play = |key: &str| {
        let mut run = Command::new(tools::python());
        run.arg(&script)
            .arg(&protected)
            .arg("--chromium")
            .arg(&chromium);
        run.args(["--full", "--timeout", "15", "-k", &format!("{KID}:{key}")]);
        Run::of(&mut run)
    };
    let right = play(KEY);
    assert_eq!(
        right.status.code(),
        Some(0),
        "{} {}",
        right.stdout,
        right.stderr
    );
    let wrong = play(WRONG_KEY);
    assert_eq!(
        wrong.status.code(),
        Some(1),
        "{} {}",
        wrong.stdout,
        wrong.stderr
    );
}

#[test]
fn a_browser_plays_cenc_with_the_right_key_only() {
    plays_with_the_right_key_only(FRAGMENTS, "cenc");
}

#[test]
fn a_browser_plays_cbcs_with_the_right_key_only() {
    plays_with_the_right_key_only(FRAGMENTS, "cbcs");
}

#[test]
fn a_browser_plays_the_fragments_of_a_progressive_file() {
    plays_with_the_right_key_only(FASTSTART, "cenc");
}
