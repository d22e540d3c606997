// SPDX-License-Identifier: MPL-2.0
//! Each element under the conditions that pipelines bring: starts, flushes, buffers of every kind, and other threads. Warnings of
//! GLib are fatal, and nothing may leak.

mod muxers;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use gst::prelude::*;

use crate::between::{Between, Flow, Received, Stream};
use crate::enc::KID;
use crate::flows::{Fed, all_fed, files};
use crate::in_process;
use crate::live::leaks;

const STARTS: usize = 300;

/// The published seed of Microsoft's test server, which gives a key for each period.
const SEED: &str = "key-seed=XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I";

/// Runs a test of this file in a process of its own.
fn run(test: &str) {
    let folder = files();
    let run = in_process::run_traced(&format!("conditions::{test}"), folder.path().as_os_str());
    assert_eq!(leaks(&run.stderr), Vec::<&str>::new(), "{test}");
}

/// Calls `work` with each element and its input, and logs the objects that are left.
fn for_each(work: impl Fn(Fed)) {
    let Some(folder) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    all_fed(Path::new(&folder)).into_iter().for_each(work);
    // The thread of a task has a reference to it until it ends.
    gst::Task::cleanup_all();
    for tracer in gst::active_tracers() {
        tracer.emit_by_name::<()>("log-live-objects", &[]);
    }
}

fn takes_all(_: &Received) -> Flow {
    Ok(gst::FlowSuccess::Ok)
}

/// The bytes that an element gives for a stream.
fn output(element: &str, stream: Stream, as_list: bool) -> Vec<u8> {
    let between = Between::play(element, takes_all);
    between.send(stream, as_list).unwrap();
    assert!(between.end(), "{element}");
    assert_eq!(between.messages(), Vec::<String>::new(), "{element}");
    bytes(&between.buffers())
}

fn bytes(buffers: &[gst::Buffer]) -> Vec<u8> {
    let maps = buffers.iter().map(|buffer| buffer.map_readable().unwrap());
    maps.flat_map(|map| map.to_vec()).collect()
}

#[test]
fn element_starts_and_stops_three_hundred_times() {
    run("starts_and_stops");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn starts_and_stops() {
    for_each(|Fed { element, stream }| {
        let between = Between::play(&element, takes_all);
        for _ in 0..STARTS {
            between.pipeline.set_state(gst::State::Null).unwrap();
            between.pipeline.set_state(gst::State::Playing).unwrap();
            between.start(&stream);
            for buffer in stream.buffers.iter().take(3) {
                between.push(buffer.copy()).unwrap();
            }
        }
        assert_eq!(between.messages(), Vec::<String>::new(), "{element}");
        between.buffers();
    });
}

#[test]
fn buffers_of_every_kind_give_the_same_bytes() {
    run("takes_buffers_of_every_kind");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn takes_buffers_of_every_kind() {
    for_each(|Fed { element, stream }| {
        let plain = output(&element, stream.clone(), false);
        assert!(!plain.is_empty(), "{element}");
        for (kind, change) in KINDS {
            for as_list in [false, true] {
                let mut changed = stream.clone();
                changed.buffers = stream.buffers.iter().flat_map(change).collect();
                // A branch of a tee holds the same buffers.
                let held = changed.buffers.clone();
                let before = bytes(&held);
                let given = output(&element, changed, as_list);
                assert!(given == plain, "{element}, {kind}, list: {as_list}");
                assert!(
                    bytes(&held) == before,
                    "{element} changed a shared buffer, {kind}"
                );
            }
        }
    });
}

type Change = fn(&gst::Buffer) -> Vec<gst::Buffer>;

/// Kinds of buffers, made of others.
const KINDS: [(&str, Change); 4] = [
    ("shared", |buffer| vec![buffer.clone()]),
    ("writable", |buffer| {
        vec![of(buffer, &[gst::Memory::from_mut_slice(content(buffer))])]
    }),
    ("read-only", |buffer| {
        vec![of(buffer, &[gst::Memory::from_slice(content(buffer))])]
    }),
    ("of several memories, and empty ones between", |buffer| {
        let content = content(buffer);
        let (first, rest) = content.split_at(content.len() / 3);
        let (second, third) = rest.split_at(rest.len() / 2);
        let memories =
            [first, second, third].map(|part| gst::Memory::from_mut_slice(part.to_vec()));
        vec![gst::Buffer::new(), of(buffer, &memories)]
    }),
];

fn content(buffer: &gst::Buffer) -> Vec<u8> {
    buffer.map_readable().unwrap().to_vec()
}

/// A buffer with the times, flags and metas of another, and other memories.
fn of(buffer: &gst::Buffer, memories: &[gst::Memory]) -> gst::Buffer {
    let mut made = gst::Buffer::new();
    let written = made.make_mut();
    buffer
        .copy_into(written, gst::BUFFER_COPY_METADATA, ..)
        .unwrap();
    for memory in memories {
        written.append_memory(memory.clone());
    }
    made
}

#[test]
fn stream_goes_on_after_flushes_gaps_and_new_caps() {
    run("flushes_and_gaps");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn flushes_and_gaps() {
    for_each(|Fed { element, stream }| {
        let plain = output(&element, stream.clone(), false);
        let between = Between::play(&element, takes_all);
        for place in [0, 1, 2, 5] {
            between.start(&stream);
            for buffer in stream.buffers.iter().take(place) {
                between.push(buffer.copy()).unwrap();
            }
            between.event(gst::event::Gap::new(
                gst::ClockTime::ZERO,
                gst::ClockTime::SECOND,
            ));
            between.event(gst::event::FlushStart::new());
            between.event(gst::event::FlushStop::new(true));
        }
        let events = between.events();
        assert_eq!(
            events.iter().filter(|event| *event == "gap").count(),
            4,
            "{element}"
        );
        between.buffers();
        // A seek with the flag SEGMENT ends by SEGMENT_DONE in place of EOS.
        between.send(stream, false).unwrap();
        between.event(gst::event::SegmentDone::new(gst::ClockTime::SECOND));
        assert!(
            bytes(&between.buffers()) == plain,
            "{element}: other bytes after flushes"
        );
        assert!(between.end(), "{element}");
        assert_eq!(between.messages(), Vec::<String>::new(), "{element}");
    });
}

#[test]
fn other_threads_read_and_set_properties() {
    run("takes_settings_from_threads");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn takes_settings_from_threads() {
    for_each(|Fed { element, stream }| {
        let between = Between::play(&element, takes_all);
        let has_ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                let (element, has_ended) = (&between.element, &has_ended);
                scope.spawn(move || {
                    let switches = element.has_property("protect");
                    for turn in 0.. {
                        if has_ended.load(Ordering::Relaxed) {
                            break;
                        }
                        if switches {
                            element.set_property("protect", turn % 3 != 0);
                        }
                        for property in element.list_properties() {
                            if property.flags().contains(gst::glib::ParamFlags::READABLE) {
                                element.property_value(property.name());
                            }
                        }
                    }
                });
            }
            for _ in 0..10 {
                between.send(stream.clone(), false).unwrap();
                between.buffers();
            }
            has_ended.store(true, Ordering::Relaxed);
        });
        assert_eq!(between.messages(), Vec::<String>::new(), "{element}");
    });
}

#[test]
fn keys_are_rotated_by_other_threads() {
    run("rotates_keys_from_threads");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn rotates_keys_from_threads() {
    for_each(|Fed { element, stream }| {
        if element.starts_with("clearkeydec") {
            return;
        }
        let name = element.split(' ').next().unwrap();
        let line = format!("{name} name=element key-id={KID} {SEED} crypto-period=1000000000");
        let between = Between::play(&line, takes_all);
        let has_ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let (element, has_ended) = (&between.element, &has_ended);
            scope.spawn(move || {
                while !has_ended.load(Ordering::Relaxed) {
                    element.emit_by_name::<()>("rotate-key", &[]);
                    std::thread::sleep(std::time::Duration::from_micros(100));
                }
            });
            for _ in 0..10 {
                between.send(stream.clone(), false).unwrap();
                between.buffers();
            }
            has_ended.store(true, Ordering::Relaxed);
        });
        let mut messages = between.messages();
        messages.dedup();
        // Of the published seed, when the stream starts.
        assert_eq!(messages, ["warning resource Settings"], "{line}");
        let stats = between.element.property::<gst::Structure>("stats");
        assert!(stats.get::<u64>("key-changes").unwrap() > 10, "{line}");
    });
}

#[test]
fn end_before_any_media_is_passed_on_unless_a_file_is_missing() {
    run("ends_before_media");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn ends_before_media() {
    for_each(
        |Fed {
             element,
             mut stream,
         }| {
            // What has no samples is nothing to decrypt, but no file to protect either.
            let is_refused = element.starts_with("playreadyenc");
            stream.buffers.clear();
            let between = Between::play(&element, takes_all);
            between.send(stream, false).unwrap();
            assert_eq!(between.end(), !is_refused, "{element}");
            let expected = if is_refused {
                vec!["stream Demux"]
            } else {
                vec![]
            };
            assert_eq!(between.messages(), expected, "{element}");
        },
    );
}

#[test]
fn branches_of_a_tee_before_and_after_have_the_same_bytes() {
    run("branches");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn branches() {
    for_each(|Fed { element, stream }| {
        let plain = output(&element, stream.clone(), false);
        let unnamed = element.replace("name=element", "");
        let sink = "queue max-size-buffers=0 max-size-bytes=0 max-size-time=0 ! appsink sync=false";
        let line = format!(
            "appsrc name=in ! tee name=before \
             before. ! {unnamed} ! tee name=after after. ! {sink} name=one after. ! {sink} name=two \
             before. ! {unnamed} ! {sink} name=three"
        );
        let pipeline = in_process::pipeline(&line);
        let source = pipeline.by_name("in").unwrap();
        source.set_property("format", stream.segment.format());
        source.set_property("caps", stream.caps.clone());
        for buffer in &stream.buffers {
            let pushed: gst::FlowReturn = source.emit_by_name("push-buffer", &[buffer]);
            assert_eq!(pushed, gst::FlowReturn::Ok);
        }
        let _: gst::FlowReturn = source.emit_by_name("end-of-stream", &[]);
        pipeline.set_state(gst::State::Playing).unwrap();
        for name in ["one", "two", "three"] {
            let sink = pipeline.by_name(name).unwrap();
            let samples =
                std::iter::from_fn(|| sink.emit_by_name::<Option<gst::Sample>>("pull-sample", &[]));
            let buffers: Vec<_> = samples.filter_map(|sample| sample.buffer_owned()).collect();
            assert!(bytes(&buffers) == plain, "{element}, sink {name}");
        }
        pipeline.set_state(gst::State::Null).unwrap();
    });
}
