// SPDX-License-Identifier: MPL-2.0
//! Comparison with NIST SP 800-38A and with the portable crates.

use aes::Aes128;
use ctr::Ctr64BE;
use ctr::cipher::{KeyIvInit, StreamCipher};

use super::*;

/// 2b7e1516… of SP 800-38A, appendix F.
const KEY: [u8; 16] = 0x2b7e1516_28aed2a6_abf71588_09cf4f3c_u128.to_be_bytes();

/// None if the processor has no VAES.
fn key(bytes: &[u8; 16]) -> Option<VaesKey> {
    let key = VaesKey::new(bytes);
    if key.is_none() {
        eprintln!("skipped: the processor has no VAES");
    }
    key
}

/// Pseudorandom bytes, the same in each run.
fn noise(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

// F.5.1.
#[test]
fn known_answers_of_nist_come_out() {
    let Some(key) = key(&KEY) else { return };
    let mut blocks = [
        0x6bc1bee2_2e409f96_e93d7e11_7393172a_u128,
        0xae2d8a57_1e03ac9c_9eb76fac_45af8e51,
        0x30c81c46_a35ce411_e5fbc119_1a0a52ef,
        0xf69f2445_df4f9b17_ad2b417b_e66c3710,
    ]
    .map(u128::to_be_bytes)
    .concat();
    let counter = 0xf0f1f2f3_f4f5f6f7_f8f9fafb_fcfdfeff_u128.to_be_bytes();
    key.stream(&counter).apply(&mut blocks);
    let expected = [
        0x874d6191_b620e326_1bef6864_990db6ce_u128,
        0x9806f66b_7970fdff_8617187b_b9fffdff,
        0x5ae4df3e_dbd5d35e_5b4f0902_0db03eab,
        0x1e031dda_2fbe03d1_792170a0_f3009cee,
    ];
    assert_eq!(blocks, expected.map(u128::to_be_bytes).concat());
}

#[test]
fn every_length_is_as_the_portable_crates_have_it() {
    for len in (0..600).chain([4096, 65_537]) {
        let Some(key) = key(noise(16, 1).first_chunk().unwrap()) else {
            return;
        };
        let counter: [u8; 16] = *noise(16, 2).first_chunk().unwrap();
        let (mut made, mut expected) = (noise(len, 3), noise(len, 3));
        key.stream(&counter).apply(&mut made);
        let portable = noise(16, 1);
        let mut portable = Ctr64BE::<Aes128>::new_from_slices(&portable, &counter).unwrap();
        portable.apply_keystream(&mut expected);
        assert_eq!(made, expected, "{len} bytes");
    }
}

#[test]
fn cuts_change_nothing() {
    let Some(key) = key(&KEY) else { return };
    let mut whole = noise(5000, 4);
    key.stream(&[9; 16]).apply(&mut whole);
    for seed in 0..50 {
        let mut parts = noise(5000, 4);
        let mut stream = key.stream(&[9; 16]);
        let mut rest = parts.as_mut_slice();
        for size in noise(5000, seed) {
            // Mostly short, some of several batches.
            let size = usize::from(size) * if size % 16 == 0 { 5 } else { 1 };
            let (part, remainder) = rest.split_at_mut(size.min(rest.len()));
            stream.apply(part);
            rest = remainder;
        }
        assert_eq!(parts, whole, "cut by seed {seed}");
    }
}

// 23001-7 clause 9.3: the upper half of the counter block stays.
#[test]
fn counter_wraps_without_carry() {
    let Some(key) = key(&KEY) else { return };
    for before in 0..40u64 {
        let next = 0u64.wrapping_sub(before).to_be_bytes();
        let counter: [u8; 16] = *[[7; 8], next].as_flattened().first_chunk().unwrap();
        let (mut made, mut expected) = ([0; 800], [0; 800]);
        key.stream(&counter).apply(&mut made);
        let mut portable = Ctr64BE::<Aes128>::new_from_slices(&KEY, &counter).unwrap();
        portable.apply_keystream(&mut expected);
        assert_eq!(made, expected, "{before} blocks before the end");
    }
}
