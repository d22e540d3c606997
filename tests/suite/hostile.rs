// SPDX-License-Identifier: MPL-2.0
//! Damaged and malicious files through the elements: each ends soon, cleanly or with an error, and without a panic.
//!
//! All files go through one separate process, in which a crash or a hang is noticed.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gst::prelude::*;

use crate::enc;
use crate::in_process;
use crate::tools::{self, skip};

/// The time that one file may take. The vectors' own limit is 5 s.
const LIMIT: Duration = Duration::from_secs(5);

#[test]
fn hostile_files_end_in_an_error_or_a_clean_end() {
    let Some(vectors) = tools::vectors() else {
        return skip(
            "hostile_files_end_in_an_error_or_a_clean_end",
            "no ../shared/vectors",
        );
    };
    let folder = vectors.join("hostile");
    in_process::run(
        "hostile::pushes_every_file_of_the_given_folder",
        folder.as_os_str(),
    );
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn pushes_every_file_of_the_given_folder() {
    let Some(folder) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let mut files = Vec::new();
    collect(Path::new(&folder), &mut files);
    assert!(!files.is_empty());
    for file in files {
        let decryptor = format!("clearkeydec key-id={} key={}", enc::KID, enc::KEY);
        for element in [enc::one_key("cenc"), enc::one_key("cbcs"), decryptor] {
            for source in [
                "filesrc name=in blocksize=7 ! queue",
                "filesrc name=in ! queue",
                "filesrc name=in",
            ] {
                push(&file, &element, source);
            }
        }
    }
}

fn push(file: &Path, element: &str, source: &str) {
    eprintln!("{} {element} {source}", file.display());
    let begin = Instant::now();
    let line = format!("{source} ! {element} ! fakesink");
    let pipeline = gst::parse::launch(&line).unwrap();
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    let source = pipeline.by_name("in").unwrap();
    source.set_property("location", file.to_str().unwrap());
    // If the first buffer is refused, the change of state fails. The bus has the reason.
    let _ = pipeline.set_state(gst::State::Playing);
    let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
    let bus = pipeline.bus().unwrap();
    let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(LIMIT.as_secs()), &kinds);
    let message = message.expect("the pipeline ends within the limit");
    if let gst::MessageView::Error(error) = message.view() {
        let said = format!("{} {:?}", error.error(), error.debug());
        assert!(!said.to_lowercase().contains("panic"), "{said}");
    }
    pipeline.set_state(gst::State::Null).unwrap();
    assert!(begin.elapsed() < LIMIT);
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
    files.sort();
}
