// SPDX-License-Identifier: MPL-2.0
//! A process that is killed at any moment, and the one after it.

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::{checked, sink};
use crate::decrypt;
use crate::launch;
use crate::periods::all_keys;
use crate::samples;
use crate::scratch::Scratch;

/// A live channel with short segments.
fn live(folder: &Scratch) -> Command {
    let sink = sink(
        folder,
        "out",
        "segment-duration=200000000 window=0 key-change=init crypto-period=86400000000000",
    );
    let line = format!(
        "{sink} videotestsrc is-live=true ! video/x-raw,width=64,height=36,framerate=25/1 \
         ! x264enc speed-preset=ultrafast tune=zerolatency threads=1 ! h264parse ! out.video_0 \
         audiotestsrc is-live=true samplesperbuffer=1024 ! avenc_aac ! aacparse ! out.audio_0"
    );
    let mut command = launch::command();
    command.arg("-q").args(launch::words(&line));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Kills the channel this many times, each a little later than before.
fn kill(times: u32) {
    let folder = Scratch::new("sink-kills");
    let mut last = 0;
    for time in 0..times {
        let mut child = live(&folder).spawn().unwrap();
        thread::sleep(Duration::from_millis(u64::from(700 + 37 * (time % 20))));
        child.kill().unwrap();
        child.wait().unwrap();
        let out = folder.join("out");
        if out.join("manifest.mpd").exists() {
            let published = checked(&out);
            let segments = published.track(b"vide").segments;
            assert!(segments >= last, "{segments} after {last}");
            last = segments;
        }
    }
    assert!(last >= times as usize, "{last} segments");
    let published = checked(&folder.join("out"));
    let parts = published.track(b"vide").parts;
    samples::no_iv_repeats(&parts);
    for part in &parts {
        let found = decrypt::samples(part, part.track(b"vide"), &all_keys());
        assert!(found.iter().all(|sample| sample.len() > 4));
    }
}

#[test]
fn killed_channel_goes_on() {
    kill(20);
}

#[test]
#[ignore = "kills 200 processes: four minutes"]
fn often_killed_channel_goes_on() {
    kill(200);
}
