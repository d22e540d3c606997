// SPDX-License-Identifier: MPL-2.0
//! Clear leads through qtdemux, which gives clear samples of scheme cenc no protection meta, and gives none to protected ones whose
//! auxiliary information it does not read: only the former pass.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use gst::prelude::*;

use crate::enc;
use crate::in_process;
use crate::iv_ledger;
use crate::media::{Audio, MP4MUX, Recipe, Video};
use crate::scratch::Scratch;
use crate::seen::{self, Seen};
use crate::tools::skip;

const PADS: [&str; 2] = ["video_0", "audio_0"];

#[test]
fn only_clear_samples_pass_without_meta() {
    let recipe = Recipe::new(MP4MUX, Video::Avc, Audio::Aac);
    match recipe.missing() {
        Some(element) => skip("clear leads", &format!("no element {element}")),
        None => in_process::run("leads::demuxes_leads", recipe.clear().as_os_str()),
    }
}

#[test]
fn later_clear_periods_pass_only_before_qtdemux() {
    let clear = Recipe::new(MP4MUX, Video::Avc, Audio::None).clear();
    in_process::run("leads::demuxes_later_clear_periods", clear.as_os_str());
}

/// qtdemux that reads a file itself gives no meta to the last sample before a clear fragment, so that samples without meta after protected
/// ones may be protected: they are refused, and nothing protected passes.
#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn demuxes_later_clear_periods() {
    let Some(clear) = in_process::argument() else {
        return;
    };
    let clear = Path::new(&clear);
    gst::init().unwrap();
    in_process::let_qtdemux_find_clearkeydec();
    let folder = Scratch::new("periods");
    let protected = folder.join("protected.mp4");
    protect_but_the_second_fragment(clear, &protected);
    let expected = seen::of(&demuxed(clear, "video_0", "identity")).bytes();
    for way in ["", "queue !"] {
        let line = demuxed(&protected, "video_0", &decryptor());
        let Played { seen, error } = play(&line.replace("qtdemux", &format!("{way} qtdemux")));
        let error = error.expect("samples without meta are refused");
        let remedy = "put clearkeydec before the demuxer";
        assert!(error.contains(remedy), "{error}");
        let passed = seen.bytes();
        assert!(!passed.is_empty() && passed.len() < expected.len());
        assert!(expected.starts_with(&passed), "{way}");
        let before = demuxed(&protected, "video_0", "identity")
            .replace("qtdemux", &format!("{way} {} ! qtdemux", decryptor()));
        assert!(seen::of(&before).bytes() == expected, "{way}");
    }
}

/// Sets `protect` to false while the second of three fragments is written.
fn protect_but_the_second_fragment(clear: &Path, protected: &Path) {
    let pipeline = in_process::pipeline(&format!(
        "filesrc blocksize=1024 location={} ! queue ! {} name=enc ! filesink location={}",
        clear.display(),
        enc::one_key("cenc"),
        protected.display()
    ));
    let encryptor = pipeline.by_name("enc").unwrap();
    let fragments = AtomicUsize::new(0);
    let output = encryptor.static_pad("src").unwrap();
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
    output.add_probe(kinds, move |pad, info| {
        let first = match &info.data {
            Some(gst::PadProbeData::Buffer(buffer)) => Some(&**buffer),
            Some(gst::PadProbeData::BufferList(list)) => list.get(0),
            _ => None,
        };
        let first = first.unwrap().map_readable().unwrap();
        if first.get(4..8) == Some(b"moof".as_slice()) {
            let written = fragments.fetch_add(1, Ordering::Relaxed) + 1;
            let encryptor = pad.parent_element().unwrap();
            encryptor.set_property("protect", written != 1);
        }
        gst::PadProbeReturn::Ok
    });
    in_process::run_to_the_end(&pipeline);
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn demuxes_leads() {
    let Some(clear) = in_process::argument() else {
        return;
    };
    let clear = Path::new(&clear);
    gst::init().unwrap();
    in_process::let_qtdemux_find_clearkeydec();
    let folder = Scratch::new("leads");
    iv_ledger::except("a copy of the protected file has its auxiliary information hidden");
    let protected = folder.join("protected.mp4");
    seen::of(&format!(
        "filesrc location={} ! {} clear-lead=900000000 ! filesink name=out location={}",
        clear.display(),
        enc::one_key("cenc"),
        protected.display()
    ));
    for pad in PADS {
        let expected = seen::of(&demuxed(clear, pad, "queue")).bytes();
        // qtdemux reads the file itself, or gets it in pieces.
        for way in ["", "queue !"] {
            let line = demuxed(&protected, pad, &decryptor())
                .replace("qtdemux", &format!("{way} qtdemux"));
            let found = seen::of(&line);
            assert!(found.bytes() == expected, "{pad} {way}");
            assert!(found.metas().iter().all(Vec::is_empty));
        }
        seeks_pass_only_clear_samples(&demuxed(&protected, pad, &decryptor()), &expected);
    }
    let without_information = folder.write("senc.mp4", hide_information(&protected));
    for pad in PADS {
        let Played { seen, error } = play(&demuxed(&without_information, pad, &decryptor()));
        let error = error.expect("protected samples without meta are refused");
        assert!(error.contains("no protection meta"), "{error}");
        assert_eq!(seen.lengths(), [0; 0], "{pad}");
    }
}

fn decryptor() -> String {
    format!("clearkeydec key-id={} key={}", enc::KID, enc::KEY)
}

fn demuxed(file: &Path, pad: &str, way: &str) -> String {
    let file = file.display();
    format!("filesrc location={file} ! qtdemux name=d d.{pad} ! {way} ! fakesink name=out")
}

/// Renames the boxes with which qtdemux finds the auxiliary information, as if only `senc` had it.
fn hide_information(file: &Path) -> Vec<u8> {
    let mut bytes = std::fs::read(file).unwrap();
    let names = bytes.windows(4).enumerate();
    let names = names.filter(|(_, name)| [b"saiz", b"saio"].contains(&name.first_chunk().unwrap()));
    let places: Vec<_> = names.map(|(place, _)| place).collect();
    assert!(!places.is_empty());
    for place in places {
        bytes[place..place + 4].copy_from_slice(b"free");
    }
    bytes
}

/// Plays to the end or to an error, and returns its text.
fn play(line: &str) -> Played {
    let pipeline = in_process::pipeline(line);
    let out = pipeline.by_name("out").unwrap();
    let recorder = seen::record(&out.static_pad("sink").unwrap());
    pipeline.set_state(gst::State::Playing).unwrap();
    let error = wait(&pipeline);
    pipeline.set_state(gst::State::Null).unwrap();
    Played {
        seen: seen::take(&recorder),
        error,
    }
}

/// What came out of a pipeline, and the text of the error that ended it.
struct Played {
    seen: Seen,
    error: Option<String>,
}

/// Waits for the end or an error, and returns the error's text.
fn wait(pipeline: &gst::Pipeline) -> Option<String> {
    let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
    let bus = pipeline.bus().unwrap();
    let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(30), &kinds);
    match message
        .expect("an end or an error within 30 seconds")
        .view()
    {
        gst::MessageView::Error(error) => Some(error.error().to_string()),
        _ => None,
    }
}

/// Seeks back to several places after the end: whatever qtdemux gives no meta to, nothing protected passes.
fn seeks_pass_only_clear_samples(line: &str, clear: &[Vec<u8>]) {
    for seconds in [0, 1, 2] {
        let pipeline = in_process::pipeline(line);
        let out = pipeline.by_name("out").unwrap();
        let recorder = seen::record(&out.static_pad("sink").unwrap());
        pipeline.set_state(gst::State::Playing).unwrap();
        assert_eq!(wait(&pipeline), None);
        let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::KEY_UNIT;
        let sought = pipeline.seek_simple(flags, gst::ClockTime::from_seconds(seconds));
        let error = sought.is_ok().then(|| wait(&pipeline)).flatten();
        pipeline.set_state(gst::State::Null).unwrap();
        let passed = seen::take(&recorder).bytes();
        assert!(passed.len() >= clear.len());
        let all_clear = passed.iter().all(|sample| clear.contains(sample));
        assert!(all_clear, "seek to {seconds} s: {error:?}");
    }
}
