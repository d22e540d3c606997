// SPDX-License-Identifier: MPL-2.0
//! Sinks that start and end elements while they run: their streaming threads request no keys and wait for none in a change
//! of state.

use std::sync::{Arc, Mutex};

use gst::prelude::*;

use crate::in_process;
use crate::launch;
use crate::scratch::Scratch;
use crate::tools::skip;

use super::application::Application;
use super::places::{VIDEO, encryptor, no_error, set_state, soon};

/// What an element did on which thread to get keys.
#[derive(Clone, Default)]
struct RequestThreads(Arc<Mutex<Vec<KeyStep>>>);

/// The number of steps of each kind.
struct KeySteps {
    opened: usize,
    requested: usize,
}

struct KeyStep {
    thread: String,
    /// True if the source of keys was opened, false if keys were requested from it.
    opens: bool,
}

impl RequestThreads {
    /// Takes them from the element's log, whose lines are written on the thread that they describe.
    fn logged() -> Self {
        let threads = Self::default();
        gst::log::set_threshold_for_name("playreadyenc", gst::DebugLevel::Debug);
        let collected = threads.clone();
        gst::log::add_log_function(move |_, _, _, _, _, _, message| {
            let text = message.get().unwrap_or_default();
            let opens = text.contains("opens the source of keys");
            if opens || text.contains("requesting the keys of") {
                let name = std::fs::read_to_string("/proc/thread-self/comm").unwrap();
                collected.0.lock().unwrap().push(KeyStep {
                    thread: name.trim().to_owned(),
                    opens,
                });
            }
        });
        threads
    }

    /// Requires that keys were requested, and none on a streaming thread; returns how often.
    fn count(&self, sink: &str) -> KeySteps {
        let steps = std::mem::take(&mut *self.0.lock().unwrap());
        let threads: Vec<&str> = steps.iter().map(|step| &*step.thread).collect();
        assert!(
            steps.iter().any(|step| !step.opens)
                && threads.iter().all(|name| *name == "playready-keys"),
            "{sink}: {threads:?}"
        );
        let opened = steps.iter().filter(|step| step.opens).count();
        KeySteps {
            opened,
            requested: steps.len() - opened,
        }
    }
}

#[test]
fn no_part_requests_keys_on_a_streaming_thread() {
    let folder = Scratch::new("request-threads");
    in_process::run(
        "key_waits::parts::records_in_parts",
        folder.path().as_os_str(),
    );
    let sinks = launch::missing(&["hlscmafsink", "cmafmux"]);
    if let Some(element) = sinks {
        let test = "key_waits::parts::no_part_requests_keys_on_a_streaming_thread with hlscmafsink";
        return skip(test, &format!("no element {element}"));
    }
    // In a folder of its own, since its segments belong to its own init segments.
    let folder = Scratch::new("request-threads-hls");
    in_process::run(
        "key_waits::parts::writes_hls_with_changing_keys",
        folder.path().as_os_str(),
    );
}

#[test]
fn removal_of_a_pad_ends_a_wait() {
    in_process::run("key_waits::parts::removes_pads", "".as_ref());
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn records_in_parts() {
    let Some(folder) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let threads = RequestThreads::logged();
    let folder = folder.to_string_lossy();
    let uri = format!("file://{folder}/parts.keys");
    for (name, parts) in [
        (
            "sink",
            format!(
                "muxer=\"mp4mux fragment-duration=500\" sink=\"playreadyenc key-uri={uri} ! filesink async=false\""
            ),
        ),
        (
            "muxer",
            format!("muxer=\"playreadymp4mux fragment-duration=500 key-uri={uri}\""),
        ),
        (
            "factory",
            format!(
                "async-finalize=true muxer-factory=playreadymp4mux \
                 muxer-properties=\"p,fragment-duration=500,key-uri=(string){uri}\""
            ),
        ),
    ] {
        let line = format!(
            "{} ! splitmuxsink max-size-time=1000000000 location={folder}/{name}-%02d.mp4 {parts}",
            VIDEO.replacen(
                "videotestsrc",
                "videotestsrc is-live=true num-buffers=85",
                1
            )
        );
        in_process::run_to_the_end(&in_process::pipeline(&line));
        let third = format!("{folder}/{name}-02.mp4");
        assert!(std::path::Path::new(&third).exists(), "{name}: no {third}");
        let opened = threads.count(name).opened;
        // One element that writes all parts opens its source once. It may request keys twice: if it stops before they came.
        assert!(name == "factory" || opened == 1, "{name}: {opened}");
    }
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn writes_hls_with_changing_keys() {
    let Some(folder) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let threads = RequestThreads::logged();
    let folder = folder.to_string_lossy();
    let line = format!(
        "{} ! hlscmafsink name=hls target-duration=1 sync=false playlist-location={folder}/p.m3u8 \
         init-location={folder}/init%02d.mp4 location={folder}/segment%02d.m4s",
        VIDEO.replacen("videotestsrc", "videotestsrc num-buffers=100", 1)
    );
    let pipeline = in_process::pipeline(&line);
    let hls = pipeline.by_name("hls").unwrap();
    let hls = hls.downcast_ref::<gst::Bin>().unwrap();
    let (muxer, sink) = (hls.by_name("muxer").unwrap(), hls.by_name("sink").unwrap());
    let encryptor = gst::ElementFactory::make("playreadyenc").name("enc");
    let encryptor = encryptor.property("crypto-period", 1_000_000_000_u64);
    let encryptor = encryptor.build().unwrap();
    let application = Application::default();
    application.answers(&encryptor);
    muxer.unlink(&sink);
    hls.add(&encryptor).unwrap();
    gst::Element::link_many([&muxer, &encryptor, &sink]).unwrap();
    in_process::run_to_the_end(&pipeline);
    assert!(threads.count("hlscmafsink").requested >= 4);
    assert!(application.held().requested.contains(&3));
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn removes_pads() {
    if in_process::argument().is_none() {
        return;
    }
    gst::init().unwrap();
    for (place, element, owner, pad) in [
        (
            "after a muxer",
            "mp4mux fragment-duration=200 ! playreadyenc name=enc",
            "enc",
            "sink",
        ),
        (
            "in a bin",
            "playreadymp4mux name=bin fragment-duration=200",
            "bin",
            "video_0",
        ),
    ] {
        let pipeline = in_process::pipeline(&format!("{VIDEO} ! {element} ! fakesink"));
        let application = Application::holding_from(0);
        application.answers(&encryptor(&pipeline));
        set_state(&pipeline, gst::State::Playing, place);
        application.until_requested(0);
        std::thread::sleep(std::time::Duration::from_millis(500));
        let owner = pipeline.by_name(owner).unwrap();
        let pad = owner.static_pad(pad).unwrap();
        soon(&format!("{place}: removal"), move || {
            match pad.pad_template().unwrap().presence() {
                gst::PadPresence::Request => owner.release_request_pad(&pad),
                _ => owner.remove_pad(&pad).unwrap(),
            }
        });
        set_state(&pipeline, gst::State::Null, place);
        no_error(&pipeline, place);
        application.release();
    }
}
