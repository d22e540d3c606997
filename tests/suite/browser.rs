// SPDX-License-Identifier: MPL-2.0
//! A browser plays the files of the element by EME ClearKey with the right key, and not with a wrong one.

use std::process::Command;

use crate::enc::{self, KEY, KID};
use crate::launch::{self, Run};
use crate::media::{Audio, FASTSTART, MP4MUX, Recipe, Video};
use crate::periods;
use crate::scratch::Scratch;
use crate::tools::{self, skip};

const WRONG_KEY: &str = "00112233445566778899aabbccddee00";

/// Protects a file with an element. It must play with all keys, and must not play when the last key is wrong.
fn plays_with_all_keys_only(muxer: &'static str, element: &str, keys: &[String]) {
    let test = format!("browser: {muxer} {element}");
    let Some(script) = tools::browser_check() else {
        return skip(&test, "no ../shared/browser-check");
    };
    let Some(chromium) = tools::chromium() else {
        return skip(&test, "no chromium");
    };
    let folder = Scratch::new("browser");
    let protected = folder.join("protected.mp4");
    let tail = format!("{element} ! filesink location={}", protected.display());
    let recipe = Recipe::new(muxer, Video::Avc, Audio::Aac);
    launch::pipeline(&recipe.pipeline(&tail)).succeeded();
    let play = |keys: &[String], code: i32| {
        let mut run = Command::new(tools::python());
        run.arg(&script).arg(&protected);
        run.arg("--chromium").arg(&chromium);
        run.args(["--full", "--timeout", "15"]);
        for key in keys {
            run.args(["-k", key]);
        }
        let run = Run::of(&mut run);
        assert_eq!(
            run.status.code(),
            Some(code),
            "{} {}",
            run.stdout,
            run.stderr
        );
    };
    play(keys, 0);
    let mut wrong = keys.to_vec();
    let (kid, _) = wrong[keys.len() - 1].split_once(':').unwrap();
    wrong[keys.len() - 1] = format!("{kid}:{WRONG_KEY}");
    play(&wrong, 1);
}

fn plays_with_the_right_key_only(muxer: &'static str, scheme: &str) {
    plays_with_all_keys_only(muxer, &enc::one_key(scheme), &[format!("{KID}:{KEY}")]);
}

// Among the open decryptors of other projects, only the browser follows keys that change within a file.
#[test]
fn a_browser_follows_keys_that_change() {
    for (scheme, clear_lead) in [("cenc", 0), ("cbcs", 900_000_000)] {
        let folder = Scratch::new("browser");
        let element = format!(
            "playreadyenc scheme={scheme} crypto-period=1000000000 clear-lead={clear_lead} {}",
            periods::key_file(&folder)
        );
        // The key of the picture's last second comes last.
        let last = periods::kid_of_picture(2);
        let mut keys = periods::all_keys().pairs();
        keys.sort_by_key(|pair| pair.starts_with(&last));
        plays_with_all_keys_only(MP4MUX, &element, &keys);
    }
}

#[test]
fn a_browser_plays_cenc_with_the_right_key_only() {
    plays_with_the_right_key_only(MP4MUX, "cenc");
}

#[test]
fn a_browser_plays_cbcs_with_the_right_key_only() {
    plays_with_the_right_key_only(MP4MUX, "cbcs");
}

#[test]
fn a_browser_plays_the_fragments_of_a_progressive_file() {
    plays_with_the_right_key_only(FASTSTART, "cenc");
}
