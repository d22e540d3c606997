// SPDX-License-Identifier: MPL-2.0
//! Keys that come while the stream waits: by `set-key` after a structure `pending`, and from a file.

use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use gst::prelude::*;

use super::{connect, demuxed, error_of, run, structure, with_files};
use crate::enc::{AUDIO_KEY, AUDIO_KID, KEY, KID};
use crate::in_process;
use crate::key_waits::places::{PATIENCE, no_error, set_state, soon};
use crate::seen;

const DECRYPTOR: &str = "clearkeydec name=dec";

#[test]
fn announced_keys_are_taken_whenever_they_come() {
    run("later::gives_announced_keys");
}

#[test]
fn waits_for_announced_keys_end() {
    run("later::ends_waits");
}

#[test]
fn keys_are_requested_again_only_with_other_settings() {
    run("later::plays_again");
}

#[test]
fn unreadable_file_of_keys_fails_the_stream_and_not_the_state() {
    run("later::reads_no_file");
}

/// The ways of a file through the element: whole, and as the samples of a track.
fn ways(protected: &Path) -> [String; 2] {
    let file = protected.display();
    [
        format!("filesrc location={file} ! {DECRYPTOR} ! fakesink name=out"),
        demuxed(protected, DECRYPTOR),
    ]
}

fn decryptor(pipeline: &gst::Pipeline) -> gst::Element {
    pipeline.by_name("dec").unwrap()
}

/// Announces each key, and hands the requested KIDs over.
fn announce(pipeline: &gst::Pipeline) -> Receiver<String> {
    let (requested, kids) = channel();
    connect(pipeline, move |request| {
        requested.send(request.get("key-id").unwrap()).unwrap();
        Some(gst::Structure::new_empty("pending"))
    });
    kids
}

fn key_of(kid: &str) -> gst::Structure {
    let key = if kid == KID { KEY } else { AUDIO_KEY };
    structure(kid, key)
}

fn set_key(pipeline: &gst::Pipeline, key: &gst::Structure) -> bool {
    decryptor(pipeline).emit_by_name("set-key", &[key])
}

/// The text of the next warning.
fn warning(pipeline: &gst::Pipeline) -> String {
    let limit = gst::ClockTime::try_from(PATIENCE).unwrap();
    let bus = pipeline.bus().unwrap();
    let message = bus.timed_pop_filtered(limit, &[gst::MessageType::Warning]);
    match message.expect("a warning").view() {
        gst::MessageView::Warning(warning) => warning.error().to_string(),
        other => panic!("{other:?}"),
    }
}

/// Waits for the end, without an error.
fn until_end(pipeline: &gst::Pipeline) {
    let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
    let bus = pipeline.bus().unwrap();
    let limit = gst::ClockTime::try_from(PATIENCE).unwrap();
    let message = bus.timed_pop_filtered(limit, &kinds).expect("an end");
    assert_eq!(message.type_(), gst::MessageType::Eos, "{message:?}");
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn gives_announced_keys() {
    with_files(|clear, protected| {
        let plain = demuxed(clear, "identity");
        let expected = seen::of(&plain);
        for is_in_handler in [true, false] {
            let pipeline = in_process::pipeline(&demuxed(protected, DECRYPTOR));
            let element = decryptor(&pipeline).downgrade();
            connect(&pipeline, move |request| {
                let element = element.upgrade().unwrap();
                let kid: String = request.get("key-id").unwrap();
                let give = move || {
                    let other: bool = element.emit_by_name("set-key", &[&key_of(AUDIO_KID)]);
                    let taken: bool = element.emit_by_name("set-key", &[&key_of(&kid)]);
                    assert_eq!((other, taken), (false, true));
                };
                match is_in_handler {
                    true => give(),
                    false => drop(std::thread::spawn(move || {
                        std::thread::sleep(Duration::from_millis(200));
                        give();
                    })),
                }
                Some(gst::Structure::new_empty("pending"))
            });
            let out = pipeline.by_name("out").unwrap().static_pad("sink").unwrap();
            let recorder = seen::record(&out);
            in_process::run_to_the_end(&pipeline);
            assert!(seen::take(&recorder).bytes() == expected.bytes());
        }
    });
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn ends_waits() {
    with_files(|_, protected| {
        let [whole, samples] = ways(protected);
        ends_by_time(&whole);
        ends_by_time(&samples);
        // gst_parse_launch links the pads of a demuxer only once.
        ends_by_state(&whole);
        ends_by_flush(&demuxed(protected, DECRYPTOR));
    });
}

fn ends_by_time(line: &str) {
    let pipeline = in_process::pipeline(line);
    decryptor(&pipeline).set_property("key-timeout", 300_000_000_u64);
    let kids = announce(&pipeline);
    pipeline.set_state(gst::State::Playing).unwrap();
    let kid = kids.recv_timeout(PATIENCE).unwrap();
    let bus = pipeline.bus().unwrap();
    let limit = gst::ClockTime::try_from(PATIENCE).unwrap();
    let message = bus.timed_pop_filtered(limit, &[gst::MessageType::Error]);
    let error = match message.expect("an error").view() {
        gst::MessageView::Error(error) => error.error().to_string(),
        other => panic!("{other:?}"),
    };
    let text = format!("the keys of KID {kid} within 300ms");
    assert!(error.contains(&text), "{error}");
    assert!(!set_key(&pipeline, &key_of(&kid)));
    let late = warning(&pipeline);
    assert!(
        late.contains(&format!("for KID {kid}, which is not awaited")),
        "{late}"
    );
    assert!(!set_key(&pipeline, &gst::Structure::new_empty("key")));
    let unnamed = warning(&pipeline);
    assert!(unnamed.contains("add the field key-id"), "{unnamed}");
    pipeline.set_state(gst::State::Null).unwrap();
    let others = || bus.pop_filtered(&[gst::MessageType::Error]);
    let of_element = std::iter::from_fn(others)
        .any(|error| error.src().is_some_and(|source| source.name() == "dec"));
    assert!(!of_element, "{line}: a second error");
}

/// Also, other threads set properties and send events in the wait.
fn ends_by_state(line: &str) {
    let pipeline = in_process::pipeline(line);
    let kids = announce(&pipeline);
    set_state(&pipeline, gst::State::Playing, line);
    let kid = kids.recv_timeout(PATIENCE).unwrap();
    let element = decryptor(&pipeline);
    soon("another thread", move || {
        element.set_property("key-timeout", 1_u64);
        let event = gst::event::CustomDownstreamOob::new(gst::Structure::new_empty("event"));
        element.static_pad("sink").unwrap().send_event(event);
    });
    let late = warning(&pipeline);
    assert!(
        late.contains("key-timeout was set while the stream runs"),
        "{late}"
    );
    set_state(&pipeline, gst::State::Ready, line);
    assert!(
        !set_key(&pipeline, &key_of(&kid)),
        "{line}: no stream awaits keys"
    );
    no_error(&pipeline, line);
    set_state(&pipeline, gst::State::Playing, line);
    std::thread::scope(|scope| {
        let pipeline = &pipeline;
        scope.spawn(move || {
            // One key of the whole file for each of two tracks.
            while let Ok(kid) = kids.recv_timeout(Duration::from_secs(1)) {
                assert!(set_key(pipeline, &key_of(&kid)));
            }
        });
        until_end(pipeline);
    });
    set_state(&pipeline, gst::State::Null, line);
    no_error(&pipeline, line);
}

fn ends_by_flush(line: &str) {
    let pipeline = in_process::pipeline(line);
    let kids = announce(&pipeline);
    set_state(&pipeline, gst::State::Playing, line);
    let kid = kids.recv_timeout(PATIENCE).unwrap();
    let seeking = pipeline.clone();
    soon(line, move || {
        let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::KEY_UNIT;
        seeking.seek_simple(flags, gst::ClockTime::ZERO)
    })
    .unwrap();
    std::thread::sleep(Duration::from_millis(100));
    no_error(&pipeline, line);
    assert!(
        set_key(&pipeline, &key_of(&kid)),
        "the request is still open"
    );
    until_end(&pipeline);
    assert!(kids.try_recv().is_err(), "a second request");
    set_state(&pipeline, gst::State::Null, line);
    no_error(&pipeline, line);
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn plays_again() {
    with_files(|_, protected| {
        let pipeline = in_process::pipeline(&ways(protected)[0]);
        let requested = super::answer(&pipeline);
        // One request for the key of each track.
        for (timeout, requests) in [(None, 2), (None, 2), (Some(20_000_000_000_u64), 4)] {
            if let Some(timeout) = timeout {
                decryptor(&pipeline).set_property("key-timeout", timeout);
            }
            in_process::run_to_the_end(&pipeline);
            assert_eq!(requested.lock().unwrap().len(), requests);
        }
    });
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn reads_no_file() {
    with_files(|_, protected| {
        for line in ways(protected) {
            let pipeline = in_process::pipeline(&line);
            decryptor(&pipeline).set_property("key-uri", "file:///nowhere/there/is/a.keys");
            // It panics if the state fails.
            let error = error_of(&pipeline);
            assert!(error.contains("/nowhere/there/is/a.keys"), "{error}");
            let bus = pipeline.bus().unwrap();
            let others = std::iter::from_fn(|| bus.pop_filtered(&[gst::MessageType::Error]));
            let of_element =
                |error: &gst::Message| error.src().is_some_and(|source| source.name() == "dec");
            assert_eq!(others.filter(of_element).count(), 0, "{line}");
        }
    });
}
