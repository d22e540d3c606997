// SPDX-License-Identifier: MPL-2.0
//! `clearkeydec` on MP4 in pipelines: in push and in pull mode, after muxers and before demuxers, and the errors with which
//! it stops.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use gst::prelude::*;

use crate::decrypt::Keys;
use crate::enc;
use crate::in_process;
use crate::iv_ledger;
use crate::launch;
use crate::layout;
use crate::manifest::{self, Vector};
use crate::media::{Audio, ISMLMUX, ISOFMP4MUX, MP4MUX, Recipe, Video};
use crate::movie::Movie;
use crate::samples::same_samples;
use crate::scratch::Scratch;
use crate::tools::{self, skip};
use test_support::decrypted::{decrypted, known};

/// The KID that 23001-7 reserves for "no key". No property takes it.
const NIL: &str = "00000000000000000000000000000000";

/// The rows of the shared vectors whose keys a `.keys` file can contain.
fn with_keys(test: &str) -> Vec<Vector> {
    let mut vectors = manifest::of_class("pair");
    vectors.extend(manifest::of_class("encrypted"));
    if vectors.is_empty() {
        skip(test, "no ../shared/vectors");
    }
    vectors.retain(|vector| !vector.keys().pairs()[0].starts_with(NIL));
    vectors
}

/// The element with a `.keys` file whose selectors have no effect.
fn element(keys: &Keys, folder: &Scratch) -> String {
    let lines = (1..).zip(keys.pairs());
    let lines = lines.map(|(n, pair)| format!("track:{n} {}\n", pair.replace(':', " ")));
    let file = folder.write_secret("known.keys", &lines.collect::<String>());
    format!("clearkeydec key-uri=file://{}", file.display())
}

/// Decrypts a file. After a queue the element runs in push mode; directly after filesrc it runs in pull mode.
fn through(input: &Path, way: &str, element: &str, output: &Path) -> launch::Run {
    launch::pipeline(&format!(
        "filesrc location={} {way} ! {element} ! filesink location={}",
        input.display(),
        output.display()
    ))
}

#[test]
fn protected_files_come_out_the_same_pushed_and_pulled() {
    iv_ledger::except("other packagers protected the files");
    for vector in with_keys("protected_files_come_out_the_same_pushed_and_pulled") {
        let folder = Scratch::new("clear");
        let protected = folder.write("protected.mp4", vector.bytes());
        let element = element(&vector.keys(), &folder);
        let expected = decrypted(&vector.bytes(), &known(&vector.keys()), usize::MAX).unwrap();
        for way in ["blocksize=997 ! queue", "! queue", ""] {
            let clear = folder.join("clear.mp4");
            let run = through(&protected, way, &element, &clear);
            assert!(run.status.success(), "{} {way}: {}", vector.id, run.stderr);
            let found = std::fs::read(&clear).unwrap();
            assert!(found == expected, "{} {way}", vector.id);
        }
    }
}

#[test]
fn what_playreadyenc_protects_comes_back_in_one_pipeline() {
    for muxer in [MP4MUX, ISOFMP4MUX, ISMLMUX] {
        let recipe = Recipe::new(muxer, Video::Avc, Audio::Aac);
        match recipe.missing() {
            Some(element) => skip("playreadyenc ! clearkeydec", &format!("no {element}")),
            None => there_and_back(&recipe.clear()),
        }
    }
}

fn there_and_back(clear: &Path) {
    let folder = Scratch::new("back");
    for settings in [
        "scheme=cenc",
        "scheme=cenc iv-size=16",
        "scheme=cens",
        "scheme=cbc1",
        "scheme=cbcs",
        "flavor=piff",
    ] {
        let encryptor = format!(
            "playreadyenc key-id={} key={} {settings}",
            enc::KID,
            enc::KEY
        );
        let both = format!(
            "{encryptor} ! clearkeydec key-id={} key={}",
            enc::KID,
            enc::KEY
        );
        let back = folder.join("back.mp4");
        through(clear, "blocksize=4096 ! queue", &both, &back).succeeded();
        let (clear, back) = (Movie::open(clear), Movie::open(&back));
        same_samples(&clear, &back, &Keys::default());
        layout::check(&back.file);
        for (source, target) in clear.tracks.iter().zip(&back.tracks) {
            assert_eq!(source.entries[0].format, target.entries[0].format);
        }
    }
}

#[test]
fn progressive_files_come_back_wherever_their_moov_is() {
    iv_ledger::except("a copy of each protected file has its moov at the end");
    let ffmpeg = tools::ffmpeg();
    let Some(ffmpeg) = ffmpeg else {
        return skip("progressive clearkeydec", "no ffmpeg");
    };
    let clear = Recipe::new("mp4mux", Video::Avc, Audio::Aac).clear();
    let folder = Scratch::new("progressive");
    for scheme in ["cenc", "cens", "cbc1", "cbcs"] {
        let front = folder.join("front.mp4");
        enc::protect_pulled(&clear, &enc::one_key(scheme), &front).succeeded();
        let at_end = moov_at_end(&front, &folder);
        let element = element(&enc::one_key_known(), &folder);
        for (file, way) in [
            (&front, ""),
            (&front, "blocksize=1999 ! queue"),
            (&at_end, ""),
        ] {
            let back = folder.join("back.mp4");
            through(file, way, &element, &back).succeeded();
            same_samples(&Movie::open(&clear), &Movie::open(&back), &Keys::default());
            layout::check(&std::fs::read(&back).unwrap());
            decodes(&ffmpeg, &back);
        }
        let run = through(&at_end, "! queue", &element, &folder.join("none.mp4"));
        assert!(!run.status.success());
        assert!(run.stderr.contains("read it from a file"), "{}", run.stderr);
        layout::nothing_plays(&folder.join("none.mp4"));
    }
}

/// Moves the `moov` of a file to its end. Chunk offsets and `saio` change by its size.
fn moov_at_end(front: &Path, folder: &Scratch) -> PathBuf {
    let file = std::fs::read(front).unwrap();
    let pieces = crate::boxes::top_level(&file);
    let moov = pieces.iter().find(|piece| &piece.kind == b"moov").unwrap();
    let size = moov.end - moov.start;
    let mut moved = file[moov.start..moov.end].to_vec();
    let after = file.len() - size;
    for kind in [b"stco", b"saio"] {
        for at in (4..moved.len() - 16)
            .filter(|&at| moved[at..].starts_with(kind))
            .collect::<Vec<_>>()
        {
            let count = u32::from_be_bytes(moved[at + 8..at + 12].try_into().unwrap());
            for entry in (0..count as usize).map(|n| at + 12 + 4 * n) {
                let offset = u32::from_be_bytes(moved[entry..entry + 4].try_into().unwrap());
                let offset = offset as usize;
                let offset = match kind {
                    b"stco" => offset - size,
                    _ => offset - moov.start + after,
                };
                let offset = u32::try_from(offset).unwrap();
                moved[entry..entry + 4].copy_from_slice(&offset.to_be_bytes());
            }
        }
    }
    let at_end = [&file[..moov.start], &file[moov.end..], &moved].concat();
    folder.write("at-end.mp4", &at_end)
}

fn decodes(ffmpeg: &Path, file: &Path) {
    let mut run = std::process::Command::new(ffmpeg);
    run.args(["-v", "error", "-i"])
        .arg(file)
        .args(["-f", "null", "-"]);
    let run = launch::Run::of(&mut run).succeeded();
    assert_eq!(run.stderr, "", "{}", file.display());
}

#[test]
fn others_demux_and_decode_what_comes_out() {
    iv_ledger::except("other packagers protected the files");
    let Some(ffmpeg) = tools::ffmpeg() else {
        return skip("others_demux_and_decode_what_comes_out", "no ffmpeg");
    };
    for vector in with_keys("others_demux_and_decode_what_comes_out") {
        // FFmpeg needs the frames of a whole file there, or it cannot decode WMA of one fragment.
        if vector.id.contains("piff") {
            continue;
        }
        let folder = Scratch::new("decoded");
        let protected = folder.write("protected.mp4", vector.bytes());
        let clear = folder.join("clear.mp4");
        through(&protected, "", &element(&vector.keys(), &folder), &clear).succeeded();
        decodes(&ffmpeg, &clear);
        let demuxed = format!("filesrc location={} ! qtdemux ! fakesink", clear.display());
        launch::pipeline(&demuxed).succeeded();
    }
}

/// The stream header in a muxer's caps has no boxes of protection any more.
#[test]
fn a_header_in_caps_is_cleared_too() {
    let recipe = Recipe::new(ISOFMP4MUX, Video::Avc, Audio::None);
    match recipe.missing() {
        Some(element) => skip("streamheader of clearkeydec", &format!("no {element}")),
        None => in_process::run("clearkeydec_mp4::looks_at_caps", OsStr::new("caps")),
    }
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn looks_at_caps() {
    if in_process::argument().is_none() {
        return;
    }
    gst::init().unwrap();
    let both = format!(
        "{} ! clearkeydec key-id={} key={}",
        enc::one_key("cbcs"),
        enc::KID,
        enc::KEY
    );
    let recipe = Recipe::new(ISOFMP4MUX, Video::Avc, Audio::None);
    let line = recipe.pipeline(&format!("{both} ! fakesink name=out"));
    let seen = crate::seen::of(&line);
    assert!(seen.events().is_empty(), "protection events went on");
    let caps = seen.caps();
    let header = caps
        .structure(0)
        .unwrap()
        .get::<gst::ArrayRef>("streamheader");
    let header = header.unwrap().as_slice()[0].get::<gst::Buffer>().unwrap();
    let header = header.map_readable().unwrap();
    let mut words = header.windows(4);
    assert!(!words.any(|four| [b"encv", b"sinf", b"pssh"].contains(&four.try_into().unwrap())));
}

#[test]
fn what_cannot_be_decrypted_is_an_error_of_its_kind() {
    let Some(vectors) = tools::vectors() else {
        return skip("errors of clearkeydec on MP4", "no ../shared/vectors");
    };
    in_process::run(
        "clearkeydec_mp4::reads_what_cannot_be_decrypted",
        vectors.as_os_str(),
    );
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn reads_what_cannot_be_decrypted() {
    iv_ledger::except("other packagers protected the files");
    use gst::StreamError as Code;
    if in_process::argument().is_none() {
        return;
    }
    gst::init().unwrap();
    let other = format!("clearkeydec key-id={} key={}", enc::KID, enc::KEY);
    for (id, element, code) in [
        ("o-peer-avc-cenc", "clearkeydec", Code::DecryptNokey),
        ("o-peer-rotation-cbcs", &other, Code::DecryptNokey),
        ("o-short-cenc", &other, Code::DecryptNokey),
        // Fragments without their init segment.
        ("o-moof-enc", &other, Code::Demux),
        ("o-2xsenc", &other, Code::Demux),
    ] {
        let folder = Scratch::new("wrong");
        let file = folder.write("file.mp4", bytes_of(id));
        for way in ["! queue", ""] {
            let line = format!(
                "filesrc location={} {way} ! {element} ! fakesink",
                file.display()
            );
            let (kind, said) = error_of(&line);
            assert_eq!(kind, Some(code), "{id} {way}: {said}");
            if code == Code::DecryptNokey {
                assert!(said.contains("no key for KID"), "{id}: {said}");
            }
        }
    }
}

fn bytes_of(id: &str) -> Vec<u8> {
    let classes = ["pair", "encrypted", "structure", "hostile"];
    let mut vectors = classes.iter().flat_map(|class| manifest::of_class(class));
    vectors.find(|vector| vector.id == id).unwrap().bytes()
}

/// The error that a pipeline ends with.
fn error_of(line: &str) -> (Option<gst::StreamError>, String) {
    let pipeline = in_process::pipeline(line);
    // If the first buffer is refused, the change of state fails. The bus has the reason.
    let _ = pipeline.set_state(gst::State::Playing);
    let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
    let bus = pipeline.bus().unwrap();
    let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(10), &kinds);
    let message = message.expect("the pipeline ends");
    pipeline.set_state(gst::State::Null).unwrap();
    match message.view() {
        gst::MessageView::Error(error) => {
            let said = format!("{} {:?}", error.error(), error.debug());
            assert!(!said.contains(enc::KEY), "the key is shown");
            (error.error().kind(), said)
        }
        _ => (None, "no error".into()),
    }
}

/// The library alone decrypts the rows whose key no property can take.
#[test]
fn only_files_under_the_nil_key_id_are_left_to_the_library() {
    let all = ["pair", "encrypted"]
        .into_iter()
        .flat_map(manifest::of_class);
    let left = all.filter(|vector| vector.keys().pairs()[0].starts_with(NIL));
    let left: Vec<_> = left.map(|vector| vector.id).collect();
    if tools::vectors().is_some() {
        assert_eq!(left, ["o-cbcs-avc", "o-cbcs-aac"]);
    }
}
