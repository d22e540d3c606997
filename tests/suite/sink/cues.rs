// SPDX-License-Identifier: MPL-2.0
//! Cues of SCTE 35 that upstream sends: segments start at them, and key or protection change there.

use std::ffi::OsStr;
use std::sync::Mutex;

use gst::prelude::*;
use test_support::cues::made;

use super::{SECOND, checked};
use crate::cues::{argument_of, cues_of};
use crate::in_process;
use crate::launch;
use crate::periods::key_file;
use crate::scratch::Scratch;
use crate::tools::skip;

/// Breaks of two seconds, at 5 s: one has its time in the cue, as PTS of a stream that starts at 10 s.
const BREAKS: [&str; 2] = ["out id=7 time=15 duration=2", "out id=7 duration=2"];

#[test]
fn segments_and_protection_change_at_cues() {
    let test = "segments_and_protection_change_at_cues";
    if let Some(missing) = launch::missing(&["x264enc", "avenc_aac"]) {
        return skip(test, &format!("no {missing}"));
    }
    let Some(cues) = made(&BREAKS) else {
        return skip(test, "no threefive");
    };
    let argument = argument_of(&cues);
    in_process::run("sink::cues::follows_cues", OsStr::new(&argument));
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn follows_cues() {
    let Some(argument) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let cues = cues_of(argument);
    let own_time = || cue(&cues[0]).build();
    let running_time = || cue(&cues[1]).field("running-time", 5 * SECOND).build();
    for (name, event) in [("own", own_time()), ("running", running_time())] {
        let folder = Scratch::new("sink-cues");
        publish(&folder, "cue-action=clear clear-signaling=init", &event);
        let published = checked(&folder.join("out"));
        for handler in [b"vide", b"soun"] {
            let track = published.track(handler);
            let protected: Vec<Vec<bool>> = track
                .parts
                .iter()
                .map(|part| {
                    let samples = part.tracks[0].samples.iter();
                    let mut protected: Vec<_> =
                        samples.map(|sample| sample.protection.is_some()).collect();
                    protected.dedup();
                    protected
                })
                .collect();
            assert_eq!(protected, [[true], [false], [true]], "{name}");
        }
        let lengths = published.media_playlist("video");
        let lengths: Vec<_> = lengths
            .lines()
            .filter_map(|line| line.strip_prefix("#EXTINF:")?.strip_suffix(".000000,"))
            .collect();
        assert_eq!(lengths, ["2", "2", "1", "1", "1", "1", "2"], "{name}");
    }
    // A break begins and ends.
    let folder = Scratch::new("sink-cues");
    publish(&folder, "cue-action=key", &running_time());
    let published = checked(&folder.join("out"));
    published.protected_parts();
    let kids = published.mpd.matches("cenc:default_KID").count();
    assert_eq!(published.track(b"vide").parts.len(), 3);
    assert_eq!(kids, 3 * 2);
    // Without the property, nothing is at the cue.
    let folder = Scratch::new("sink-cues");
    publish(&folder, "", &running_time());
    let published = checked(&folder.join("out"));
    assert_eq!(published.track(b"vide").segments, 5);
    assert_eq!(published.track(b"vide").parts.len(), 1);
}

fn cue(section: &[u8]) -> gst::structure::Builder {
    let data = gst::Buffer::from_slice(section.to_vec());
    gst::Structure::builder("playready-cue").field("data", data)
}

/// Publishes ten seconds whose PTS start at 10 s, with an event on both pads before their first buffer.
fn publish(folder: &Scratch, properties: &str, event: &gst::Structure) {
    let start = 10 * SECOND;
    let pipeline = in_process::pipeline(&format!(
        "playreadysink name=out location={} segment-duration={} presentation-type=static {properties} {} \
         videotestsrc num-buffers=250 ! video/x-raw,format=I420,width=160,height=120,framerate=25/1 \
         ! x264enc key-int-max=1000 tune=zerolatency threads=1 ! h264parse name=pictures ! out.video_0 \
         audiotestsrc num-buffers=480 samplesperbuffer=1000 ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! aacparse name=sound ! out.audio_0",
        folder.join("out").display(),
        2 * SECOND,
        key_file(folder),
    ));
    for name in ["pictures", "sound"] {
        let pad = pipeline.by_name(name).unwrap().static_pad("src").unwrap();
        shift(&pad, start);
        let event = event.clone();
        pad.add_probe(gst::PadProbeType::BUFFER, move |pad, _| {
            pad.push_event(gst::event::CustomDownstream::new(event.clone()));
            gst::PadProbeReturn::Remove
        });
    }
    in_process::run_to_the_end(&pipeline);
}

/// Lets the PTS, and the segment, start at `start`, where those of encoders may start at 1000 hours. The running times stay.
fn shift(pad: &gst::Pad, start: u64) {
    let start = gst::ClockTime::from_nseconds(start);
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
    let origin = Mutex::new(gst::ClockTime::ZERO);
    pad.add_probe(kinds, move |_, info| {
        let mut origin = origin.lock().unwrap();
        match &mut info.data {
            Some(gst::PadProbeData::Buffer(buffer)) => {
                let moved = |time: gst::ClockTime| (time + start).saturating_sub(*origin);
                let buffer = buffer.make_mut();
                buffer.set_pts(buffer.pts().map(moved));
                buffer.set_dts(buffer.dts().map(moved));
            }
            Some(gst::PadProbeData::Event(event)) => {
                if let gst::EventView::Segment(segment) = event.view()
                    && let Some(time) = segment.segment().downcast_ref::<gst::ClockTime>()
                {
                    *origin = time.start().unwrap();
                    let mut moved = time.clone();
                    moved.set_start(start);
                    *event = gst::event::Segment::new(&moved);
                }
            }
            _ => (),
        }
        gst::PadProbeReturn::Ok
    });
}
