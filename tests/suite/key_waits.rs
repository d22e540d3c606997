// SPDX-License-Identifier: MPL-2.0
//! Elements that wait for keys: what an application can do meanwhile, and what ends the wait.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use gst::prelude::*;

use crate::in_process;
use crate::media::{Audio, MP4MUX, Recipe, Video};

/// Longer than anything takes that does not wait for a key.
const PATIENCE: Duration = Duration::from_secs(20);

const VIDEO: &str = "videotestsrc ! video/x-raw,format=I420,width=64,height=64,framerate=25/1 \
                     ! x264enc tune=zerolatency key-int-max=5 ! h264parse";

/// The places of an encryptor in a pipeline, each with its name. All change keys every 400 ms.
fn places(file: &str) -> [(&'static str, String); 4] {
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
                "filesrc location={file} ! playreadyenc name=enc crypto-period=400000000 ! fakesink"
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

fn encryptor(pipeline: &gst::Pipeline) -> gst::Element {
    pipeline.by_name("enc").unwrap()
}

/// An application that answers `request-key` up to a period, and then holds the handler.
#[derive(Clone, Default)]
struct Application(Arc<(Mutex<Held>, Condvar)>);

#[derive(Default)]
struct Held {
    /// The first period whose answer is held; None answers all.
    from: Option<u64>,
    requested: Vec<u64>,
}

impl Application {
    fn holding_from(period: u64) -> Self {
        let application = Self::default();
        application.held().from = Some(period);
        application
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.0.0.lock().unwrap()
    }

    fn answers(&self, element: &gst::Element) {
        let application = self.clone();
        element.connect("request-key", false, move |values| {
            let request: gst::Structure = values[1].get().unwrap();
            Some(Some(application.answer(request.get("period").unwrap())).to_value())
        });
    }

    fn answer(&self, period: u64) -> gst::Structure {
        let mut held = self.held();
        held.requested.push(period);
        self.0.1.notify_all();
        while held.from.is_some_and(|from| period >= from) {
            held = self.0.1.wait(held).unwrap();
        }
        key(period)
    }

    fn release(&self) {
        self.held().from = None;
        self.0.1.notify_all();
    }

    /// Waits until the keys of a period are requested.
    fn until_requested(&self, period: u64) {
        let held = self.held();
        let waited = self
            .0
            .1
            .wait_timeout_while(held, PATIENCE, |held| !held.requested.contains(&period));
        assert!(
            !waited.unwrap().1.timed_out(),
            "period {period} is requested"
        );
    }
}

/// The answer for a period.
fn key(period: u64) -> gst::Structure {
    gst::Structure::builder("keys")
        .field("key-id", format!("0c1d2e3f-4051-6273-8495-{period:012x}"))
        .field("key", format!("{:032x}", period + 1))
        .build()
}

/// Runs `work` on a thread and requires that it ends soon.
fn soon<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    result
        .recv_timeout(PATIENCE)
        .unwrap_or_else(|_| panic!("{what} waits"))
}

/// Requires that no error is on the bus.
fn no_error(pipeline: &gst::Pipeline, place: &str) {
    let kinds = [gst::MessageType::Error, gst::MessageType::Warning];
    if let Some(message) = pipeline.bus().unwrap().pop_filtered(&kinds) {
        panic!("{place}: {message:?}");
    }
}

fn fragmented_file() -> String {
    let clear = Recipe::new(MP4MUX, Video::Avc, Audio::None).clear();
    clear.display().to_string()
}

#[test]
fn properties_are_read_while_a_key_is_awaited() {
    in_process::run(
        "key_waits::reads_properties_while_keys_are_awaited",
        fragmented_file().as_ref(),
    );
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn reads_properties_while_keys_are_awaited() {
    let Some(file) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    for (place, line) in places(&file.to_string_lossy()) {
        let pipeline = in_process::pipeline(&line);
        let application = Application::holding_from(1);
        application.answers(&encryptor(&pipeline));
        pipeline.set_state(gst::State::Playing).unwrap();
        application.until_requested(1);
        // The stream gets to the end of period 0.
        std::thread::sleep(Duration::from_millis(300));
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
        application.release();
        pipeline.set_state(gst::State::Null).unwrap();
        no_error(&pipeline, place);
    }
}
