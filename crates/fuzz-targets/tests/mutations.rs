// SPDX-License-Identifier: MPL-2.0
//! Damaged and unusual box structures, the same in each run: all output can be decrypted, and contains no clear media.
//!
//! A mutation changes boxes and never sample data, so that the search for clear media has a fixed answer.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::sync::Arc;

use cenc_mp4::{IndexMode, ProgressiveDecryptor};
use cenc_types::{ContentKey, KeyId, Scheme};
use common_encryption::KnownKeys;
use playready_packager::inspect_bytes;
use test_support::cut::cut;
use test_support::decrypted::{Chunks, decrypted_in};
use test_support::encrypted::{KEY, KID};
use test_support::mutations::{ClearMedia, Node, SeededRandom, mutated_file};
use test_support::progressive::{Memory, all};
use test_support::{encrypted, progressive, tools};

const COUNT: u64 = 3_000;
#[test]
fn mutated_boxes_give_an_error_or_a_whole_protected_file() {
    let folder = tools::project().join("../shared/field-cases");
    if !folder.is_dir() {
        return tools::skip("mutations", "no ../shared");
    }
    let mut accepted = 0;
    for name in ["base-av.mp4", "base-progressive.mp4"] {
        let clear = fs::read(folder.join(name)).unwrap();
        let nodes = Node::read_all(&clear);
        let media = ClearMedia::of(&clear);
        for seed in 1..=COUNT / 2 {
            let mut random = SeededRandom::new(seed);
            let data = mutated_file(&nodes, &mut random);
            for protected in protect_in_all_ways(&data) {
                accepted += 1;
                check(&protected, &media, &format!("{name}, seed {seed}"));
            }
        }
    }
    assert!(accepted > COUNT / 10, "{accepted} of {COUNT} accepted");
}

/// Protects a file as a stream, as a file that is read, and cut anew. Returns the outputs of those that succeed.
fn protect_in_all_ways(data: &[u8]) -> Vec<Vec<u8>> {
    let stream = encrypted::protect(data, Scheme::Cenc, IndexMode::Hold, []);
    let file = progressive::protect(data, Scheme::Cenc);
    let cut = cut(data).and_then(|cut| encrypted::protect(&cut, Scheme::Cenc, IndexMode::Hold, []));
    stream.into_iter().chain(file).chain(cut).collect()
}

fn check(protected: &[u8], media: &ClearMedia, name: &str) {
    assert!(!media.is_in(protected), "{name}: clear media in the output");
    inspect_bytes(protected.to_vec()).unwrap();
    let (kid, key) = (KeyId::from_bytes(KID), ContentKey::from_bytes(KEY.into()));
    let keys: Arc<KnownKeys> = Arc::new(std::iter::once((kid, &key)).collect());
    let mut source = Memory(protected);
    match ProgressiveDecryptor::open(&mut source, &keys) {
        Ok(Some(mut file)) => {
            let read = all(|| file.next_output(&mut source), |_, _| ());
            assert!(read.is_ok(), "{name}: {:?}", read.err());
        }
        Ok(None) => {
            let chunks = Chunks {
                mode: IndexMode::Hold,
                size: usize::MAX,
            };
            let read = decrypted_in(protected, &keys, chunks);
            assert!(read.is_ok(), "{name}: {:?}", read.err());
        }
        Err(error) => panic!("{name}: {error}"),
    }
}
