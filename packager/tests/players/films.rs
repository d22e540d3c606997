// SPDX-License-Identifier: MPL-2.0
//! The films that are packaged, and how.

use std::path::Path;
use std::process::Command;

use test_support::tools;

/// Seconds of each film.
const SECONDS: usize = 6;
/// Pictures of each film: 25 in a second.
pub const PICTURES: u64 = 150;
/// The texts of `subs.vtt`.
pub const CUES: [&str; 3] = ["One", "Two", "Three"];
const SUBTITLES: &str = "\
WEBVTT

00:00.500 --> 00:01.500
One

00:02.500 --> 00:03.500
Two

00:04.500 --> 00:05.500
Three
";

/// A file that FFmpeg makes.
struct Source {
    file: &'static str,
    size: &'static str,
    codecs: &'static str,
    has_sound: bool,
}

const SOURCES: [Source; 4] = [
    Source {
        file: "avc.mp4",
        size: "320x180",
        codecs: "-c:v libx264 -preset veryfast -b:v 150k -c:a aac -b:a 64k",
        has_sound: true,
    },
    Source {
        file: "avc-hd.mp4",
        size: "1280x720",
        codecs: "-c:v libx264 -preset ultrafast -b:v 600k",
        has_sound: false,
    },
    Source {
        file: "av1.mp4",
        size: "320x180",
        codecs: "-c:v libsvtav1 -preset 12 -b:v 150k -c:a libopus -b:a 64k",
        has_sound: true,
    },
    Source {
        file: "vp9.mp4",
        size: "320x180",
        codecs: "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 150k -c:a libopus -b:a 64k",
        has_sound: true,
    },
];

/// A film and how it is packaged.
pub struct Film {
    pub name: &'static str,
    /// As in docs/players.md.
    pub title: &'static str,
    pub inputs: &'static str,
    pub options: &'static str,
    /// The selectors of the keys.
    pub keys: &'static [&'static str],
    pub has_text: bool,
    /// The heights of its pictures, between which the player changes.
    pub heights: &'static [u64],
}

const SOUND_AND_PICTURE: &[&str] = &["video", "audio"];
const SIX_PERIODS: &[&str] = &[
    "video@0", "audio@0", "video@1", "audio@1", "video@2", "audio@2", "video@3", "audio@3",
    "video@4", "audio@4", "video@5", "audio@5",
];

pub const FILMS: [Film; 11] = [
    Film {
        name: "avc",
        title: "AVC, AAC, WebVTT",
        inputs: "avc.mp4 subs.vtt,language=en",
        options: "",
        keys: SOUND_AND_PICTURE,
        has_text: true,
        heights: &[180],
    },
    Film {
        name: "av1",
        title: "AV1, Opus",
        inputs: "av1.mp4",
        options: "",
        keys: SOUND_AND_PICTURE,
        has_text: false,
        heights: &[180],
    },
    Film {
        name: "vp9",
        title: "VP9, Opus",
        inputs: "vp9.mp4",
        options: "",
        keys: SOUND_AND_PICTURE,
        has_text: false,
        heights: &[180],
    },
    Film {
        name: "qualities",
        title: "SD and HD with keys of their own, and a switch",
        inputs: "avc.mp4 avc-hd.mp4 subs.vtt,language=en",
        options: "",
        keys: &["sd", "hd", "audio"],
        has_text: true,
        heights: &[180, 720],
    },
    Film {
        name: "lead",
        title: "clear lead",
        inputs: "avc.mp4",
        options: "--clear-lead 2s",
        keys: SOUND_AND_PICTURE,
        has_text: false,
        heights: &[180],
    },
    Film {
        name: "none-lead",
        title: "clear lead, `--hls-clear-lead`",
        inputs: "avc.mp4",
        options: "--clear-lead 2s --hls-clear-lead",
        keys: SOUND_AND_PICTURE,
        has_text: false,
        heights: &[180],
    },
    Film {
        name: "in-band",
        title: "five key changes, `--key-change in-band`",
        inputs: "avc.mp4",
        options: "--segment-duration 1s --crypto-period 1s --key-change in-band",
        keys: SIX_PERIODS,
        has_text: false,
        heights: &[180],
    },
    Film {
        name: "init",
        title: "five key changes, `--key-change init`",
        inputs: "avc.mp4",
        options: "--segment-duration 1s --crypto-period 1s",
        keys: SIX_PERIODS,
        has_text: false,
        heights: &[180],
    },
    Film {
        name: "init-lead",
        title: "clear lead, `--clear-signaling init`",
        inputs: "avc.mp4",
        options: "--clear-lead 2s --clear-signaling init",
        keys: SOUND_AND_PICTURE,
        has_text: false,
        heights: &[180],
    },
    // The address is that of tests/players/server.py.
    Film {
        name: "clearkey",
        title: "ClearKey, `--systems playready+clearkey`",
        inputs: "avc.mp4",
        options: "--systems playready+clearkey --clearkey-url http://licences.test/licence",
        keys: SOUND_AND_PICTURE,
        has_text: false,
        heights: &[180],
    },
    Film {
        name: "common",
        title: "ClearKey, `--systems common+clearkey`",
        inputs: "avc.mp4",
        options: "--systems common+clearkey --clearkey-url http://licences.test/licence",
        keys: SOUND_AND_PICTURE,
        has_text: false,
        heights: &[180],
    },
];

/// A film for Smooth Streaming.
pub const SMOOTH_FILM: Film = Film {
    name: "smooth",
    title: "AVC, AAC, one key",
    inputs: "avc.mp4",
    options: "--manifests smooth",
    keys: &["*"],
    has_text: false,
    heights: &[180],
};

/// Makes the sources in a folder.
pub fn make_sources(folder: &Path) {
    for source in &SOURCES {
        let picture = format!("testsrc2=size={}:rate=25:duration={SECONDS}", source.size);
        let mut ffmpeg = Command::new(tools::ffmpeg().unwrap());
        ffmpeg.args([
            "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", &picture,
        ]);
        if source.has_sound {
            let sound = format!("sine=sample_rate=48000:duration={SECONDS}");
            ffmpeg.args(["-f", "lavfi", "-i", &sound, "-ac", "2"]);
        }
        let made = ffmpeg
            .args(source.codecs.split(' '))
            .args(["-pix_fmt", "yuv420p", "-g", "25"])
            .arg(folder.join(source.file))
            .output()
            .unwrap();
        assert!(made.status.success(), "{}: {made:?}", source.file);
    }
    std::fs::write(folder.join("subs.vtt"), SUBTITLES).unwrap();
}
