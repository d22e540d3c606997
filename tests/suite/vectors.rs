// SPDX-License-Identifier: MPL-2.0
//! The shared vectors through the element: every clear file in every chunking, and the pairs that determine every byte.

use std::path::{Path, PathBuf};

use crate::boxes::top_level;
use crate::enc;
use crate::iv_ledger;
use crate::layout;
use crate::manifest::{self, TrackFacts, Vector};
use crate::movie::Movie;
use crate::samples::{self, Twin};
use crate::scratch::Scratch;
use crate::tools::skip;

/// Sample entries that the element protects or, for text, leaves clear.
const IN_SCOPE: [&str; 17] = [
    "avc1", "avc3", "hvc1", "hev1", "vvc1", "av01", "vp08", "vp09", "mp4a", "ac-3", "ec-3", "Opus",
    "fLaC", "alac", "stpp", "wvtt", "c608",
];
/// The buffer sizes of the sources. With the last one each file is a single buffer.
const CHUNKS: [usize; 5] = [1, 7, 4096, 65_537, 1 << 24];

fn vectors(class: &str, test: &str) -> Vec<Vector> {
    let vectors = manifest::of_class(class);
    if vectors.is_empty() {
        skip(test, "no ../shared/vectors");
    }
    vectors
}

fn is_in_scope(vector: &Vector) -> bool {
    let entries = vector.sample_entries();
    entries
        .iter()
        .all(|entry| IN_SCOPE.contains(&entry.as_str()))
}

/// The settings that a vector needs besides the key: text stays clear, and a file of text alone must be allowed to stay
/// clear.
fn clear_tracks(vector: &Vector) -> &'static str {
    let is_text = |entry: &String| matches!(entry.as_str(), "stpp" | "wvtt" | "tx3g");
    match vector.sample_entries().iter().all(is_text) {
        true => " clear-tracks=*",
        false => "",
    }
}

/// The element with a fixed IV, so that two runs give the same bytes.
fn fixed(vector: &Vector, scheme: &str) -> String {
    let iv = match scheme {
        "cenc" => "0011223344556677",
        _ => "00112233445566778899aabbccddeeff",
    };
    format!("{} iv={iv}{}", enc::one_key(scheme), clear_tracks(vector))
}

#[test]
fn every_fragmented_clear_file_is_protected_the_same_in_every_chunking() {
    let test = "every_fragmented_clear_file_is_protected_the_same_in_every_chunking";
    for vector in vectors("clear", test) {
        if vector.is_fragmented() && is_in_scope(&vector) {
            for scheme in ["cenc", "cbcs"] {
                in_every_chunking(&vector, scheme);
            }
        }
    }
}

fn in_every_chunking(vector: &Vector, scheme: &str) {
    iv_ledger::except("a file is protected in several chunkings with one first IV");
    let folder = Scratch::new("chunks");
    let clear = folder.write("clear.mp4", vector.bytes());
    let outputs: Vec<PathBuf> = CHUNKS
        .iter()
        .map(|chunk| {
            let protected = folder.join(&format!("{chunk}.mp4"));
            let run = enc::protect_file(&clear, *chunk, &fixed(vector, scheme), &protected);
            let said = &run.stderr;
            assert!(
                run.status.success(),
                "{} {scheme} {chunk}: {said}",
                vector.id
            );
            protected
        })
        .collect();
    let first = std::fs::read(&outputs[0]).unwrap();
    let pulled = folder.join("pulled.mp4");
    enc::protect_pulled(&clear, &fixed(vector, scheme), &pulled).succeeded();
    let is_same = first == std::fs::read(&pulled).unwrap();
    assert!(
        is_same,
        "{} {scheme}: pull mode gives other bytes",
        vector.id
    );
    for (output, chunk) in outputs.iter().zip(CHUNKS) {
        let is_same = first == std::fs::read(output).unwrap();
        assert!(
            is_same,
            "{} {scheme}: chunks of {chunk} give other bytes",
            vector.id
        );
    }
    all_is_protected_but_text(&outputs[0], &vector.id);
    let twin = Twin {
        clear: &clear,
        protected: &outputs[0],
        keys: enc::one_key_known(),
    };
    twin.check_own();
    twin.check_cencbox();
}

fn all_is_protected_but_text(file: &Path, id: &str) {
    let movie = Movie::open(file);
    for track in &movie.tracks {
        let is_media = matches!(&track.handler, b"vide" | b"soun");
        assert_eq!(track.entries[0].tenc.is_some(), is_media, "{id}");
        for sample in &track.samples {
            assert_eq!(sample.protection.is_some(), is_media, "{id}");
        }
    }
    layout::check(&movie.file);
}

#[test]
fn every_progressive_clear_file_is_protected_with_its_moov_in_front() {
    let test = "every_progressive_clear_file_is_protected_with_its_moov_in_front";
    for vector in vectors("clear", test) {
        if !vector.is_fragmented() && is_in_scope(&vector) {
            for scheme in ["cenc", "cbcs", "cens", "cbc1"] {
                pulled(&vector, scheme);
            }
        }
    }
}

/// FFmpeg 8.1 leaves out the samples of a second protected sample entry, but not those of a clear one.
const TWO_ENTRIES: &str = "o-gst-av1-two-entries";
/// The vectors with a track in which nothing can be encrypted, and the schemes for which this is so. The samples of Opus are
/// silence, shorter than a cipher block, and so are the tiles of AV1.
const NOTHING_TO_ENCRYPT: [(&str, &[&str]); 2] = [
    ("o-gst-h264-opus", &["cbcs", "cbc1"]),
    ("o-gst-av1-only", &["cenc", "cbcs", "cens", "cbc1"]),
];

fn pulled(vector: &Vector, scheme: &str) {
    let folder = Scratch::new("progressive");
    let clear = folder.write("clear.mp4", vector.bytes());
    let protected = folder.join("protected.mp4");
    let settings = enc::one_key(scheme) + clear_tracks(vector);
    let run = enc::protect_pulled(&clear, &settings, &protected);
    let said = &run.stderr;
    let has_nothing =
        |&(id, schemes): &(&str, &[&str])| vector.id == id && schemes.contains(&scheme);
    if NOTHING_TO_ENCRYPT.iter().any(has_nothing) {
        assert!(said.contains("nothing to encrypt"), "{scheme}: {said}");
        return;
    }
    assert!(run.status.success(), "{} {scheme}: {said}", vector.id);
    all_is_protected_but_text(&protected, &vector.id);
    let file = std::fs::read(&protected).unwrap();
    let boxes = top_level(&file);
    let place = |kind: &[u8; 4]| boxes.iter().position(|piece| &piece.kind == kind);
    assert_eq!(place(b"ftyp"), Some(0), "{}", vector.id);
    assert!(place(b"moov") < place(b"mdat"), "{}", vector.id);
    let twin = Twin {
        clear: &clear,
        protected: &protected,
        keys: enc::one_key_known(),
    };
    twin.check_own();
    twin.check_cencbox();
    if scheme == "cenc" && vector.id != TWO_ENTRIES {
        twin.check_ffmpeg8();
    }
}

#[test]
fn every_file_with_its_moov_at_the_end_is_refused_as_a_stream_with_the_remedy() {
    let test = "every_file_with_its_moov_at_the_end_is_refused_as_a_stream_with_the_remedy";
    for vector in vectors("clear", test) {
        let file = vector.bytes();
        let boxes = top_level(&file);
        let place = |kind: &[u8; 4]| boxes.iter().position(|piece| &piece.kind == kind);
        if !vector.is_fragmented() && place(b"mdat") < place(b"moov") {
            let said = refusal(&vector);
            let id = &vector.id;
            assert!(said.contains("fragment"), "{id}: no remedy in: {said}");
        }
    }
}

#[test]
fn every_codec_out_of_scope_is_refused_by_name() {
    for vector in vectors("clear", "every_codec_out_of_scope_is_refused_by_name") {
        if vector.is_fragmented() && !is_in_scope(&vector) {
            let said = refusal(&vector);
            let mut entries = vector.sample_entries();
            entries.retain(|entry| said.contains(entry.as_str()));
            assert!(!entries.is_empty(), "{}: no codec in: {said}", vector.id);
        }
    }
}

/// A decryptor left boxes of protection in this file, whose samples are clear: the element removes the boxes with a warning.
const DECRYPTED: &str = "o-clear-with-enc-boxes";

#[test]
fn every_file_that_others_protected_is_refused() {
    iv_ledger::except("other packagers protected the files");
    let test = "every_file_that_others_protected_is_refused";
    for class in ["pair", "encrypted", "structure"] {
        for vector in vectors(class, test) {
            if vector.id == DECRYPTED {
                continue;
            }
            let folder = Scratch::new("twice");
            let once = folder.write("once.mp4", vector.bytes());
            let twice = folder.join("twice.mp4");
            let run = enc::protect_file(&once, 4096, &enc::one_key("cenc"), &twice);
            assert!(!run.status.success(), "{} is not refused", vector.id);
            // Some vectors are fragments without their initialization segment.
            let is_alone = vector.sample_entries().is_empty();
            let is_named = run.stderr.contains("already protected");
            assert!(is_named || is_alone, "{}: {}", vector.id, run.stderr);
            // A clear `moov` may have left the element before protected fragments come.
            let left = std::fs::read(&twice).unwrap_or_default();
            let is_media = |kind: &[u8; 4]| matches!(kind, b"moof" | b"mdat");
            assert!(top_level(&left).iter().all(|piece| !is_media(&piece.kind)));
        }
    }
}

/// The error with which the element refuses a file, of which nothing may leave.
fn refusal(vector: &Vector) -> String {
    let folder = Scratch::new("refused");
    let clear = folder.write("clear.mp4", vector.bytes());
    let protected = folder.join("protected.mp4");
    let run = enc::protect_file(&clear, 4096, &enc::one_key("cenc"), &protected);
    assert!(!run.status.success(), "{} is not refused", vector.id);
    layout::nothing_plays(&protected);
    run.stderr
}

/// Shaka Packager 3.8 and mp4ff start protection at a tile's first byte in cenc too. By the AV1 binding (AV1 in ISOBMFF 1.2,
/// 4.2) it ends at the tile's last byte, as in GPAC, FFmpeg 8 and here.
const STARTS_WITH_THE_TILE: &str = "o-peer-av1-cenc";

#[test]
fn pairs_that_fix_every_byte_are_reproduced() {
    for pair in vectors("pair", "pairs_that_fix_every_byte_are_reproduced") {
        let is_ours = pair.id != STARTS_WITH_THE_TILE;
        if is_ours && pair.is_byte_exact() && is_in_scope_protected(&pair) {
            reproduce(&pair);
        }
    }
}

fn is_in_scope_protected(pair: &Vector) -> bool {
    pair.facts()
        .iter()
        .all(|track| IN_SCOPE.contains(&track.codec.as_str()))
}

fn reproduce(pair: &Vector) {
    iv_ledger::except("the keys and IVs are those of published vectors");
    let facts = pair.facts();
    let folder = Scratch::new("pair");
    let clear = folder.write("clear.mp4", pair.clear_bytes());
    let protected = folder.join("protected.mp4");
    let key = pair.keys().pairs()[0].split_once(':').unwrap().1.to_owned();
    let first = &facts[0].samples[0];
    // The KID does not affect the ciphers. One pair has the nil KID, which the element refuses.
    let element = format!(
        "playreadyenc scheme={} key-id={} key={key} iv={}",
        facts[0].scheme,
        enc::KID,
        crate::decrypt::hex(&first.iv)
    );
    let run = enc::protect_file(&clear, 65_536, &element, &protected);
    assert!(run.status.success(), "{}: {}", pair.id, run.stderr);
    let movie = Movie::open(&protected);
    for track in &facts {
        compare(&movie, track, &pair.id);
    }
}

/// Compares IVs, subsamples and protected bytes, sample by sample.
fn compare(movie: &Movie, facts: &TrackFacts, id: &str) {
    let track = movie.tracks.iter().find(|track| track.id == facts.clear_id);
    let track = track.unwrap();
    assert_eq!(track.samples.len(), facts.samples.len(), "{id}");
    for (index, (sample, fact)) in track.samples.iter().zip(&facts.samples).enumerate() {
        let protection = sample.protection.as_ref().unwrap();
        assert_eq!(protection.iv, fact.iv, "{id}: IV of sample {index}");
        let map = &protection.subsamples;
        assert_eq!(*map, fact.subsamples, "{id}: map of sample {index}");
        let hash = &samples::sha256(movie.bytes(sample))[..32];
        assert_eq!(hash, fact.protected_hash, "{id}: bytes of sample {index}");
    }
}
