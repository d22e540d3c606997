// SPDX-License-Identifier: MPL-2.0
//! New init segments for keys and for clear parts, in pipelines: `key-change=init` and `clear-signaling=init`.

use std::ffi::OsStr;
use std::path::PathBuf;

use gst::prelude::*;

use crate::boxes::top_level;
use crate::decrypt::{self, Keys};
use crate::enc;
use crate::in_process;
use crate::launch;
use crate::media::{Audio, CMAFMUX, ISOFMP4MUX, MP4MUX, Recipe, Video};
use crate::movie::Movie;
use crate::periods::{all_keys, key_file, kid_of_picture};
use crate::samples;
use crate::scratch::Scratch;
use crate::tools::skip;

const SECOND: u64 = 1_000_000_000;

/// Records a stream of three seconds with a file for each init segment. None without the muxer.
fn parts(recipe: &Recipe, element: &str, folder: &Scratch) -> Option<Vec<PathBuf>> {
    if let Some(missing) = recipe.missing() {
        skip(
            &format!("new init segments after {}", recipe.muxer),
            &format!("no {missing}"),
        );
        return None;
    }
    let location = folder.join("part%05d.mp4");
    let sink = format!(
        "multifilesink next-file=discont location={}",
        location.display()
    );
    launch::pipeline(&recipe.pipeline(&format!("{element} ! {sink}"))).succeeded();
    let names = (0..).map(|number| folder.join(&format!("part{number:05}.mp4")));
    Some(names.take_while(|name| name.exists()).collect())
}

/// The samples of each track in all parts, decrypted.
fn joined(parts: &[Movie], keys: &Keys, handler: &[u8; 4]) -> Vec<Vec<u8>> {
    parts
        .iter()
        .flat_map(|part| decrypt::samples(part, part.track(handler), keys))
        .collect()
}

#[test]
fn each_key_has_an_init_segment_after_every_muxer() {
    for (muxer, scheme, video, audio) in [
        (CMAFMUX, "cbcs", Video::Avc, Audio::None),
        (CMAFMUX, "cenc", Video::None, Audio::Aac),
        (ISOFMP4MUX, "cenc", Video::AvcInBand, Audio::None),
        (MP4MUX, "cbcs", Video::Avc, Audio::None),
        (MP4MUX, "cenc", Video::Avc, Audio::Aac),
    ] {
        let case = format!("{muxer} {scheme}");
        let folder = Scratch::new("key-change");
        let recipe = Recipe::new(muxer, video, audio);
        let element = format!(
            "playreadyenc scheme={scheme} key-change=init crypto-period={SECOND} {}",
            key_file(&folder)
        );
        let Some(parts) = parts(&recipe, &element, &folder) else {
            continue;
        };
        let movies: Vec<Movie> = parts.iter().map(|part| Movie::open(part)).collect();
        assert!(movies.len() >= 3, "{case}: {} parts", movies.len());
        for movie in &movies {
            let kinds: Vec<_> = top_level(&movie.file)
                .iter()
                .map(|piece| piece.kind)
                .collect();
            assert_eq!(kinds[..2], [*b"ftyp", *b"moov"], "{case}");
            let moovs = kinds.iter().filter(|kind| *kind == b"moov");
            assert_eq!(moovs.count(), 1, "{case}");
            for moof in top_level(&movie.file)
                .iter()
                .filter(|piece| &piece.kind == b"moof")
            {
                assert!(moof.all(b"pssh").is_empty(), "{case}");
                for traf in moof.all(b"traf") {
                    assert!(traf.child(b"sgpd").is_none(), "{case}");
                }
            }
        }
        samples::no_iv_repeats(&movies);
        let clear = Movie::open(&recipe.clear());
        for track in &clear.tracks {
            let expected = decrypt::samples(&clear, track, &Keys::default());
            let found = joined(&movies, &all_keys(), &track.handler);
            assert_eq!(samples::differing(&expected, &found), [0; 0], "{case}");
        }
        // FFmpeg takes one key for the file.
        if audio == Audio::None && muxer == CMAFMUX {
            for (period, part) in (0..).zip(&parts) {
                let [_, key] = crate::periods::key_of(period, 0);
                samples::decodes_by_ffmpeg8(part, &key);
            }
        }
    }
}

#[test]
fn a_clear_lead_is_an_init_segment_of_its_own() {
    let folder = Scratch::new("key-change");
    let recipe = Recipe::new(CMAFMUX, Video::Avc, Audio::None);
    let element = format!(
        "{} clear-lead={SECOND} clear-signaling=init",
        enc::one_key("cbcs")
    );
    let Some(parts) = parts(&recipe, &element, &folder) else {
        return;
    };
    let movies: Vec<Movie> = parts.iter().map(|part| Movie::open(part)).collect();
    let [lead, rest] = movies.as_slice() else {
        panic!("{} parts", movies.len());
    };
    for name in ["encv", "sinf", "pssh", "sgpd", "senc"] {
        let has = |movie: &Movie| {
            movie
                .file
                .windows(4)
                .any(|window| window == name.as_bytes())
        };
        assert!(!has(lead), "{name} in the lead");
        assert_eq!(has(rest), name != "sgpd", "{name} after the lead");
    }
    let clear = Movie::open(&recipe.clear());
    let expected = decrypt::samples(&clear, clear.track(b"vide"), &Keys::default());
    let found = joined(&movies, &enc::one_key_known(), b"vide");
    assert_eq!(samples::differing(&expected, &found), [0; 0]);
}

#[test]
fn a_sink_of_one_file_is_refused() {
    let folder = Scratch::new("key-change");
    let file = folder.join("one.mp4");
    let recipe = Recipe::new(MP4MUX, Video::Avc, Audio::None);
    let keys = key_file(&folder);
    for sink in [
        format!("filesink location={}", file.display()),
        format!(
            "queue ! tee ! identity ! filesink location={}",
            file.display()
        ),
        format!("giosink location=file://{}", file.display()),
    ] {
        let line = format!("playreadyenc key-change=init crypto-period={SECOND} {keys} ! {sink}");
        let run = launch::pipeline(&recipe.pipeline(&line));
        assert!(!run.status.success(), "{sink}");
        assert!(
            run.stderr.contains("use a sink that writes segments"),
            "{sink}: {}",
            run.stderr
        );
        let written = std::fs::read(&file).unwrap_or_default();
        // Only `ftyp` may have left.
        assert!(
            !written.windows(4).any(|window| window == b"moov"),
            "{sink}"
        );
        let _ = std::fs::remove_file(&file);
    }
}

#[test]
fn clearkeydec_follows_new_init_segments() {
    let folder = Scratch::new("key-change");
    let file = folder.join("clear.mp4");
    let recipe = Recipe::new(MP4MUX, Video::Avc, Audio::None);
    let keys = key_file(&folder);
    let line = format!(
        "playreadyenc key-change=init clear-signaling=init clear-lead={SECOND} crypto-period={SECOND} {keys} ! clearkeydec {keys} ! \
         filesink location={}",
        file.display()
    );
    launch::pipeline(&recipe.pipeline(&line)).succeeded();
    let found = Movie::open(&file);
    let moovs = top_level(&found.file)
        .iter()
        .filter(|piece| &piece.kind == b"moov")
        .count();
    assert_eq!(moovs, 1, "the clear init segment does not change");
    let clear = Movie::open(&recipe.clear());
    let of = |movie: &Movie| decrypt::samples(movie, movie.track(b"vide"), &Keys::default());
    assert_eq!(samples::differing(&of(&clear), &of(&found)), [0; 0]);
    assert_ne!(kid_of_picture(0), kid_of_picture(1));
}

#[test]
fn an_application_gets_each_init_segment_with_the_caps_of_its_samples() {
    let recipe = Recipe::new(CMAFMUX, Video::Avc, Audio::None);
    match recipe.missing() {
        Some(missing) => skip("new init segments in appsink", &format!("no {missing}")),
        None => in_process::run("key_change::pulls_samples", OsStr::new("")),
    }
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn pulls_samples() {
    if in_process::argument().is_none() {
        return;
    }
    gst::init().unwrap();
    let folder = Scratch::new("key-change");
    let recipe = Recipe::new(CMAFMUX, Video::Avc, Audio::None);
    let pipeline = in_process::pipeline(&recipe.pipeline(&format!(
        "playreadyenc key-change=init crypto-period={SECOND} {} ! appsink name=sink sync=false",
        key_file(&folder)
    )));
    let sink = pipeline.by_name("sink").unwrap();
    let sink = sink.downcast::<gst_app::AppSink>().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let mut parts: Vec<Vec<u8>> = Vec::new();
    while let Ok(sample) = sink.pull_sample() {
        let buffer = sample.buffer().unwrap();
        let bytes = buffer.map_readable().unwrap();
        let header = sample.caps().unwrap().structure(0).unwrap();
        let header = header.get::<gst::ArrayRef>("streamheader").unwrap();
        let header = header.as_slice()[0].get::<gst::Buffer>().unwrap();
        let header = header.map_readable().unwrap();
        let starts = bytes.get(4..8) == Some(b"ftyp".as_slice());
        if starts {
            let flags = gst::BufferFlags::HEADER | gst::BufferFlags::DISCONT;
            assert!(parts.is_empty() || buffer.flags().contains(flags));
            assert!(bytes.starts_with(&header), "caps of the new init segment");
            parts.push(Vec::new());
        }
        let part = parts.last_mut().unwrap();
        part.extend_from_slice(&bytes);
        assert!(part.starts_with(&header), "caps of another init segment");
    }
    pipeline.set_state(gst::State::Null).unwrap();
    assert_eq!(parts.len(), 3);
    for (period, part) in (0..).zip(parts) {
        let samples = &Movie::parse(part).tracks[0].samples;
        assert_eq!(samples.len(), 25);
        for sample in samples {
            let kid = decrypt::hex(&sample.protection.as_ref().unwrap().rules.kid);
            assert_eq!(kid.replace('-', ""), kid_of_picture(period));
        }
    }
}
