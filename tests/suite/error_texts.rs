// SPDX-License-Identifier: MPL-2.0
//! The text of an error or warning, which is all that most applications show, names the cause and the remedy.

use std::path::Path;

use gst::prelude::*;

use crate::enc::{self, KEY, KID};
use crate::in_process;
use crate::media::{Audio, MP4MUX, Recipe, Video};
use crate::scratch::Scratch;
use crate::seen;

const CLEAR: Recipe = Recipe::new(MP4MUX, Video::Avc, Audio::None);

/// Parts of the texts that GStreamer uses where an element gives none. No text of the plugin contains them.
const DEFAULT_TEXTS: [&str; 4] = [
    "file a bug",
    "GStreamer encountered",
    "Internal data",
    "Could not",
];

#[test]
fn cause_and_remedy_are_in_the_text_that_applications_show() {
    let folder = Scratch::new("error-texts");
    let clear = std::fs::read(CLEAR.clear()).unwrap();
    folder.write("clear.mp4", &clear);
    folder.write("unknown.mp4", with_unknown_codec(clear));
    let [clear, protected] = ["clear.mp4", "protected.mp4"].map(|name| folder.join(name));
    enc::protect_pulled(&clear, &enc::one_key("cenc"), &protected).succeeded();
    in_process::run("error_texts::plays_what_fails", folder.path().as_os_str());
}

/// The file with a sample entry of a type that no table lists.
fn with_unknown_codec(mut file: Vec<u8>) -> Vec<u8> {
    let entry = file.windows(4).position(|kind| kind == b"avc1");
    let entry = entry.expect("a sample entry");
    // The first match is a brand of `ftyp`, where the muxer writes it.
    let last = file.windows(4).rposition(|kind| kind == b"avc1").unwrap();
    for at in [entry, last] {
        file[at..at + 4].copy_from_slice(b"xvid");
    }
    file
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn plays_what_fails() {
    let Some(folder) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    for (line, words) in failing(Path::new(&folder)) {
        let (text, details) = texts(&line, gst::MessageType::Error);
        for word in words {
            assert!(text.contains(word), "no {word:?} in {text:?} of {line}");
        }
        for default in DEFAULT_TEXTS {
            assert!(!text.contains(default), "{default:?} in {text:?} of {line}");
        }
        assert!(details.is_some(), "no details: {line}");
    }
    let line = format!(
        "{} ! cencenc {} ! fakesink",
        CLEAR.stream(),
        fixed_key("cens")
    );
    let text = texts(&line, gst::MessageType::Warning).0;
    assert!(text.contains("use cenc or cbcs"), "{text:?}");
    let caps = "video/x-h264, stream-format=byte-stream, alignment=au, width=16, height=16";
    let parts = vec![(caps.parse().unwrap(), vec![gst::Buffer::from_slice([0; 8])])];
    let element = format!("cencenc {}", fixed_key("cenc"));
    let (text, _) = parts_of(&seen::feed(&element, parts).1.unwrap());
    assert!(text.contains("put its parser in front"), "{text:?}");
}

fn fixed_key(scheme: &str) -> String {
    format!("scheme={scheme} key-id={KID} key={KEY}")
}

/// Pipelines that fail, each with words from the text that gives the reason.
fn failing(folder: &Path) -> Vec<(String, [&'static str; 2])> {
    let key = fixed_key("cenc");
    let file = |name: &str| format!("filesrc location={}", folder.join(name).display());
    let [clear, unknown, protected] = ["clear.mp4", "unknown.mp4", "protected.mp4"].map(file);
    vec![
        (
            format!("{clear} ! playreadyenc ! fakesink"),
            ["no key", "set key-uri="],
        ),
        (
            format!("{clear} ! playreadyenc key-id={KID} ! fakesink"),
            ["key-id alone gives no key", "set key or key-seed"],
        ),
        (
            format!("{clear} ! playreadyenc key-id={KID} key=0011 ! fakesink"),
            ["property key:", "32 hexadecimal"],
        ),
        (
            format!("{unknown} ! playreadyenc {key} ! fakesink"),
            [
                "samples of type \"xvid\"",
                "leave the track out or transcode it",
            ],
        ),
        (
            format!("{protected} ! playreadyenc {key} ! fakesink"),
            ["already protected", "give the packager clear media"],
        ),
        (
            format!("{clear} ! playreadyenc {key}"),
            ["downstream stopped the stream", "link the source pad"],
        ),
        (
            format!(
                "{} ! cencenc {key} track-type=audio ! fakesink",
                CLEAR.stream()
            ),
            ["track-type=audio", "link the other stream"],
        ),
        (
            format!("{clear} ! playreadyenc {key} iv-size=4 ! fakesink"),
            ["iv-size: 4 is not an IV size", "give 8 or 16"],
        ),
        (
            format!("{} ! cencenc {key} iv-size=4 ! fakesink", CLEAR.stream()),
            ["iv-size: 4 is not an IV size", "give 8 or 16"],
        ),
        (
            format!("{protected} ! clearkeydec ! fakesink"),
            ["no key for KID", "give it by key-uri"],
        ),
    ]
}

/// The text and details of the first message of a type.
fn texts(line: &str, kind: gst::MessageType) -> (String, Option<String>) {
    let pipeline = in_process::pipeline(line);
    let _ = pipeline.set_state(gst::State::Playing);
    let bus = pipeline.bus().unwrap();
    let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(30), &[kind]);
    pipeline.set_state(gst::State::Null).unwrap();
    parts_of(&message.unwrap_or_else(|| panic!("no {kind:?} message: {line}")))
}

fn parts_of(message: &gst::Message) -> (String, Option<String>) {
    let (error, details) = match message.view() {
        gst::MessageView::Error(error) => (error.error(), error.debug()),
        gst::MessageView::Warning(warning) => (warning.error(), warning.debug()),
        _ => unreachable!("only messages of these kinds are taken"),
    };
    (error.message().to_owned(), details.map(String::from))
}
