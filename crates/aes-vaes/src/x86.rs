// SPDX-License-Identifier: MPL-2.0
//! The key schedule of FIPS 197 and the key stream, with AES-NI, AVX2 and VAES.
//!
//! The unsafe operations are two calls of functions that are compiled for these instructions, made only after the instructions were
//! detected, and loads and a store, whose arguments are references to as many bytes as they access.

#![expect(
    unsafe_code,
    reason = "instructions that only some processors have, behind a safe interface"
)]

use std::arch::x86_64::{
    __m128i, __m256i, _mm_aeskeygenassist_si128, _mm_loadu_si128, _mm_shuffle_epi32,
    _mm_slli_si128, _mm_xor_si128, _mm256_add_epi64, _mm256_aesenc_epi128,
    _mm256_aesenclast_epi128, _mm256_broadcastsi128_si256, _mm256_loadu_si256, _mm256_set_epi8,
    _mm256_set_epi64x, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_storeu_si256,
    _mm256_xor_si256,
};

use zeroize::Zeroize;

use super::{BATCH, BLOCK, CounterBlock};

/// The size of a register in bytes: two blocks.
const PAIR: usize = 2 * BLOCK;

/// The eleven round keys, which exist only if [`Self::new`] detected the instructions.
pub(crate) struct KeySchedule([__m128i; 11]);

impl KeySchedule {
    pub(crate) fn new(key: &[u8; BLOCK]) -> Option<Self> {
        let has_all = is_x86_feature_detected!("aes")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("vaes");
        // SAFETY: the processor, and the operating system for the wide registers, support all that expand() is compiled for.
        has_all.then(|| Self(unsafe { expand(key) }))
    }

    /// Adds (exclusive or) the key stream that starts with `counter`.
    pub(crate) fn apply(&self, counter: CounterBlock, batches: &mut [[u8; BATCH]]) {
        // SAFETY: `self` exists only if new() detected all that apply() is compiled for.
        unsafe { apply(&self.0, counter, batches) };
    }
}

impl Drop for KeySchedule {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// FIPS 197, 5.2.
#[target_feature(enable = "aes")]
fn expand(key: &[u8; BLOCK]) -> [__m128i; 11] {
    let k0 = load_block(key);
    let k1 = next_key::<0x01>(k0);
    let k2 = next_key::<0x02>(k1);
    let k3 = next_key::<0x04>(k2);
    let k4 = next_key::<0x08>(k3);
    let k5 = next_key::<0x10>(k4);
    let k6 = next_key::<0x20>(k5);
    let k7 = next_key::<0x40>(k6);
    let k8 = next_key::<0x80>(k7);
    let k9 = next_key::<0x1b>(k8);
    let k10 = next_key::<0x36>(k9);
    [k0, k1, k2, k3, k4, k5, k6, k7, k8, k9, k10]
}

/// Returns the round key after `key`. Each of its words is the exclusive or of all words of `key` up to it and of the last word
/// after rotation, substitution and addition of the round constant.
#[target_feature(enable = "aes")]
fn next_key<const ROUND: i32>(key: __m128i) -> __m128i {
    let last = _mm_shuffle_epi32::<0xff>(_mm_aeskeygenassist_si128::<ROUND>(key));
    let two = _mm_xor_si128(key, _mm_slli_si128::<4>(key));
    let four = _mm_xor_si128(two, _mm_slli_si128::<8>(two));
    _mm_xor_si128(four, last)
}

/// Encrypts eight registers of two blocks each in parallel: a round takes four cycles, and two can start in each cycle.
#[target_feature(enable = "avx2,vaes")]
fn apply(keys: &[__m128i; 11], counter: CounterBlock, batches: &mut [[u8; BATCH]]) {
    let [first, middle @ .., last] = &keys.map(|key| _mm256_broadcastsi128_si256(key));
    let [upper, next] = [counter.upper, counter.next].map(u64::cast_signed);
    // Halves of 8 bytes, which are added without carry between them, as in 23001-7 clause 9.3.
    let mut counters = _mm256_set_epi64x(next.wrapping_add(1), upper, next, upper);
    let step = _mm256_set_epi64x(2, 0, 2, 0);
    let big_endian = _mm256_set_epi8(
        8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, //
        8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7,
    );
    for batch in batches {
        let mut states = [_mm256_setzero_si256(); BATCH / PAIR];
        for state in &mut states {
            *state = _mm256_xor_si256(_mm256_shuffle_epi8(counters, big_endian), *first);
            counters = _mm256_add_epi64(counters, step);
        }
        for key in middle {
            for state in &mut states {
                *state = _mm256_aesenc_epi128(*state, *key);
            }
        }
        for (state, pair) in states.iter().zip(batch.as_chunks_mut().0) {
            let key_stream = _mm256_aesenclast_epi128(*state, *last);
            store(pair, _mm256_xor_si256(load(pair), key_stream));
        }
    }
}

#[target_feature(enable = "sse2")]
fn load_block(bytes: &[u8; BLOCK]) -> __m128i {
    // SAFETY: the reference is to the 16 bytes that are read; they need not be aligned.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; PAIR]) -> __m256i {
    // SAFETY: the reference is to the 32 bytes that are read; they need not be aligned.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn store(bytes: &mut [u8; PAIR], value: __m256i) {
    // SAFETY: the reference is to the 32 bytes that are written, alone; they need not be aligned.
    unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), value) }
}
