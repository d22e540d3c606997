// SPDX-License-Identifier: MPL-2.0
//! Checks the tests' own reader and decryptor on protected files that other tools made, before they judge the plugin.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use test_support::decrypt;
use test_support::layout;
use test_support::manifest::{self, TrackFacts, Vector};
use test_support::movie::{Movie, Sample};
use test_support::samples::{self, Twin};
use test_support::tools::skip;

fn pairs() -> Vec<Vector> {
    manifest::of_class("pair")
}

#[test]
fn every_pair_decrypts_to_its_clear_counterpart() {
    let pairs = pairs();
    if pairs.is_empty() {
        return skip(
            "every_pair_decrypts_to_its_clear_counterpart",
            "no ../shared/vectors",
        );
    }
    for pair in pairs {
        let movie = pair.movie();
        for facts in pair.facts() {
            let track = movie
                .tracks
                .iter()
                .find(|track| track.id == facts.id)
                .unwrap();
            let clear = decrypt::samples(&movie, track, &pair.keys());
            let found: Vec<String> = clear
                .iter()
                .map(|s| samples::sha256(s)[..32].into())
                .collect();
            let expected: Vec<_> = facts.samples.iter().map(|s| s.clear_hash.clone()).collect();
            assert_eq!(found, expected, "{} track {}", pair.id, facts.id);
        }
    }
}

#[test]
fn every_pair_has_the_listed_ivs_and_subsamples() {
    let pairs = pairs();
    if pairs.is_empty() {
        return skip(
            "every_pair_has_the_listed_ivs_and_subsamples",
            "no ../shared/vectors",
        );
    }
    for pair in pairs {
        let movie = pair.movie();
        for facts in pair.facts() {
            compare_facts(&movie, &facts, &pair.id);
        }
    }
}

fn compare_facts(movie: &Movie, facts: &TrackFacts, id: &str) {
    let track = movie
        .tracks
        .iter()
        .find(|track| track.id == facts.id)
        .unwrap();
    assert_eq!(track.entries[0].format, facts.codec.as_bytes(), "{id}");
    assert_eq!(track.samples.len(), facts.samples.len(), "{id}");
    for (index, (sample, fact)) in track.samples.iter().zip(&facts.samples).enumerate() {
        let Sample {
            offset,
            size,
            protection,
        } = sample;
        let protection = protection.as_ref().unwrap();
        assert_eq!((*offset, *size), (fact.offset, fact.size), "{id} {index}");
        assert_eq!(protection.iv, fact.iv, "{id} {index}");
        assert_eq!(protection.subsamples, fact.subsamples, "{id} {index}");
        assert_eq!(protection.scheme, facts.scheme.as_bytes(), "{id} {index}");
        let hash = &samples::sha256(movie.bytes(sample))[..32];
        assert_eq!(hash, fact.protected_hash, "{id} {index}");
    }
}

#[test]
fn every_pair_has_the_layout_that_we_demand() {
    let pairs = pairs();
    if pairs.is_empty() {
        return skip(
            "every_pair_has_the_layout_that_we_demand",
            "no ../shared/vectors",
        );
    }
    // PIFF has boxes of its own.
    for pair in pairs.iter().filter(|pair| !pair.id.contains("piff")) {
        layout::check(&pair.bytes());
    }
}

#[test]
fn one_changed_byte_of_a_protected_sample_is_noticed() {
    let Some(pair) = pairs()
        .into_iter()
        .find(|pair| pair.id == "o-peer-avc-cbcs")
    else {
        return skip(
            "one_changed_byte_of_a_protected_sample_is_noticed",
            "no ../shared/vectors",
        );
    };
    let mut movie = pair.movie();
    let expected = decrypt::samples(&movie, &movie.tracks[0], &pair.keys());
    let sample = &movie.tracks[0].samples[3];
    let at = sample.offset + usize::from(sample.protection.as_ref().unwrap().subsamples[0].0);
    movie.file[at] ^= 1;
    let found = decrypt::samples(&movie, &movie.tracks[0], &pair.keys());
    assert_eq!(samples::differing(&expected, &found), [3]);
}

#[test]
fn the_peers_agree_on_pairs_of_shaka_packager() {
    let mut pairs = pairs();
    pairs.retain(|pair| ["o-peer-avc-cenc", "o-peer-aac-cbcs"].contains(&pair.id.as_str()));
    if pairs.is_empty() {
        return skip(
            "the_peers_agree_on_pairs_of_shaka_packager",
            "no ../shared/vectors",
        );
    }
    for pair in pairs {
        let twin = Twin {
            clear: &pair.files(Some("clear counterpart"))[0],
            protected: &pair.files(None)[0],
            keys: pair.keys(),
        };
        twin.check(pair.id.rsplit('-').next().unwrap());
    }
}
