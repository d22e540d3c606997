// SPDX-License-Identifier: MPL-2.0
//! `cencenc`: its output is what qtdemux makes of the same samples that `playreadyenc` protected.

use std::ffi::OsStr;

use gst::prelude::*;

use crate::enc::{self, KEY, KID};
use crate::in_process;
use crate::iv_ledger;
use crate::launch;
use crate::live;
use crate::media::{Audio, ISOFMP4MUX, MP4MUX, Recipe, Video};
use crate::scratch::Scratch;
use crate::seen::{self, Seen};
use crate::tools::skip;

pub const SCHEMES: [&str; 4] = ["cenc", "cens", "cbc1", "cbcs"];

/// The element with the tests' key and a fixed first IV, so that each run gives the same IVs.
pub fn cencenc(scheme: &str) -> String {
    format!(
        "cencenc scheme={scheme} key-id={KID} key={KEY} iv={}",
        iv(scheme)
    )
}

fn iv(scheme: &str) -> &'static str {
    match scheme {
        // The elements of a process draw their IVs from one sequence, so all IVs have one size.
        "cenc" | "cens" => "0011223344556677",
        _ => "00112233445566778899aabbccddeeff",
    }
}

#[test]
fn caps_metas_events_and_bytes_are_those_of_a_demuxed_file() {
    let videos = [
        Video::Avc,
        Video::AvcSlicesAndBFrames,
        Video::Hevc,
        Video::AvcInBand,
    ];
    // mp4mux 1.22 writes a moov for fragments of AC-3 that it cannot rewrite in place, and does not support FLAC.
    let audios = [
        (MP4MUX, Audio::Aac),
        (MP4MUX, Audio::Opus),
        (ISOFMP4MUX, Audio::Ac3),
        (ISOFMP4MUX, Audio::Eac3),
        (ISOFMP4MUX, Audio::Flac),
    ];
    let videos = videos.map(|video| Recipe::new(MP4MUX, video, Audio::None));
    let audios = audios.map(|(muxer, audio)| Recipe::new(muxer, Video::None, audio));
    for recipe in videos.into_iter().chain(audios) {
        if let Some(element) = recipe.missing() {
            skip("cencenc beside qtdemux", &format!("no element {element}"));
            continue;
        }
        let clear = recipe.clear();
        in_process::run("cencenc::compares_with_qtdemux", clear.as_os_str());
    }
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn compares_with_qtdemux() {
    let Some(clear) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    in_process::let_qtdemux_find_clearkeydec();
    let clear = std::path::Path::new(&clear);
    let folder = Scratch::new("cencenc");
    iv_ledger::except("two elements protect the same samples with one first IV");
    // qtdemux reads no other schemes.
    for scheme in ["cenc", "cbcs"] {
        let protected = folder.join("protected.mp4");
        let element = format!("{} iv={}", enc::one_key(scheme), iv(scheme));
        // Another process does this: in this one the element would continue the IVs of cencenc.
        enc::protect_pulled(clear, &element, &protected).succeeded();
        let file = protected.display();
        let golden = seen::of(&format!(
            "filesrc location={file} ! qtdemux ! fakesink name=out"
        ));
        let ours = seen::of(&format!(
            "filesrc location={} ! qtdemux ! {} ! fakesink name=out",
            clear.display(),
            cencenc(scheme)
        ));
        compare(&ours, &golden);
    }
}

fn compare(ours: &Seen, golden: &Seen) {
    assert!(!golden.buffers().is_empty());
    // qtdemux 1.22 does not read the stream header of protected FLAC.
    let mut caps = ours.caps().clone();
    caps.make_mut()
        .structure_mut(0)
        .unwrap()
        .remove_field("streamheader");
    assert_eq!(caps, *golden.caps());
    for seen in [ours, golden] {
        let order = ["caps", "segment", "protection", "buffers"];
        assert!(seen.order().starts_with(&order), "{:?}", seen.order());
    }
    assert_eq!(ours.events(), golden.events());
    assert!(
        ours.bytes() == golden.bytes(),
        "other bytes than playreadyenc's"
    );
    for (ours, golden) in ours.metas().into_iter().zip(golden.metas()) {
        assert_eq!(ours, with_stated_size(golden));
    }
}

/// For a sample with neither an IV of its own nor subsamples, qtdemux states iv_size 0, the size of the constant IV, and no
/// subsample_count. Some decryptors take a buffer with iv_size 0 for clear, and others require subsample_count.
fn with_stated_size(mut golden: Vec<String>) -> Vec<String> {
    let constant = golden
        .iter()
        .position(|field| field.starts_with("constant_iv_size="));
    if let Some(constant) = constant {
        golden.remove(constant);
        golden.retain(|field| !field.starts_with("iv_size="));
        let like = |name: &str, value: u32| format!("{name}={:?}", value.to_send_value());
        golden.extend([like("iv_size", 16), like("subsample_count", 0)]);
        golden.sort();
    }
    golden
}

#[test]
fn samples_are_encrypted_where_they_lie_and_shared_ones_are_copied() {
    in_process::run("cencenc::looks_at_addresses", OsStr::new(""));
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn looks_at_addresses() {
    if in_process::argument().is_none() {
        return;
    }
    gst::init().unwrap();
    let stream = Video::Avc.stream().unwrap();
    let clear = seen::of(&format!("{stream} ! fakesink name=out"));
    // The scheme has a constant IV: other IVs would continue from run to run.
    let element = cencenc("cbcs");

    let line = format!("{stream} ! {element} name=enc ! fakesink name=out");
    let pipeline = in_process::pipeline(&line);
    let enc = pipeline.by_name("enc").unwrap();
    let entering = addresses(&enc.static_pad("sink").unwrap());
    let leaving = addresses(&enc.static_pad("src").unwrap());
    in_process::run_to_the_end(&pipeline);
    let (entering, leaving) = (entering.lock().unwrap(), leaving.lock().unwrap());
    assert_eq!(entering.len(), 75);
    assert_eq!(*entering, *leaving, "a sample was copied");

    let alone = seen::of(&format!("{stream} ! {element} ! fakesink name=out"));
    let line = format!(
        "{stream} ! tee name=t ! queue ! {element} ! fakesink name=out \
         t. ! queue ! fakesink name=clear"
    );
    let pipeline = in_process::pipeline(&line);
    let [protected, beside] = ["out", "clear"].map(|sink| {
        let sink = pipeline.by_name(sink).unwrap();
        seen::record(&sink.static_pad("sink").unwrap())
    });
    in_process::run_to_the_end(&pipeline);
    let [protected, beside] = [protected, beside].map(|recorder| seen::take(&recorder));
    assert!(
        protected.bytes() == alone.bytes(),
        "other bytes after a tee"
    );
    assert!(
        beside.bytes() == clear.bytes(),
        "the other branch is changed"
    );
    assert!(beside.metas().iter().all(Vec::is_empty));
}

type Addresses = std::sync::Arc<std::sync::Mutex<Vec<usize>>>;

/// The addresses of the bytes of each buffer that passes a pad.
fn addresses(pad: &gst::Pad) -> Addresses {
    let addresses = Addresses::default();
    let recorded = std::sync::Arc::clone(&addresses);
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let buffer = info.buffer().unwrap();
        let address = buffer.map_readable().unwrap().as_ptr().addr();
        recorded.lock().unwrap().push(address);
        gst::PadProbeReturn::Ok
    });
    addresses
}

#[test]
fn buffers_of_every_shape_are_protected_or_refused() {
    in_process::run("cencenc::feeds_buffers", OsStr::new(""));
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn feeds_buffers() {
    if in_process::argument().is_none() {
        return;
    }
    gst::init().unwrap();
    let caps = gst::Caps::builder("audio/x-opus")
        .field("channel-mapping-family", 0)
        .build();
    let sample = || gst::Buffer::from_mut_slice((0..100u8).collect::<Vec<_>>());
    let mut in_parts = gst::Buffer::new();
    for part in (0..100u8).collect::<Vec<_>>().chunks(33) {
        let memory = gst::Memory::from_mut_slice(part.to_vec());
        in_parts.get_mut().unwrap().append_memory(memory);
    }
    let constant = gst::Buffer::from_slice((0..100u8).collect::<Vec<_>>());
    let shared = constant.clone();
    let mut gap = gst::Buffer::new();
    gap.get_mut()
        .unwrap()
        .set_flags(gst::BufferFlags::GAP | gst::BufferFlags::DROPPABLE);
    let buffers = vec![sample(), in_parts, constant, gap, sample()];
    let (seen, error) = seen::feed(&cencenc("cbcs"), vec![(caps.clone(), buffers)]);
    assert!(error.is_none(), "{error:?}");
    let bytes = seen.bytes();
    // All buffers have one IV: the same clear bytes give the same protected bytes.
    assert_ne!(bytes[0], (0..100u8).collect::<Vec<_>>());
    assert!(bytes[0] == bytes[1] && bytes[0] == bytes[2] && bytes[0] == bytes[4]);
    assert!(bytes[3].is_empty());
    let is_encrypted = |buffer: &gst::Buffer| {
        let meta = buffer.meta::<gst::meta::ProtectionMeta>().unwrap();
        meta.info().get::<bool>("encrypted").unwrap()
    };
    let encrypted: Vec<_> = seen.buffers().into_iter().map(is_encrypted).collect();
    assert_eq!(encrypted, [true, true, true, false, true]);
    assert!(seen.buffers()[3].flags().contains(gst::BufferFlags::GAP));
    assert_eq!(
        shared.map_readable().unwrap().as_slice(),
        (0..100u8).collect::<Vec<_>>()
    );

    let protected = seen.buffers()[0].copy_deep().unwrap();
    let (seen, error) = seen::feed(&cencenc("cenc"), vec![(caps, vec![sample(), protected])]);
    assert!(text(error).contains("already protected"));
    assert_eq!(seen.buffers().len(), 1);
}

fn text(error: Option<gst::Message>) -> String {
    let error = error.expect("no error");
    let gst::MessageView::Error(error) = error.view() else {
        panic!("{error:?}");
    };
    error.error().message().to_owned() + &error.debug().unwrap_or_default()
}

#[test]
fn streams_that_cannot_be_protected_are_refused_with_the_remedy() {
    in_process::run("cencenc::feeds_caps", OsStr::new(""));
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn feeds_caps() {
    use std::str::FromStr;
    if in_process::argument().is_none() {
        return;
    }
    gst::init().unwrap();
    let audio = "audio/x-opus, channel-mapping-family=(int)0";
    let video_only = Scratch::new("keys");
    let video_only = video_only.write_secret("video.keys", &format!("video {KID} {KEY}\n"));
    let video_only = format!("cencenc key-uri=file://{}", video_only.display());
    let with_key = cencenc("cenc");
    let wrong_kind = format!("{with_key} track-type=video");
    for (element, caps, says) in [
        (
            with_key.as_str(),
            "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au",
            "h264parse",
        ),
        (
            &with_key,
            "audio/mpeg, mpegversion=(int)4, stream-format=(string)adts",
            "aacparse",
        ),
        (
            &with_key,
            "video/x-h264, stream-format=(string)avc, alignment=(string)au, width=(int)16, height=(int)16",
            "avcC",
        ),
        (&wrong_kind, audio, "track-type"),
        (&video_only, audio, "audio track 1"),
        ("cencenc", audio, "set key-uri="),
    ] {
        let caps = gst::Caps::from_str(caps).unwrap();
        let buffer = gst::Buffer::from_slice([7; 64]);
        let (seen, error) = seen::feed(element, vec![(caps, vec![buffer])]);
        let text = text(error);
        assert!(text.contains(says), "{text}");
        assert!(seen.buffers().is_empty(), "a clear buffer left");
    }
}

#[test]
fn nothing_is_left_behind() {
    for scheme in ["cenc", "cbcs"] {
        let stream = Video::Avc.stream().unwrap();
        let line = format!(
            "{stream} ! {} ! clearkeydec key-id={KID} key={KEY} ! avdec_h264 ! fakesink",
            cencenc(scheme)
        );
        let mut command = launch::command();
        command
            .args(["-q", "--gst-fatal-warnings"])
            .args(launch::words(&line));
        command
            .env("GST_TRACERS", "leaks")
            .env("GST_DEBUG", "GST_TRACER:7");
        let run = launch::Run::of(&mut command).succeeded();
        assert_eq!(live::leaks(&run.stderr), Vec::<&str>::new());
    }
}
