// SPDX-License-Identifier: MPL-2.0
//! Protects streams built by hand. An independent reader and an independent cipher check the results.

mod constant_rate;
mod entries;
mod faststart;
mod field;
mod field_information;
mod index;
mod layout;
mod leftovers;
mod mixed;
mod object_types;
mod progressive;
mod refused;
mod regressions;
mod short_pictures;
mod threads;
mod unit_types;

use cenc_mp4::IndexMode;
use cenc_types::Scheme;

use test_support::encrypted::{KEY, protect};
use test_support::stream::{boxes, samples};
use test_support::stream_cipher::decrypt;

/// The last track_ID of a sound track. Tracks with greater numbers are text, which stays clear.
const LAST_SOUND_TRACK: u32 = 9;

/// Protects a stream in chunks of every size, which must all give the same result, and returns it.
fn protected(stream: &[u8], scheme: Scheme) -> Vec<u8> {
    let whole = protect(stream, scheme, IndexMode::Hold, []).unwrap();
    for size in [1, 2, 3, 7] {
        for mode in [IndexMode::Hold, IndexMode::Patch] {
            let chunked = protect(stream, scheme, mode, std::iter::repeat(size)).unwrap();
            assert!(chunked == whole, "in chunks of {size} bytes, {mode:?}");
        }
    }
    whole
}

/// Protects a stream with these samples, checks that all are there and protected as they must be, and returns the `cenc`
/// form.
fn checked(stream: &[u8], expected: &[(u32, &[u8])]) -> Vec<u8> {
    let cbcs = protected(stream, Scheme::Cbcs);
    let cenc = protected(stream, Scheme::Cenc);
    for out in [&cbcs, &cenc] {
        let found = samples(out);
        assert_eq!(found.len(), expected.len());
        for (number, (sample, (track, clear))) in found.iter().zip(expected).enumerate() {
            assert_eq!(sample.track, *track, "sample {number}");
            assert_eq!(sample.protection.is_some(), *track <= LAST_SOUND_TRACK);
            assert_eq!(decrypt(KEY, sample), *clear, "sample {number}");
            let same = sample.bytes == *clear;
            assert!(same == sample.protection.is_none() || clear.len() < 16);
        }
    }
    cenc
}

/// The types of the boxes at the top level.
fn kinds(stream: &[u8]) -> Vec<String> {
    let kinds = boxes(stream, 0..stream.len()).into_iter();
    kinds
        .map(|found| found.kind.escape_ascii().to_string())
        .collect()
}

/// The error with which a stream is refused. It is the same for chunks of any size.
fn refusal(stream: &[u8]) -> String {
    let protect = |sizes| protect(stream, Scheme::Cenc, IndexMode::Hold, sizes);
    let whole = protect(vec![]).unwrap_err();
    assert_eq!(protect(vec![1; stream.len()]).unwrap_err(), whole);
    whole
}
