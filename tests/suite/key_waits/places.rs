// SPDX-License-Identifier: MPL-2.0
//! The places of an encryptor in a pipeline, and checks of its state changes there.

use std::time::Duration;

use gst::prelude::*;

/// A time in which everything ends that does not wait for a key.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub const VIDEO: &str = "videotestsrc name=source ! video/x-raw,format=I420,width=64,height=64,framerate=25/1 \
                     ! x264enc tune=zerolatency key-int-max=5 ! h264parse";

/// The encryptors in each place of a pipeline, with names. All change keys every 400 ms, but for the file, whose
/// fragments are of a second.
pub fn places(file: &str) -> [(&'static str, String); 4] {
    [
        (
            "after a muxer",
            format!(
                "{VIDEO} ! mp4mux fragment-duration=200 ! playreadyenc name=enc crypto-period=400000000 ! fakesink"
            ),
        ),
        (
            "reads a file",
            format!(
                "filesrc location={file} ! playreadyenc name=enc crypto-period=1000000000 ! fakesink"
            ),
        ),
        (
            "after a parser",
            format!("{VIDEO} ! cencenc name=enc crypto-period=400000000 ! fakesink"),
        ),
        (
            "in a bin",
            format!(
                "{VIDEO} ! playreadymp4mux name=bin fragment-duration=200 enc::crypto-period=400000000 ! fakesink"
            ),
        ),
    ]
}

pub fn encryptor(pipeline: &gst::Pipeline) -> gst::Element {
    pipeline.by_name("enc").unwrap()
}

/// Runs `work` on a thread and requires that it ends soon.
pub fn soon<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    result
        .recv_timeout(PATIENCE)
        .unwrap_or_else(|_| panic!("{what} waits"))
}

/// Sets a state, which must not wait for a key.
pub fn set_state(pipeline: &gst::Pipeline, state: gst::State, place: &str) {
    let setting = pipeline.clone();
    soon(&format!("{place}: {state:?}"), move || {
        setting.set_state(state)
    })
    .unwrap();
}

/// Waits until samples have left the element.
pub fn until_samples(element: &gst::Element, place: &str) {
    let has_samples = || {
        std::thread::sleep(Duration::from_millis(20));
        let stats: gst::Structure = element.property("stats");
        stats.get::<u64>("samples").unwrap() > 0
    };
    assert!((0..1000).any(|_| has_samples()), "{place}: no samples");
}

/// Requires that no error is on the bus.
pub fn no_error(pipeline: &gst::Pipeline, place: &str) {
    let kinds = [gst::MessageType::Error, gst::MessageType::Warning];
    if let Some(message) = pipeline.bus().unwrap().pop_filtered(&kinds) {
        let text = match message.view() {
            gst::MessageView::Warning(warning) => warning.error().to_string(),
            gst::MessageView::Error(error) => error.error().to_string(),
            _ => String::new(),
        };
        panic!("{place}: {text}: {message:?}");
    }
}

/// Waits until the key has changed.
pub fn until_key_change(element: &gst::Element, place: &str) {
    let has_changed = || {
        std::thread::sleep(Duration::from_millis(20));
        let stats: gst::Structure = element.property("stats");
        stats.get::<u64>("key-changes").unwrap() > 0
    };
    assert!((0..1000).any(|_| has_changed()), "{place}: no new key");
}
