// SPDX-License-Identifier: MPL-2.0
//! Elements that wait for keys: the actions that remain possible for an application, and the events that end the wait.

use std::time::Duration;

use gst::prelude::*;

use crate::in_process;
use crate::media::{Audio, MP4MUX, Recipe, Video};

/// An application that answers requests for keys.
mod application;
/// The parts of recordings.
mod parts;
/// Keys that the application announces and gives later.
mod pending;
/// The places of an encryptor in a pipeline.
pub mod places;
/// A key server that never answers.
mod silent;

use application::Application;
use places::{
    VIDEO, encryptor, no_error, places, set_state, soon, until_key_change, until_samples,
};

/// For each place, plays a pipeline whose application holds the keys back from a period on, and calls `work` when the stream
/// waits.
fn while_waiting(from: u64, work: impl Fn(&str, &gst::Pipeline, &Application)) {
    let Some(file) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    for (place, line) in places(&file.to_string_lossy()) {
        let pipeline = in_process::pipeline(&line);
        let application = Application::holding_from(from);
        application.answers(&encryptor(&pipeline));
        set_state(&pipeline, gst::State::Playing, place);
        application.until_requested(from);
        // The stream plays to the end of the period before.
        std::thread::sleep(Duration::from_millis(300));
        work(place, &pipeline, &application);
        set_state(&pipeline, gst::State::Null, place);
        no_error(&pipeline, place);
        application.release();
    }
}

#[test]
fn properties_are_read_while_a_key_is_awaited() {
    run("reads_properties_while_keys_are_awaited");
}

#[test]
fn state_changes_do_not_wait_for_keys() {
    run("changes_states_while_keys_are_awaited");
}

#[test]
fn flush_ends_a_wait_and_the_stream_goes_on() {
    run("flushes_while_keys_are_awaited");
    run("seeks_in_a_file_while_a_key_is_awaited");
}

#[test]
fn missing_first_key_is_one_error() {
    run("answers_no_request");
}

#[test]
fn settings_stay_while_the_stream_runs() {
    run("sets_properties_while_a_stream_runs");
}

#[test]
fn keys_stay_while_the_settings_do() {
    run("plays_again_and_again");
}

/// Runs one of the tests below in a process of its own.
fn run(test: &str) {
    let clear = Recipe::new(MP4MUX, Video::Avc, Audio::None).clear();
    in_process::run(&format!("key_waits::{test}"), clear.as_os_str());
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn reads_properties_while_keys_are_awaited() {
    for period in [0, 1] {
        while_waiting(period, |place, pipeline, _| {
            for element in pipeline.iterate_recurse().into_iter().flatten() {
                let name = element.name();
                soon(&format!("{place}: {name}"), move || {
                    for property in element.list_properties() {
                        if property.flags().contains(gst::glib::ParamFlags::READABLE) {
                            element.property_value(property.name());
                        }
                    }
                });
            }
        });
    }
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn changes_states_while_keys_are_awaited() {
    for period in [0, 1] {
        while_waiting(period, |place, pipeline, application| {
            for state in [gst::State::Paused, gst::State::Ready] {
                set_state(pipeline, state, place);
            }
            no_error(pipeline, place);
            application.release();
            set_state(pipeline, gst::State::Playing, place);
            until_samples(&encryptor(pipeline), place);
        });
    }
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn flushes_while_keys_are_awaited() {
    for (period, start) in [
        (0, gst::ClockTime::from_seconds(10)),
        (1, gst::ClockTime::ZERO),
    ] {
        while_waiting(period, |place, pipeline, application| {
            // No flush reaches a source in pull mode, and mp4mux of GStreamer 1.22 writes nothing after one that stops its output.
            if place == "reads a file" || (period > 0 && place != "after a parser") {
                return;
            }
            let source = pipeline.by_name("source").unwrap();
            soon(place, move || {
                assert!(source.seek_simple(gst::SeekFlags::FLUSH, start).is_ok());
            });
            no_error(pipeline, place);
            application.release();
            match period {
                0 => until_samples(&encryptor(pipeline), place),
                _ => until_key_change(&encryptor(pipeline), place),
            }
            let requested = application.held().requested.clone();
            assert_eq!(
                requested.iter().filter(|&&other| other == period).count(),
                1
            );
        });
    }
}

/// Repeats what a player does: it seeks back in a file, while the encryptor after the demuxer waits for the key of the next period.
#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn seeks_in_a_file_while_a_key_is_awaited() {
    let Some(file) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let pipeline = in_process::pipeline(&format!(
        "filesrc location={} ! qtdemux ! h264parse ! cencenc name=enc crypto-period=1000000000 ! fakesink",
        file.to_string_lossy()
    ));
    let application = Application::holding_from(1);
    application.answers(&encryptor(&pipeline));
    let place = "after a demuxer";
    set_state(&pipeline, gst::State::Playing, place);
    application.until_requested(1);
    until_samples(&encryptor(&pipeline), place);
    // The stream plays to the end of the period before.
    std::thread::sleep(Duration::from_millis(300));
    let seeking = pipeline.clone();
    soon(place, move || {
        let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::KEY_UNIT;
        seeking.seek_simple(flags, gst::ClockTime::ZERO)
    })
    .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    no_error(&pipeline, place);
    application.release();
    until_key_change(&encryptor(&pipeline), place);
    set_state(&pipeline, gst::State::Null, place);
    no_error(&pipeline, place);
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn answers_no_request() {
    let Some(file) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    for (place, line) in places(&file.to_string_lossy()) {
        let pipeline = in_process::pipeline(&line);
        encryptor(&pipeline).connect("request-key", false, |_| {
            Some(None::<gst::Structure>.to_value())
        });
        set_state(&pipeline, gst::State::Playing, place);
        let bus = pipeline.bus().unwrap();
        let errors: Vec<_> = std::iter::from_fn(|| {
            let limit = gst::ClockTime::from_seconds(1);
            bus.timed_pop_filtered(limit, &[gst::MessageType::Error])
        })
        .filter(|message| message.src().is_some_and(|source| source.name() == "enc"))
        .collect();
        assert_eq!(errors.len(), 1, "{place}: {errors:?}");
        let gst::MessageView::Error(error) = errors[0].view() else {
            unreachable!("the bus was asked for errors");
        };
        let text = error.error().to_string();
        assert!(text.contains("no handler answered request-key"), "{text}");
        set_state(&pipeline, gst::State::Null, place);
    }
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn plays_again_and_again() {
    let Some(file) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let requests_for_first = |application: &Application| {
        let requested = application.held().requested.clone();
        requested.iter().filter(|&&period| period == 0).count()
    };
    for (place, line) in places(&file.to_string_lossy()) {
        let pipeline = in_process::pipeline(&line);
        let application = Application::default();
        let element = encryptor(&pipeline);
        application.answers(&element);
        for (systems, requests) in [("playready", 1), ("playready", 1), ("playready+common", 2)] {
            element.set_property_from_str("systems", systems);
            set_state(&pipeline, gst::State::Playing, place);
            until_samples(&element, place);
            set_state(&pipeline, gst::State::Null, place);
            no_error(&pipeline, place);
            assert_eq!(requests_for_first(&application), requests, "{place}");
        }
    }
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn sets_properties_while_a_stream_runs() {
    gst::init().unwrap();
    let one_key =
        "key-id=0c1d2e3f-4051-6273-8495-a6b7c8d9eafb key=00112233445566778899aabbccddeeff";
    for element in ["mp4mux fragment-duration=200 ! playreadyenc", "cencenc"] {
        let line = format!("{VIDEO} ! {element} name=enc {one_key} ! fakesink sync=true");
        let pipeline = in_process::pipeline(&line);
        let encryptor = encryptor(&pipeline);
        let warning = |part: &str| {
            let limit = gst::ClockTime::from_seconds(20);
            let bus = pipeline.bus().unwrap();
            let message = bus.timed_pop_filtered(limit, &[gst::MessageType::Warning]);
            let message = message.unwrap_or_else(|| panic!("{element}: no warning of {part}"));
            let gst::MessageView::Warning(warning) = message.view() else {
                unreachable!("the bus was asked for warnings");
            };
            let text = warning.error().to_string();
            assert!(text.contains(part), "{element}: {text}");
        };
        set_state(&pipeline, gst::State::Playing, element);
        until_samples(&encryptor, element);
        encryptor.set_property("crypto-period", 1_000_000_000_u64);
        warning("property crypto-period was set while the stream runs");
        assert_eq!(encryptor.property::<u64>("crypto-period"), 0, "{element}");
        encryptor.emit_by_name::<()>("rotate-key", &[]);
        warning("rotate-key changes nothing");
        encryptor.set_property("protect", false);
        set_state(&pipeline, gst::State::Ready, element);
        encryptor.set_property("crypto-period", 1_000_000_000_u64);
        assert_eq!(
            encryptor.property::<u64>("crypto-period"),
            1_000_000_000,
            "{element}"
        );
        set_state(&pipeline, gst::State::Null, element);
        no_error(&pipeline, element);
    }
}
