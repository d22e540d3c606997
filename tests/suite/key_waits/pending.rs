// SPDX-License-Identifier: MPL-2.0
//! The application announces keys in its handler of `request-key`, and gives them by `set-key`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gst::prelude::*;

use super::application::{Application, key};
use super::places::{
    VIDEO, encryptor, no_error, places, set_state, until_key_change, until_samples,
};
use crate::in_process;
use crate::media::{Audio, MP4MUX, Recipe, Video};

const LONG: gst::ClockTime = gst::ClockTime::from_seconds(20);

/// The element that an application knows: the bin, if there is one.
fn known(pipeline: &gst::Pipeline) -> gst::Element {
    pipeline
        .by_name("bin")
        .unwrap_or_else(|| encryptor(pipeline))
}

/// Announces the keys of each period, and hands the periods over.
fn announce(element: &gst::Element, take: impl FnMut(gst::Element, u64) + Send + 'static) {
    let take = Mutex::new(take);
    element.connect("request-key", false, move |values| {
        let element: gst::Element = values[0].get().unwrap();
        let request: gst::Structure = values[1].get().unwrap();
        take.lock().unwrap()(element, request.get("period").unwrap());
        Some(Some(gst::Structure::new_empty("pending")).to_value())
    });
}

/// The answer for a period, as `set-key` takes it.
fn named_key(period: u64) -> gst::Structure {
    let mut key = key(period);
    key.set("period", period);
    key
}

fn set_key(element: &gst::Element, key: &gst::Structure) -> bool {
    element.emit_by_name("set-key", &[key])
}

/// The text of the next message of a kind from an encryptor.
fn text(pipeline: &gst::Pipeline, kind: gst::MessageType, limit: gst::ClockTime) -> Option<String> {
    let bus = pipeline.bus().unwrap();
    loop {
        let message = bus.timed_pop_filtered(limit, &[kind])?;
        let error = match message.view() {
            gst::MessageView::Error(message) => message.error(),
            gst::MessageView::Warning(message) => message.error(),
            _ => continue,
        };
        if message.src().is_some_and(|source| source.name() == "enc") {
            return Some(error.to_string());
        }
    }
}

#[test]
fn announced_keys_are_taken_whenever_they_come() {
    run("gives_keys_in_the_handler_and_later", Audio::None);
}

#[test]
fn keys_that_do_not_come_in_time_are_one_error() {
    run("gives_keys_too_late", Audio::None);
}

#[test]
fn several_keys_come_one_by_one() {
    run("gives_a_key_for_each_track", Audio::Aac);
}

#[test]
fn bin_rotates_and_takes_keys() {
    run("rotates_by_the_signal_of_a_bin", Audio::None);
}

#[test]
fn waits_for_announced_keys_end_without_a_message() {
    run("stops_and_flushes_before_keys_come", Audio::None);
}

/// Runs one of the tests below in a process of its own.
fn run(test: &str, audio: Audio) {
    let clear = Recipe::new(MP4MUX, Video::Avc, audio).clear();
    in_process::run(&format!("key_waits::pending::{test}"), clear.as_os_str());
}

/// Plays each place until its keys have changed. The argument of the tests is a file.
fn at_each_place(prepare: impl Fn(&gst::Element), check: impl Fn(&str, &gst::Pipeline)) {
    let Some(file) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    for (place, line) in places(&file.to_string_lossy()) {
        let pipeline = in_process::pipeline(&line);
        prepare(&known(&pipeline));
        set_state(&pipeline, gst::State::Playing, place);
        check(place, &pipeline);
        set_state(&pipeline, gst::State::Null, place);
    }
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn gives_keys_in_the_handler_and_later() {
    for delay in [None, Some(Duration::ZERO), Some(Duration::from_millis(200))] {
        let prepare = |element: &gst::Element| {
            announce(element, move |element, period| {
                let give = move || {
                    std::thread::sleep(delay.unwrap_or_default());
                    // Nothing awaits the keys of the last periods once the stream has stopped.
                    set_key(&element, &named_key(period));
                };
                match delay {
                    None => give(),
                    Some(_) => drop(std::thread::spawn(give)),
                }
            });
        };
        at_each_place(prepare, |place, pipeline| {
            until_key_change(&encryptor(pipeline), place);
            let kid: String = encryptor(pipeline).property("current-key-id");
            assert!(kid.starts_with("0c1d2e3f-4051-6273-8495-"), "{kid}");
            no_error(pipeline, place);
        });
    }
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn gives_keys_too_late() {
    let prepare = |element: &gst::Element| {
        element.set_property("key-timeout", 300_000_000_u64);
        announce(element, |_, _| ());
    };
    at_each_place(prepare, |place, pipeline| {
        let error = text(pipeline, gst::MessageType::Error, LONG).unwrap();
        let parts = [
            "crypto period 0 within 300ms",
            "set key-timeout to a longer time",
        ];
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        assert!(!set_key(&known(pipeline), &named_key(0)), "{place}");
        let late = text(pipeline, gst::MessageType::Warning, LONG).unwrap();
        assert!(late.contains("period 0, which is not awaited"), "{late}");
        assert!(!set_key(&known(pipeline), &key(0)), "{place}");
        let unnamed = text(pipeline, gst::MessageType::Warning, LONG).unwrap();
        assert!(unnamed.contains("add the field period"), "{unnamed}");
        let second = gst::ClockTime::from_seconds(1);
        let next = text(pipeline, gst::MessageType::Error, second);
        assert!(next.is_none_or(|text| !text.contains("set-key")), "{place}");
    });
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn gives_a_key_for_each_track() {
    let Some(file) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let file = file.to_string_lossy();
    for is_returned in [false, true] {
        let line = format!("filesrc location={file} ! playreadyenc name=enc ! fakesink");
        let pipeline = in_process::pipeline(&line);
        let selected = |selector: &str, number: i32| {
            let mut key = key(u64::try_from(number).unwrap());
            key.set("selector", selector);
            // Python gives a number of this type.
            key.set("period", 0_i32);
            key.set("more", selector == "video");
            key
        };
        let requests = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&requests);
        encryptor(&pipeline).connect("request-key", false, move |values| {
            let element: gst::Element = values[0].get().unwrap();
            *counted.lock().unwrap() += 1;
            let [video, audio] = [selected("video", 7), selected("audio", 8)];
            std::thread::spawn(move || {
                if !is_returned {
                    assert!(set_key(&element, &video));
                }
                std::thread::sleep(Duration::from_millis(200));
                assert!(set_key(&element, &audio));
            });
            let answer = match is_returned {
                true => selected("video", 7),
                false => gst::Structure::new_empty("pending"),
            };
            Some(Some(answer).to_value())
        });
        in_process::run_to_the_end(&pipeline);
        let kids: String = encryptor(&pipeline).property("current-key-id");
        assert_eq!(
            kids,
            "0c1d2e3f-4051-6273-8495-000000000007,0c1d2e3f-4051-6273-8495-000000000008"
        );
        assert_eq!(*requests.lock().unwrap(), 1);
    }
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn rotates_by_the_signal_of_a_bin() {
    if in_process::argument().is_none() {
        return;
    }
    gst::init().unwrap();
    let bin = "playreadymp4mux name=bin fragment-duration=200";
    let pipeline = in_process::pipeline(&format!("{VIDEO} ! {bin} ! fakesink"));
    announce(&known(&pipeline), |element, period| {
        set_key(&element, &named_key(period));
    });
    set_state(&pipeline, gst::State::Playing, bin);
    until_samples(&encryptor(&pipeline), bin);
    known(&pipeline).emit_by_name::<()>("rotate-key", &[]);
    let bus = pipeline.bus().unwrap();
    let mut messages = std::iter::from_fn(|| {
        let message = bus.timed_pop_filtered(LONG, &[gst::MessageType::Element])?;
        Some(message.structure()?.to_owned())
    });
    let change = messages.find(|message| message.name() == "playready-key-change");
    let kids: Vec<String> = change.unwrap().get("key-id-list").unwrap();
    assert_eq!(kids, ["0c1d2e3f-4051-6273-8495-000000000001"]);
    set_state(&pipeline, gst::State::Null, bin);
    no_error(&pipeline, bin);
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn stops_and_flushes_before_keys_come() {
    let application = Application::default();
    let gives = Arc::new(AtomicBool::new(false));
    let prepare = |element: &gst::Element| {
        let (application, gives) = (application.clone(), Arc::clone(&gives));
        announce(element, move |element, period| {
            // Before the test learns of the request, so that one of the two gives the key.
            let gives = gives.load(Ordering::Relaxed);
            application.answer(period);
            if gives {
                set_key(&element, &named_key(period));
            }
        });
    };
    at_each_place(prepare, |place, pipeline| {
        application.until_requested(0);
        std::thread::sleep(Duration::from_millis(300));
        set_state(pipeline, gst::State::Ready, place);
        assert!(
            !set_key(&known(pipeline), &named_key(0)),
            "{place}: no stream awaits keys"
        );
        no_error(pipeline, place);
        application.held().requested.clear();
        set_state(pipeline, gst::State::Playing, place);
        application.until_requested(0);
        if let Some(source) = pipeline.by_name("source") {
            let start = gst::ClockTime::from_seconds(10);
            source.seek_simple(gst::SeekFlags::FLUSH, start).unwrap();
        }
        gives.store(true, Ordering::Relaxed);
        assert!(
            set_key(&known(pipeline), &named_key(0)),
            "{place}: the request is still open"
        );
        until_samples(&encryptor(pipeline), place);
        no_error(pipeline, place);
        application.held().requested.clear();
        gives.store(false, Ordering::Relaxed);
    });
}
