// SPDX-License-Identifier: MPL-2.0
//! `clearkeydec`: samples come back unchanged, whatever protected them. A missing key or meta is an error.

use std::ffi::OsStr;

use crate::cencenc::{SCHEMES, cencenc};
use crate::enc::{self, KEY, KID};
use crate::in_process;
use crate::launch;
use crate::media::{Audio, MP4MUX, Recipe, Video};
use crate::scratch::Scratch;
use crate::seen::{self, Seen};
use crate::tools::skip;

/// An encoder with its parser and a decoder.
const CODECS: [(&str, Video, Audio, &str); 9] = [
    ("avc", Video::AvcSlicesAndBFrames, Audio::None, "avdec_h264"),
    (
        "avc3",
        Video::AvcInBand,
        Audio::None,
        "h264parse ! avdec_h264",
    ),
    ("hevc", Video::Hevc, Audio::None, "avdec_h265"),
    ("aac", Video::None, Audio::Aac, "avdec_aac"),
    ("opus", Video::None, Audio::Opus, "opusdec"),
    ("ac3", Video::None, Audio::Ac3, "avdec_ac3"),
    ("eac3", Video::None, Audio::Eac3, "avdec_eac3"),
    ("flac", Video::None, Audio::Flac, "flacdec"),
    ("mp3", Video::None, Audio::Mp3, "mpg123audiodec"),
];

#[test]
fn every_codec_and_scheme_comes_back_as_it_was() {
    for (name, video, audio, decoder) in CODECS {
        let recipe = Recipe::new("fakesink", video, audio);
        match recipe
            .missing()
            .or(launch::missing(&[decoder.split(' ').next_back().unwrap()]))
        {
            Some(element) => skip("cencenc and clearkeydec", &format!("no element {element}")),
            None => in_process::run("clearkeydec::goes_there_and_back", OsStr::new(name)),
        }
    }
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn goes_there_and_back() {
    let Some(name) = in_process::argument() else {
        return;
    };
    let codec = CODECS.into_iter().find(|codec| codec.0 == name).unwrap();
    let (_, video, audio, decoder) = codec;
    gst::init().unwrap();
    let stream = video.stream().or(audio.stream()).unwrap();
    // By default the parser would give byte-stream to the sink, and its samples to the encryptor.
    let stream = match video {
        Video::Hevc => format!("{stream} ! video/x-h265,stream-format=hvc1,alignment=au"),
        _ => stream,
    };
    let folder = Scratch::new("back");
    let stream = match audio {
        // lamemp3enc sometimes gives other bytes on a busy machine: all runs use the bytes of one run.
        Audio::Mp3 => {
            let file = folder.join("clear.mp3");
            let file = file.display();
            seen::of(&format!("{stream} ! filesink name=out location={file}"));
            format!("filesrc location={file} ! mpegaudioparse")
        }
        _ => stream,
    };
    let clear = seen::of(&format!("{stream} ! fakesink name=out"));
    let shown = seen::of(&format!("{stream} ! {decoder} ! fakesink name=out"));
    for scheme in SCHEMES {
        let both = format!("{} ! clearkeydec key-id={KID} key={KEY}", cencenc(scheme));
        let back = seen::of(&format!("{stream} ! {both} ! fakesink name=out"));
        let what = format!("{name:?} {scheme}");
        assert!(back.bytes() == clear.bytes(), "{what}");
        assert_eq!(back.caps(), clear.caps(), "{what}");
        assert!(
            back.metas().iter().all(Vec::is_empty) && back.events().is_empty(),
            "{what}"
        );
        let decoded = seen::of(&format!(
            "{stream} ! {both} ! {decoder} ! fakesink name=out"
        ));
        // libav reads beyond the end of a sample, so that the same bytes of sound sometimes give other noise.
        match audio {
            Audio::None => assert!(decoded.bytes() == shown.bytes(), "decoded {what}"),
            _ => assert_eq!(decoded.lengths(), shown.lengths(), "decoded {what}"),
        }
    }
}

#[test]
fn other_pictures_take_another_key_in_the_middle_of_the_stream() {
    in_process::run("clearkeydec::changes_the_size", OsStr::new(""));
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn changes_the_size() {
    if in_process::argument().is_none() {
        return;
    }
    gst::init().unwrap();
    let folder = Scratch::new("sizes");
    let other = "a0a1a2a3-a4a5-4647-9849-aaabacadaeaf 3f92d08c61b74e05a9e8c7d6102b4f5a";
    let keys = folder.write_secret("sizes.keys", &format!("sd {KID} {KEY}\nhd {other}\n"));
    let keys = format!("key-uri=file://{}", keys.display());
    let part = |size: &str| {
        format!(
            "videotestsrc num-buffers=5 ! video/x-raw,format=I420,{size} \
             ! x264enc speed-preset=ultrafast threads=1 ! h264parse ! c."
        )
    };
    let parts = [part("width=160,height=120"), part("width=1280,height=720")].join(" ");
    let way = "concat name=c ! video/x-h264,stream-format=avc,alignment=au";
    let clear = seen::of(&format!("{way} ! fakesink name=out {parts}"));
    for scheme in SCHEMES {
        let encryptor = format!("cencenc scheme={scheme} {keys}");
        let protected = seen::of(&format!("{way} ! {encryptor} ! fakesink name=out {parts}"));
        assert_eq!(protected.events().len(), 2);
        let order = protected.order();
        let ends = ["protection", "buffers"];
        assert!(order.ends_with(&ends), "{order:?}");
        let kids: Vec<_> = protected.buffers().into_iter().map(kid).collect();
        assert!(kids[..5].iter().all(|kid| kid[0] == 0xe0), "{kids:?}");
        assert!(kids[5..].iter().all(|kid| kid[0] == 0xa0), "{kids:?}");
        let both = format!("{encryptor} ! clearkeydec {keys}");
        let back = seen::of(&format!("{way} ! {both} ! fakesink name=out {parts}"));
        assert!(back.bytes() == clear.bytes(), "{scheme}");
    }
}

fn kid(buffer: &gst::Buffer) -> Vec<u8> {
    let meta = buffer.meta::<gst::meta::ProtectionMeta>().unwrap();
    let kid: gst::Buffer = meta.info().get("kid").unwrap();
    kid.map_readable().unwrap().to_vec()
}

#[test]
fn files_of_playreadyenc_come_back_through_qtdemux() {
    let recipe = Recipe::new(MP4MUX, Video::Avc, Audio::Aac);
    match recipe.missing() {
        Some(element) => skip("qtdemux and clearkeydec", &format!("no element {element}")),
        None => in_process::run(
            "clearkeydec::demuxes_both_tracks",
            recipe.clear().as_os_str(),
        ),
    }
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn demuxes_both_tracks() {
    let Some(clear) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    in_process::let_qtdemux_find_clearkeydec();
    let folder = Scratch::new("tracks");
    let clear = std::path::Path::new(&clear).display();
    // qtdemux reads no other schemes.
    for scheme in ["cenc", "cbcs"] {
        let protected = folder.join("protected.mp4");
        let protected = protected.display();
        let encryptor = enc::key_by_track_type(scheme, &folder);
        seen::of(&format!(
            "filesrc location={clear} ! {encryptor} ! filesink name=out location={protected}"
        ));
        let keys = folder.join("two.keys");
        let decryptor = format!("clearkeydec key-uri=file://{}", keys.display());
        for (pad, decoder) in [
            ("video_0", "h264parse ! avdec_h264"),
            ("audio_0", "avdec_aac"),
        ] {
            let shown = |file: &dyn std::fmt::Display, way: &str| -> Seen {
                seen::of(&format!(
                    "filesrc location={file} ! qtdemux name=d d.{pad} ! {way} {decoder} ! fakesink name=out"
                ))
            };
            let expected = shown(&clear, "queue !");
            let found = shown(&protected, &format!("{decryptor} !"));
            assert!(!expected.buffers().is_empty());
            assert!(found.bytes() == expected.bytes(), "{scheme} {pad}");
        }
    }
}

/// The default rank of the element excludes it from automatic plugging. The rank that a test sets lets qtdemux find it.
#[test]
fn qtdemux_takes_the_element_for_a_decryptor_when_its_rank_is_raised() {
    let clear = Recipe::new(MP4MUX, Video::Avc, Audio::None).clear();
    let folder = Scratch::new("rank");
    let protected = folder.join("protected.mp4");
    enc::protect_file(&clear, 4096, &enc::one_key("cenc"), &protected).succeeded();
    let line = format!(
        "filesrc location={} ! qtdemux ! clearkeydec key-id={KID} key={KEY} ! h264parse ! avdec_h264 ! fakesink",
        protected.display()
    );
    for (rank, plays) in [(None, false), (Some("clearkeydec:MARGINAL"), true)] {
        let mut command = launch::command();
        command
            .args(["-q", "--gst-fatal-warnings"])
            .args(launch::words(&line));
        command.envs(rank.map(|rank| ("GST_PLUGIN_FEATURE_RANK", rank)));
        let run = launch::Run::of(&mut command);
        assert_eq!(run.status.success(), plays, "{rank:?}: {}", run.stderr);
    }
}

#[test]
fn what_cannot_be_decrypted_is_an_error_of_its_kind() {
    in_process::run(
        "clearkeydec::feeds_what_cannot_be_decrypted",
        OsStr::new(""),
    );
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn feeds_what_cannot_be_decrypted() {
    use gst::StreamError as Code;
    if in_process::argument().is_none() {
        return;
    }
    gst::init().unwrap();
    let opus = gst::Caps::builder("audio/x-opus")
        .field("channel-mapping-family", 0)
        .build();
    let sample = gst::Buffer::from_slice([7; 64]);
    let (made, _) = seen::feed(&cencenc("cenc"), vec![(opus, vec![sample])]);
    let caps = made.caps().clone();
    let whole = || made.buffers()[0].copy_deep().unwrap();
    let bare = gst::Buffer::from_slice([7; 64]);
    let mut cut = whole();
    let cut_meta = cut
        .get_mut()
        .unwrap()
        .meta_mut::<gst::meta::ProtectionMeta>();
    cut_meta.unwrap().info_mut().set("subsample_count", 3u32);
    let untyped = gst::Caps::new_empty_simple("application/x-cenc");
    let with_key = format!("clearkeydec key-id={KID} key={KEY}");
    let other_key = format!("clearkeydec key-id=10000000-1000-1000-1000-100000000001 key={KEY}");
    for (element, caps, buffer, code) in [
        ("clearkeydec", &caps, whole(), Code::DecryptNokey),
        (&other_key, &caps, whole(), Code::DecryptNokey),
        (&with_key, &caps, bare, Code::Decrypt),
        (&with_key, &caps, cut, Code::Decrypt),
        (&with_key, &untyped, whole(), Code::Format),
    ] {
        let (seen, error) = seen::feed(element, vec![(caps.clone(), vec![buffer])]);
        let error = error.expect("no error");
        let gst::MessageView::Error(error) = error.view() else {
            panic!("{error:?}");
        };
        let error = error.error();
        assert_eq!(error.kind::<Code>(), Some(code), "{error}");
        assert!(!error.message().contains(KEY));
        assert!(seen.buffers().is_empty(), "a buffer left");
    }
    let (seen, error) = seen::feed(&with_key, vec![(caps, vec![whole()])]);
    assert!(error.is_none());
    assert_eq!(seen.bytes(), [[7; 64]]);
}
