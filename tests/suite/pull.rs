// SPDX-License-Identifier: MPL-2.0
//! Pull mode, in which the element drives the pipeline itself: progressive files of real muxers, large files, state changes.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gst::prelude::*;

use crate::enc;
use crate::in_process;
use crate::iv_ledger;
use crate::launch::{self, Run};
use crate::layout;
use crate::live::leaks;
use crate::media::{Audio, FASTSTART, MP4MUX, Recipe, Video};
use crate::movie::Movie;
use crate::samples::{Twin, no_iv_repeats};
use crate::scratch::Scratch;
use test_support::build::{ftyp, media, word};
use test_support::build_long::long_stream;
use test_support::build_progressive::{co64, moov, stsc, stsz, trak};

const AT_END: Recipe = Recipe::new("mp4mux", Video::AvcSlicesAndBFrames, Audio::Aac);
const IN_FRONT: Recipe = Recipe::new(FASTSTART, Video::AvcInBand, Audio::Aac);
/// The memory in KiB that a process may use for a file of 4 GiB, including GStreamer and the test binary.
const MEMORY: u64 = 128 << 10;

#[test]
fn files_of_mp4mux_are_protected_wherever_their_moov_is() {
    for recipe in [AT_END, IN_FRONT] {
        for scheme in ["cenc", "cbcs", "cens", "cbc1"] {
            let folder = Scratch::new("pull");
            let protected = folder.join("protected.mp4");
            let clear = recipe.clear();
            enc::protect_pulled(&clear, &enc::one_key(scheme), &protected).succeeded();
            let twin = Twin {
                clear: &clear,
                protected: &protected,
                keys: enc::one_key_known(),
            };
            twin.check_own();
            twin.check_cencbox();
            if scheme == "cenc" {
                twin.check_ffmpeg8();
            }
            let movie = Movie::open(&protected);
            layout::check(&movie.file);
            no_iv_repeats(&[movie]);
        }
    }
}

#[test]
fn threads_change_nothing_of_what_comes_out() {
    iv_ledger::except("a file is protected by 1, 2 and 5 threads with one first IV");
    let folder = Scratch::new("pull");
    let clear = folder.write("clear.mp4", long_stream());
    let iv = "0102030405060708090a0b0c0d0e0f10";
    for scheme in ["cenc", "cbcs"] {
        let made = [1, 2, 5].map(|threads| {
            let protected = folder.join("protected.mp4");
            let element = format!("{} iv={iv} threads={threads}", enc::one_key(scheme));
            enc::protect_pulled(&clear, &element, &protected).succeeded();
            std::fs::read(protected).unwrap()
        });
        let [one, others @ ..] = made;
        assert!(others.iter().all(|other| *other == one), "{scheme}");
    }
}

/// A filter between the file and the element passes on buffers of its own.
#[test]
fn filters_in_front_change_nothing() {
    iv_ledger::except("a file is protected behind several filters with one first IV");
    let fragmented = Recipe::new(MP4MUX, Video::Avc, Audio::Aac);
    for file in [AT_END.clear(), fragmented.clear()] {
        let folder = Scratch::new("filters");
        let element = format!("{} iv=0102030405060708", enc::one_key("cenc"));
        let made = ["", "identity !", "video/quicktime !", "typefind !"].map(|filter| {
            let protected = folder.join("protected.mp4");
            let line = format!(
                "filesrc location={} ! {filter} {element} ! filesink location={}",
                file.display(),
                protected.display()
            );
            let mut command = launch::command();
            command.args(launch::words(&line));
            Run::of(command.env("G_DEBUG", "fatal-warnings")).succeeded();
            std::fs::read(protected).unwrap()
        });
        let [one, others @ ..] = made;
        let is_same: Vec<_> = others.iter().map(|other| *other == one).collect();
        assert_eq!(is_same, [true; 3]);
    }
}

#[test]
fn nothing_leaks_in_pull_mode() {
    let fragmented = Recipe::new(MP4MUX, Video::Avc, Audio::Aac);
    for file in [AT_END.clear(), fragmented.clear()] {
        let line = format!(
            "filesrc location={} ! {} ! fakesink",
            file.display(),
            format_args!("{} threads=2", enc::one_key("cenc"))
        );
        let mut command = launch::command();
        command
            .args(["-q", "--gst-fatal-warnings"])
            .args(launch::words(&line))
            .env("GST_TRACERS", "leaks")
            .env("GST_DEBUG", "GST_TRACER:7")
            .env("GST_DEBUG_NO_COLOR", "1");
        let run = Run::of(&mut command).succeeded();
        assert_eq!(leaks(&run.stderr), Vec::<&str>::new());
    }
}

#[test]
fn a_file_that_is_cut_is_refused_before_anything_leaves() {
    for recipe in [AT_END, IN_FRONT] {
        let folder = Scratch::new("pull");
        let whole = std::fs::read(recipe.clear()).unwrap();
        let cut = folder.write("cut.mp4", &whole[..whole.len() - 100]);
        let output = folder.join("protected.mp4");
        let run = enc::protect_pulled(&cut, &enc::one_key("cenc"), &output);
        assert!(!run.status.success());
        assert!(run.stderr.contains("ends inside"), "{}", run.stderr);
        layout::nothing_plays(&output);
    }
}

#[test]
fn a_progressive_file_can_be_played_again_and_stopped_anywhere() {
    run_in_process("pull::plays_and_stops_the_given_file", AT_END.clear());
}

#[test]
fn a_file_beyond_four_gibibytes_takes_little_memory() {
    let folder = Scratch::new("large");
    run_in_process("pull::protects_the_large_file", large_file(&folder));
}

fn run_in_process(test: &str, argument: impl AsRef<OsStr>) {
    in_process::run(test, argument.as_ref());
}

fn pipeline(file: &Path) -> gst::Pipeline {
    gst::init().unwrap();
    let line = format!(
        "filesrc location={} ! {} name=enc ! fakesink name=out",
        file.display(),
        enc::one_key("cenc")
    );
    let pipeline = gst::parse::launch(&line).unwrap();
    pipeline.downcast::<gst::Pipeline>().unwrap()
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn plays_and_stops_the_given_file() {
    let Some(file) = in_process::argument() else {
        return;
    };
    let pipeline = pipeline(Path::new(&file));
    let element = pipeline.by_name("enc").unwrap();
    let samples = Movie::open(Path::new(&file)).tracks;
    let samples: usize = samples.iter().map(|track| track.samples.len()).sum();
    for turn in 0..30 {
        pipeline.set_state(gst::State::Playing).unwrap();
        std::thread::sleep(Duration::from_millis(turn));
        let seek = gst::event::Seek::new(
            1.0,
            gst::SeekFlags::FLUSH,
            gst::SeekType::Set,
            gst::format::Bytes::ZERO,
            gst::SeekType::None,
            gst::format::Bytes::NONE,
        );
        assert!(!element.send_event(seek), "a seek was taken");
        pipeline.set_state(gst::State::Null).unwrap();
        in_process::run_to_the_end(&pipeline);
    }
    pipeline.set_state(gst::State::Playing).unwrap();
    let bus = pipeline.bus().unwrap();
    let end = bus.timed_pop_filtered(gst::ClockTime::from_seconds(30), &[gst::MessageType::Eos]);
    assert!(end.is_some());
    let stats = element.property::<gst::Structure>("stats");
    assert_eq!(stats.get::<u64>("samples"), Ok(samples as u64));
    assert_eq!(stats.get::<u64>("fragments"), Ok(0));
    pipeline.set_state(gst::State::Null).unwrap();
}

/// A file with two samples of sound, a hole of 4 GiB between them, and its `moov` at the end.
fn large_file(folder: &Scratch) -> PathBuf {
    let path = folder.join("large.mp4");
    let mut file = File::create(&path).unwrap();
    let second = 36 + (1 << 32) + 100;
    file.write_all(&[&ftyp()[..], &word(1), b"mdat"].concat())
        .unwrap();
    file.write_all(&(second + 100 - 20u64).to_be_bytes())
        .unwrap();
    file.write_all(&media(100)).unwrap();
    file.seek(SeekFrom::Start(second)).unwrap();
    file.write_all(&media(100)).unwrap();
    let tables = [stsz(&[100, 100]), stsc(&[[1, 1, 1]]), co64(&[36, second])];
    file.write_all(&moov(&[trak(1, b"mp4a", &tables)])).unwrap();
    path
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn protects_the_large_file() {
    let Some(path) = in_process::argument() else {
        return;
    };
    let begin = Instant::now();
    let size = std::fs::metadata(&path).unwrap().len();
    let pipeline = pipeline(Path::new(&path));
    let bytes = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&bytes);
    let sink = pipeline.by_name("out").unwrap().static_pad("sink").unwrap();
    sink.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let size = info.buffer().unwrap().size() as u64;
        counted.fetch_add(size, Ordering::Relaxed);
        gst::PadProbeReturn::Ok
    });
    // The pipeline is first stopped in the middle.
    pipeline.set_state(gst::State::Playing).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    pipeline.set_state(gst::State::Null).unwrap();
    bytes.store(0, Ordering::Relaxed);
    in_process::run_to_the_end(&pipeline);
    let given = bytes.load(Ordering::Relaxed);
    assert!(
        given > size && given < size + 4096,
        "{given} bytes of {size}"
    );
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 = peak
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    eprintln!("peak {peak} KiB, {:?}", begin.elapsed());
    assert!(peak < MEMORY, "{peak} KiB");
}
