// SPDX-License-Identifier: MPL-2.0
//! The four schemes' ciphers over one sample, in place: 23001-7 clauses 9.4 to 9.7 and 10.

use aes::Aes128Enc;
use cipher::{
    Block, BlockCipherEncrypt, InnerIvInit, KeyInit, StreamCipher, StreamCipherCoreWrapper,
};
use ctr::CtrCore;
use ctr::flavors::Ctr64BE;

use super::subsample::BLOCK;
use super::{ContentKey, Error, Iv, Pattern, Scheme, Subsample};

/// The key stream of a sample: 8 bytes of counter, as clause 9.3 has it, wrap without carry.
type KeyStream<'k> = StreamCipherCoreWrapper<CtrCore<&'k Aes128Enc, Ctr64BE>>;

/// The key schedule of one content key; wiped when dropped.
pub struct SampleCipher(Aes128Enc);

/// What is done with the protected bytes of a track's samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// The cipher and how its chain or counter runs on.
    pub scheme: Scheme,
    /// The pattern, for `cens` and `cbcs`; the other schemes do not look at it.
    pub pattern: Pattern,
}

impl SampleCipher {
    /// Expands the key, once for all samples under it.
    pub fn new(key: &ContentKey) -> Self {
        Self(Aes128Enc::new(key.as_bytes().into()))
    }

    /// Encrypts `sample` in place. Without `subsamples` all of it is protected.
    ///
    /// # Errors
    /// [`Error::MapMismatch`] when the subsamples do not add up to the sample, [`Error::StillClear`] when a block that
    /// should be protected came out as it went in; the sample must not be used then.
    pub fn encrypt(
        &self,
        method: Method,
        iv: &Iv,
        sample: &mut [u8],
        subsamples: &[Subsample],
    ) -> Result<(), Error> {
        let ranges = ProtectedRanges::new(sample, subsamples)?;
        match method.scheme {
            Scheme::Cenc => self.count_through(iv, ranges),
            Scheme::Cens => self.count_by_pattern(iv, method.pattern, ranges),
            Scheme::Cbc1 => self.chain_through(iv, ranges),
            Scheme::Cbcs => self.chain_by_pattern(iv, method.pattern, ranges),
        }
    }

    fn key_stream(&self, iv: &Iv) -> KeyStream<'_> {
        StreamCipherCoreWrapper::from_core(CtrCore::inner_iv_init(&self.0, iv.block().into()))
    }

    /// `cenc`: the ranges of a sample share one continuous key stream.
    fn count_through(&self, iv: &Iv, ranges: ProtectedRanges<'_>) -> Result<(), Error> {
        let mut stream = self.key_stream(iv);
        for range in ranges {
            checked(range, |range| stream.apply_keystream(range))?;
        }
        Ok(())
    }

    /// `cens`: the counter runs on over encrypted blocks only; a partial block stays clear.
    fn count_by_pattern(
        &self,
        iv: &Iv,
        pattern: Pattern,
        ranges: ProtectedRanges<'_>,
    ) -> Result<(), Error> {
        let mut stream = self.key_stream(iv);
        for range in ranges {
            checked(range, |range| {
                for run in runs(range, pattern) {
                    stream.apply_keystream(run);
                }
            })?;
        }
        Ok(())
    }

    /// `cbc1`: one chain through all ranges of the sample; a partial block stays clear.
    fn chain_through(&self, iv: &Iv, ranges: ProtectedRanges<'_>) -> Result<(), Error> {
        let mut chain = Block::<Aes128Enc>::from(*iv.block());
        for range in ranges {
            checked(range, |range| self.chain(&mut chain, range))?;
        }
        Ok(())
    }

    /// `cbcs`: a new chain from the IV for each range, over the encrypted blocks of the pattern.
    fn chain_by_pattern(
        &self,
        iv: &Iv,
        pattern: Pattern,
        ranges: ProtectedRanges<'_>,
    ) -> Result<(), Error> {
        for range in ranges {
            let mut chain = Block::<Aes128Enc>::from(*iv.block());
            checked(range, |range| {
                for run in runs(range, pattern) {
                    self.chain(&mut chain, run);
                }
            })?;
        }
        Ok(())
    }

    /// Encrypts the whole blocks of `run`, each chained to the one before.
    fn chain(&self, chain: &mut Block<Aes128Enc>, run: &mut [u8]) {
        for block in run.as_chunks_mut::<BLOCK>().0 {
            let state = u128::from_ne_bytes((*chain).into()) ^ u128::from_ne_bytes(*block);
            *chain = state.to_ne_bytes().into();
            self.0.encrypt_block(chain);
            *block = (*chain).into();
        }
    }
}

/// The protected byte ranges of a sample, in order.
struct ProtectedRanges<'a> {
    left: &'a mut [u8],
    subsamples: Option<std::slice::Iter<'a, Subsample>>,
}

impl<'a> ProtectedRanges<'a> {
    fn new(sample: &'a mut [u8], subsamples: &'a [Subsample]) -> Result<Self, Error> {
        let size = |s: &Subsample| u64::from(s.clear_bytes) + u64::from(s.protected_bytes);
        let mapped: u64 = subsamples.iter().map(size).sum();
        if !subsamples.is_empty() && mapped != sample.len() as u64 {
            return Err(Error::MapMismatch);
        }
        Ok(Self {
            left: sample,
            subsamples: (!subsamples.is_empty()).then(|| subsamples.iter()),
        })
    }
}

impl<'a> Iterator for ProtectedRanges<'a> {
    type Item = &'a mut [u8];

    fn next(&mut self) -> Option<&'a mut [u8]> {
        let left = std::mem::take(&mut self.left);
        let Some(subsamples) = &mut self.subsamples else {
            return (!left.is_empty()).then_some(left);
        };
        let subsample = subsamples.next()?;
        let (_, left) = left.split_at_mut_checked(usize::from(subsample.clear_bytes))?;
        let (range, left) = left.split_at_mut_checked(subsample.protected_bytes as usize)?;
        self.left = left;
        Some(range)
    }
}

/// The encrypted runs of a protected range: whole blocks only. 0:0 and n:0 encrypt all of them.
fn runs(range: &mut [u8], pattern: Pattern) -> impl Iterator<Item = &mut [u8]> {
    let (crypt, skip) = match (pattern.crypt_byte_block, pattern.skip_byte_block) {
        (_, 0) => (range.len().max(BLOCK), 0),
        (crypt, skip) => (usize::from(crypt) * BLOCK, usize::from(skip) * BLOCK),
    };
    range.chunks_mut(crypt + skip).map(move |unit| {
        let encrypted = unit.len().min(crypt);
        unit.split_at_mut(encrypted - encrypted % BLOCK).0
    })
}

/// Runs `encrypt` over `range` and sees to it that its first block changed: a packager that signs media as protected
/// and sends it in the clear cannot take it back.
fn checked(range: &mut [u8], encrypt: impl FnOnce(&mut [u8])) -> Result<(), Error> {
    let before = range.first_chunk::<BLOCK>().copied();
    encrypt(range);
    match before {
        Some(before) if range.first_chunk() == Some(&before) => Err(Error::StillClear),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "cipher/tests.rs"]
mod tests;
