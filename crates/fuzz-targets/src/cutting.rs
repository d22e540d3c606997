// SPDX-License-Identifier: MPL-2.0
//! Cuts any bytes: a file that can be cut has the same samples after it.

use cenc_mp4::cutting::SourceMovie;
use test_support::cut::cut;
use test_support::progressive::Memory;

/// Cuts `data` and reads the result.
pub fn cutting(data: &[u8]) {
    let Ok(cut) = cut(data) else {
        return;
    };
    let open = |file: &[u8]| match SourceMovie::open(&mut Memory(file)) {
        Ok(movie) => movie,
        Err(error) => panic!("a cut file cannot be read: {error}"),
    };
    for (found, source) in open(&cut).tracks.iter().zip(&open(data).tracks) {
        assert_eq!(found.sample_count(), source.sample_count(), "samples");
        assert_eq!(found.size(), source.size(), "bytes");
    }
}
