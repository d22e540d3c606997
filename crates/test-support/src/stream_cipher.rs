// SPDX-License-Identifier: MPL-2.0
//! Decrypts `cenc` and `cbcs` by ISO/IEC 23001-7, clauses 9 and 10. It shares no line with the crate's cipher.

use aes::Aes128;
use cipher::{BlockCipherDecrypt, KeyInit, KeyIvInit, StreamCipher};

use super::stream::{Protection, Sample};

/// The clear bytes of the sample.
pub fn decrypt(key: [u8; 16], sample: &Sample) -> Vec<u8> {
    let mut bytes = sample.bytes.clone();
    let Some(protection) = &sample.protection else {
        return bytes;
    };
    let mut stream = ctr::Ctr64BE::<Aes128>::new(&key.into(), &protection.iv.into());
    let mut rest = bytes.as_mut_slice();
    for (clear, protected) in subsamples(protection, rest.len()) {
        let range = &mut rest
            .split_off_mut(..clear + protected)
            .expect("in the sample")[clear..];
        match &protection.scheme {
            b"cenc" => stream.apply_keystream(range),
            b"cbcs" => decrypt_pattern(key, protection, range),
            other => panic!("scheme {}", other.escape_ascii()),
        }
    }
    assert!(rest.is_empty(), "subsamples are shorter than the sample");
    bytes
}

fn subsamples(protection: &Protection, len: usize) -> Vec<(usize, usize)> {
    match &protection.subsamples {
        Some(subsamples) => subsamples.clone(),
        None => vec![(0, len)],
    }
}

/// Decrypts the encrypted blocks of the pattern as a CBC chain. A partial block and the skipped blocks are clear.
fn decrypt_pattern(key: [u8; 16], protection: &Protection, range: &mut [u8]) {
    let cipher = Aes128::new(&key.into());
    let (crypt, skip) = match protection.pattern {
        (0, 0) => (1, 0),
        pattern => pattern,
    };
    let mut previous = protection.iv;
    for (number, block) in range.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        if number % (crypt + skip) < crypt {
            let encrypted = *block;
            cipher.decrypt_block(block.into());
            block.iter_mut().zip(previous).for_each(|(b, p)| *b ^= p);
            previous = encrypted;
        }
    }
}
