// SPDX-License-Identifier: MPL-2.0
//! Decryption of samples, 23001-7 clauses 9.3 to 9.6 and 10.
//!
//! It shares no code with [`SampleCipher`](super::SampleCipher) and uses the bare AES block, so that each reveals errors of the other.

use aes::{Aes128Dec, Aes128Enc};
use cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

use super::{EncryptionMethod, Error};
use cenc_types::{BLOCK, ContentKey, Iv, Pattern, Scheme, Subsample};

/// Decrypts samples under one content key, whose key schedules are wiped when dropped.
///
/// ```
/// use cenc_types::{ContentKey, Iv, Pattern, Scheme, decode_hex};
/// use common_encryption::{EncryptionMethod, SampleDecryptor};
///
/// // The first block of NIST SP 800-38A, F.2.2.
/// let key = ContentKey::parse("2b7e151628aed2a6abf7158809cf4f3c")?;
/// let iv = Iv::new(&decode_hex("000102030405060708090a0b0c0d0e0f").unwrap())?;
/// let method = EncryptionMethod { scheme: Scheme::Cbc1, pattern: Pattern::NONE };
/// let mut sample = decode_hex("7649abac8119b246cee98e9b12e9197d").unwrap();
/// SampleDecryptor::new(&key).decrypt(method, &iv, &mut sample, &[])?;
/// assert_eq!(sample, decode_hex("6bc1bee22e409f96e93d7e117393172a").unwrap());
/// # Ok::<(), common_encryption::Error>(())
/// ```
pub struct SampleDecryptor {
    counters: Aes128Enc,
    blocks: Aes128Dec,
}

impl SampleDecryptor {
    /// Expands the key for all samples under it.
    pub fn new(key: &ContentKey) -> Self {
        Self {
            counters: Aes128Enc::new(key.as_bytes().into()),
            blocks: Aes128Dec::new(key.as_bytes().into()),
        }
    }

    /// Decrypts `sample` in place; if `subsamples` is empty, all of it.
    ///
    /// # Errors
    /// [`Error::MapMismatch`] if the subsamples do not add up to the sample, [`Error::BadIvSize`] for a CBC scheme with
    /// an IV of 8 bytes. The sample is unchanged then.
    pub fn decrypt(
        &self,
        method: EncryptionMethod,
        iv: &Iv,
        sample: &mut [u8],
        subsamples: &[Subsample],
    ) -> Result<(), Error> {
        check_subsamples(sample.len(), subsamples)?;
        let ranges = Ranges {
            whole: subsamples.is_empty().then_some(sample.len()),
            rest: sample,
            subsamples: subsamples.iter(),
        };
        let pattern = method.pattern;
        match method.scheme {
            Scheme::Cenc => {
                let mut stream = DecryptionStream::new(&self.counters, iv);
                ranges.for_each(|range| stream.apply(range));
            }
            Scheme::Cens => {
                let mut stream = DecryptionStream::new(&self.counters, iv);
                ranges.for_each(|range| each_run(range, pattern, |run| stream.apply(run)));
            }
            Scheme::Cbc1 => {
                let mut before = chain_start(iv)?;
                ranges.for_each(|range| self.unchain(&mut before, range));
            }
            Scheme::Cbcs => {
                let start = chain_start(iv)?;
                ranges.for_each(|range| {
                    let mut before = start;
                    each_run(range, pattern, |run| self.unchain(&mut before, run));
                });
            }
        }
        Ok(())
    }

    /// Decrypts the whole blocks of `run`; `before` is the protected block before it in its chain.
    fn unchain(&self, before: &mut [u8; BLOCK], run: &mut [u8]) {
        for block in run.as_chunks_mut::<BLOCK>().0 {
            let protected = *block;
            let mut clear = Block::<Aes128Dec>::from(protected);
            self.blocks.decrypt_block(&mut clear);
            for (byte, (clear, mask)) in block.iter_mut().zip(clear.iter().zip(before.iter())) {
                *byte = clear ^ mask;
            }
            *before = protected;
        }
    }
}

/// Checks that the subsamples, if any, add up to `len`.
fn check_subsamples(len: usize, subsamples: &[Subsample]) -> Result<(), Error> {
    let mapped: u64 = subsamples
        .iter()
        .map(|s| u64::from(s.clear_bytes) + u64::from(s.protected_bytes))
        .sum();
    match subsamples.is_empty() || mapped == len as u64 {
        true => Ok(()),
        false => Err(Error::MapMismatch),
    }
}

fn chain_start(iv: &Iv) -> Result<[u8; BLOCK], Error> {
    iv.as_bytes().try_into().map_err(|_| Error::BadIvSize)
}

/// The BytesOfProtectedData of each subsample, or the whole sample.
struct Ranges<'a> {
    rest: &'a mut [u8],
    whole: Option<usize>,
    subsamples: std::slice::Iter<'a, Subsample>,
}

impl<'a> Iterator for Ranges<'a> {
    type Item = &'a mut [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let (clear, protected) = match self.whole.take() {
            Some(len) => (0, len),
            None => {
                let next = self.subsamples.next()?;
                (usize::from(next.clear_bytes), next.protected_bytes as usize)
            }
        };
        let rest = std::mem::take(&mut self.rest).get_mut(clear..)?;
        let (range, rest) = rest.split_at_mut_checked(protected)?;
        self.rest = rest;
        Some(range)
    }
}

/// Visits the runs of blocks that the pattern encrypts in a protected range; all blocks if it skips none.
fn each_run(range: &mut [u8], pattern: Pattern, mut visit: impl FnMut(&mut [u8])) {
    let mut rest = range.as_chunks_mut::<BLOCK>().0;
    if pattern.skip_byte_block == 0 {
        return visit(rest.as_flattened_mut());
    }
    while !rest.is_empty() {
        let (run, skipped) = rest.split_at_mut(rest.len().min(pattern.crypt_byte_block.into()));
        visit(run.as_flattened_mut());
        rest = skipped
            .split_at_mut(skipped.len().min(pattern.skip_byte_block.into()))
            .1;
    }
}

/// The number of blocks of key stream computed at a time.
const BATCH: usize = 8;

/// A sample's key stream: the encrypted counter blocks, of which bytes 8 to 15 count and wrap without carry.
struct DecryptionStream<'a> {
    cipher: &'a Aes128Enc,
    fixed: [u8; 8],
    count: u64,
    stream: [[u8; BLOCK]; BATCH],
    used: usize,
}

impl<'a> DecryptionStream<'a> {
    fn new(cipher: &'a Aes128Enc, iv: &Iv) -> Self {
        let halves: [[u8; 8]; 2] = [0, 8].map(|at| {
            let half = iv.block().get(at..).and_then(<[u8]>::first_chunk);
            *half.expect("a block has two halves of 8 bytes")
        });
        Self {
            cipher,
            fixed: halves[0],
            count: u64::from_be_bytes(halves[1]),
            stream: [[0; BLOCK]; BATCH],
            used: BATCH * BLOCK,
        }
    }

    fn apply(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            if self.used == BATCH * BLOCK {
                self.refill();
            }
            let stream = self
                .stream
                .as_flattened()
                .get(self.used..)
                .unwrap_or_default();
            let len = bytes.len().min(stream.len());
            let (now, rest) = bytes.split_at_mut(len);
            for (byte, mask) in now.iter_mut().zip(stream) {
                *byte ^= mask;
            }
            self.used += len;
            bytes = rest;
        }
    }

    fn refill(&mut self) {
        let mut blocks = [Block::<Aes128Enc>::default(); BATCH];
        for block in &mut blocks {
            let count = self.count.to_be_bytes();
            for (to, from) in block.iter_mut().zip(self.fixed.iter().chain(&count)) {
                *to = *from;
            }
            self.count = self.count.wrapping_add(1);
        }
        self.cipher.encrypt_blocks(&mut blocks);
        self.stream = blocks.map(Into::into);
        self.used = 0;
    }
}

#[cfg(test)]
mod tests;
