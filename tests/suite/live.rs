// SPDX-License-Identifier: MPL-2.0
//! A live pipeline for a minute: no warning, no leaked object, no sample lost.

use std::time::Duration;

use crate::decrypt::{self, Keys};
use crate::enc;
use crate::launch::{self, Run};
use crate::layout;
use crate::movie::Movie;
use crate::scratch::Scratch;

const SECONDS: usize = 60;
const FRAMES_A_SECOND: usize = 10;
/// The sound comes in buffers of 1024 samples at 44.1 kHz.
const SOUND_BUFFERS: usize = SECONDS * 44_100 / 1024;

#[test]
fn a_live_pipeline_runs_a_minute_without_warnings_and_leaks() {
    let folder = Scratch::new("live");
    let [cenc, cbcs] = ["cenc.mp4", "cbcs.mp4"].map(|name| folder.join(name));
    // The encoder makes a key frame every two seconds by itself: see crate::media.
    let muxer = match launch::has("isofmp4mux") {
        true => "isofmp4mux fragment-duration=2000000000 send-force-keyunit=false",
        false => "mp4mux fragment-duration=2000",
    };
    let pipeline = format!(
        "{muxer} name=mux ! tee name=t \
         t. ! queue ! {} ! filesink location={} t. ! queue ! {} ! filesink location={} \
         videotestsrc is-live=true num-buffers={} \
         ! video/x-raw,format=I420,width=160,height=120,framerate={FRAMES_A_SECOND}/1 \
         ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max={} ! h264parse ! queue ! mux. \
         audiotestsrc is-live=true num-buffers={SOUND_BUFFERS} ! audio/x-raw,rate=44100,channels=2 \
         ! avenc_aac ! aacparse ! queue ! mux.",
        enc::one_key("cenc"),
        cenc.display(),
        enc::key_by_track_type("cbcs", &folder),
        cbcs.display(),
        SECONDS * FRAMES_A_SECOND,
        2 * FRAMES_A_SECOND,
    );
    let mut command = launch::command();
    command
        .args(["-q", "--gst-fatal-warnings"])
        .args(launch::words(&pipeline))
        .env("GST_TRACERS", "leaks")
        .env("GST_DEBUG", "GST_TRACER:7")
        .env("GST_DEBUG_NO_COLOR", "1");
    let run = Run::within(&mut command, Duration::from_secs(100)).succeeded();
    assert_eq!(leaks(&run.stderr), Vec::<&str>::new());
    nothing_is_lost(&cenc);
    nothing_is_lost(&cbcs);
    let keys = enc::key_by_track_type_known();
    let [cenc, cbcs] = [&cenc, &cbcs].map(|file| decrypted(&Movie::open(file), &keys));
    assert!(cenc == cbcs, "the two schemes decrypt to different samples");
}

fn decrypted(movie: &Movie, keys: &Keys) -> Vec<Vec<Vec<u8>>> {
    let tracks = movie.tracks.iter();
    tracks
        .map(|track| decrypt::samples(movie, track, keys))
        .collect()
}

/// The lines about objects that the tracer found alive at the end. One further line describes the format of these lines.
pub fn leaks(log: &str) -> Vec<&str> {
    let lines = log.lines().filter(|line| line.contains("object-alive,"));
    lines
        .filter(|line| !line.contains("new format string"))
        .collect()
}

fn nothing_is_lost(file: &std::path::Path) {
    let movie = Movie::open(file);
    layout::check(&movie.file);
    let frames = movie.track(b"vide").samples.len();
    assert_eq!(frames, SECONDS * FRAMES_A_SECOND, "{}", file.display());
    assert!(movie.track(b"soun").samples.len() >= SOUND_BUFFERS);
}
