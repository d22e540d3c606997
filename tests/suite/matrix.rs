// SPDX-License-Identifier: MPL-2.0
//! Real encoders and muxers before the element, and real decryptors after it: no sample may differ. The files have several
//! tracks, or something else that the table does not have as a codec, scheme, container or place.

use std::path::Path;
use std::process::Command;

use crate::enc;
use crate::launch::{self, Run};
use crate::layout;
use crate::media::{
    Audio, CHUNKED_CMAFMUX, DASHMP4MUX, ISMLMUX, ISOFMP4MUX, MP4MUX, Recipe, Video,
};
use crate::movie::Movie;
use crate::samples::{Twin, no_iv_repeats, same_samples};
use crate::scratch::Scratch;
use crate::tools::{self, skip};

const PLAYREADY: [u8; 16] = [
    0x9a, 0x04, 0xf0, 0x79, 0x98, 0x40, 0x42, 0x86, 0xab, 0x92, 0xe6, 0x5b, 0xe0, 0x88, 0x5f, 0x95,
];

/// Protects the live output of a muxer with one key, and compares the result with the clear file.
fn one_key(muxer: &'static str, video: Video, audio: Audio, scheme: &str) {
    let recipe = Recipe::new(muxer, video, audio);
    if let Some(element) = recipe.missing() {
        return skip(
            &format!("matrix: {muxer} {scheme}"),
            &format!("no element {element}"),
        );
    }
    let folder = Scratch::new("matrix");
    let protected = folder.join("protected.mp4");
    let element = enc::one_key(scheme);
    launch::pipeline(&recipe.pipeline(&format!(
        "{element} ! filesink location={}",
        protected.display()
    )))
    .succeeded();
    let twin = Twin {
        clear: &recipe.clear(),
        protected: &protected,
        keys: enc::one_key_known(),
    };
    signals(&protected, scheme);
    twin.check(scheme);
}

/// Does the same with a key for video and one for audio from a `.keys` file.
fn key_by_track_type(muxer: &'static str, scheme: &str) {
    let recipe = Recipe::new(muxer, Video::Avc, Audio::Aac);
    if let Some(element) = recipe.missing() {
        let name = format!("matrix: {muxer} {scheme}, key by track type");
        return skip(&name, &format!("no element {element}"));
    }
    let folder = Scratch::new("matrix");
    let protected = folder.join("protected.mp4");
    let element = enc::key_by_track_type(scheme, &folder);
    launch::pipeline(&recipe.pipeline(&format!(
        "{element} ! filesink location={}",
        protected.display()
    )))
    .succeeded();
    let movie = Movie::open(&protected);
    let kid = |handler| movie.track(handler).entries[0].tenc.as_ref().unwrap().kid;
    assert_ne!(kid(b"vide"), kid(b"soun"), "one KID for both tracks");
    let twin = Twin {
        clear: &recipe.clear(),
        protected: &protected,
        keys: enc::key_by_track_type_known(),
    };
    signals(&protected, scheme);
    twin.check(scheme);
}

/// Checks that every track states scheme and key, that every sample is protected by them, and that the file is consistent.
fn signals(protected: &Path, scheme: &str) {
    let movie = Movie::open(protected);
    assert_eq!(movie.systems, [PLAYREADY], "SystemIDs of the pssh boxes");
    let iv_size = match scheme {
        "cbcs" => 0,
        "cbc1" => 16,
        _ => 8,
    };
    for track in &movie.tracks {
        let entry = &track.entries[0];
        assert_eq!(entry.scheme.as_ref().unwrap(), scheme.as_bytes());
        let tenc = entry.tenc.as_ref().unwrap();
        let pattern = (tenc.crypt_byte_block, tenc.skip_byte_block);
        let is_patterned = matches!(scheme, "cens" | "cbcs") && &track.handler == b"vide";
        assert_eq!(
            pattern,
            if is_patterned { (1, 9) } else { (0, 0) },
            "pattern"
        );
        assert_eq!(tenc.iv_size, iv_size, "IV size");
        assert!(
            track
                .samples
                .iter()
                .all(|sample| sample.protection.is_some())
        );
    }
    layout::check(&movie.file);
    no_iv_repeats(&[movie]);
}

#[test]
fn mp4mux_with_avc_and_aac_under_cenc() {
    one_key(MP4MUX, Video::Avc, Audio::Aac, "cenc");
}

#[test]
fn mp4mux_with_avc_and_aac_under_cbcs() {
    one_key(MP4MUX, Video::Avc, Audio::Aac, "cbcs");
}

#[test]
fn mp4mux_with_a_key_for_each_track_type() {
    key_by_track_type(MP4MUX, "cenc");
    key_by_track_type(MP4MUX, "cbcs");
}

#[test]
fn mp4mux_under_the_schemes_that_few_players_take() {
    one_key(MP4MUX, Video::Avc, Audio::Aac, "cens");
    one_key(MP4MUX, Video::Avc, Audio::Aac, "cbc1");
}

#[test]
fn counter_blocks_of_sixteen_byte_ivs_never_meet() {
    let clear = Recipe::new(MP4MUX, Video::Avc, Audio::Aac).clear();
    let folder = Scratch::new("sixteen");
    let protected = folder.join("protected.mp4");
    let element = format!("{} iv-size=16", enc::one_key("cenc"));
    enc::protect_file(&clear, 4096, &element, &protected).succeeded();
    let twin = Twin {
        clear: &clear,
        protected: &protected,
        keys: enc::one_key_known(),
    };
    twin.check("cenc");
    let movie = Movie::open(&protected);
    assert_eq!(
        movie.tracks[0].entries[0].tenc.as_ref().unwrap().iv_size,
        16
    );
    no_iv_repeats(&[movie]);
}

#[test]
fn isofmp4mux_with_avc_and_aac_under_cenc() {
    one_key(ISOFMP4MUX, Video::Avc, Audio::Aac, "cenc");
}

#[test]
fn isofmp4mux_with_avc_and_aac_under_cbcs() {
    one_key(ISOFMP4MUX, Video::Avc, Audio::Aac, "cbcs");
}

#[test]
fn isofmp4mux_with_slices_and_b_frames_under_both_schemes() {
    one_key(ISOFMP4MUX, Video::AvcSlicesAndBFrames, Audio::Aac, "cenc");
    one_key(ISOFMP4MUX, Video::AvcSlicesAndBFrames, Audio::Aac, "cbcs");
}

#[test]
fn isofmp4mux_with_a_key_for_each_track_type() {
    key_by_track_type(ISOFMP4MUX, "cenc");
    key_by_track_type(ISOFMP4MUX, "cbcs");
}

#[test]
fn cmafmux_with_low_latency_chunks_under_both_schemes() {
    one_key(CHUNKED_CMAFMUX, Video::Avc, Audio::None, "cenc");
    one_key(CHUNKED_CMAFMUX, Video::Avc, Audio::None, "cbcs");
}

#[test]
fn dashmp4mux_under_both_schemes() {
    one_key(DASHMP4MUX, Video::Avc, Audio::None, "cenc");
    one_key(DASHMP4MUX, Video::None, Audio::Aac, "cbcs");
}

#[test]
fn ismlmux_with_avc_and_aac_under_both_schemes() {
    one_key(ISMLMUX, Video::Avc, Audio::Aac, "cenc");
    one_key(ISMLMUX, Video::Avc, Audio::Aac, "cbcs");
}

#[test]
fn one_tee_gives_the_clear_file_and_both_protected_ones() {
    let recipe = Recipe::new(ISOFMP4MUX, Video::Avc, Audio::Aac);
    if let Some(element) = recipe.missing() {
        let why = format!("no element {element}");
        return skip("one_tee_gives_the_clear_file_and_both_protected_ones", &why);
    }
    let folder = Scratch::new("tee");
    let [clear, cenc, cbcs] = ["clear", "cenc", "cbcs"].map(|name| folder.join(name));
    let tail = format!(
        "tee name=t t. ! queue ! filesink location={} \
         t. ! queue ! {} ! filesink location={} t. ! queue ! {} ! filesink location={}",
        clear.display(),
        enc::one_key("cenc"),
        cenc.display(),
        // Each key is used in one cipher mode only.
        enc::key_by_track_type("cbcs", &folder),
        cbcs.display(),
    );
    launch::pipeline(&recipe.pipeline(&tail)).succeeded();
    let clear = Movie::open(&clear);
    same_samples(&clear, &Movie::open(&cenc), &enc::one_key_known());
    same_samples(&clear, &Movie::open(&cbcs), &enc::key_by_track_type_known());
}

#[test]
fn a_muxed_file_read_back_gives_the_same_samples() {
    for scheme in ["cenc", "cbcs"] {
        let clear = Recipe::new(MP4MUX, Video::Avc, Audio::Aac).clear();
        let folder = Scratch::new("file");
        let protected = folder.join("protected.mp4");
        enc::protect_file(&clear, 4096, &enc::one_key(scheme), &protected).succeeded();
        signals(&protected, scheme);
        let twin = Twin {
            clear: &clear,
            protected: &protected,
            keys: enc::one_key_known(),
        };
        twin.check_own();
    }
}

#[test]
fn a_file_with_segment_indices_keeps_them_true() {
    let name = "a_file_with_segment_indices_keeps_them_true";
    let Some(ffmpeg) = tools::ffmpeg() else {
        return skip(name, "no ffmpeg");
    };
    let source = Recipe::new(MP4MUX, Video::Avc, Audio::None).clear();
    for flags in ["+dash", "+global_sidx"] {
        let folder = Scratch::new("sidx");
        let [clear, protected] = ["clear.mp4", "protected.mp4"].map(|name| folder.join(name));
        let flags = format!("frag_keyframe+empty_moov+default_base_moof{flags}");
        let mut run = Command::new(&ffmpeg);
        run.args(["-v", "error", "-i"]).arg(&source);
        run.args(["-c", "copy", "-movflags", &flags]).arg(&clear);
        Run::of(&mut run).succeeded();
        enc::protect_file(&clear, 4096, &enc::one_key("cenc"), &protected).succeeded();
        signals(&protected, "cenc");
        let twin = Twin {
            clear: &clear,
            protected: &protected,
            keys: enc::one_key_known(),
        };
        twin.check("cenc");
        // FFmpeg 5 finds later fragments only by a `sidx` in front of all fragments.
        if flags.ends_with("global_sidx") {
            twin.check_ffmpeg(&ffmpeg);
        }
    }
}
