// SPDX-License-Identifier: MPL-2.0
//! Runs tests that look into a pipeline. Each has a process of its own, so that GStreamer loads the built plugin and uses
//! the tests' registry.

use std::ffi::{OsStr, OsString};
use std::process::Command;
use std::time::Duration;

use gst::prelude::*;

use crate::launch::{self, Run};

/// Tests that repeat things take longer than a command, in particular with tracers.
const TIME_LIMIT: Duration = Duration::from_secs(300);
const ARGUMENT: &str = "PLAYREADY_SUITE_ARGUMENT";

/// Runs one ignored test of this binary with an argument, which the test gets from [`argument`].
pub fn run(test: &str, argument: &OsStr) {
    run_by(
        &mut launch::program(std::env::current_exe().unwrap()),
        test,
        argument,
    );
}

/// As [`run`], with GLib's warnings as errors and GStreamer's tracer of leaks, which logs to stderr.
pub fn run_traced(test: &str, argument: &OsStr) -> Run {
    let mut command = launch::program(std::env::current_exe().unwrap());
    command
        .env("G_DEBUG", "fatal-warnings")
        .env("GST_TRACERS", "leaks")
        .env("GST_DEBUG", "GST_TRACER:7")
        .env("GST_DEBUG_NO_COLOR", "1");
    run_by(&mut command, test, argument)
}

fn run_by(command: &mut Command, test: &str, argument: &OsStr) -> Run {
    command.args([test, "--exact", "--ignored", "--nocapture"]);
    let run = Run::within(command.env(ARGUMENT, argument), TIME_LIMIT).succeeded();
    assert!(run.stdout.contains("1 passed"), "{}", run.stdout);
    run
}

/// The argument that [`run`] gave to this process.
pub fn argument() -> Option<OsString> {
    std::env::var_os(ARGUMENT)
}

/// A pipeline in gst-launch's language.
pub fn pipeline(line: &str) -> gst::Pipeline {
    let pipeline = gst::parse::launch(line).unwrap_or_else(|e| panic!("{line}: {e}"));
    pipeline.downcast().unwrap()
}

/// Plays a pipeline to its end. Panics on an error.
pub fn run_to_the_end(pipeline: &gst::Pipeline) {
    run_with_messages(pipeline, "");
}

/// As [`run_to_the_end`]; returns the element messages of a name.
pub fn run_with_messages(pipeline: &gst::Pipeline, name: &str) -> Vec<gst::Structure> {
    pipeline.set_state(gst::State::Playing).unwrap();
    let kinds = [
        gst::MessageType::Eos,
        gst::MessageType::Error,
        gst::MessageType::Element,
    ];
    let bus = pipeline.bus().unwrap();
    let mut found = Vec::new();
    loop {
        let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(30), &kinds);
        let message = message.expect("the pipeline ends within 30 seconds");
        match message.view() {
            gst::MessageView::Error(error) => panic!("{}: {:?}", error.error(), error.debug()),
            gst::MessageView::Element(element) => {
                let structure = element.structure().filter(|found| found.name() == name);
                found.extend(structure.map(ToOwned::to_owned));
            }
            _ => break,
        }
    }
    pipeline.set_state(gst::State::Null).unwrap();
    found
}

/// Raises the rank of clearkeydec: qtdemux exposes a protected track only if it finds a decryptor by rank and system.
pub fn let_qtdemux_find_clearkeydec() {
    let decryptor = gst::ElementFactory::find("clearkeydec").expect("the plugin is found");
    decryptor.set_rank(gst::Rank::MARGINAL);
}
