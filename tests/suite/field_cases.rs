// SPDX-License-Identifier: MPL-2.0
//! Files of phones, editors and other packagers through the element, in pull mode and as a stream.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::boxes::{top_level, u32_at};
use crate::enc;
use crate::in_process;
use crate::layout;
use crate::line::Line;
use crate::movie::Movie;
use crate::samples::{Twin, same_samples};
use crate::scratch::Scratch;
use crate::tools;

fn folder(test: &str) -> Option<PathBuf> {
    let folder = tools::project().join("../shared/field-cases");
    if !folder.is_dir() {
        tools::skip(test, "no ../shared");
        return None;
    }
    Some(folder)
}

/// The row 08 file with `moov` behind the media of its samples, as phones write it.
fn moov_behind_its_samples(file: &[u8]) -> Vec<u8> {
    let top = top_level(file);
    let index = top.iter().position(|found| &found.kind == b"moov").unwrap();
    let [moov, mdat] = [top[index], top[index + 1]];
    assert_eq!(&mdat.kind, b"mdat");
    let len = moov.end - moov.start;
    let mut moved = file[moov.start..moov.end].to_vec();
    for trak in moov.all(b"trak") {
        let stco = trak.at(&[b"mdia", b"minf", b"stbl", b"stco"]);
        let first = stco.start + stco.header + 8 - moov.start;
        for at in (first..stco.end - moov.start).step_by(4) {
            let offset = u32_at(&moved, at) - u32::try_from(len).unwrap();
            moved[at..at + 4].copy_from_slice(&offset.to_be_bytes());
        }
    }
    let (head, tail) = (&file[..moov.start], &file[mdat.end..]);
    [head, &file[mdat.start..mdat.end], &moved, tail].concat()
}

#[test]
fn samples_in_moov_beside_fragments_are_protected_wherever_moov_is() {
    let test = "samples_in_moov_beside_fragments_are_protected_wherever_moov_is";
    let Some(cases) = folder(test) else { return };
    let usual = std::fs::read(cases.join("08-samples-in-moov-and-fragments.mp4")).unwrap();
    let scratch = Scratch::new("field-cases");
    let late = scratch.write("late.mp4", moov_behind_its_samples(&usual));
    let usual = scratch.write("usual.mp4", usual);
    let protected = scratch.join("protected.mp4");
    let check = |clear: &Path| {
        let twin = Twin {
            clear,
            protected: &protected,
            keys: enc::one_key_known(),
        };
        twin.check_own();
        twin.check_cencbox();
        let movie = Movie::open(&protected);
        layout::check(&movie.file);
        let mut samples = movie.tracks.iter().flat_map(|track| &track.samples);
        assert!(samples.all(|sample| sample.protection.is_some()));
    };
    for clear in [&usual, &late] {
        enc::protect_pulled(clear, &enc::one_key("cenc"), &protected).succeeded();
        check(clear);
    }
    enc::protect_file(&usual, 7, &enc::one_key("cenc"), &protected).succeeded();
    check(&usual);
    let run = enc::protect_file(&late, 4096, &enc::one_key("cenc"), &protected);
    assert!(!run.status.success());
    assert!(
        run.stderr.contains("media data comes before 'moov'"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_is_no_movie_is_refused_with_the_remedy_in_both_modes() {
    let test = "what_is_no_movie_is_refused_with_the_remedy_in_both_modes";
    let Some(cases) = folder(test) else { return };
    let scratch = Scratch::new("field-cases");
    let protected = scratch.join("protected.mp4");
    for (name, words) in [
        ("02-cmov.mov", &["'cmov'", "ffmpeg -c copy"][..]),
        ("12-empty.mp4", &["there is no 'moov'"]),
        ("13-not-mp4.ts", &["not an MP4 file", "MPEG-TS", "ffmpeg"]),
        (
            "20-audio-entry-under-auxv-handler.mp4",
            &["'alac'", "'auxv'"],
        ),
        ("21-unknown-handler-empty-stsd.mp4", &["no sample entry"]),
    ] {
        let clear = cases.join(name);
        let pulled = enc::protect_pulled(&clear, &enc::one_key("cenc"), &protected);
        let mut runs = vec![pulled];
        if !has_moov_at_its_end(&clear) {
            runs.push(enc::protect_file(
                &clear,
                4096,
                &enc::one_key("cenc"),
                &protected,
            ));
        }
        for run in runs {
            assert!(!run.status.success(), "{name}");
            for word in words {
                assert!(run.stderr.contains(word), "{name}: {}", run.stderr);
            }
            layout::nothing_plays(&protected);
        }
    }
}

/// True for a file that a stream cannot be made of.
fn has_moov_at_its_end(file: &Path) -> bool {
    let bytes = std::fs::read(file).unwrap();
    let find = |kind: &[u8; 4]| bytes.windows(4).position(|found| found == kind);
    matches!((find(b"mdat"), find(b"moov")), (Some(mdat), Some(moov)) if mdat < moov)
}

#[test]
fn audio_entry_of_version_1_is_read_again() {
    let test = "audio_entry_of_version_1_is_read_again";
    let Some(cases) = folder(test) else { return };
    let scratch = Scratch::new("field-cases");
    let clear = cases.join("10-audio-entry-version-1.mp4");
    let [protected, decrypted] = ["protected.mp4", "decrypted.mp4"].map(|name| scratch.join(name));
    enc::protect_file(&clear, 4096, &enc::one_key("cenc"), &protected).succeeded();
    let decryptor = format!("clearkeydec key-id={} key={}", enc::KID, enc::KEY);
    enc::protect_file(&protected, 4096, &decryptor, &decrypted).succeeded();
    let twin = Twin {
        clear: &clear,
        protected: &decrypted,
        keys: enc::one_key_known(),
    };
    twin.check_own();
    let found = Movie::open(&decrypted);
    assert!(
        found.tracks[0]
            .samples
            .iter()
            .all(|sample| sample.protection.is_none())
    );
}

#[test]
fn segment_is_protected_by_the_init_segment_in_its_caps() {
    let test = "segment_is_protected_by_the_init_segment_in_its_caps";
    let Some(cases) = folder(test) else { return };
    in_process::run("field_cases::pushes_a_segment_apart", cases.as_os_str());
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn pushes_a_segment_apart() {
    let Some(cases) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let read = |name: &str| std::fs::read(Path::new::<OsStr>(&cases).join(name)).unwrap();
    let (init, segment) = (read("17-init.mp4"), read("17-segment.m4s"));
    let header = gst::Buffer::from_slice(init.clone());
    let caps = gst::Caps::builder("video/quicktime")
        .field("variant", "iso-fragmented")
        .field("streamheader", gst::Array::new([header]))
        .build();
    let line = Line::new(&enc::one_key("cenc"), Some(&caps));
    assert!(segment.chunks(1000).all(|chunk| line.push(chunk)) && line.end());
    let caps = line.caps();
    let headers = caps
        .structure(0)
        .unwrap()
        .get::<gst::Array>("streamheader")
        .unwrap();
    let header: gst::Buffer = headers.as_slice()[0].get().unwrap();
    let header = header.map_readable().unwrap().to_vec();
    let protected = Movie::parse([header, line.output()].concat());
    layout::check(&protected.file);
    let clear = Movie::parse([init, segment].concat());
    same_samples(&clear, &protected, &enc::one_key_known());
    let samples = &protected.tracks[0].samples;
    assert!(!samples.is_empty());
    assert!(samples.iter().all(|sample| sample.protection.is_some()));
}
