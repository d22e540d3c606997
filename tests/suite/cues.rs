// SPDX-License-Identifier: MPL-2.0
//! Cues of SCTE 35 in event messages of the stream and in events of pipelines, and the action `switch-at`.

use std::ffi::{OsStr, OsString};
use std::sync::{Arc, Mutex};

use gst::prelude::*;
use test_support::cues::{self, SCHEME, Start, emsg, with_boxes};
use test_support::decrypt::hex;

use crate::boxes::top_level;
use crate::enc;
use crate::in_process;
use crate::launch::{self, Run};
use crate::media::{Audio, CMAFMUX, MP4MUX, Recipe, Video};
use crate::movie::Movie;
use crate::periods::{changes, key_file, key_of};
use crate::scratch::Scratch;
use crate::tools::skip;

const SECOND: u64 = 1_000_000_000;
/// Pictures in each second, which is a fragment.
const RATE: usize = 25;

/// A stream of three fragments of a second each, with event messages in front of some.
struct Case {
    name: &'static str,
    action: &'static str,
    /// The second, the start of the event and the number of the cue in [`CUES`].
    events: &'static [(usize, Start, usize)],
    /// The period with which each second begins, `-` if it is clear.
    expected: &'static str,
}

const CUES: [&str; 8] = [
    "out id=7 time=1 duration=1",
    "out id=8 time=1",
    "back id=8 time=2",
    "cancel id=7",
    "null",
    "out id=9",
    "segment type=48 id=5 time=1 duration=1",
    "out id=7 time=100 adjustment=8589934591",
];
const OUT: usize = 0;
const OUT_WITHOUT_END: usize = 1;
const BACK: usize = 2;
const CANCEL: usize = 3;
const NULL: usize = 4;
const IMMEDIATE: usize = 5;
const SEGMENT: usize = 6;
const ADJUSTED: usize = 7;

const CASES: [Case; 15] = [
    case("a break", "key", &[(0, Start::At(1000), OUT)], "012"),
    case(
        "a clear break",
        "clear",
        &[(0, Start::At(1000), OUT)],
        "0-0",
    ),
    case("version 0", "key", &[(0, Start::After(1000), OUT)], "012"),
    case(
        "of a later segment",
        "key",
        &[(1, Start::After(1000), OUT_WITHOUT_END)],
        "001",
    ),
    case(
        "between key frames",
        "key",
        &[(0, Start::At(440), OUT_WITHOUT_END)],
        "011",
    ),
    case(
        "two within a fragment",
        "key",
        &[
            (0, Start::At(200), OUT_WITHOUT_END),
            (0, Start::At(700), BACK),
        ],
        "011",
    ),
    case(
        "in the past",
        "key",
        &[(2, Start::At(100), OUT_WITHOUT_END)],
        "001",
    ),
    case(
        "repeated",
        "key",
        &[
            (0, Start::At(1000), OUT_WITHOUT_END),
            (1, Start::At(1000), OUT_WITHOUT_END),
            (2, Start::At(1000), OUT_WITHOUT_END),
        ],
        "011",
    ),
    case(
        "cancelled",
        "clear",
        &[(0, Start::At(2000), OUT), (1, Start::At(2000), CANCEL)],
        "000",
    ),
    case("none", "key", &[(0, Start::At(1000), NULL)], "000"),
    case(
        "immediate",
        "key",
        &[(1, Start::After(0), IMMEDIATE)],
        "011",
    ),
    case(
        "a segment",
        "clear",
        &[(0, Start::At(1000), SEGMENT)],
        "0-0",
    ),
    // The time of the event rules, whatever clock the time in the cue is on.
    case(
        "another clock",
        "key",
        &[(0, Start::At(2000), ADJUSTED)],
        "001",
    ),
    case(
        "without action",
        "none",
        &[(0, Start::At(1000), OUT)],
        "000",
    ),
    case(
        "until a return",
        "clear",
        &[
            (0, Start::At(0), OUT_WITHOUT_END),
            (1, Start::At(2000), BACK),
        ],
        "--0",
    ),
];

const fn case(
    name: &'static str,
    action: &'static str,
    events: &'static [(usize, Start, usize)],
    expected: &'static str,
) -> Case {
    Case {
        name,
        action,
        events,
        expected,
    }
}

/// The changes of a track that are expected of [`Case::expected`].
fn expected_changes(expected: &str, per_second: usize) -> Vec<(usize, Option<u8>)> {
    let digits = expected.bytes().map(|digit| digit.checked_sub(b'0'));
    let mut changes: Vec<_> = digits
        .enumerate()
        .map(|(second, period)| (second * per_second, period))
        .collect();
    changes.dedup_by_key(|(_, period)| *period);
    changes
}

#[test]
fn event_messages_change_key_and_protection_and_stay_as_they_are() {
    let test = "cues::event_messages";
    let recipe = Recipe::new(MP4MUX, Video::Avc, Audio::Aac);
    if let Some(missing) = recipe.missing() {
        return skip(test, &format!("no {missing}"));
    }
    let Some(cues) = cues::made(&CUES) else {
        return skip(test, "no threefive");
    };
    let clear = std::fs::read(recipe.clear()).unwrap();
    // Each track has a moof of its own.
    let tracks = top_level(&clear)
        .iter()
        .filter(|piece| &piece.kind == b"moof")
        .count()
        / 3;
    let folder = Scratch::new("cues");
    let keys = key_file(&folder);
    let mut line = String::new();
    for (number, Case { action, events, .. }) in CASES.iter().enumerate() {
        let boxes: Vec<_> = events
            .iter()
            .map(|(moof, start, cue)| (tracks * moof, emsg(SCHEME, *start, &cues[*cue])))
            .collect();
        let file = folder.write(&format!("{number}.clear.mp4"), with_boxes(&clear, &boxes));
        // Some are read by the element itself, and some are pushed to it.
        let queue = if number % 2 == 0 { "" } else { "! queue" };
        line += &format!(
            "filesrc location={} {queue} ! playreadyenc cue-action={action} {keys} ! filesink location={} ",
            file.display(),
            folder.join(&format!("{number}.mp4")).display()
        );
    }
    launch::pipeline(&line).succeeded();
    for (number, Case { name, expected, .. }) in CASES.iter().enumerate() {
        let [clear, protected] = ["clear.mp4", "mp4"]
            .map(|ending| Movie::open(&folder.join(&format!("{number}.{ending}"))));
        let video = protected.track(b"vide");
        assert_eq!(changes(video), expected_changes(expected, RATE), "{name}");
        let of_audio = changes(protected.track(b"soun")).into_iter();
        let periods: Vec<_> = of_audio.map(|(_, period)| period).collect();
        let expected: Vec<_> = expected_changes(expected, 1)
            .into_iter()
            .map(|(_, period)| period)
            .collect();
        assert_eq!(periods, expected, "{name}");
        assert_eq!(messages(&clear), messages(&protected), "{name}");
    }
}

fn messages(movie: &Movie) -> Vec<Vec<u8>> {
    let boxes = top_level(&movie.file);
    let messages = boxes.iter().filter(|piece| &piece.kind == b"emsg");
    messages.map(|piece| piece.body().to_vec()).collect()
}

#[test]
fn event_message_follows_the_new_init_segment_of_its_splice() {
    let test = "cues::new_init";
    let recipe = Recipe::new(CMAFMUX, Video::Avc, Audio::None);
    if let Some(missing) = recipe.missing() {
        return skip(test, &format!("no {missing}"));
    }
    let Some(cues) = cues::made(&["out id=7 time=1 duration=1"]) else {
        return skip(test, "no threefive");
    };
    let clear = std::fs::read(recipe.clear()).unwrap();
    let folder = Scratch::new("cues");
    let boxes = [(1, emsg(SCHEME, Start::After(0), &cues[0]))];
    let file = folder.write("clear.mp4", with_boxes(&clear, &boxes));
    for (number, (settings, protections)) in [
        ("cue-action=key key-change=init", [true, true, true]),
        ("cue-action=clear clear-signaling=init", [true, false, true]),
    ]
    .into_iter()
    .enumerate()
    {
        let keys = key_file(&folder);
        let out = folder.join(&format!("{number}-%d.mp4"));
        launch::pipeline(&format!(
            "filesrc location={} ! queue ! playreadyenc {settings} {keys} ! multifilesink next-file=discont location={}",
            file.display(),
            out.display()
        ))
        .succeeded();
        for (part, is_protected) in protections.into_iter().enumerate() {
            let movie = Movie::open(&folder.join(&format!("{number}-{part}.mp4")));
            let kinds: Vec<_> = top_level(&movie.file)
                .iter()
                .map(|piece| piece.kind)
                .filter(|kind| kind != b"styp")
                .collect();
            let expected: &[&[u8; 4]] = match part {
                1 => &[b"ftyp", b"moov", b"emsg", b"moof", b"mdat"],
                _ => &[b"ftyp", b"moov", b"moof", b"mdat"],
            };
            assert!(
                kinds.iter().eq(expected.iter().copied()),
                "{settings}, part {part}: {kinds:?}"
            );
            let samples = &movie.track(b"vide").samples;
            assert_eq!(samples.len(), RATE, "{settings}, part {part}");
            let protected = samples.iter().filter(|sample| sample.protection.is_some());
            let expected = if is_protected { RATE } else { 0 };
            assert_eq!(protected.count(), expected, "{settings}, part {part}");
        }
    }
}

#[test]
fn events_of_the_pipeline_and_switches_are_at_running_times() {
    let test = "cues::pipeline";
    if let Some(missing) = launch::missing(&["cmafmux", "x264enc"]) {
        return skip(test, &format!("no {missing}"));
    }
    let cues = ["out id=7 time=95443 duration=1", "back id=9 time=1"];
    let Some(cues) = cues::made(&cues) else {
        return skip(test, "no threefive");
    };
    let argument = argument_of(&cues);
    in_process::run("cues::sends_events", OsStr::new(&argument));
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn sends_events() {
    let Some(argument) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let cues = cues_of(argument);
    let folder = Scratch::new("cues");
    let keys = key_file(&folder);
    let file = folder.join("out.mp4");
    // Running times start at 10 s.
    let pipeline = in_process::pipeline(&format!(
        "videotestsrc num-buffers=175 timestamp-offset={} ! video/x-raw,format=I420,width=160,height=120,framerate=25/1 \
         ! x264enc key-int-max=25 tune=zerolatency ! h264parse name=parse \
         ! cmafmux fragment-duration={SECOND} send-force-keyunit=false \
         ! playreadyenc name=enc cue-action=clear {keys} ! filesink location={}",
        10 * SECOND,
        file.display()
    ));
    let parser = pipeline.by_name("parse").unwrap();
    let encryptor = pipeline.by_name("enc").unwrap();
    let switch = |second: u64, change: &str| -> bool {
        encryptor.emit_by_name("switch-at", &[&(second * SECOND), &change])
    };
    assert!(switch(11, "key"));
    assert!(switch(15, "clear"));
    assert!(switch(16, "protect"));
    assert!(!switch(16, "open"));
    send_cues(&parser.static_pad("src").unwrap(), cues);
    let sent = key_changes(&encryptor.static_pad("src").unwrap());
    let announced = in_process::run_with_messages(&pipeline, "playready-protection-state");
    let times: Vec<_> = announced
        .iter()
        .map(|state| {
            let time = state.get::<gst::ClockTime>("running-time").unwrap();
            (time.seconds(), state.get::<bool>("protected").unwrap())
        })
        .collect();
    assert_eq!(times, [(12, false), (13, true), (15, false), (16, true)]);
    announces_the_key(&sent.lock().unwrap());
    let movie = Movie::open(&file);
    let expected = [
        (0, Some(0)),
        (25, Some(1)),
        (50, None),
        (75, Some(1)),
        (125, None),
        (150, Some(1)),
    ];
    assert_eq!(changes(movie.track(b"vide")), expected);
}

/// The argument by which a process of its own gets cues.
pub fn argument_of(cues: &[Vec<u8>]) -> String {
    let cues: Vec<_> = cues.iter().map(|cue| hex(cue)).collect();
    cues.join(" ")
}

/// The cues of an argument.
pub fn cues_of(argument: OsString) -> Vec<Vec<u8>> {
    let argument = argument.into_string().unwrap();
    let cues = argument.split(' ');
    cues.map(|cue| cenc_types::decode_hex(cue).unwrap().to_vec())
        .collect()
}

/// Sends the cues before the first buffer of a pad, for 12 and 14 s.
fn send_cues(pad: &gst::Pad, cues: Vec<Vec<u8>>) {
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, _| {
        for (cue, second) in cues.iter().zip([12u64, 14]) {
            let event = gst::Structure::builder("playready-cue")
                .field("data", gst::Buffer::from_slice(cue.clone()))
                .field("running-time", second * SECOND);
            pad.push_event(gst::event::CustomDownstream::new(event.build()));
        }
        gst::PadProbeReturn::Remove
    });
}

/// Collects the events of key changes that leave a pad.
fn key_changes(output: &gst::Pad) -> Arc<Mutex<Vec<gst::Structure>>> {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let events = Arc::clone(&sent);
    output.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(gst::PadProbeData::Event(event)) = &info.data
            && let Some(structure) = event.structure()
            && structure.name() == "playready-key-change"
        {
            events.lock().unwrap().push(structure.to_owned());
        }
        gst::PadProbeReturn::Ok
    });
    sent
}

/// Checks the only change of the key.
fn announces_the_key(sent: &[gst::Structure]) {
    let [change] = sent else {
        panic!("{sent:?}");
    };
    let [kid, _] = key_of(1, 0);
    assert_eq!(change.get::<u64>("period").unwrap(), 1);
    let time: gst::ClockTime = change.get("running-time").unwrap();
    assert_eq!(time.seconds(), 11);
    let found: String = change.get("key-id").unwrap();
    assert_eq!(found.replace('-', ""), kid);
    assert!(
        change
            .get::<String>("hls-key")
            .unwrap()
            .starts_with("#EXT-X-KEY:")
    );
}

#[test]
fn unreadable_cue_is_a_warning_and_changes_nothing() {
    let recipe = Recipe::new(MP4MUX, Video::Avc, Audio::None);
    let folder = Scratch::new("cues");
    let clear = std::fs::read(recipe.clear()).unwrap();
    let boxes = [
        (0, emsg(SCHEME, Start::At(1000), b"\xfc\x30\x11")),
        (1, emsg(b"urn:other", Start::At(1000), b"\xfc\x30\x11")),
        // A box without its fields is no message.
        (1, b"\0\0\0\x0aemsg\0\0".to_vec()),
    ];
    let file = folder.write("clear.mp4", with_boxes(&clear, &boxes));
    let out = folder.join("out.mp4");
    let line = format!(
        "filesrc location={} ! {} cue-action=clear ! filesink location={}",
        file.display(),
        enc::one_key("cenc"),
        out.display()
    );
    // Without -q, gst-launch prints warnings.
    let run = Run::of(launch::command().args(launch::words(&line))).succeeded();
    let printed = run.stdout + &run.stderr;
    let warnings = printed.matches("a cue in the stream changes nothing");
    assert_eq!(warnings.count(), 1, "{printed}");
    let movie = Movie::open(&out);
    let samples = movie.track(b"vide").samples.iter();
    assert!(samples.clone().all(|sample| sample.protection.is_some()));
    assert_eq!(messages(&movie).len(), 3);
}
