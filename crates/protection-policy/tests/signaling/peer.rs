// SPDX-License-Identifier: MPL-2.0
//! The other packager is Shaka Packager: it still writes what the facts state, and it reads a file with boxes of all
//! systems.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use cenc_mp4::{Encryptor, IndexMode, Output};
use drm_signaling::System;

use test_support::launch::Run;
use test_support::scratch::Scratch;
use test_support::stream::samples;
use test_support::tools;

use super::normal::{element, key_line};
use super::{Facts, Packaging};

/// The boxes in the cenc:pssh elements of some XML.
pub fn boxes_in(xml: &str) -> Vec<Vec<u8>> {
    let parts = xml.split("<cenc:pssh>").skip(1);
    let texts = parts.map(|part| part.split('<').next().unwrap());
    texts.map(|text| STANDARD.decode(text).unwrap()).collect()
}

/// The packager, a clear file with one video track, and a folder for the test. None if they are missing.
fn peer(test: &str) -> Option<(PathBuf, PathBuf, Scratch)> {
    let clear = tools::vectors().map(|f| f.join("clear/o-shi-black-h264-fmp4/black-h264-fmp4.mp4"));
    match (tools::packager(), clear) {
        (Some(packager), Some(clear)) => Some((packager, clear, Scratch::new("signaling"))),
        _ => {
            tools::skip(test, "no Shaka Packager or no ../shared/vectors");
            None
        }
    }
}

#[test]
fn facts_are_what_the_packager_writes_here() {
    let Some((packager, clear, folder)) = peer("facts_are_what_the_packager_writes_here") else {
        return;
    };
    for name in ["cenc.txt", "cbcs.txt"] {
        let facts = Facts::read(name);
        let (_, kid, key) = &facts.keys[0];
        let stream = format!(
            "in={},stream=video,init_segment=init.mp4,segment_template=$Number$.m4s,playlist_name=video.m3u8",
            clear.display()
        );
        let mut packager = Command::new(&packager);
        packager.current_dir(folder.path()).arg(stream);
        packager.args(["--protection_scheme", facts.scheme.name()]);
        packager.args([
            "--protection_systems",
            "PlayReady,Widevine,CommonSystem,FairPlay,Marlin",
        ]);
        packager.args(["--enable_raw_key_encryption", "--clear_lead", "0", "--keys"]);
        packager.arg(format!(
            "key_id={}:key={key}",
            kid.to_string().replace('-', "")
        ));
        packager.args([
            "--hls_key_uri",
            &format!("skd://{kid}"),
            "--create_session_keys",
        ]);
        packager.args([
            "--mpd_output",
            "film.mpd",
            "--hls_master_playlist_output",
            "film.m3u8",
        ]);
        Run::of(&mut packager).succeeded();
        check_output(folder.path(), &facts);
    }
}

fn check_output(folder: &Path, facts: &Facts) {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let mpd: String = read("film.mpd").lines().map(str::trim).collect();
    let elements = mpd.split("<ContentProtection").skip(1);
    let elements: Vec<_> = elements
        .map(|behind| format!("<ContentProtection{behind}"))
        .collect();
    for fact in &facts.dash {
        let is_there = elements.iter().any(|found| found.starts_with(fact));
        assert!(is_there, "{:?}", element(fact));
    }
    let init = std::fs::read(folder.join("init.mp4")).unwrap();
    for pssh in facts.dash.iter().flat_map(|xml| boxes_in(xml)) {
        assert!(init.windows(pssh.len()).any(|bytes| bytes == pssh));
    }
    for (playlist, expected) in [("video.m3u8", &facts.hls), ("film.m3u8", &facts.session)] {
        let text = read(playlist);
        let lines = text.lines().filter(|line| line.starts_with("#EXT-X-"));
        let lines: BTreeSet<_> = lines
            .filter(|l| l.contains("KEYFORMAT"))
            .map(key_line)
            .collect();
        let expected: Vec<_> = expected.iter().map(|line| key_line(line)).collect();
        assert!(expected.iter().all(|line| lines.contains(line)), "{text}");
    }
}

#[test]
fn file_with_boxes_of_all_systems_is_read() {
    let Some((packager, clear, folder)) = peer("file_with_boxes_of_all_systems_is_read") else {
        return;
    };
    for (name, has_playready) in [("cenc.txt", true), ("cbcs.txt", false)] {
        let mut facts = Facts::read(name);
        if !has_playready {
            facts.systems.remove(&System::PlayReady);
        }
        let bytes = protect(&std::fs::read(&clear).unwrap(), facts.packaging());
        std::fs::write(folder.join("protected.mp4"), bytes).unwrap();
        check_reading(&packager, folder.path(), &facts);
        let decrypted = media(&folder.join("clear.mp4"));
        assert!(!decrypted.is_empty() && decrypted == media(&clear));
    }
}

fn check_reading(packager: &Path, folder: &Path, facts: &Facts) {
    let mut dump = Command::new(packager);
    dump.current_dir(folder);
    let shown = Run::of(dump.args(["in=protected.mp4", "--dump_stream_info"]))
        .succeeded()
        .stdout;
    assert!(shown.contains("is_encrypted: true"), "{shown}");
    let (_, kid, key) = &facts.keys[0];
    let kid = kid.to_string().replace('-', "");
    let mut decrypt = Command::new(packager);
    decrypt.current_dir(folder);
    decrypt.arg("in=protected.mp4,stream=video,output=clear.mp4");
    decrypt.args(["--enable_raw_key_decryption", "--keys"]);
    Run::of(decrypt.arg(format!("key_id={kid}:key={key}"))).succeeded();
}

/// The bytes of each sample.
fn media(file: &Path) -> Vec<Vec<u8>> {
    let samples = samples(&std::fs::read(file).unwrap()).into_iter();
    samples.map(|sample| sample.bytes).collect()
}

fn protect(clear: &[u8], mut packaging: Packaging) -> Vec<u8> {
    let mut encryptor = Encryptor::new(IndexMode::Hold);
    let mut outputs = Vec::new();
    let pushed = encryptor.push(BytesMut::from(clear), &mut packaging, &mut outputs);
    pushed.unwrap();
    encryptor.finish(&mut packaging, &mut outputs).unwrap();
    let parts = outputs.into_iter().map(|output| match output {
        Output::Boxes { bytes, .. } => bytes.to_vec(),
        Output::Media(bytes) => bytes.to_vec(),
        Output::Patch { .. } => panic!("an index is held, not patched"),
    });
    parts.collect::<Vec<_>>().concat()
}
