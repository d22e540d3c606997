// SPDX-License-Identifier: MPL-2.0
//! Several runs in one folder: with the same pipeline, with a late track, and with another encoder.

use std::fs;

use super::{SECOND, channel, checked, sink};
use crate::launch::{self, Run};
use crate::media::{Audio, Video};
use crate::samples;
use crate::scratch::Scratch;
use crate::tools::skip;

#[test]
fn a_run_in_the_same_folder_goes_on() {
    let folder = Scratch::new("sink");
    let sink = sink(
        &folder,
        "out",
        "presentation-type=dynamic window=0 key-change=in-band",
    );
    let mut parts = Vec::new();
    for run in 1..=3 {
        let Some(mut command) = channel(1, &sink, Video::Avc, Audio::None) else {
            return;
        };
        Run::of(&mut command).succeeded();
        let published = checked(&folder.join("out"));
        let track = published.track(b"vide");
        assert_eq!(track.parts.len(), run);
        let playlist = published.media_playlist("video");
        let discontinuities = playlist.matches("#EXT-X-DISCONTINUITY\n");
        assert_eq!(discontinuities.count(), run - 1);
        parts = track.parts;
    }
    samples::no_iv_repeats(&parts);
}

#[test]
fn late_track_and_another_encoder_go_on_with_their_tracks() {
    if !launch::has("x265enc") {
        skip("a channel with another encoder", "no x265enc");
        return;
    }
    let folder = Scratch::new("sink");
    let sink = sink(&folder, "out", "presentation-type=dynamic window=0");
    let pictures = "videotestsrc num-buffers=150 ! video/x-raw,width=64,height=36,framerate=25/1";
    // Pictures and sound both end after 6 s.
    for (encoder, offset, sound) in [
        ("x264enc key-int-max=25 ! h264parse", 0, 258),
        (
            "x265enc key-int-max=25 log-level=none ! h265parse",
            2 * SECOND,
            172,
        ),
    ] {
        let line = format!(
            "{sink} {pictures} ! {encoder} ! queue ! out.video_0 \
             audiotestsrc num-buffers={sound} timestamp-offset={offset} ! avenc_aac ! aacparse ! queue ! out.audio_0"
        );
        launch::pipeline(&line).succeeded();
    }
    let published = checked(&folder.join("out"));
    let [video, audio] = [b"vide", b"soun"].map(|kind| published.track(kind));
    let count = |text: &str, part| text.matches(part).count();
    // The second run begins without sound, and has it after 2 s.
    assert_eq!(count(&published.mpd, "<Period"), 3);
    assert_eq!(video.parts.len(), 3);
    assert_eq!(audio.parts.len(), 2);
    assert_eq!(count(&published.mpd, "codecs=\"avc1."), 1);
    assert_eq!(count(&published.mpd, "codecs=\"hvc1."), 2);
    for track in ["video", "audio"] {
        let playlist = published.media_playlist(track);
        assert_eq!(count(&playlist, "#EXT-X-DISCONTINUITY\n"), 1, "{playlist}");
    }
    let multivariant = fs::read_to_string(folder.join("out/manifest.m3u8")).unwrap();
    let (_, variant) = multivariant.split_once("#EXT-X-STREAM-INF").unwrap();
    assert!(variant.contains("avc1.") && variant.contains("hvc1."));
    samples::no_iv_repeats(&published.protected_parts());
}

// The names of both tracks say the same, and the second one comes first in the second run.
#[test]
fn late_track_keeps_its_name() {
    let folder = Scratch::new("sink");
    let pads = ["audio_0::language=en", "audio_0::label=Stereo"];
    let others = ["audio_1::language=en", "audio_1::label=Comments"];
    let options = [&["presentation-type=dynamic window=0"], &pads[..], &others].concat();
    let sink = sink(&folder, "out", &options.join(" "));
    let sound = |pad: u8, buffers: u32, offset: u64| {
        format!(
            "audiotestsrc num-buffers={buffers} timestamp-offset={offset} ! avenc_aac ! aacparse ! queue ! out.audio_{pad}"
        )
    };
    for (buffers, offset) in [(258, 0), (172, 2 * SECOND)] {
        let line = [sink.clone(), sound(0, buffers, offset), sound(1, 258, 0)].join(" ");
        launch::pipeline(&line).succeeded();
    }
    checked(&folder.join("out"));
    let multivariant = fs::read_to_string(folder.join("out/manifest.m3u8")).unwrap();
    for (label, name) in [("Stereo", "audio-en"), ("Comments", "audio-en-2")] {
        let is_named = |line: &str| {
            line.contains(&format!("NAME=\"{label}\""))
                && line.ends_with(&format!("URI=\"{name}.m3u8\""))
        };
        assert!(multivariant.lines().any(is_named), "{multivariant}");
        let playlist = fs::read_to_string(folder.join(&format!("out/{name}.m3u8"))).unwrap();
        assert_eq!(playlist.matches("#EXT-X-DISCONTINUITY\n").count(), 1);
    }
}
