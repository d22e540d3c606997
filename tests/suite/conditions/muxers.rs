// SPDX-License-Identifier: MPL-2.0
//! The muxer bins under the same conditions. The oracle is the muxer alone: the bin passes on the same events and flows, and its samples
//! decrypt to those of the muxer. So what a muxer itself gets wrong, such as mp4mux with a buffer without a time, is the same in both.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use gst::prelude::*;

use super::{KINDS, STARTS, takes_all};
use crate::between::{Between, Flow, Stream};
use crate::boxes::top_level;
use crate::decrypt;
use crate::enc::{self, KEY, KID};
use crate::flows::{STOPS, all_fed, files};
use crate::in_process;
use crate::live::leaks;
use crate::movie::Movie;

/// Each bin with its muxer, both with fragments of a second.
const MUXERS: [[&str; 2]; 2] = [
    ["playreadymp4mux", "mp4mux fragment-duration=1000"],
    ["playreadycmafmux", "cmafmux fragment-duration=1000000000"],
];

/// Runs a test of this file in a process of its own.
fn run(test: &str) {
    let folder = files();
    let test = format!("conditions::muxers::{test}");
    let run = in_process::run_traced(&test, folder.path().as_os_str());
    assert_eq!(leaks(&run.stderr), Vec::<&str>::new(), "{test}");
}

/// A bin and its muxer, as lines for [`Between`].
struct Pair {
    bin: String,
    muxer: String,
}

/// Calls `work` with each bin whose muxer is on this machine, and its input.
fn for_each(work: impl Fn(&Pair, &Stream)) {
    let Some(folder) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let fed = all_fed(Path::new(&folder));
    let clear = fed
        .into_iter()
        .find(|fed| fed.element.starts_with("cencenc"));
    let stream = clear.unwrap().stream;
    for [bin, muxer] in MUXERS {
        let (name, settings) = muxer.split_once(' ').unwrap();
        if gst::ElementFactory::find(name).is_some() {
            let key = format!("scheme=cbcs key-id={KID} key={KEY}");
            let pair = Pair {
                bin: format!("{bin} name=element {settings} {key}"),
                muxer: format!("{muxer} name=element"),
            };
            work(&pair, &stream);
        }
    }
    drop(stream);
    gst::Task::cleanup_all();
    for tracer in gst::active_tracers() {
        tracer.emit_by_name::<()>("log-live-objects", &[]);
    }
}

/// What came of a stream.
#[derive(Debug, PartialEq)]
struct Outcome {
    flow: Flow,
    has_ended: bool,
    events: Vec<String>,
    messages: Vec<String>,
    /// The number of `moof` boxes.
    fragments: usize,
    samples: Vec<Vec<u8>>,
}

impl Outcome {
    fn of(line: &str, stream: &Stream, play: Play) -> Self {
        let between = Between::play(line, takes_all);
        let flow = play(&between, stream);
        let has_ended = between.end();
        if has_ended {
            between.until_event_or_error("eos");
        }
        let bytes = super::bytes(&between.buffers());
        let boxes = top_level(&bytes);
        let fragments = boxes.iter().filter(|found| &found.kind == b"moof").count();
        let samples = if fragments == 0 {
            Vec::new()
        } else {
            let movie = Movie::parse(bytes);
            decrypt::samples(&movie, &movie.tracks[0], &enc::one_key_known())
        };
        Self {
            flow,
            has_ended,
            events: between.events(),
            messages: between.messages(),
            fragments,
            samples,
        }
    }
}

/// Sends a stream, apart from its end, and returns the last flow.
type Play = fn(&Between, &Stream) -> Flow;

/// Conditions that a pipeline brings, in addition to the kinds of buffers.
const CONDITIONS: [(&str, Play); 8] = [
    ("a plain stream", |between, stream| {
        between.send(stream.clone(), false)
    }),
    ("a list", |between, stream| {
        between.send(stream.clone(), true)
    }),
    ("a gap before media", |between, stream| {
        between.start(stream);
        between.event(gap());
        push_all(between, stream, ..)
    }),
    ("a gap in media", |between, stream| {
        between.start(stream);
        push_all(between, stream, ..30)?;
        between.event(gap());
        push_all(between, stream, 30..)
    }),
    ("caps again", |between, stream| {
        between.start(stream);
        push_all(between, stream, ..30)?;
        between.event(gst::event::Caps::new(stream.caps.as_ref().unwrap()));
        push_all(between, stream, 30..)
    }),
    ("the end of a segment", |between, stream| {
        let flow = between.send(stream.clone(), false);
        between.event(gst::event::SegmentDone::new(gst::ClockTime::SECOND));
        flow
    }),
    ("a flush before media", |between, stream| {
        between.start(stream);
        flush(between);
        between.send(stream.clone(), false)
    }),
    ("a buffer without a time", |between, stream| {
        between.start(stream);
        push_all(between, stream, ..30)?;
        between.push(gst::Buffer::new())?;
        push_all(between, stream, 30..)
    }),
];

fn gap() -> gst::Event {
    let (start, duration) = (gst::ClockTime::SECOND, gst::ClockTime::from_mseconds(200));
    gst::event::Gap::builder(start).duration(duration).build()
}

fn seek() -> gst::Event {
    let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::SEGMENT;
    let none = gst::ClockTime::NONE;
    let (start, stop) = (gst::SeekType::Set, gst::SeekType::None);
    gst::event::Seek::new(1.0, flags, start, gst::ClockTime::ZERO, stop, none)
}

fn flush(between: &Between) {
    between.event(gst::event::FlushStart::new());
    between.event(gst::event::FlushStop::new(true));
}

fn push_all<R>(between: &Between, stream: &Stream, part: R) -> Flow
where
    R: std::slice::SliceIndex<[gst::Buffer], Output = [gst::Buffer]>,
{
    let mut buffers = stream.buffers[part].iter();
    buffers.try_fold(gst::FlowSuccess::Ok, |_, buffer| {
        between.push(buffer.copy())
    })
}

#[test]
fn bin_does_what_its_muxer_does() {
    run("plays_each_condition");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn plays_each_condition() {
    for_each(|Pair { bin, muxer }, stream| {
        for (condition, play) in CONDITIONS {
            let expected = Outcome::of(muxer, stream, play);
            let found = Outcome::of(bin, stream, play);
            assert!(
                found == expected,
                "{bin}, {condition}: {found:?}, {expected:?}"
            );
        }
        let send: Play = |between, stream| between.send(stream.clone(), false);
        let expected = Outcome::of(muxer, stream, send);
        assert_eq!(expected.samples.len(), stream.buffers.len(), "{muxer}");
        // mp4mux of GStreamer 1.22 alone fails an assertion on a seek: gst_segment_do_seek.
        let found = Outcome::of(bin, stream, |between, stream| {
            between.start(stream);
            push_all(between, stream, ..30)?;
            assert!(!between.event_from_downstream(seek()));
            push_all(between, stream, 30..)
        });
        assert!(found == expected, "{bin}, a seek from downstream");
        for (kind, change) in KINDS {
            let mut changed = stream.clone();
            let made = stream.buffers.iter().flat_map(change);
            // No muxer takes buffers without a time.
            changed.buffers = made.filter(|buffer| buffer.pts().is_some()).collect();
            let before = super::bytes(&changed.buffers);
            let found = Outcome::of(bin, &changed, send);
            assert!(found == expected, "{bin}, {kind}");
            assert!(
                super::bytes(&changed.buffers) == before,
                "{bin} changed a buffer"
            );
        }
    });
}

#[test]
fn bin_starts_stops_and_flushes() {
    run("starts_stops_and_flushes");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn starts_stops_and_flushes() {
    for_each(|Pair { bin, .. }, stream| {
        let between = Between::play(bin, takes_all);
        for _ in 0..STARTS {
            between.pipeline.set_state(gst::State::Null).unwrap();
            between.pipeline.set_state(gst::State::Playing).unwrap();
            between.start(stream);
            push_all(&between, stream, ..3).unwrap();
        }
        between.start(stream);
        for _ in 0..10 {
            push_all(&between, stream, ..30).unwrap();
            // A muxer of GStreamer 1.22 that is at work may read a buffer that the flush has freed.
            std::thread::sleep(std::time::Duration::from_millis(100));
            flush(&between);
            between.start(stream);
        }
        assert_eq!(between.messages(), Vec::<String>::new(), "{bin}");
        // A file with a header and no media, or none at all.
        let between = Between::play(bin, takes_all);
        between.start(stream);
        between.end();
        between.until_event_or_error("eos");
        let messages = match bin.starts_with("playreadymp4mux") {
            true => vec![],
            // cmafmux writes nothing then, and an empty file is an error.
            false => vec!["stream Demux"],
        };
        assert_eq!(between.messages(), messages, "{bin}");
    });
}

#[test]
fn bin_posts_nothing_when_downstream_stops_it() {
    run("stops_by_downstream");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn stops_by_downstream() {
    for_each(|Pair { bin, .. }, stream| {
        for (flow, after) in STOPS.into_iter().flat_map(|flow| [(flow, 1), (flow, 3)]) {
            if flow == gst::FlowError::CustomError {
                // The muxers ignore it, and mp4mux of GStreamer 1.22 alone writes the same header again and again.
                continue;
            }
            let case = format!("{bin}, {flow} at buffer {after}");
            let between =
                Between::play(bin, move |received| match received.buffers.len() < after {
                    true => Ok(gst::FlowSuccess::Ok),
                    false => Err(flow),
                });
            let sent = between.send(stream.clone(), false);
            between.end();
            // The muxers go on after some flows. mp4mux posts that it could not write a header.
            assert!(sent.is_ok() || sent == Err(flow), "{case}: {sent:?}");
            between.pipeline.set_state(gst::State::Null).unwrap();
            let messages = between.messages();
            assert!(
                messages.iter().all(|text| text == "stream Mux"),
                "{case}: {messages:?}"
            );
            let ends = between.events().into_iter().filter(|event| event == "eos");
            assert!(ends.count() <= 1, "{case}");
        }
    });
}

#[test]
fn bin_takes_settings_and_rotations_from_threads() {
    run("is_used_by_threads");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn is_used_by_threads() {
    for_each(|Pair { bin, .. }, stream| {
        let name = bin.split(' ').next().unwrap();
        let line = format!(
            "{name} name=element key-id={KID} {} crypto-period=1000000000",
            super::SEED
        );
        for _ in 0..5 {
            let between = Between::play(&line, takes_all);
            let has_ended = AtomicBool::new(false);
            std::thread::scope(|scope| {
                let (element, has_ended) = (&between.element, &has_ended);
                scope.spawn(move || {
                    while !has_ended.load(Ordering::Relaxed) {
                        element.emit_by_name::<()>("rotate-key", &[]);
                        for property in element.list_properties() {
                            if property.flags().contains(gst::glib::ParamFlags::READABLE) {
                                element.property_value(property.name());
                            }
                        }
                        element.set_property("protect", true);
                    }
                });
                between.send(stream.clone(), false).unwrap();
                between.end();
                between.until_end();
                has_ended.store(true, Ordering::Relaxed);
            });
            // Of the published seed, and of periods shorter than a fragment.
            let messages = between.messages();
            let are_warnings = messages
                .iter()
                .all(|text| text == "warning resource Settings");
            assert!(are_warnings && messages.len() <= 2, "{line}: {messages:?}");
            let stats = between.element.property::<gst::Structure>("stats");
            assert!(stats.get::<u64>("key-changes").unwrap() > 0, "{line}");
        }
    });
}
