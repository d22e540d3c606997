// SPDX-License-Identifier: MPL-2.0
//! A decryptor written from ISO/IEC 23001-7, clauses 9 and 10, on the bare AES block. It shares no line with the crate under
//! test.

use std::collections::HashMap;
use std::ops::Range;

use aes::Aes128;
use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

use crate::movie::{Movie, Protection, Track};

/// Content keys by KID.
#[derive(Clone, Default)]
pub struct Keys(HashMap<[u8; 16], [u8; 16]>);

impl Keys {
    /// A single key. Both values are in hex, and the KID may be a UUID.
    pub fn one(kid: &str, key: &str) -> Self {
        Self::default().with(kid, key)
    }

    /// Adds a key. Both values are in hex, and the KID may be a UUID.
    pub fn with(mut self, kid: &str, key: &str) -> Self {
        self.0.insert(unhex(kid), unhex(key));
        self
    }

    /// Returns each pair as `KID:KEY` in hex, the form that many tools take.
    pub fn pairs(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|(kid, key)| format!("{}:{}", hex(kid), hex(key)))
            .collect()
    }
}

/// The bytes in hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The 16 bytes of 32 hexadecimal digits or of a UUID.
pub fn unhex(text: &str) -> [u8; 16] {
    let digits = text.replace('-', "");
    assert_eq!(digits.len(), 32, "{text}");
    u128::from_str_radix(&digits, 16).unwrap().to_be_bytes()
}

/// Returns the clear bytes of every sample of a track.
pub fn samples(movie: &Movie, track: &Track, keys: &Keys) -> Vec<Vec<u8>> {
    track
        .samples
        .iter()
        .map(|sample| {
            let mut bytes = movie.bytes(sample).to_vec();
            if let Some(protection) = &sample.protection {
                let kid = &protection.rules.kid;
                let key = keys
                    .0
                    .get(kid)
                    .unwrap_or_else(|| panic!("no key for KID {}", hex(kid)));
                decrypt(&mut bytes, protection, key);
            }
            bytes
        })
        .collect()
}

/// Decrypts a sample in place.
pub fn decrypt(sample: &mut [u8], protection: &Protection, key: &[u8; 16]) {
    let cipher = Aes128::new(&Array::from(*key));
    let ranges = protected_ranges(sample.len(), protection);
    match &protection.scheme {
        b"cenc" | b"piff" => counter_mode(&cipher, sample, &protection.iv, &ranges),
        b"cens" => {
            let blocks: Vec<_> = ranges
                .iter()
                .flat_map(|range| pattern(range, protection))
                .collect();
            counter_mode(&cipher, sample, &protection.iv, &blocks);
        }
        // One chain runs over the sample: the ranges end on whole blocks, but for the end of a sample without subsamples.
        b"cbc1" => {
            let blocks: Vec<_> = ranges.iter().map(whole_blocks).collect();
            chain(&cipher, sample, &protection.iv, &blocks);
        }
        b"cbcs" => {
            for range in ranges {
                chain(
                    &cipher,
                    sample,
                    &protection.iv,
                    &pattern(&range, protection),
                );
            }
        }
        other => panic!("scheme {}", String::from_utf8_lossy(other)),
    }
}

/// Returns the BytesOfProtectedData of each subsample.
fn protected_ranges(length: usize, protection: &Protection) -> Vec<Range<usize>> {
    if protection.subsamples.is_empty() {
        return vec![Range {
            start: 0,
            end: length,
        }];
    }
    let mut at = 0;
    let mut ranges = Vec::new();
    for (clear, protected) in &protection.subsamples {
        let start = at + usize::from(*clear);
        at = start + *protected as usize;
        ranges.push(start..at);
    }
    assert_eq!(at, length, "the subsamples cover the sample");
    ranges
}

const fn whole_blocks(range: &Range<usize>) -> Range<usize> {
    range.start..range.end - (range.end - range.start) % 16
}

/// Returns the encrypted runs of a range under the pattern; 0:0 encrypts every whole block.
fn pattern(range: &Range<usize>, protection: &Protection) -> Vec<Range<usize>> {
    let Range { start, end } = whole_blocks(range);
    let crypt = 16 * usize::from(protection.rules.crypt_byte_block);
    let skip = 16 * usize::from(protection.rules.skip_byte_block);
    if crypt == 0 {
        return vec![Range { start, end }];
    }
    (start..end)
        .step_by(crypt + skip)
        .map(|run| run..end.min(run + crypt))
        .collect()
}

/// Decrypts all ranges with one key stream. The low eight bytes of the counter block count up without carry.
fn counter_mode(cipher: &Aes128, sample: &mut [u8], iv: &[u8], ranges: &[Range<usize>]) {
    let mut counter = [0; 16];
    counter[..iv.len()].copy_from_slice(iv);
    let mut count = u64::from_be_bytes(counter[8..].try_into().unwrap());
    let mut stream = Vec::new();
    for byte in ranges.iter().cloned().flatten() {
        if stream.is_empty() {
            counter[8..].copy_from_slice(&count.to_be_bytes());
            let mut block = Array::from(counter);
            cipher.encrypt_block(&mut block);
            stream = block.iter().rev().copied().collect();
            count = count.wrapping_add(1);
        }
        sample[byte] ^= stream.pop().unwrap();
    }
}

/// Decrypts all ranges as one CBC chain. Each range consists of whole blocks.
fn chain(cipher: &Aes128, sample: &mut [u8], iv: &[u8], ranges: &[Range<usize>]) {
    let mut previous: [u8; 16] = iv.try_into().unwrap();
    for at in ranges.iter().flat_map(|range| range.clone().step_by(16)) {
        let protected: [u8; 16] = sample[at..at + 16].try_into().unwrap();
        let mut block = Array::from(protected);
        cipher.decrypt_block(&mut block);
        for (out, (clear, mask)) in sample[at..].iter_mut().zip(block.iter().zip(previous)) {
            *out = clear ^ mask;
        }
        previous = protected;
    }
}
