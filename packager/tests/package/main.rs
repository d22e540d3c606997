// SPDX-License-Identifier: MPL-2.0
//! `playready-packager package` and `protect --fragment`, checked by independent decryptors, segmenters and schemas.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails there"
)]

mod codecs;
mod cues;
mod decryptors;
mod demuxed;
mod folder;
mod formats;
mod playlists;
mod published;
mod segments;
mod smooth;
mod versions;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use folder::{AUDIO_KEY, Folder, KEYS, VIDEO_KEY};
use isobmff_boxes::{FourCc, Reader, Sidx};
use test_support::boxes::top_level;
use test_support::tools;

const CUES: &str = "WEBVTT\n\n00:01.000 --> 00:02.000\nFirst\n\n00:03.000 --> 00:05.500\nLast\n";

/// The keys of a film under one key.
fn one_key() -> String {
    KEYS.lines().next().unwrap().replace("video", "*")
}

/// Returns the time, duration and digest of each decoded picture or block of sound.
fn decoded(ffmpeg: &Path, file: &Path, stream: &str, key: Option<&str>) -> Vec<String> {
    let mut command = Command::new(ffmpeg);
    // Without this, FFmpeg moves the times of a file so that its first track starts at 0.
    command.args(["-v", "error", "-nostdin", "-copyts"]);
    if let Some(key) = key {
        command.args(["-decryption_key", key]);
    }
    let run = command
        .arg("-i")
        .arg(file)
        .args(["-map", stream, "-f", "framemd5", "-"])
        .output()
        .unwrap();
    assert!(run.status.success(), "{}: {run:?}", file.display());
    let text = String::from_utf8(run.stdout).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

/// The forms of codecs, with the scheme that FFmpeg decrypts.
const FILMS: [(&str, &str); 5] = [
    (
        "avc",
        "-c:v libx264 -preset ultrafast -bf 2 -g 50 -c:a aac -movflags +faststart",
    ),
    (
        "avc_fragments",
        "-c:v libx264 -preset ultrafast -bf 2 -g 50 -c:a aac -movflags +frag_keyframe+empty_moov+negative_cts_offsets",
    ),
    (
        "avc_hybrid",
        "-c:v libx264 -preset ultrafast -g 25 -c:a ac3 -movflags +frag_keyframe",
    ),
    (
        "vp9",
        "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 50 -c:a libopus",
    ),
    (
        "hevc",
        "-c:v libx265 -preset ultrafast -x265-params log-level=error:keyint=50 -tag:v hvc1 -c:a flac -strict -2",
    ),
];

// The decoded pictures and sound, with their times, are those of the clear film, for segments and single files in both schemes.
#[test]
fn every_form_decrypts_to_the_clear_film() {
    let Some(folder) = Folder::new("every_form") else {
        return;
    };
    let Some(ffmpeg) = tools::ffmpeg8() else {
        return tools::skip("package::every_form", "no FFmpeg 8, which decrypts cbcs");
    };
    for (name, codecs) in FILMS {
        let film = format!("{name}.mp4");
        folder.film(&film, "160x90", 6, codecs);
        let clear =
            ["0:v", "0:a"].map(|stream| decoded(&ffmpeg, &folder.path(&film), stream, None));
        for form in ["--scheme cenc", "--scheme cbcs --single-file"] {
            let output = format!("{name}-out");
            let _ = fs::remove_dir_all(folder.path(&output));
            let report = folder.package(&format!(
                "{film} --output {output} --segment-duration 2s {form}"
            ));
            assert_eq!(report["tracks"][0]["segments"], 3, "{name} {form}");
            for (track, key, clear) in [
                ("video-90p", VIDEO_KEY, &clear[0]),
                ("audio", AUDIO_KEY, &clear[1]),
            ] {
                let file = folder.joined(&format!("{output}/v1"), track);
                let found = decoded(&ffmpeg, &file, "0", Some(key));
                assert_eq!(found.len(), clear.len(), "{name} {form} {track}");
                assert!(
                    found == *clear,
                    "{name} {form} {track}: {:?} {:?}",
                    found.first(),
                    clear.first()
                );
                let wrong = decoded_with_wrong_key(&ffmpeg, &file);
                assert!(
                    wrong != *clear,
                    "{name} {form} {track} plays with a wrong key"
                );
            }
        }
    }
}

/// Returns what FFmpeg decodes with a key of which a bit is wrong; it may report errors.
fn decoded_with_wrong_key(ffmpeg: &Path, file: &Path) -> Vec<String> {
    let run = Command::new(ffmpeg)
        .args([
            "-v",
            "quiet",
            "-nostdin",
            "-decryption_key",
            "a7a1c35d0e9f48267d3c5a1be8f60490",
            "-i",
        ])
        .arg(file)
        .args(["-f", "framemd5", "-"])
        .output()
        .unwrap();
    let text = String::from_utf8(run.stdout).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

// Shaka Packager cuts at the first key frame of each part of time, too.
#[test]
fn segments_start_where_those_of_shaka_packager_do() {
    let Some(folder) = Folder::new("boundaries") else {
        return;
    };
    let Some(shaka) = tools::packager() else {
        return tools::skip("package::boundaries", "no Shaka Packager");
    };
    let keys = "-c:v libx264 -preset ultrafast -bf 2 -sc_threshold 0 -g 1000 \
                -force_key_frames 1,2.4,3,4.2,6,7.96 -c:a aac";
    folder.film("film.mp4", "160x90", 10, keys);
    folder.package("film.mp4 --output out --segment-duration 2s");
    let run = Command::new(shaka)
        .args(["in=film.mp4,stream=video,init_segment=s-init.mp4,segment_template=s-$Number$.m4s"])
        .args(["--segment_duration", "2", "--mpd_output", "shaka.mpd"])
        .current_dir(folder.path(""))
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    let timeline = |name: &str| -> Vec<(f64, f64)> {
        let text = fs::read_to_string(folder.path(name)).unwrap();
        video_timeline(&text)
    };
    let (own, shaka) = (timeline("out/manifest.mpd"), timeline("shaka.mpd"));
    assert_eq!((own.len(), shaka.len()), (4, 4));
    for (own, shaka) in own.iter().zip(&shaka) {
        assert!(
            (own.0 - shaka.0).abs() < 0.001 && (own.1 - shaka.1).abs() < 0.001,
            "{own:?} {shaka:?}"
        );
    }
}

/// Returns start and duration in seconds of the segments of the first SegmentTimeline.
fn video_timeline(mpd: &str) -> Vec<(f64, f64)> {
    let document = roxmltree::Document::parse(mpd).unwrap();
    let template = document
        .descendants()
        .find(|node| node.has_tag_name("SegmentTemplate"))
        .unwrap();
    let number =
        |node: roxmltree::Node<'_, '_>, name| -> Option<f64> { node.attribute(name)?.parse().ok() };
    let timescale = number(template, "timescale").unwrap();
    let mut next = 0.0;
    let mut segments = Vec::new();
    for s in template.descendants().filter(|node| node.has_tag_name("S")) {
        next = number(s, "t").unwrap_or(next);
        let duration = number(s, "d").unwrap();
        let repeats: u32 = s.attribute("r").map_or(0, |r| r.parse().unwrap());
        for _ in 0..=repeats {
            segments.push((next / timescale, duration / timescale));
            next += duration;
        }
    }
    segments
}

#[test]
fn qualities_are_aligned_and_copies_of_sound_are_left_out() {
    let Some(folder) = Folder::new("qualities") else {
        return;
    };
    let video = "-c:v libx264 -preset ultrafast -bf 2 -g 50 -map 0:v";
    folder.film(
        "large.mp4",
        "320x180",
        6,
        &format!("{video} -map 1:a -c:a aac"),
    );
    let with_same_sound = |name: &str, flags: &str| {
        let small = "-c:v libx264 -preset ultrafast -bf 3 -g 25 -vf scale=160:90";
        let run = Command::new(tools::ffmpeg().unwrap())
            .args(["-v", "error", "-nostdin", "-y", "-i", "large.mp4"])
            .args(small.split_whitespace())
            .args(["-c:a", "copy"])
            .args(flags.split_whitespace())
            .arg(name)
            .current_dir(folder.path(""))
            .output()
            .unwrap();
        assert!(run.status.success(), "{run:?}");
    };
    with_same_sound("small.mp4", "");
    fs::write(folder.path("cues.vtt"), CUES).unwrap();
    let report = folder.package(
        "large.mp4 small.mp4 cues.vtt,language=en,label=English --output out --segment-duration 2s",
    );
    let tracks = report["tracks"].as_array().unwrap();
    let names: Vec<&str> = tracks
        .iter()
        .map(|track| track["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["video-180p", "audio", "video-90p", "text-en"]);
    assert_eq!(tracks[0]["segments"], tracks[2]["segments"]);
    assert_eq!(
        fs::read_to_string(folder.path("out/v1/text-en.vtt")).unwrap(),
        CUES
    );
    let mpd = fs::read_to_string(folder.path("out/manifest.mpd")).unwrap();
    let document = roxmltree::Document::parse(&mpd).unwrap();
    let mut representations = BTreeMap::new();
    for set in document
        .descendants()
        .filter(|node| node.has_tag_name("AdaptationSet"))
    {
        let count = set
            .descendants()
            .filter(|node| node.has_tag_name("Representation"))
            .count();
        representations.insert(set.attribute("contentType").unwrap().to_owned(), count);
    }
    let expected = [("audio", 1), ("text", 1), ("video", 2)];
    assert_eq!(
        representations,
        expected
            .map(|(kind, count)| (kind.to_owned(), count))
            .into()
    );
}

#[test]
fn inputs_that_cannot_be_packaged_leave_nothing() {
    let Some(folder) = Folder::new("refused") else {
        return;
    };
    let film = |name: &str, gop: &str| {
        let codecs =
            format!("-c:v libx264 -preset ultrafast -sc_threshold 0 -g {gop} -an -map 0:v");
        folder.film(name, "160x90", 6, &codecs);
    };
    film("gop-2s.mp4", "50");
    film("gop-1.6s.mp4", "40");
    folder.film(
        "short.mp4",
        "160x90",
        1,
        "-c:v libx264 -preset ultrafast -an -map 0:v",
    );
    fs::write(folder.path("cues.vtt"), CUES).unwrap();
    fs::write(folder.path("empty.vtt"), "WEBVTT\n").unwrap();
    let protected = folder.run("protect gop-2s.mp4 protected.mp4");
    assert!(protected.status.success(), "{protected:?}");
    for (inputs, code, expected) in [
        (
            "gop-2s.mp4 gop-1.6s.mp4 --segment-duration 2s",
            1,
            "gop-1.6s.mp4 has no key frame at 2.000 s, where gop-2s.mp4 has one",
        ),
        (
            "gop-2s.mp4 short.mp4 --segment-duration 2s",
            1,
            "short.mp4 ends at 1.000 s, before gop-2s.mp4 does",
        ),
        ("gop-2s.mp4 missing.mp4", 2, "missing.mp4: No such file"),
        ("cues.vtt", 1, "there is no video or sound"),
        ("gop-2s.mp4 empty.vtt", 1, "it has no cue"),
        (
            "gop-2s.mp4 film.keys",
            1,
            "film.keys: this is not an MP4 file",
        ),
        (
            "protected.mp4",
            1,
            "protected.mp4: the stream is already protected",
        ),
        ("gop-2s.mp4,role=star", 2, "is no role"),
        ("gop-2s.mp4 --scheme cens", 1, "HLS"),
        ("gop-2s.mp4 --segment-duration 1ms", 2, "100 milliseconds"),
    ] {
        let (found, message) = folder.refused(&format!("package --output out {inputs}"));
        assert!(message.contains(expected), "{inputs}: {message}");
        assert_eq!(found, code, "{inputs}: {message}");
        assert!(!folder.path("out").exists(), "{inputs}");
    }
}

#[test]
fn any_file_becomes_one_streamable_file() {
    let Some(folder) = Folder::new("fragment") else {
        return;
    };
    let Some(ffmpeg) = tools::ffmpeg8() else {
        return tools::skip("package::fragment", "no FFmpeg 8, which decrypts cbcs");
    };
    folder.write_keys(&one_key());
    for (name, codecs) in FILMS {
        let film = format!("{name}.mp4");
        folder.film(&film, "160x90", 6, codecs);
        let run = folder.run(&format!(
            "protect {film} out.mp4 --fragment 2s --scheme cbcs"
        ));
        assert!(run.status.success(), "{name}: {run:?}");
        for stream in ["0:v", "0:a"] {
            let clear = decoded(&ffmpeg, &folder.path(&film), stream, None);
            let found = decoded(&ffmpeg, &folder.path("out.mp4"), stream, Some(VIDEO_KEY));
            assert!(
                found == clear,
                "{name} {stream}: {:?} {:?}",
                found.first(),
                clear.first()
            );
        }
        let bytes = fs::read(folder.path("out.mp4")).unwrap();
        let boxes = top_level(&bytes);
        let kinds: Vec<&[u8]> = boxes.iter().take(3).map(|found| &found.kind[..]).collect();
        assert_eq!(kinds, [b"ftyp", b"moov", b"sidx"], "{name}");
        // ISO/IEC 14496-12, 8.16.3: the referenced bytes follow the index without a gap, up to the end of the file.
        let sidx = Sidx::read(Reader::new(FourCc::SIDX, boxes[2].body())).unwrap();
        assert_eq!((sidx.sizes().count(), sidx.first_offset), (3, 0), "{name}");
        let end = boxes[2].end as u64 + sidx.sizes().sum::<u64>();
        assert_eq!(end, bytes.len() as u64, "{name}");
    }
}
