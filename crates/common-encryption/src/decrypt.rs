// SPDX-License-Identifier: MPL-2.0
//! From protected samples back to clear ones, 23001-7 clauses 9.3 to 9.6 and 10: the check of what was protected.
//!
//! Written apart from [`SampleCipher`](super::SampleCipher), on the bare AES block, so that a fault in one of the two shows.

use aes::{Aes128Dec, Aes128Enc};
use cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

use super::{EncryptionMethod, Error};
use cenc_types::BLOCK;
use cenc_types::{ContentKey, Iv, Pattern, Scheme, Subsample};

/// The key schedules of one content key; wiped when dropped.
pub struct SampleDecryptor {
    counters: Aes128Enc,
    blocks: Aes128Dec,
}

impl SampleDecryptor {
    /// Expands the key, once for all samples under it.
    pub fn new(key: &ContentKey) -> Self {
        Self {
            counters: Aes128Enc::new(key.as_bytes().into()),
            blocks: Aes128Dec::new(key.as_bytes().into()),
        }
    }

    /// Decrypts `sample` in place. Without `subsamples` all of it is protected.
    ///
    /// # Errors
    /// [`Error::MapMismatch`] when the subsamples do not add up to the sample, [`Error::BadIvSize`] for a CBC scheme with
    /// an IV of 8 bytes. The sample is as it was then.
    pub fn decrypt(
        &self,
        method: EncryptionMethod,
        iv: &Iv,
        sample: &mut [u8],
        subsamples: &[Subsample],
    ) -> Result<(), Error> {
        let whole = sample.len();
        check(whole, subsamples)?;
        let ranges = Ranges {
            rest: sample,
            whole: subsamples.is_empty().then_some(whole),
            subsamples: subsamples.iter(),
        };
        let pattern = method.pattern;
        match method.scheme {
            Scheme::Cenc => {
                let mut stream = KeyStream::new(&self.counters, iv);
                ranges.for_each(|range| stream.add_to(range));
            }
            Scheme::Cens => {
                let mut stream = KeyStream::new(&self.counters, iv);
                ranges.for_each(|range| each_run(range, pattern, |run| stream.add_to(run)));
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

    /// Decrypts the whole blocks of `run`; `before` is the protected block in front of it in its chain.
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

fn check(len: usize, subsamples: &[Subsample]) -> Result<(), Error> {
    let mut mapped = 0u64;
    for subsample in subsamples {
        mapped += u64::from(subsample.clear_bytes) + u64::from(subsample.protected_bytes);
    }
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

/// Visits the encrypted runs of a protected range: whole blocks of the pattern, all of them where nothing is skipped.
fn each_run(range: &mut [u8], pattern: Pattern, mut visit: impl FnMut(&mut [u8])) {
    let mut rest = range.as_chunks_mut::<BLOCK>().0;
    if pattern.skip_byte_block == 0 {
        return visit(rest.as_flattened_mut());
    }
    while !rest.is_empty() {
        let crypt = rest.len().min(pattern.crypt_byte_block.into());
        let (run, behind) = rest.split_at_mut(crypt);
        visit(run.as_flattened_mut());
        let skip = behind.len().min(pattern.skip_byte_block.into());
        rest = behind.split_at_mut(skip).1;
    }
}

/// Blocks of key stream that are made at a time.
const BATCH: usize = 8;

/// A sample's key stream: the encryption of counter blocks, of which bytes 8 to 15 count and wrap without carry.
struct KeyStream<'a> {
    cipher: &'a Aes128Enc,
    fixed: [u8; 8],
    count: u64,
    stream: [[u8; BLOCK]; BATCH],
    used: usize,
}

impl<'a> KeyStream<'a> {
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

    fn add_to(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            if self.used == BATCH * BLOCK {
                self.refill();
            }
            let stream = self.stream.as_flattened().get(self.used..);
            let stream = stream.unwrap_or_default();
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
            let counter = self.fixed.iter().chain(&count);
            block
                .iter_mut()
                .zip(counter)
                .for_each(|(to, from)| *to = *from);
            self.count = self.count.wrapping_add(1);
        }
        self.cipher.encrypt_blocks(&mut blocks);
        self.stream = blocks.map(Into::into);
        self.used = 0;
    }
}

#[cfg(test)]
mod tests;
