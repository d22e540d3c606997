// SPDX-License-Identifier: MPL-2.0
//! The library's decryptor on MP4: files that other tools protected become the clear files in every chunking, or give an
//! error.

mod built;

use std::sync::Arc;

use bytes::BytesMut;
use cenc_mp4::{DecryptionError, Decryptor, Error, IndexMode};
use common_encryption::{KnownKeys, MissingKey};

use test_support::boxes::top_level;
use test_support::decrypt::{self, Keys};
use test_support::decrypted::{decrypted, known};
use test_support::encrypted::file;
use test_support::layout;
use test_support::manifest::{self, Vector};
use test_support::movie::Movie;
use test_support::samples::{self, Twin};
use test_support::scratch::Scratch;
use test_support::tools::skip;

/// The sizes of the chunks in which streams are pushed. With the last one each stream is a single chunk.
const CHUNKS: [usize; 5] = [1, 7, 4096, 65_537, 1 << 24];

fn vectors(class: &str, test: &str) -> Vec<Vector> {
    let vectors = manifest::of_class(class);
    if vectors.is_empty() {
        skip(test, "no ../shared/vectors");
    }
    vectors
}

/// Decrypts a stream in every chunking, which must all give the same clear file, and returns it.
fn in_every_chunking(stream: &[u8], keys: &Arc<KnownKeys>, id: &str) -> Vec<u8> {
    let whole = decrypted(stream, keys, usize::MAX);
    let whole = whole.unwrap_or_else(|error| panic!("{id}: {error}"));
    for chunk in CHUNKS {
        let pieces = decrypted(stream, keys, chunk);
        assert!(pieces.unwrap() == whole, "{id}: chunks of {chunk}");
    }
    whole
}

/// Checks that no box of protection is left, and that all offsets point at the right bytes.
fn is_clear(file: &[u8], id: &str) {
    // These files are the first fragments of longer files, and their `sidx` describes the longer files.
    if !id.starts_with("o-piff-uuid") {
        layout::check(file);
    }
    tells_of_no_protection(file, id);
}

fn tells_of_no_protection(file: &[u8], id: &str) {
    for piece in top_level(file) {
        if matches!(&piece.kind, b"moov" | b"moof") {
            let body = piece.body();
            for kind in [
                b"sinf", b"senc", b"saiz", b"saio", b"seig", b"pssh", b"tenc", b"encv", b"enca",
            ] {
                let mut found = body.windows(4);
                let found = found.any(|four| four == kind);
                assert!(!found, "{id}: {}", String::from_utf8_lossy(kind));
            }
        }
    }
}

#[test]
fn every_pair_comes_out_as_its_clear_counterpart() {
    for pair in vectors("pair", "every_pair_comes_out_as_its_clear_counterpart") {
        let clear = in_every_chunking(&pair.bytes(), &known(&pair.keys()), &pair.id);
        is_clear(&clear, &pair.id);
        let clear = Movie::parse(clear);
        for facts in pair.facts() {
            let mut tracks = clear.tracks.iter();
            let track = tracks.find(|track| track.id == facts.id).unwrap();
            assert_eq!(
                track.entries[0].format,
                facts.codec.as_bytes(),
                "{}",
                pair.id
            );
            let hashes = track.samples.iter().map(|sample| {
                assert!(sample.protection.is_none(), "{}", pair.id);
                samples::sha256(clear.bytes(sample))[..32].to_owned()
            });
            let expected: Vec<_> = facts.samples.iter().map(|s| s.clear_hash.clone()).collect();
            assert_eq!(hashes.collect::<Vec<_>>(), expected, "{}", pair.id);
        }
    }
}

/// Hides the information in one of its two places, in `moov` and in `moof`, and in both if no sample has its own.
#[test]
fn information_is_found_wherever_it_is() {
    for (id, class, hidden) in [
        ("o-short-cenc", "encrypted", vec!["senc"]),
        ("o-short-cenc", "encrypted", vec!["saiz", "saio"]),
        ("o-peer-avc-cenc", "pair", vec!["senc"]),
        ("o-peer-avc-cbcs", "pair", vec!["saiz", "saio"]),
        ("o-peer-rotation-cbcs", "pair", vec!["senc"]),
        ("o-peer-aac-cbcs", "pair", vec!["senc", "saiz", "saio"]),
    ] {
        let mut vectors = vectors(class, "information_is_found_wherever_it_is").into_iter();
        let Some(vector) = vectors.find(|vector| vector.id == id) else {
            continue;
        };
        let keys = known(&vector.keys());
        let samples = |file: Vec<u8>| {
            let movie = Movie::parse(file);
            let tracks = movie.tracks.iter();
            let bytes = tracks.map(|track| decrypt::samples(&movie, track, &Keys::default()));
            bytes.collect::<Vec<_>>()
        };
        let expected = samples(decrypted(&vector.bytes(), &keys, usize::MAX).unwrap());
        let mut file = vector.bytes();
        for kind in &hidden {
            let at = |file: &[u8]| file.windows(4).position(|four| four == kind.as_bytes());
            while let Some(at) = at(&file) {
                file[at..at + 4].copy_from_slice(b"free");
            }
        }
        let found = samples(in_every_chunking(&file, &keys, id));
        assert!(found == expected, "{id} without {hidden:?}");
    }
}

/// These files have no clear counterpart: the tests' own decryptor and the oracle decrypt them.
#[test]
fn every_protected_file_with_a_known_key_comes_out_as_others_decrypt_it() {
    let test = "every_protected_file_with_a_known_key_comes_out_as_others_decrypt_it";
    for vector in vectors("encrypted", test) {
        let clear = in_every_chunking(&vector.bytes(), &known(&vector.keys()), &vector.id);
        is_clear(&clear, &vector.id);
        let folder = Scratch::new("clear");
        let protected = folder.write("protected.mp4", vector.bytes());
        let twin = Twin {
            clear: &folder.write("clear.mp4", &clear),
            protected: &protected,
            keys: vector.keys(),
        };
        twin.check_own();
        twin.check_cencbox();
    }
}

#[test]
fn a_missing_key_is_named_and_nothing_of_its_fragment_leaves() {
    let test = "a_missing_key_is_named_and_nothing_of_its_fragment_leaves";
    let keys = known(&Keys::default());
    for class in ["pair", "encrypted"] {
        for vector in vectors(class, test) {
            let mut decryptor = Decryptor::new(IndexMode::Hold, Arc::clone(&keys));
            let mut outputs = Vec::new();
            let stream = BytesMut::from(vector.bytes().as_slice());
            let error = decryptor.push(stream, &mut outputs).unwrap_err();
            let Error::Decryption(DecryptionError::NoKey(MissingKey(kid))) = error else {
                panic!("{}: {error}", vector.id);
            };
            assert!(error.to_string().contains(&kid.to_string()));
            let left = file(outputs);
            assert!(
                !left.windows(4).any(|kind| kind == b"moof"),
                "{}",
                vector.id
            );
        }
    }
}

/// The result for files that test a structure: initialization segments, fragments without one, clear files.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// No sample is protected any more.
    Clear,
    /// No byte changes.
    Unchanged,
    /// There are fragments without a `moov`.
    NoMoov,
}

const STRUCTURES: [(&str, Outcome); 12] = [
    ("o-bipbop-cenc-init", Outcome::Clear),
    ("o-bipbop-cenc-vinit", Outcome::Clear),
    ("o-bipbop-cbcs-init", Outcome::Clear),
    ("o-bipbop-cbcs-ainit", Outcome::Clear),
    ("o-av1-cbcs-clearlead", Outcome::Clear),
    ("o-gomp4-encv", Outcome::Clear),
    ("o-gomp4-enca", Outcome::Clear),
    ("o-init-cenc-avc3", Outcome::Clear),
    ("o-init-cenc-m4i", Outcome::Clear),
    ("o-moof-enc", Outcome::NoMoov),
    ("o-cenc-no-seig", Outcome::NoMoov),
    ("o-clear-with-enc-boxes", Outcome::Unchanged),
];

#[test]
fn every_structure_is_cleared_kept_or_refused() {
    for vector in vectors("structure", "every_structure_is_cleared_kept_or_refused") {
        let mut expected = STRUCTURES.iter();
        let expected = expected.find(|(id, _)| *id == vector.id);
        let (_, expected) = expected.unwrap_or_else(|| panic!("{}: what of it?", vector.id));
        let stream = vector.bytes();
        let keys = known(&Keys::default());
        let found = match decrypted(&stream, &keys, usize::MAX) {
            Ok(same) if same == stream => Outcome::Unchanged,
            Ok(_) => {
                let clear = in_every_chunking(&stream, &keys, &vector.id);
                is_clear(&clear, &vector.id);
                same_clear_samples(stream.clone(), clear);
                Outcome::Clear
            }
            Err(Error::NoMoov) => Outcome::NoMoov,
            Err(error) => panic!("{}: {error}", vector.id),
        };
        assert_eq!(found, *expected, "{}", vector.id);
    }
}

/// Compares the samples of files in which all samples, if there are any, are clear.
fn same_clear_samples(before: Vec<u8>, after: Vec<u8>) {
    let (before, after) = (Movie::parse(before), Movie::parse(after));
    let keys = Keys::default();
    assert_eq!(before.tracks.len(), after.tracks.len());
    for (source, target) in before.tracks.iter().zip(&after.tracks) {
        let expected = decrypt::samples(&before, source, &keys);
        assert!(expected == decrypt::samples(&after, target, &keys));
    }
}

#[test]
fn clear_files_stay_as_they_are() {
    let keys = known(&Keys::default());
    for vector in vectors("clear", "clear_files_stay_as_they_are") {
        let stream = vector.bytes();
        for chunk in [7, usize::MAX] {
            match decrypted(&stream, &keys, chunk) {
                Ok(same) => assert!(same == stream, "{}", vector.id),
                // The file may be protected: only a `moov` after the media could show it.
                Err(error) => assert!(matches!(error, Error::MediaBeforeMoov), "{}", vector.id),
            }
        }
    }
}
