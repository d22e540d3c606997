// SPDX-License-Identifier: MPL-2.0
//! What downstream returns for a buffer, and what each element makes of it; and the events around each stream.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gst::prelude::*;

use crate::between::{Between, Stream, segment};
use crate::boxes::top_level;
use crate::enc::{self, KEY, KID};
use crate::in_process;
use crate::media::{Audio, MP4MUX, Recipe, Video};
use crate::scratch::Scratch;
use crate::seen;

const FRAGMENTED: Recipe = Recipe::new(MP4MUX, Video::Avc, Audio::None);
const PROGRESSIVE: Recipe = Recipe::new("mp4mux", Video::Avc, Audio::None);

/// Flows by which downstream stops a stream.
pub const STOPS: [gst::FlowError; 5] = [
    gst::FlowError::Flushing,
    gst::FlowError::Eos,
    gst::FlowError::NotLinked,
    gst::FlowError::Error,
    gst::FlowError::CustomError,
];

/// An element with input for it.
pub struct Fed {
    pub element: String,
    pub stream: Stream,
}

/// A folder with the clear and the protected form of each file.
pub fn files() -> Scratch {
    let folder = Scratch::new("flows");
    for (recipe, name) in [(FRAGMENTED, "fragmented"), (PROGRESSIVE, "progressive")] {
        let clear = recipe.clear();
        std::fs::copy(&clear, folder.join(&format!("{name}.mp4"))).unwrap();
        let protected = folder.join(&format!("protected-{name}.mp4"));
        enc::protect_pulled(&clear, &enc::one_key("cbcs"), &protected).succeeded();
    }
    folder
}

pub fn decryptor() -> String {
    format!("clearkeydec key-id={KID} key={KEY} name=element")
}

pub fn encryptor(element: &str) -> String {
    format!("{element} scheme=cbcs key-id={KID} key={KEY} name=element")
}

/// Each element, with input that it is pushed.
pub fn all_fed(folder: &Path) -> Vec<Fed> {
    let bytes = |name| Stream::of_bytes(&std::fs::read(folder.join(name)).unwrap());
    let samples = |line: &str| {
        let seen = seen::of(&format!("{line} ! fakesink name=out"));
        let buffers = seen.buffers().into_iter().cloned().collect();
        Stream::of_samples(seen.caps().clone(), buffers)
    };
    let clear = FRAGMENTED.stream();
    let protected = format!("{clear} ! {}", encryptor("cencenc"));
    vec![
        Fed {
            element: encryptor("playreadyenc"),
            stream: bytes("fragmented.mp4"),
        },
        Fed {
            element: decryptor(),
            stream: bytes("protected-fragmented.mp4"),
        },
        Fed {
            element: encryptor("cencenc"),
            stream: samples(&clear),
        },
        Fed {
            element: decryptor(),
            stream: samples(&protected),
        },
    ]
}

/// Each pipeline in which an element reads a file itself.
pub fn all_pulling(folder: &Path) -> Vec<String> {
    let line = |name: &str, element: String| {
        format!(
            "filesrc location={} ! {element}",
            folder.join(name).display()
        )
    };
    vec![
        line("fragmented.mp4", encryptor("playreadyenc")),
        line("progressive.mp4", encryptor("playreadyenc")),
        line("protected-fragmented.mp4", decryptor()),
        line("protected-progressive.mp4", decryptor()),
    ]
}

/// Calls `work` with the folder in the process of a test.
fn with_files(work: impl FnOnce(&Path)) {
    let Some(folder) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    work(&PathBuf::from(folder));
}

fn run(test: &str) {
    let folder = files();
    in_process::run(&format!("flows::{test}"), folder.path().as_os_str());
}

#[test]
fn end_follows_a_flow_that_stops_the_stream() {
    run("stops_pushed_streams");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn stops_pushed_streams() {
    with_files(|folder| {
        for Fed { element, stream } in all_fed(folder) {
            for (flow, after) in STOPS.into_iter().flat_map(|flow| [(flow, 1), (flow, 4)]) {
                for as_list in [false, true] {
                    let case = format!("{element}, {flow} at buffer {after}, list: {as_list}");
                    let between = Between::play(&element, move |received| {
                        match received.buffers.len() < after {
                            true => Ok(gst::FlowSuccess::Ok),
                            false => Err(flow),
                        }
                    });
                    assert_eq!(between.send(stream.clone(), as_list), Err(flow), "{case}");
                    between.end();
                    let ends = between.events().into_iter().filter(|event| event == "eos");
                    assert_eq!(ends.count(), 1, "{case}");
                    assert_eq!(between.messages(), Vec::<String>::new(), "{case}");
                }
            }
        }
    });
}

#[test]
fn flow_that_does_not_stop_the_stream_changes_nothing() {
    run("takes_custom_success");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn takes_custom_success() {
    with_files(|folder| {
        for Fed { element, stream } in all_fed(folder) {
            let between = Between::play(&element, |_| Ok(gst::FlowSuccess::CustomSuccess));
            assert!(between.send(stream, false).is_ok(), "{element}");
            assert!(between.end(), "{element}");
            assert_eq!(between.events().last().unwrap(), "eos", "{element}");
            assert_eq!(between.messages(), Vec::<String>::new(), "{element}");
        }
    });
}

#[test]
fn element_that_reads_a_file_posts_the_flow_and_ends() {
    run("stops_pulled_files");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn stops_pulled_files() {
    with_files(|folder| {
        for line in all_pulling(folder) {
            for flow in STOPS {
                let case = format!("{line}, {flow}");
                let between = Between::play(&line, move |_| Err(flow));
                until_paused(&between);
                let events = between.events();
                let ends = events.iter().filter(|event| *event == "eos").count();
                // As GStreamer's own sources do it: gst_base_src_loop.
                let (end, error) = match flow {
                    gst::FlowError::Flushing => (0, None),
                    gst::FlowError::Eos => (1, None),
                    _ => (1, Some("stream Failed")),
                };
                assert_eq!(ends, end, "{case}: {events:?}");
                assert_eq!(between.messages(), Vec::from_iter(error), "{case}");
            }
        }
    });
}

/// Waits for the end of the task that reads the file.
fn until_paused(between: &Between) {
    let pad = between.element.static_pad("sink").unwrap();
    let is_paused = || {
        std::thread::sleep(Duration::from_millis(5));
        pad.task_state() == gst::TaskState::Paused
    };
    assert!((0..4000).any(|_| is_paused()), "the task does not end");
}

#[test]
fn element_that_refuses_a_stream_posts_one_error_and_no_end() {
    run("refuses_streams");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn refuses_streams() {
    with_files(|folder| {
        let mut fed = all_fed(folder);
        // Truncated, truncated, protected already and not protected: each has the input of another element.
        let [encryptor, decryptor, samples, protected] = fed.as_mut_slice() else {
            panic!("four elements");
        };
        for mp4 in [&mut encryptor.stream, &mut decryptor.stream] {
            mp4.buffers.pop();
        }
        std::mem::swap(&mut samples.stream.buffers, &mut protected.stream.buffers);
        let codes = [
            "stream Demux",
            "stream Demux",
            "stream WrongType",
            "stream Decrypt",
        ];
        for (Fed { element, stream }, code) in fed.into_iter().zip(codes) {
            let between = Between::play(&element, |_| Ok(gst::FlowSuccess::Ok));
            let buffers = stream.buffers.clone();
            let _ = between.send(stream, false);
            assert!(!between.end(), "{element}");
            for buffer in buffers {
                assert!(between.push(buffer).is_err(), "{element}");
            }
            assert!(!between.end(), "{element}");
            assert_eq!(between.messages(), [code], "{element}");
            assert!(!between.events().contains(&"eos".to_owned()), "{element}");
        }
    });
}

#[test]
fn each_stream_has_its_caps_and_its_segment() {
    run("sends_streams_one_after_another");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn sends_streams_one_after_another() {
    with_files(|folder| {
        for Fed { element, stream } in all_fed(folder) {
            let between = Between::play(&element, |_| Ok(gst::FlowSuccess::Ok));
            let format = stream.segment.format();
            let first = if format == gst::Format::Time { 0 } else { 1 };
            // A muxer's fragments may come in either format, one stream after the other.
            for format in [gst::Format::Time, gst::Format::Bytes, gst::Format::Bytes]
                .into_iter()
                .take(1 + 2 * first)
            {
                let mut stream = stream.clone();
                stream.segment = segment(format);
                between.send(stream, false).unwrap();
                assert!(between.end(), "{element}");
                let segment = format!("segment {format:?} 0");
                let expected = ["stream-start", "caps", &segment, "eos"];
                assert_eq!(between.events(), expected, "{element}");
            }
            between.start(&stream);
            between.events();
            between.event(gst::event::FlushStart::new());
            between.event(gst::event::FlushStop::new(true));
            between.event(gst::event::Segment::new(&stream.segment));
            let segment = format!("segment {format:?} 0");
            assert_eq!(between.events(), ["flush-stop", &segment], "{element}");
        }
    });
}

#[test]
fn failed_rewrite_of_an_index_leaves_the_position_at_the_end() {
    run("fails_to_rewrite_an_index");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn fails_to_rewrite_an_index() {
    with_files(|folder| {
        let file = std::fs::read(folder.join("fragmented.mp4")).unwrap();
        let between = Between::play_into(&encryptor("playreadyenc"), true, |received| {
            let segments = received
                .events
                .iter()
                .filter(|event| event.starts_with("segment"));
            match segments.count() {
                1 => Ok(gst::FlowSuccess::Ok),
                _ => Err(gst::FlowError::Error),
            }
        });
        let _ = between.send(Stream::of_bytes(&with_index(&file)), false);
        between.end();
        let buffers = between.buffers();
        let (rewritten, whole) = buffers.split_last().unwrap();
        let written: usize = whole.iter().map(|buffer| buffer.size()).sum();
        let index = whole
            .iter()
            .map(|buffer| buffer.map_readable().unwrap().to_vec())
            .collect::<Vec<_>>()
            .concat();
        let place = top_level(&index)
            .iter()
            .find(|found| &found.kind == b"sidx")
            .map(|found| found.start);
        assert!(rewritten.size() < whole.len() * 4096);
        let events = between.events();
        let segments: Vec<_> = events.iter().filter(|e| e.starts_with("segment")).collect();
        let expected = [0, place.unwrap(), written].map(|at| format!("segment Bytes {at}"));
        assert_eq!(segments, expected.iter().collect::<Vec<_>>());
        assert_eq!(between.messages(), Vec::<String>::new());
    });
}

/// The file with a segment index of all its fragments after `moov`.
fn with_index(file: &[u8]) -> Vec<u8> {
    let boxes = top_level(file);
    let media = boxes
        .iter()
        .position(|found| &found.kind == b"moof")
        .unwrap();
    let (start, fragments) = (boxes[media].start, boxes[media..].chunks_exact(2));
    let word = |number: usize| u32::try_from(number).unwrap();
    let mut words = vec![0, 1, 1000, 0, 0, word(fragments.len())];
    for fragment in fragments {
        words.extend([word(fragment[1].end - fragment[0].start), 1000, 0x9000_0000]);
    }
    let index = test_support::build::full(b"sidx", &words);
    [&file[..start], &index, &file[start..]].concat()
}
