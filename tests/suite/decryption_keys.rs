// SPDX-License-Identifier: MPL-2.0
//! Keys that clearkeydec gets on a thread of its own: those that the application gives by `request-key`, one request for each KID, and
//! those of a file.

mod later;

use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gst::prelude::*;

use crate::enc::{self, AUDIO_KEY, AUDIO_KID, KEY, KID};
use crate::in_process;
use crate::media::{Audio, MP4MUX, Recipe, Video};
use crate::scratch::Scratch;
use crate::seen;
use crate::tools::skip;

#[test]
fn the_application_gives_the_key_of_each_kid() {
    run("answers_requests");
}

/// Runs a test of this file with a clear file.
fn run(test: &str) {
    let recipe = Recipe::new(MP4MUX, Video::Avc, Audio::Aac);
    let test = format!("decryption_keys::{test}");
    match recipe.missing() {
        Some(element) => skip(&test, &format!("no element {element}")),
        None => in_process::run(&test, recipe.clear().as_os_str()),
    }
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn answers_requests() {
    with_files(|clear, protected| {
        whole_files_come_back(protected, clear);
        samples_come_back(protected, clear);
        useless_answers_are_errors(protected);
        a_wait_ends_with_the_stream(protected);
    });
}

/// Calls `work` with the clear file of a test and its protected form.
fn with_files(work: impl FnOnce(&Path, &Path)) {
    let Some(clear) = in_process::argument() else {
        return;
    };
    let clear = Path::new(&clear);
    gst::init().unwrap();
    in_process::let_qtdemux_find_clearkeydec();
    let folder = Scratch::new("requests");
    let protected = folder.join("protected.mp4");
    seen::of(&format!(
        "filesrc location={} ! {} ! filesink name=out location={}",
        clear.display(),
        enc::key_by_track_type("cenc", &folder),
        protected.display()
    ));
    work(clear, &protected);
}

/// Answers each request for one of the two keys, and collects the KIDs.
fn answer(pipeline: &gst::Pipeline) -> Arc<Mutex<Vec<String>>> {
    let requested = Arc::new(Mutex::new(Vec::new()));
    let kids = Arc::clone(&requested);
    connect(pipeline, move |request| {
        assert_eq!(request.name(), "playready-key-request");
        let kid: String = request.get("key-id").unwrap();
        let keys = [[KID, KEY], [AUDIO_KID, AUDIO_KEY]];
        let [kid, key] = keys.into_iter().find(|[known, _]| *known == kid)?;
        kids.lock().unwrap().push(kid.to_owned());
        Some(structure(kid, key))
    });
    requested
}

fn structure(kid: &str, key: &str) -> gst::Structure {
    let answer = gst::Structure::builder("answer").field("key-id", kid);
    answer.field("key", key).build()
}

fn connect(
    pipeline: &gst::Pipeline,
    handle: impl Fn(&gst::StructureRef) -> Option<gst::Structure> + Send + Sync + 'static,
) {
    let decryptor = pipeline.by_name("dec").unwrap();
    decryptor.connect("request-key", false, move |values| {
        let request: gst::Structure = values[1].get().unwrap();
        Some(handle(&request).to_value())
    });
}

fn whole_files_come_back(protected: &Path, clear: &Path) {
    let expected = seen::of(&demuxed(clear, "identity"));
    for way in ["", "queue !"] {
        let folder = Scratch::new("back");
        let back = folder.join("back.mp4");
        let line = format!(
            "filesrc location={} ! {way} clearkeydec name=dec ! filesink location={}",
            protected.display(),
            back.display()
        );
        let pipeline = in_process::pipeline(&line);
        let requested = answer(&pipeline);
        in_process::run_to_the_end(&pipeline);
        let mut kids = std::mem::take(&mut *requested.lock().unwrap());
        kids.sort();
        assert_eq!(kids, [AUDIO_KID, KID], "{way}");
        assert!(seen::of(&demuxed(&back, "identity")).bytes() == expected.bytes());
    }
}

fn demuxed(file: &Path, way: &str) -> String {
    let file = file.display();
    format!("filesrc location={file} ! qtdemux name=d d.video_0 ! {way} ! fakesink name=out")
}

fn samples_come_back(protected: &Path, clear: &Path) {
    let expected = seen::of(&demuxed(clear, "identity"));
    let pipeline = in_process::pipeline(&demuxed(protected, "clearkeydec name=dec"));
    let requested = answer(&pipeline);
    let out = pipeline.by_name("out").unwrap().static_pad("sink").unwrap();
    let recorder = seen::record(&out);
    in_process::run_to_the_end(&pipeline);
    assert!(seen::take(&recorder).bytes() == expected.bytes());
    assert_eq!(*requested.lock().unwrap(), [KID]);
}

/// Waits for an error, and returns its text.
fn error_of(pipeline: &gst::Pipeline) -> String {
    pipeline.set_state(gst::State::Playing).unwrap();
    let kinds = [gst::MessageType::Error];
    let bus = pipeline.bus().unwrap();
    let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(60), &kinds);
    let message = message.expect("an error within a minute");
    pipeline.set_state(gst::State::Null).unwrap();
    match message.view() {
        gst::MessageView::Error(error) => error.error().to_string(),
        other => panic!("{other:?}"),
    }
}

fn useless_answers_are_errors(protected: &Path) {
    let demuxed = demuxed(protected, "clearkeydec name=dec");
    let whole = format!(
        "filesrc location={} ! clearkeydec name=dec ! fakesink",
        protected.display()
    );
    let secret = "this is no key";
    for (line, given, text) in [
        (&demuxed, None, "no handler answered request-key"),
        (&whole, None, "no handler answered request-key"),
        (
            &demuxed,
            Some(structure(AUDIO_KID, AUDIO_KEY)),
            "other keys",
        ),
        (
            &demuxed,
            Some(structure(KID, secret)),
            "the answer to request-key",
        ),
        (
            &whole,
            Some(structure(KID, secret)),
            "the answer to request-key",
        ),
    ] {
        let pipeline = in_process::pipeline(line);
        connect(&pipeline, move |_| given.clone());
        let error = error_of(&pipeline);
        assert!(
            error.contains(text) && !error.contains(secret),
            "{text}: {error}"
        );
    }
}

/// While the handler has not returned, queries are answered, and a change of state does not wait for it.
fn a_wait_ends_with_the_stream(protected: &Path) {
    let pipeline = in_process::pipeline(&demuxed(protected, "clearkeydec name=dec"));
    let (asked, is_asked) = mpsc::channel();
    let (release, is_released) = mpsc::channel::<()>();
    let is_released = Mutex::new(is_released);
    connect(&pipeline, move |_| {
        asked.send(()).unwrap();
        let _ = is_released.lock().unwrap().recv();
        None
    });
    pipeline.set_state(gst::State::Playing).unwrap();
    is_asked.recv_timeout(Duration::from_secs(60)).unwrap();
    let begin = Instant::now();
    let source = pipeline.by_name("dec").unwrap().static_pad("src").unwrap();
    source.query(&mut gst::query::Seeking::new(gst::Format::Bytes));
    pipeline.set_state(gst::State::Null).unwrap();
    assert!(begin.elapsed() < Duration::from_secs(30));
    let kinds = [gst::MessageType::Error];
    assert!(pipeline.bus().unwrap().pop_filtered(&kinds).is_none());
    drop(release);
}
