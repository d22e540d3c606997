// SPDX-License-Identifier: MPL-2.0
//! The packager over any stream: what comes out does not depend on the chunks it came in, and decrypts to what went in.

use cenc_mp4::IndexMode;
use cenc_types::Scheme;
use test_support::encrypted::{KEY, protect};
use test_support::stream::{Sample, samples};
use test_support::stream_cipher::decrypt;
use test_support::tables;

/// Streams up to this length are also pushed byte by byte.
const BYTE_BY_BYTE: usize = 2048;

/// Cuts `data`, and pushes it whole, in pieces and byte by byte.
pub fn mp4(data: &[u8]) {
    super::cutting(data);
    let mut random = InputRandom::of(data);
    let scheme = match random.below(2) {
        0 => Scheme::Cenc,
        _ => Scheme::Cbcs,
    };
    let whole = protect(data, scheme, IndexMode::Hold, []);
    let sizes = std::iter::repeat_with(|| 1 + random.below(64));
    assert_eq!(
        protect(data, scheme, IndexMode::Hold, sizes),
        whole,
        "in pieces"
    );
    if data.len() <= BYTE_BY_BYTE {
        assert_eq!(
            protect(data, scheme, IndexMode::Patch, std::iter::repeat(1)),
            whole,
            "byte by byte, sidx patched"
        );
    }
    if let Ok(protected) = whole {
        check(data, &protected);
    }
}

/// Checks that every sample is still there, in its order, and decrypts to what it was.
fn check(clear: &[u8], protected: &[u8]) {
    for (clear, protected) in pairs(clear, protected) {
        assert_eq!(clear.bytes, decrypt(KEY, &protected));
    }
}

/// Returns each sample of a clear stream and what became of it in `made`.
pub fn pairs(clear: &[u8], made: &[u8]) -> Vec<(Sample, Sample)> {
    let mut made = samples(made);
    let clear = match tables::samples(clear) {
        // A progressive file comes out in fragments, each of one track.
        Some(clear) => {
            let order = |track| clear.iter().position(|sample| sample.track == track);
            made.sort_by_key(|sample| order(sample.track));
            clear
        }
        None => samples(clear),
    };
    assert_eq!(clear.len(), made.len());
    let pairs: Vec<_> = clear.into_iter().zip(made).collect();
    assert!(pairs.iter().all(|(clear, made)| clear.track == made.track));
    pairs
}

/// Numbers that depend on nothing but the input (xorshift64), so that a finding comes again.
struct InputRandom(u64);

impl InputRandom {
    fn of(data: &[u8]) -> Self {
        Self(data.iter().fold(0x9e37_79b9_7f4a_7c15, |seed, &byte| {
            (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3) | 1
        }))
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as usize % limit
    }
}
