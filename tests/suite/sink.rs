// SPDX-License-Identifier: MPL-2.0
//! `playreadysink`: what it publishes, live and on demand, with each muxer.

mod application;
mod cues;
mod faults;
mod kills;
mod late;
mod published;
mod runs;
mod text;

use std::path::Path;
use std::process::Command;

pub use published::Published;

use crate::launch::{self, Run};
use crate::media::{Audio, CMAFMUX, Video};
use crate::periods::{all_keys, key_file};
use crate::samples;
use crate::scratch::Scratch;
use crate::tools::skip;
use crate::{decrypt, movie::Movie};

const SECOND: u64 = 1_000_000_000;
/// The muxers, and the ranks with which the element takes them.
const MUXERS: [(&str, &str); 2] = [("cmafmux", ""), ("mp4mux", "cmafmux:NONE")];

/// A pipeline from these encoders to the element. None without one of them.
fn channel(muxer: usize, sink: &str, video: Video, audio: Audio) -> Option<Command> {
    let (name, ranks) = MUXERS[muxer];
    if muxer == 0 && !launch::has(CMAFMUX.split(' ').next().unwrap()) {
        skip(&format!("playreadysink with {name}"), &format!("no {name}"));
        return None;
    }
    let feed = |stream: Option<String>, pad: &str| {
        stream.map_or_else(String::new, |stream| {
            format!("{stream} ! queue ! out.{pad}")
        })
    };
    let line = format!(
        "{sink} {} {}",
        feed(video.stream(), "video_0"),
        feed(audio.stream(), "audio_0")
    );
    let mut command = launch::command();
    command
        .env("GST_PLUGIN_FEATURE_RANK", ranks)
        .args(["-q", "--gst-fatal-warnings"])
        .args(launch::words(&line));
    Some(command)
}

fn sink(folder: &Scratch, out: &str, properties: &str) -> String {
    format!(
        "playreadysink name=out location={} segment-duration={SECOND} {} {properties}",
        folder.join(out).display(),
        key_file(folder)
    )
}

/// The clear samples of a track.
fn clear_samples(video: Video, audio: Audio) -> Vec<Vec<u8>> {
    let recipe = crate::media::Recipe::new(crate::media::MP4MUX, video, audio);
    let clear = Movie::open(&recipe.clear());
    decrypt::samples(&clear, &clear.tracks[0], &decrypt::Keys::default())
}

fn checked(folder: &Path) -> Published {
    let published = Published::read(folder);
    published.check_files();
    published
}

#[test]
fn every_sample_is_published_once() {
    for (muxer, scheme, form, video, audio) in [
        (0, "cenc", "init", Video::Avc, Audio::Aac),
        (1, "cbcs", "init", Video::Avc, Audio::Aac),
        (
            0,
            "cbcs",
            "in-band",
            Video::AvcSlicesAndBFrames,
            Audio::None,
        ),
        (
            1,
            "cenc",
            "in-band",
            Video::AvcSlicesAndBFrames,
            Audio::None,
        ),
        (1, "cbcs", "init", Video::None, Audio::Aac),
    ] {
        let folder = Scratch::new("sink");
        let properties = format!("scheme={scheme} key-change={form} crypto-period={SECOND}");
        let sink = sink(&folder, "out", &properties);
        let Some(mut command) = channel(muxer, &sink, video, audio) else {
            continue;
        };
        Run::of(&mut command).succeeded();
        let case = format!("{} {scheme} {form}", MUXERS[muxer].0);
        let published = checked(&folder.join("out"));
        let mut parts = Vec::new();
        for (kind, is_there) in [
            (b"vide", video != Video::None),
            (b"soun", audio != Audio::None),
        ] {
            if !is_there {
                continue;
            }
            let track = published.track(kind);
            assert_eq!(track.segments, 3, "{case}");
            assert_eq!(
                track.parts.len(),
                if form == "init" { 3 } else { 1 },
                "{case}"
            );
            let found: Vec<Vec<u8>> = track
                .parts
                .iter()
                .flat_map(|part| decrypt::samples(part, part.track(kind), &all_keys()))
                .collect();
            let expected = match kind {
                b"vide" => clear_samples(video, Audio::None),
                _ => clear_samples(Video::None, audio),
            };
            assert_eq!(samples::differing(&expected, &found), [0; 0], "{case}");
            parts.extend(track.parts);
        }
        samples::no_iv_repeats(&parts);
    }
}

#[test]
fn live_presentation_starts_at_the_time_of_day() {
    for muxer in 0..MUXERS.len() {
        let folder = Scratch::new("sink");
        let sink = sink(&folder, "out", "presentation-type=dynamic window=0");
        let Some(mut command) = channel(muxer, &sink, Video::Avc, Audio::Aac) else {
            continue;
        };
        Run::of(&mut command).succeeded();
        let published = checked(&folder.join("out"));
        // It has ended.
        assert!(published.mpd.contains("type=\"static\""));
        assert!(published.playlists.contains("#EXT-X-ENDLIST"));
        let today = Run::of(Command::new("date").args(["-u", "+%Y-%m-%dT"])).stdout;
        assert!(
            published
                .playlists
                .contains(&format!("#EXT-X-PROGRAM-DATE-TIME:{}", today.trim())),
            "{}",
            published.playlists
        );
    }
}
