// SPDX-License-Identifier: MPL-2.0
//! A pad whose media comes late, and one that ends early.

use std::fs;
use std::thread;
use std::time::Duration;

use gst::prelude::*;

use super::checked;
use crate::in_process;
use crate::periods::key_file;
use crate::scratch::Scratch;

pub const PICTURES: &str = "videotestsrc is-live=true ! video/x-raw,width=64,height=36,framerate=25/1 \
                        ! x264enc speed-preset=ultrafast tune=zerolatency threads=1 ! h264parse ! out.video_0";
const SOUND: &str = "audiotestsrc is-live=true samplesperbuffer=1024 ! valve name=valve ! avenc_aac ! aacparse ! out.audio_0";

fn channel(folder: &Scratch) -> gst::Pipeline {
    in_process::pipeline(&format!(
        "playreadysink name=out location={} segment-duration=200000000 window=0 {} {PICTURES} {SOUND}",
        folder.join("out").display(),
        key_file(folder)
    ))
}

/// Ends the stream, and returns the warnings so far.
pub fn end(pipeline: &gst::Pipeline) -> Vec<String> {
    pipeline.send_event(gst::event::Eos::new());
    let bus = pipeline.bus().unwrap();
    let kinds = [
        gst::MessageType::Eos,
        gst::MessageType::Error,
        gst::MessageType::Warning,
    ];
    let mut warnings = Vec::new();
    loop {
        let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(30), &kinds);
        match message.expect("the pipeline ends").view() {
            gst::MessageView::Warning(warning) => warnings.push(warning.error().to_string()),
            gst::MessageView::Error(error) => panic!("{}: {:?}", error.error(), error.debug()),
            _ => break,
        }
    }
    pipeline.set_state(gst::State::Null).unwrap();
    warnings
}

#[test]
fn late_pad_is_named_and_joins() {
    let folder = Scratch::new("sink-late");
    in_process::run("sink::late::joins", folder.path().as_os_str());
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn joins() {
    let _ = in_process::argument().unwrap();
    gst::init().unwrap();
    let folder = Scratch::new("sink-joins");
    let pipeline = channel(&folder);
    let valve = pipeline.by_name("valve").unwrap();
    valve.set_property("drop", true);
    pipeline.set_state(gst::State::Playing).unwrap();
    thread::sleep(Duration::from_secs(8));
    let published = checked(&folder.join("out"));
    assert!(published.track(b"vide").segments > 1);
    assert!(!published.mpd.contains("audio/mp4"));
    valve.set_property("drop", false);
    thread::sleep(Duration::from_secs(3));
    let warnings = end(&pipeline);
    assert!(
        warnings.iter().any(|text| text.contains("pad audio_0")),
        "{warnings:?}"
    );
    let published = checked(&folder.join("out"));
    assert!(published.track(b"soun").segments > 5);
    // The tracks of a Period do not change.
    assert_eq!(published.track(b"vide").parts.len(), 2);
    assert_eq!(published.track(b"soun").parts.len(), 1);
    assert!(
        !published
            .media_playlist("video")
            .contains("DISCONTINUITY\n")
    );
}

#[test]
fn channel_goes_on_when_a_pad_ends() {
    let folder = Scratch::new("sink-late");
    in_process::run("sink::late::ends_early", folder.path().as_os_str());
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn ends_early() {
    let _ = in_process::argument().unwrap();
    gst::init().unwrap();
    let folder = Scratch::new("sink-ends");
    let pipeline = channel(&folder);
    pipeline.set_state(gst::State::Playing).unwrap();
    thread::sleep(Duration::from_secs(3));
    let out = pipeline.by_name("out").unwrap();
    let pad = out.static_pad("audio_0").unwrap();
    pad.send_event(gst::event::Eos::new());
    let before = checked(&folder.join("out"));
    thread::sleep(Duration::from_secs(3));
    let during = checked(&folder.join("out"));
    let has_ended = |track| during.media_playlist(track).contains("#EXT-X-ENDLIST");
    assert!(has_ended("audio") && !has_ended("video"));
    let multivariant = fs::read_to_string(folder.join("out/manifest.m3u8")).unwrap();
    assert!(!multivariant.contains("TYPE=AUDIO"), "{multivariant}");
    let (_, last_period) = during.mpd.rsplit_once("<Period").unwrap();
    assert!(!last_period.contains("audio/mp4"));
    let warnings = end(&pipeline);
    let [warning] = warnings.as_slice() else {
        panic!("{warnings:?}");
    };
    assert!(warning.contains("pad audio_0: its stream has ended"));
    let after = checked(&folder.join("out"));
    let segments = |published: &super::Published, kind| published.track(kind).segments;
    assert!(segments(&after, b"vide") > segments(&before, b"vide") + 8);
    assert!(segments(&after, b"soun") <= segments(&before, b"soun") + 3);
    assert_eq!(after.track(b"vide").parts.len(), 2);
    assert_eq!(after.track(b"soun").parts.len(), 1);
}
