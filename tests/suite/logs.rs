// SPDX-License-Identifier: MPL-2.0
//! The elements log what they decide, under categories of their own names.

use crate::enc::{self, KEY, KID};
use crate::launch::{self, Run};
use crate::media::{Audio, MP4MUX, Recipe, Video};
use crate::scratch::Scratch;

const ELEMENTS: [&str; 6] = [
    "playreadyenc",
    "cencenc",
    "playreadycmafmux",
    "playreadymp4mux",
    "playreadysink",
    "clearkeydec",
];
const STREAM: Recipe = Recipe::new(MP4MUX, Video::Avc, Audio::None);

#[test]
fn each_element_has_a_debug_category_of_its_name() {
    let mut command = launch::command();
    command
        .arg("--gst-debug-help")
        .env("GST_DEBUG_NO_COLOR", "1");
    let help = Run::of(&mut command).succeeded();
    for element in ELEMENTS {
        let mut words = help.stdout.split(|c: char| !c.is_alphanumeric());
        assert!(words.any(|word| word == element), "no category {element}");
    }
}

/// The log of an element up to a level, line by line.
fn log(category: &str, pipeline: &str) -> String {
    let mut command = launch::command();
    command
        .arg("-q")
        .args(launch::words(pipeline))
        .env("GST_DEBUG", category)
        .env("GST_DEBUG_NO_COLOR", "1");
    Run::of(&mut command).succeeded().stderr
}

fn has(log: &str, texts: &[&str]) {
    for text in texts {
        assert!(log.contains(text), "no {text:?} in:\n{log}");
    }
}

#[test]
fn playreadyenc_logs_tracks_keys_periods_and_fragments() {
    let folder = Scratch::new("logs");
    let lines: String = (0..9)
        .map(|period| format!("*@{period} {} {:032x}\n", kid(period), 77 + period))
        .collect();
    let keys = folder.write_secret("periods.keys", &lines);
    let element = format!(
        "playreadyenc key-uri=file://{} crypto-period=1000000000 clear-lead=1000000000",
        keys.display()
    );
    let log = log(
        "playreadyenc:6",
        &STREAM.pipeline(&format!("{element} ! fakesink")),
    );
    has(
        &log,
        &[
            "changes state: ReadyToPaused",
            "periods.keys",
            "crypto period 1: keys came after",
            "caps video/quicktime, variant=(string)iso",
            &format!(
                "track 1 (vide): avc1, protected by cenc, IV of 8 bytes per sample, KID {}",
                kid(0)
            ),
            "track 1: clear from 0:00:00.000000000 on",
            &format!("track 1: under KID {} from 0:00:01", kid(1)),
            "crypto period 2 begins at 0:00:02",
            "fragment 3 at 0:00:02.000000000: 25 samples",
            "type: \"eos\"",
            "stops after 3 fragments, 75 samples",
        ],
    );
}

fn kid(period: u8) -> String {
    format!("10000000-1000-1000-1000-1000000000{period:02x}")
}

#[test]
fn the_elements_of_samples_log_caps_and_keys() {
    let key = format!("key-id={KID} key={KEY}");
    let stream = STREAM.stream();
    let line = format!("{stream} ! cencenc scheme=cbcs {key} ! clearkeydec {key} ! fakesink");
    let log = log("cencenc:6,clearkeydec:6", &line);
    has(
        &log,
        &[
            "caps in: video/x-h264",
            "caps out: application/x-cenc",
            "video track 1 (160x120): protected by cbcs, pattern 1:9, constant IV, KID",
            &format!("has the key of KID {KID}"),
            &format!("under KID {KID} from "),
            "stops after 75 buffers",
        ],
    );
}

#[test]
fn a_refusal_is_logged_with_its_reason() {
    let folder = Scratch::new("logs");
    let clear = folder.join("clear.mp4");
    std::fs::copy(STREAM.clear(), &clear).unwrap();
    let protected = folder.join("protected.mp4");
    enc::protect_pulled(&clear, &enc::one_key("cenc"), &protected).succeeded();
    let mut command = launch::command();
    let line = format!(
        "-q filesrc location={} ! {} ! fakesink",
        protected.display(),
        enc::one_key("cenc")
    );
    command
        .args(launch::words(&line))
        .env("GST_DEBUG", "playreadyenc:1")
        .env("GST_DEBUG_NO_COLOR", "1");
    let run = Run::of(&mut command);
    assert!(!run.status.success());
    let logged = run.stderr.lines().find(|line| line.contains(" ERROR "));
    assert!(
        logged.is_some_and(|line| line.contains("already protected")),
        "{}",
        run.stderr
    );
}
