// SPDX-License-Identifier: MPL-2.0
//! Progressive files with `moov` in front as a stream: they become protected fragments with the same samples and the same
//! times.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::boxes::{top_level, u32_at};
use crate::enc;
use crate::iv_ledger;
use crate::launch::{self, Run};
use crate::layout;
use crate::manifest;
use crate::media::{Audio, FASTSTART, Recipe, Video};
use crate::movie::Movie;
use crate::remux::with_moov_in_front;
use crate::samples::{Twin, no_iv_repeats};
use crate::scratch::Scratch;
use crate::timeline;
use crate::tools::{self, skip};

const SCHEMES: [&str; 4] = ["cenc", "cens", "cbc1", "cbcs"];

/// Protects a progressive file as a stream, and compares all that is known of its samples with the file.
fn protect(clear: &Path, element: &str, folder: &Scratch) -> PathBuf {
    let protected = folder.join("protected.mp4");
    enc::protect_file(clear, 4096, element, &protected).succeeded();
    let [before, after] = [clear, &protected].map(|file| std::fs::read(file).unwrap());
    is_fragmented(&after);
    timeline::same(&before, &after);
    layout::check(&after);
    no_iv_repeats(&[Movie::parse(after)]);
    protected
}

fn is_fragmented(file: &[u8]) {
    let boxes = top_level(file);
    let of = |kind: &[u8; 4]| boxes.iter().filter(|piece| &piece.kind == kind).count();
    assert!(of(b"moof") > 0 && of(b"moof") == of(b"mdat") && of(b"moov") == 1);
    let moov = boxes.iter().find(|piece| &piece.kind == b"moov").unwrap();
    let traks = moov.all(b"trak");
    assert_eq!(moov.at(&[b"mvex"]).all(b"trex").len(), traks.len());
    for trak in traks {
        let stbl = trak.at(&[b"mdia", b"minf", b"stbl"]);
        for table in stbl.children() {
            let is_kept = matches!(&table.kind, b"stsd" | b"sgpd" | b"cslg");
            assert!(is_kept || u32_at(table.body(), 4) == 0, "{:?}", table.kind);
        }
    }
    let moofs = boxes.iter().filter(|piece| &piece.kind == b"moof");
    let numbers = moofs.map(|moof| u32_at(moof.at(&[b"mfhd"]).body(), 4));
    assert!(numbers.eq(1..=u32::try_from(of(b"moof")).unwrap()));
}

fn twin<'a>(clear: &'a Path, protected: &'a Path) -> Twin<'a> {
    Twin {
        clear,
        protected,
        keys: enc::one_key_known(),
    }
}

#[test]
fn every_progressive_vector_comes_out_in_fragments() {
    let vectors = manifest::of_class("clear");
    if vectors.is_empty() {
        let test = "every_progressive_vector_comes_out_in_fragments";
        return skip(test, "no ../shared/vectors");
    }
    for vector in vectors.iter().filter(|vector| !vector.is_fragmented()) {
        let folder = Scratch::new("faststart");
        let clear = folder.write("clear.mp4", with_moov_in_front(vector.bytes()));
        for scheme in ["cenc", "cbcs"] {
            let protected = protect(&clear, &enc::one_key(scheme), &folder);
            twin(&clear, &protected).check_own();
            twin(&clear, &protected).check_cencbox();
        }
    }
}

/// Rewrites the file with FFmpeg, with `moov` in front.
fn remuxed(ffmpeg: &Path, file: &Path, folder: &Scratch, options: &[&str]) -> PathBuf {
    let out = folder.join("faststart.mp4");
    let mut run = Command::new(ffmpeg);
    run.args(["-v", "error", "-y", "-i"]).arg(file);
    run.args(["-map", "0", "-c", "copy", "-strict", "-2"]);
    run.args(options).args(["-movflags", "+faststart"]);
    Run::of(run.arg(&out)).succeeded();
    out
}

#[test]
fn files_of_mp4mux_are_read_by_all_decryptors() {
    let recipes = [
        (Video::AvcSlicesAndBFrames, Audio::Aac),
        (Video::HevcInBand, Audio::Opus),
        (Video::None, Audio::Alac),
    ];
    for (video, audio) in recipes {
        let recipe = Recipe::new(FASTSTART, video, audio);
        if let Some(element) = recipe.missing() {
            skip("faststart", &format!("no element {element}"));
            continue;
        }
        for scheme in SCHEMES {
            let folder = Scratch::new("faststart");
            let protected = protect(&recipe.clear(), &enc::one_key(scheme), &folder);
            let clear = recipe.clear();
            let twin = twin(&clear, &protected);
            twin.check_own();
            twin.check_cencbox();
            twin.check_packager(scheme);
            if scheme == "cenc" {
                twin.check_ffmpeg8();
                same_times_by_ffmpeg8(&clear, &protected);
            }
        }
    }
}

#[test]
fn a_muxer_right_before_the_element_may_write_its_moov_in_front() {
    let folder = Scratch::new("faststart");
    let protected = folder.join("protected.mp4");
    let recipe = Recipe::new(FASTSTART, Video::Avc, Audio::Aac);
    let element = enc::one_key("cenc");
    let tail = format!("{element} ! filesink location={}", protected.display());
    launch::pipeline(&recipe.pipeline(&tail)).succeeded();
    let clear = recipe.clear();
    timeline::same(
        &std::fs::read(&clear).unwrap(),
        &std::fs::read(&protected).unwrap(),
    );
    twin(&clear, &protected).check("cenc");
}

/// Compares what FFmpeg reads of every packet: times (with edit lists applied), durations, sizes and bytes.
fn same_times_by_ffmpeg8(clear: &Path, protected: &Path) {
    let Some(ffmpeg) = tools::ffmpeg8() else {
        return skip("times by FFmpeg 8", "PLAYREADY_FFMPEG8 names none");
    };
    let packets = |file: &Path| {
        let mut run = Command::new(&ffmpeg);
        run.args(["-v", "error", "-copyts", "-decryption_key", enc::KEY, "-i"]);
        run.arg(file);
        run.args(["-map", "0", "-c", "copy", "-f", "framemd5", "-"]);
        let list = Run::of(&mut run).succeeded().stdout;
        // Packets of several streams may come in another order.
        let lines = list.lines().filter(|line| !line.starts_with("#"));
        let mut lines: Vec<String> = lines.map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(packets(clear), packets(protected));
}

#[test]
fn files_of_ffmpeg_keep_their_times() {
    let Some(ffmpeg) = tools::ffmpeg8() else {
        let test = "files_of_ffmpeg_keep_their_times";
        return skip(test, "PLAYREADY_FFMPEG8 names none");
    };
    let film = Recipe::new("mp4mux", Video::AvcSlicesAndBFrames, Audio::Aac).clear();
    let sound = Recipe::new("mp4mux", Video::None, Audio::Opus).clear();
    // The cases are a cut at a key frame by an edit list, two streams of each kind, sound that starts later, and a time code
    // track.
    let cases: [&[&str]; 4] = [
        &["-ss", "1.1"],
        &["-map", "0:v", "-map", "0:a"],
        &["-metadata:s:v", "timecode=01:00:00:00", "-write_tmcd", "1"],
        &["-frag_duration", "0", "-brand", "mp42"],
    ];
    for options in cases {
        let folder = Scratch::new("faststart");
        let clear = remuxed(&ffmpeg, &film, &folder, options);
        let protected = protect(&clear, &enc::one_key("cenc"), &folder);
        twin(&clear, &protected).check_own();
        same_times_by_ffmpeg8(&clear, &protected);
    }
    let folder = Scratch::new("faststart");
    let clear = remuxed(&ffmpeg, &sound, &folder, &[]);
    let protected = protect(&clear, &enc::one_key("cbcs"), &folder);
    twin(&clear, &protected).check("cbcs");
    // Offsets are below zero here: FFmpeg shifts the times of any fragmented file by the largest of them, so it cannot
    // compare.
    let out = folder.join("negative.mp4");
    let mut run = Command::new(&ffmpeg);
    run.args(["-v", "error", "-i"]).arg(&film);
    run.args(["-c", "copy", "-movflags", "+faststart+negative_cts_offsets"]);
    Run::of(run.arg(&out)).succeeded();
    let moments = timeline::of(&std::fs::read(&out).unwrap());
    let mut offsets = moments.values().flatten().map(|m| m.composition_offset);
    assert!(offsets.any(|offset| offset < 0));
    let protected = protect(&out, &enc::one_key("cenc"), &folder);
    twin(&out, &protected).check("cenc");
}

#[test]
fn the_bytes_are_the_same_in_every_chunking() {
    iv_ledger::except("a file is protected in several chunkings with one first IV");
    let recipe = Recipe::new(FASTSTART, Video::AvcSlicesAndBFrames, Audio::Aac);
    let clear = recipe.clear();
    for scheme in ["cenc", "cbcs"] {
        let folder = Scratch::new("faststart");
        let iv = match scheme {
            "cenc" => "0011223344556677",
            _ => "00112233445566778899aabbccddeeff",
        };
        let element = format!("{} iv={iv}", enc::one_key(scheme));
        let outputs = [1, 7, 4096, 65_537, 1 << 24].map(|chunk| {
            let protected = folder.join(&format!("{chunk}.mp4"));
            enc::protect_file(&clear, chunk, &element, &protected).succeeded();
            std::fs::read(&protected).unwrap()
        });
        for output in &outputs {
            assert!(outputs[0] == *output, "{scheme}: other bytes");
        }
    }
}

#[test]
fn piff_takes_progressive_files_pushed_or_pulled() {
    iv_ledger::except("a file is protected in two modes with one first IV");
    let clear = Recipe::new(FASTSTART, Video::Avc, Audio::Aac).clear();
    let folder = Scratch::new("faststart");
    let element = format!("{} flavor=piff iv=0011223344556677", enc::one_key("cenc"));
    let pushed = protect(&clear, &element, &folder);
    twin(&clear, &pushed).check_cencbox();
    let pulled = folder.join("pulled.mp4");
    enc::protect_pulled(&clear, &element, &pulled).succeeded();
    assert!(std::fs::read(&pushed).unwrap() == std::fs::read(&pulled).unwrap());
    let at_end = Recipe::new("mp4mux", Video::Avc, Audio::Aac).clear();
    let run = enc::protect_pulled(&at_end, &element, &pulled);
    assert!(
        run.stderr.contains("with 'moov' in front"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_file_that_is_cut_gives_only_whole_fragments_and_an_error() {
    let clear = Recipe::new(FASTSTART, Video::Avc, Audio::Aac).clear();
    let whole = std::fs::read(&clear).unwrap();
    let folder = Scratch::new("faststart");
    let protected = folder.join("protected.mp4");
    for cut in [whole.len() - 1, whole.len() / 2] {
        let cut = folder.write("cut.mp4", &whole[..cut]);
        let run = enc::protect_file(&cut, 4096, &enc::one_key("cenc"), &protected);
        assert!(!run.status.success());
        assert!(run.stderr.contains("ends inside"), "{}", run.stderr);
        let left = Movie::open(&protected);
        layout::check(&left.file);
    }
}
