// SPDX-License-Identifier: MPL-2.0
//! All codecs that `package` takes: the samples that come out are those that went in, and the MPD names the codec.

use std::fs;
use std::process::Command;

use test_support::decrypt::{self, Keys};
use test_support::movie::Movie;
use test_support::{dash_schema, remux, tools};

use crate::folder::{AUDIO_KEY, Folder, VIDEO_KEY};

const VIDEO: &str = "-c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv420p";
const CUES: &str = "WEBVTT\n\n00:00.500 --> 00:01.500\nFirst\n";

/// A track of a file.
struct Input {
    file: &'static str,
    handler: &'static [u8; 4],
    /// The beginning of its codecs parameter.
    codecs: &'static str,
}

/// The codecs that other tests do not package, by files of FFmpeg.
const ENCODED: [(&str, &str); 3] = [
    (
        "av1.mp4",
        "-c:v libsvtav1 -preset 12 -g 50 -pix_fmt yuv420p -an -map 0:v",
    ),
    ("eac3.mp4", "-vn -map 1:a -c:a eac3"),
    ("alac.mp4", "-vn -map 1:a -c:a alac"),
];

const INPUTS: [Input; 7] = [
    Input {
        file: "av1.mp4",
        handler: b"vide",
        codecs: "av01.0.",
    },
    Input {
        file: "eac3.mp4",
        handler: b"soun",
        codecs: "ec-3",
    },
    Input {
        file: "alac.mp4",
        handler: b"soun",
        codecs: "alac",
    },
    Input {
        file: "ac4.mp4",
        handler: b"soun",
        codecs: "ac-4",
    },
    Input {
        file: "vvc_400kbps_2s.mp4",
        handler: b"vide",
        codecs: "vvc1.",
    },
    Input {
        file: "stpp_combined.mp4",
        handler: b"subt",
        codecs: "stpp",
    },
    Input {
        file: "wvtt.mp4",
        handler: b"text",
        codecs: "wvtt",
    },
];

/// Returns a file of AC-4 with the frames in a seed of its fuzz target. Each follows its length in two bytes, and the first part is empty.
fn ac4() -> Vec<u8> {
    let seed = fs::read(tools::project().join("fuzz/corpus/codec_ac4/dolby-stereo")).unwrap();
    let mut samples = Vec::new();
    let mut rest = seed.as_slice();
    while let Some((len, following)) = rest.split_first_chunk() {
        let (sample, following) = following.split_at(u16::from_be_bytes(*len).into());
        samples.extend((!sample.is_empty()).then(|| sample.to_vec()));
        rest = following;
    }
    remux::fragmented_sound(b"ac-4", b"\0\0\0\x0cdac4\0\0\0\0", &samples)
}

/// Makes the inputs, or copies them from the shared vectors. Those whose tool or folder is not here are left out.
fn make_inputs(folder: &Folder) {
    for (file, codecs) in ENCODED {
        folder.film(file, "160x90", 2, codecs);
    }
    fs::write(folder.path("ac4.mp4"), ac4()).unwrap();
    if let Some(vectors) = tools::vectors() {
        for file in [
            "o-vvc-frag/vvc_400kbps_2s.mp4",
            "o-stpp-frag/stpp_combined.mp4",
        ] {
            let name = file.rsplit('/').next().unwrap();
            fs::copy(vectors.join("clear").join(file), folder.path(name)).unwrap();
        }
    }
    if let Some(shaka) = tools::packager() {
        fs::write(folder.path("cues.vtt"), CUES).unwrap();
        let run = Command::new(shaka)
            .args(["in=cues.vtt,stream=text,language=en,output=wvtt.mp4"])
            .current_dir(folder.path(""))
            .output()
            .unwrap();
        assert!(run.status.success(), "{run:?}");
    }
}

#[test]
fn samples_of_every_codec_come_out_as_they_went_in() {
    const NAME: &str = "package::samples_of_every_codec";
    let Some(folder) = Folder::new("codecs") else {
        return;
    };
    folder.film("avc.mp4", "160x90", 2, &format!("{VIDEO} -an -map 0:v"));
    make_inputs(&folder);
    let mut packaged = 0;
    for (index, input) in INPUTS.iter().enumerate() {
        let Input { file, codecs, .. } = input;
        if !folder.path(file).exists() {
            tools::skip(NAME, &format!("no {file}"));
            continue;
        }
        let scheme = ["cenc", "cbcs"][index % 2];
        let films = match input.handler {
            b"vide" => (*file).to_owned(),
            _ => format!("avc.mp4 {file}"),
        };
        let report = folder.package(&format!(
            "{films} --output {file}-out --segment-duration 1s --scheme {scheme}"
        ));
        let tracks = report["tracks"].as_array().unwrap();
        let track = tracks.iter().find(|track| {
            let found = track["codecs"].as_str().unwrap_or_default();
            found.starts_with(codecs)
        });
        let track = track.unwrap_or_else(|| panic!("{file}: {report}"));
        let name = track["name"].as_str().unwrap();
        let mpd = fs::read_to_string(folder.path(&format!("{file}-out/manifest.mpd"))).unwrap();
        let stated = format!("codecs=\"{}\"", track["codecs"].as_str().unwrap());
        assert!(mpd.contains(&stated), "{file}: {stated}");
        check_samples(&folder, input, name);
        packaged += 1;
    }
    match dash_schema::validate(&folder.path("")) {
        Ok(verdict) => assert_eq!(verdict, packaged.to_string()),
        Err(why) => tools::skip(NAME, why),
    }
}

/// Checks that the packaged track has the samples of the input.
fn check_samples(folder: &Folder, input: &Input, name: &str) {
    let keys = Keys::one("b0b1b2b3b4b5464798494a4b4c4d4e4f", VIDEO_KEY)
        .with("c0c1c2c3c4c5464798494a4b4c4d4e4f", AUDIO_KEY);
    let clear = Movie::open(&folder.path(input.file));
    let track = clear.track(input.handler);
    let protected = Movie::open(&folder.joined(&format!("{}-out/v1", input.file), name));
    let found = &protected.tracks[0];
    assert_eq!(&found.handler, input.handler);
    let has_scheme = found.entries[0].scheme.is_some();
    let is_media = matches!(input.handler, b"vide" | b"soun");
    assert_eq!(has_scheme, is_media, "{}", input.file);
    let samples = decrypt::samples(&protected, found, &keys);
    assert!(!samples.is_empty(), "{}", input.file);
    assert!(
        samples == decrypt::samples(&clear, track, &keys),
        "{}: the samples differ",
        input.file
    );
}
