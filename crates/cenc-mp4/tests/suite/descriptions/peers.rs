// SPDX-License-Identifier: MPL-2.0
//! Descriptions of files of other encoders, against the manifests of FFmpeg and Shaka Packager.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cenc_mp4::IndexMode;
use cenc_mp4::description::{DynamicRange, MediaDescription, TrackDescription};
use cenc_types::Scheme;

use super::describe;
use test_support::encrypted::protect;
use test_support::launch::Run;
use test_support::scratch::Scratch;
use test_support::tools;

const VIDEO: &str = "-f lavfi -i testsrc2=s=128x96:d=0.2:r=25 -pix_fmt yuv420p";
const SOUND: &str = "-f lavfi -i sine=d=0.2:r=48000";

/// A file of each codec that Debian's FFmpeg encodes, with its options.
const ENCODED: [(&str, &str); 15] = [
    (
        "avc",
        "-c:v libx264 -colorspace bt709 -color_primaries bt709 -color_trc bt709",
    ),
    (
        "hevc",
        "-c:v libx265 -x265-params log-level=none -tag:v hvc1",
    ),
    (
        "pq",
        "-c:v libx265 -tag:v hev1 -x265-params \
         log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc",
    ),
    (
        "hlg",
        "-c:v libx264 -colorspace bt2020nc -color_primaries bt2020 -color_trc arib-std-b67",
    ),
    ("vp9", "-c:v libvpx-vp9"),
    ("av1", "-c:v libaom-av1 -cpu-used 8"),
    (
        "av1-pq",
        "-c:v libaom-av1 -cpu-used 8 -pix_fmt yuv420p10le -colorspace bt2020nc -color_primaries bt2020 \
         -color_trc smpte2084",
    ),
    ("mjpeg", "-c:v mjpeg -pix_fmt yuvj420p"),
    ("mpeg4", "-c:v mpeg4"),
    ("aac", "-c:a aac -ac 2"),
    ("ac3", "-c:a ac3 -ac 6"),
    ("eac3", "-c:a eac3 -ac 6"),
    ("opus", "-c:a libopus -ac 2"),
    ("flac", "-c:a flac -ac 6"),
    ("mp3", "-c:a libmp3lame -ac 2"),
];

/// Encodes the formats of these names, or all, with an FFmpeg, each into a file of its own.
fn encode(ffmpeg: &Path, scratch: &Scratch, names: &[&str]) -> Vec<PathBuf> {
    let encode = |(name, options): &(&str, &str)| {
        let path = scratch.join(&format!("{name}.mp4"));
        let source = if options.starts_with("-c:v") {
            VIDEO
        } else {
            SOUND
        };
        let run = Run::of(
            Command::new(ffmpeg)
                .args(["-nostdin", "-v", "error", "-y"])
                .args(source.split(' '))
                .args(options.split_whitespace())
                .args(["-strict", "-2"])
                .arg(&path),
        );
        run.succeeded();
        path
    };
    ENCODED
        .iter()
        .filter(|(name, _)| names.is_empty() || names.contains(name))
        .map(encode)
        .collect()
}

fn described(path: &Path) -> TrackDescription {
    describe(&fs::read(path).unwrap()).swap_remove(0)
}

/// Returns the value of an attribute, with the character before its name.
fn attribute<'a>(manifest: &'a str, name: &str) -> Option<&'a str> {
    manifest
        .split(&format!("{name}=\""))
        .nth(1)?
        .split('"')
        .next()
}

fn codecs_in_mpd(path: &Path) -> String {
    let mpd = fs::read_to_string(path).unwrap();
    attribute(&mpd, " codecs").unwrap_or_default().to_owned()
}

// FFmpeg 5.1 writes the type alone for HEVC, and 0x69, the object type of MP3 at low rates (MPEG-2), for MP3 of any rate, although its
// own `esds` says 0x6b. It leaves out the profile of MPEG-4 video, which RFC 6381 wants in decimal.
#[test]
fn codecs_are_those_of_ffmpeg() {
    let Some(ffmpeg) = tools::ffmpeg() else {
        return tools::skip("codecs_are_those_of_ffmpeg", "no FFmpeg");
    };
    let scratch = Scratch::new("codecs-ffmpeg");
    for path in encode(&ffmpeg, &scratch, &[]) {
        let ours = described(&path).codecs;
        let mpd = path.with_extension("mpd");
        let run = Run::of(
            Command::new(&ffmpeg)
                .args(["-nostdin", "-v", "error", "-i"])
                .arg(&path)
                .args(["-c", "copy", "-strict", "-2", "-f", "dash"])
                .arg(&mpd)
                .current_dir(scratch.path()),
        );
        run.succeeded();
        let theirs = codecs_in_mpd(&mpd);
        let expected = match &*theirs {
            "mp4v.20" => "mp4v.20.1",
            "mp4v.6c" => "mp4v.6C",
            "mp4a.69" => "mp4a.6B",
            theirs => theirs,
        };
        let has_profile = expected.contains('.') || !theirs.starts_with('h');
        match has_profile {
            true => assert_eq!(ours, expected, "{}", path.display()),
            false => assert!(ours.starts_with(&format!("{expected}.")), "{ours}"),
        }
    }
}

/// A file of one track, as Shaka Packager describes it.
struct ShakaDescription {
    codecs: String,
    language: Option<String>,
    channels: Option<String>,
    range: Option<&'static str>,
}

/// Packages the first track of a file with Shaka Packager; None if it cannot read the file.
fn package(packager: &Path, input: &Path, scratch: &Scratch) -> Option<ShakaDescription> {
    let [mpd, playlist] = ["shaka.mpd", "shaka.m3u8"].map(|name| scratch.join(name));
    let _ = (fs::remove_file(&mpd), fs::remove_file(&playlist));
    Run::of(
        Command::new(packager)
            .arg(format!(
                "in={},stream=0,output={}",
                input.display(),
                scratch.join("shaka.mp4").display()
            ))
            .args(["--quiet", "--mpd_output"])
            .arg(&mpd)
            .arg("--hls_master_playlist_output")
            .arg(&playlist),
    );
    let text = fs::read_to_string(&mpd).ok()?;
    let playlist = fs::read_to_string(&playlist).unwrap_or_default();
    Some(ShakaDescription {
        codecs: attribute(&text, " codecs")?.to_owned(),
        language: attribute(&text, " lang").map(str::to_owned),
        channels: attribute(&playlist, "CHANNELS").map(str::to_owned),
        range: ["SDR", "PQ", "HLG"]
            .into_iter()
            .find(|range| playlist.contains(&format!("VIDEO-RANGE={range}"))),
    })
}

fn channels(ours: &TrackDescription) -> Option<String> {
    match &ours.media {
        MediaDescription::Audio(sound) => Some(match sound.joc_objects {
            Some(objects) => format!("{objects}/JOC"),
            None => sound.channels.to_string(),
        }),
        _ => None,
    }
}

fn range(ours: &TrackDescription) -> Option<&'static str> {
    let MediaDescription::Video(video) = &ours.media else {
        return None;
    };
    video.dynamic_range.map(|range| match range {
        DynamicRange::Sdr => "SDR",
        DynamicRange::Pq => "PQ",
        DynamicRange::Hlg => "HLG",
    })
}

// Shaka Packager writes the colours of VP9 even if they are not specified, and reads no MP3, no MPEG-4 video and no JPEG.
#[test]
fn descriptions_are_those_of_shaka_packager() {
    const NAME: &str = "descriptions_are_those_of_shaka_packager";
    let (Some(packager), Some(ffmpeg)) = (tools::packager(), tools::ffmpeg()) else {
        return tools::skip(NAME, "no Shaka Packager or no FFmpeg");
    };
    let Some(vectors) = tools::vectors_for(NAME) else {
        return;
    };
    let scratch = Scratch::new("codecs-shaka");
    let mut inputs = encode(&ffmpeg, &scratch, &[]);
    inputs.extend(
        [
            "clear/o-avaac-prog/prog_8s.mp4",
            "clear/o-eac3joc-prog/sample_eac3joc.mp4",
            "clear/o-hev1-prog/hevc.mp4",
            "clear/o-hevcaac-prog/ed_hevc.mp4",
            "clear/o-opus-frag/opus.mp4",
            "clear/o-shi-beep-flac-audio/beep-flac-audio.mp4",
            "clear/o-shi-black-av1-video/black-av1-video.mp4",
            "clear/o-shi-black-vp9-video/black-vp9-video.mp4",
        ]
        .map(|name| vectors.join(name)),
    );
    let mut compared = 0;
    for path in inputs {
        let Some(theirs) = package(&packager, &path, &scratch) else {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            assert!(
                ["mp3", "mpeg4", "mjpeg"].contains(&&*name),
                "{}",
                path.display()
            );
            continue;
        };
        let ours = described(&path);
        let unspecified = ".01.02.02.02.00";
        let expected = theirs.codecs.strip_suffix(unspecified);
        assert_eq!(ours.codecs, expected.unwrap_or(&theirs.codecs));
        assert_eq!(ours.language, theirs.language, "{}", path.display());
        assert_eq!(channels(&ours), theirs.channels, "{}", path.display());
        // Shaka Packager reads the colours of HEVC and `colr` only.
        if theirs.range.is_some() {
            assert_eq!(range(&ours), theirs.range, "{}", path.display());
        }
        compared += 1;
    }
    assert_eq!(compared, ENCODED.len() - 3 + 8);
}

#[test]
fn dynamic_range_is_known_without_colr() {
    let Some(ffmpeg) = tools::ffmpeg() else {
        return tools::skip("dynamic_range_is_known_without_colr", "no FFmpeg");
    };
    let scratch = Scratch::new("codecs-range");
    let ranges = encode(&ffmpeg, &scratch, &["avc", "hevc", "pq", "hlg"])
        .iter()
        .map(|path| range(&described(path)))
        .collect::<Vec<_>>();
    assert_eq!(ranges, [Some("SDR"), None, Some("PQ"), Some("HLG")]);
}

// The text that FFmpeg's muxer for Smooth Streaming writes into its client manifest.
#[test]
fn private_data_is_that_of_ffmpeg() {
    let Some(ffmpeg) = tools::ffmpeg() else {
        return tools::skip("private_data_is_that_of_ffmpeg", "no FFmpeg");
    };
    let scratch = Scratch::new("codecs-smooth");
    for path in encode(&ffmpeg, &scratch, &["avc", "aac"]) {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let folder = scratch.join(&format!("{name}.isml"));
        let run = Run::of(
            Command::new(&ffmpeg)
                .args(["-nostdin", "-v", "error", "-i"])
                .arg(&path)
                .args(["-c", "copy", "-f", "smoothstreaming"])
                .arg(&folder),
        );
        run.succeeded();
        let manifest = fs::read_to_string(folder.join("Manifest")).unwrap();
        let theirs = attribute(&manifest, "CodecPrivateData").unwrap();
        let ours = described(&path).codec_private_data.unwrap();
        let ours: String = ours.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(ours, theirs.to_lowercase(), "{name}");
    }
}

#[test]
fn protected_tracks_are_described_as_clear_ones() {
    const NAME: &str = "protected_tracks_are_described_as_clear_ones";
    let Some(vectors) = tools::vectors_for(NAME) else {
        return;
    };
    for name in [
        "clear/o-avaac-prog/prog_8s.mp4",
        "peer/o-hevc/clear.mp4",
        "clear/o-eac3joc-prog/sample_eac3joc.mp4",
        "clear/o-opus-frag/opus.mp4",
        "peer/o-av1/clear.mp4",
    ] {
        let clear = fs::read(vectors.join(name)).unwrap();
        let protected = protect(&clear, Scheme::Cenc, IndexMode::Hold, [])
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(describe(&protected), describe(&clear), "{name}");
    }
    // Files that Shaka Packager protected.
    for name in ["aac", "av1", "avc", "flac", "hevc", "opus"] {
        let folder = vectors.join("peer").join(format!("o-{name}"));
        let [clear, protected] =
            ["clear.mp4", "enc-cbcs.mp4"].map(|file| described(&folder.join(file)));
        assert_eq!(protected, clear, "{name}");
    }
}
