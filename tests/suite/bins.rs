// SPDX-License-Identifier: MPL-2.0
//! `playreadymp4mux` and `playreadycmafmux` in the places where a muxer is needed: splitmuxsink, encodebin, gst-launch-1.0,
//! applications.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::boxes::top_level;
use crate::decrypt;
use crate::enc::{self, KEY, KID};
use crate::in_process;
use crate::iv_ledger;
use crate::launch;
use crate::media::{Audio, Recipe, Video};
use crate::movie::Movie;
use crate::pipelines::is_protected;
use crate::samples::{self, Twin, no_iv_repeats};
use crate::scratch::Scratch;
use crate::tools::skip;

/// Each bin, the muxer inside, and a fragment duration of half a second in the units of its muxer.
const BINS: [(&str, &str, &str); 2] = [
    ("playreadymp4mux", "mp4mux", "500"),
    ("playreadycmafmux", "cmafmux", "(guint64)500000000"),
];
const IV: &str = "00000000fffffff0";

/// The bins whose muxers are on this machine.
fn bins(test: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    BINS.into_iter().filter_map(move |(bin, muxer, duration)| {
        if launch::has(muxer) {
            return Some((bin, duration));
        }
        skip(
            &format!("bins::{test} with {bin}"),
            &format!("no element {muxer}"),
        );
        None
    })
}

#[test]
fn every_part_of_a_recording_decrypts_and_no_iv_comes_twice() {
    iv_ledger::except("each recording begins with the same first IV");
    let test = "every_part_of_a_recording_decrypts_and_no_iv_comes_twice";
    for (bin, duration) in bins(test) {
        let duration = duration.trim_start_matches("(guint64)");
        let muxer =
            format!("muxer=\"{bin} fragment-duration={duration} key-id={KID} key={KEY} iv={IV}\"");
        records_in_parts(&muxer, |line| {
            launch::pipeline(line).succeeded();
        });
    }
}

/// splitmuxsink makes an element of its own for each part.
///
/// The pipeline runs in a process that takes no messages of latency, since gst-launch-1.0 answers them by a latency event upstream. While
/// splitmuxsink of GStreamer 1.22 changes the file with `async-finalize`, that event waits at the blocked pad in front of the muxer, with the
/// state lock of the sink of the part that ends. splitmuxsink may wait for that lock to stop the sink: both hang, with mp4mux too.
#[test]
fn parts_from_a_muxer_factory_share_one_run_of_ivs() {
    iv_ledger::except("each recording begins with the same first IV");
    for (bin, duration) in bins("parts_from_a_muxer_factory_share_one_run_of_ivs") {
        let muxer = format!(
            "async-finalize=true muxer-factory={bin} muxer-properties=\"p,fragment-duration={duration},\
             key-id=(string){KID},key=(string){KEY},iv=(string){IV}\""
        );
        records_in_parts(&muxer, |line| {
            in_process::run("bins::inside::records", OsStr::new(line));
        });
    }
}

/// The IVs of the samples of a part.
fn ivs(movie: &Movie) -> Vec<u64> {
    let samples = movie.tracks[0].samples.iter();
    let ivs = samples.map(|sample| &sample.protection.as_ref().unwrap().iv);
    ivs.map(|iv| u64::from_be_bytes(iv[..].try_into().unwrap()))
        .collect()
}

/// Records parts that all start with the same first IV, and records the samples in the clear too.
fn records_in_parts(muxer: &str, run: impl FnOnce(&str)) {
    let folder = Scratch::new("parts");
    let clear = folder.join("clear.mp4");
    // The source is live: splitmuxsink of GStreamer 1.22 sometimes hangs at a change of file when frames come faster.
    let line = format!(
        "videotestsrc is-live=true num-buffers=75 ! video/x-raw,format=I420,width=160,height=120,framerate=25/1 \
         ! x264enc speed-preset=ultrafast key-int-max=25 ! h264parse ! tee name=both \
         both. ! queue ! mp4mux ! filesink location={} \
         both. ! queue ! splitmuxsink max-size-time=1000000000 location={} {muxer}",
        clear.display(),
        folder.join("part-%03d.m4s").display()
    );
    run(&line);
    let parts = parts(&folder);
    assert!(parts.len() >= 2, "{muxer}: {} parts", parts.len());
    let movies: Vec<Movie> = parts.iter().map(|part| is_protected(part, muxer)).collect();
    no_iv_repeats(&movies);
    let parts: Vec<_> = movies.iter().map(ivs).collect();
    assert!(
        parts.iter().all(|ivs| ivs.is_sorted()),
        "{muxer}: {parts:?}"
    );
    let mut ivs = parts.concat();
    if muxer.contains("muxer-factory") {
        // The last fragments of a part may be written after the next part has begun.
        ivs.sort_unstable();
    }
    let first = u64::from_str_radix(IV, 16).unwrap();
    assert!(
        ivs.into_iter().eq(first..first + 75),
        "{muxer}: not one run of IVs"
    );
    let keys = enc::one_key_known();
    let decrypted = movies.iter();
    let decrypted = decrypted.flat_map(|movie| decrypt::samples(movie, &movie.tracks[0], &keys));
    let clear = Movie::open(&clear);
    let expected = decrypt::samples(&clear, &clear.tracks[0], &keys);
    assert!(decrypted.eq(expected), "{muxer}: other samples");
}

fn parts(folder: &Scratch) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let mut parts: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    parts.retain(|file| file.extension().is_some_and(|kind| kind == "m4s"));
    parts.sort();
    parts
}

#[test]
fn children_are_set_up_by_their_names() {
    for (bin, duration) in bins("children_are_set_up_by_their_names") {
        let folder = Scratch::new("children");
        let duration = duration.trim_start_matches("(guint64)");
        let bin = format!(
            "{bin} mux::fragment-duration={duration} enc::scheme=cbcs enc::key-id={KID} enc::key={KEY}"
        );
        let recipe = Recipe::new("", Video::None, Audio::Aac);
        let protected = folder.join("protected.mp4");
        let tail = format!("filesink location={}", protected.display());
        launch::pipeline(&recipe.pipeline(&tail).replacen(
            " name=mux",
            &format!("{bin} name=mux"),
            1,
        ))
        .succeeded();
        let movie = is_protected(&protected, &bin);
        assert_eq!(movie.tracks[0].entries[0].scheme, Some(*b"cbcs"));
        let fragments = top_level(&movie.file);
        let fragments = fragments.iter().filter(|piece| piece.kind == *b"moof");
        assert!(fragments.count() >= 3, "{bin}: fragments are longer");
    }
}

#[test]
fn picture_and_sound_decrypt_to_what_mp4mux_writes() {
    let clear = Recipe::new("mp4mux fragment-duration=2000", Video::Avc, Audio::Aac);
    let protected = Recipe::new("playreadymp4mux", Video::Avc, Audio::Aac);
    let folder = Scratch::new("bin");
    let keys = folder.write_secret("one.keys", &format!("* {KID} {KEY}\n"));
    let file = folder.join("protected.mp4");
    let line = protected.pipeline(&format!("filesink location={}", file.display()));
    let uri = format!("playreadymp4mux key-uri=file://{}", keys.display());
    launch::pipeline(&line.replacen("playreadymp4mux", &uri, 1)).succeeded();
    let twin = Twin {
        clear: &clear.clear(),
        protected: &file,
        keys: enc::one_key_known(),
    };
    twin.check("cenc");
}

#[test]
fn encodebin_takes_the_bin_by_its_name_and_gives_it_its_properties() {
    let folder = Scratch::new("encodebin");
    let file = folder.join("protected.mp4");
    let line = format!(
        "videotestsrc num-buffers=50 ! video/x-raw,width=160,height=120,framerate=25/1 \
         ! encodebin \"profile=playreadymp4mux|element-properties,key-id={KID},key=(string){KEY}:x264enc\" \
         ! filesink location={}",
        file.display()
    );
    launch::pipeline(&line).succeeded();
    is_protected(&file, "encodebin");
    samples::decodes_by_ffmpeg8(&file, KEY);
}

mod inside {
    use std::ffi::OsStr;

    use gst::prelude::*;

    use crate::in_process;

    #[test]
    #[ignore = "runs in a process of its own, started by a test above"]
    fn records() {
        let Some(line) = in_process::argument() else {
            return;
        };
        gst::init().unwrap();
        in_process::run_to_the_end(&in_process::pipeline(line.to_str().unwrap()));
    }

    #[test]
    fn pads_are_the_muxers_with_their_property() {
        for (bin, _) in super::bins("pads_are_the_muxers_with_their_property") {
            in_process::run("bins::inside::requests_and_releases", OsStr::new(bin));
        }
    }

    #[test]
    #[ignore = "runs in a process of its own, started by the test above"]
    fn requests_and_releases() {
        let Some(name) = in_process::argument() else {
            return;
        };
        gst::init().unwrap();
        let bin = gst::ElementFactory::make(name.to_str().unwrap()).build();
        let bin = bin.unwrap().downcast::<gst::Bin>().unwrap();
        let muxer = bin.by_name("mux").unwrap();
        let before = muxer.num_sink_pads();
        for round in ["first", "again"] {
            let pad = bin.request_pad_simple("video_%u").unwrap();
            assert_eq!(pad.name(), "video_0", "{round}");
            pad.set_property("trak-timescale", 12_345u32);
            let target = pad
                .downcast_ref::<gst::GhostPad>()
                .unwrap()
                .target()
                .unwrap();
            assert_eq!(target.property::<u32>("trak-timescale"), 12_345);
            let proxy = bin.upcast_ref::<gst::ChildProxy>();
            assert_eq!(proxy.child_by_name("video_0").unwrap(), pad);
            let second = bin.request_pad_simple("audio_%u");
            assert_eq!(second.is_some(), name == "playreadymp4mux", "{round}");
            for pad in bin.sink_pads() {
                bin.release_request_pad(&pad);
            }
            assert_eq!((bin.num_sink_pads(), muxer.num_sink_pads()), (0, before));
        }
    }

    #[test]
    fn a_missing_muxer_is_named_to_user_and_installer() {
        in_process::run("bins::inside::starts_without_cmafmux", OsStr::new(""));
    }

    #[test]
    #[ignore = "runs in a process of its own, started by the test above"]
    fn starts_without_cmafmux() {
        if in_process::argument().is_none() {
            return;
        }
        gst::init().unwrap();
        let registry = gst::Registry::get();
        if let Some(feature) = registry.lookup_feature("cmafmux") {
            registry.remove_feature(&feature);
        }
        let line = "videotestsrc ! x264enc ! h264parse ! playreadycmafmux ! fakesink";
        let pipeline = gst::parse::launch(line).unwrap();
        assert!(pipeline.set_state(gst::State::Paused).is_err());
        let bus = pipeline.bus().unwrap();
        let kinds = [gst::MessageType::Element, gst::MessageType::Error];
        let mut messages = std::iter::from_fn(|| bus.pop_filtered(&kinds));
        let missing = messages.next().unwrap();
        let structure = missing.structure().unwrap();
        assert_eq!(structure.name(), "missing-plugin");
        assert_eq!(structure.get::<&str>("type"), Ok("element"));
        assert_eq!(structure.get::<&str>("detail"), Ok("cmafmux"));
        let error = messages.next().unwrap();
        let gst::MessageView::Error(error) = error.view() else {
            panic!("{error:?}");
        };
        assert!(error.error().matches(gst::CoreError::MissingPlugin));
        let error = error.error();
        let said = error.message();
        assert!(said.contains("no element cmafmux: install"), "{said}");
        pipeline.set_state(gst::State::Null).unwrap();
    }
}
