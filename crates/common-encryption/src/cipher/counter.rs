// SPDX-License-Identifier: MPL-2.0
//! Counter mode: `cenc`, 23001-7 clause 10.1, and `cens`, clause 10.3.

use std::mem::take;

use aes::Aes128Enc;
use aes_vaes::VaesKey;
use cipher::{InnerIvInit, StreamCipher, StreamCipherCoreWrapper};
use ctr::CtrCore;
use ctr::flavors::Ctr64BE;

use super::ranges::{ProtectedRanges, checked, for_each_block};
use super::{super::Error, super::SampleSlices};
use cenc_types::{BLOCK, Iv, Pattern};

/// The number of blocks gathered at a time: few enough for the innermost cache.
const GATHERED: usize = 128;

/// The key stream of a sample. The last 8 bytes of its counter blocks count and wrap without carry, by clause 9.3.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, on the stack; a box would be an allocation for each sample"
)]
pub(super) enum CounterStream<'k> {
    /// For processors with VAES.
    Vaes(aes_vaes::VaesKeyStream<'k>),
    Portable(StreamCipherCoreWrapper<CtrCore<&'k Aes128Enc, Ctr64BE>>),
}

impl<'k> CounterStream<'k> {
    pub(super) fn new(blocks: &'k Aes128Enc, vaes: Option<&'k VaesKey>, iv: &Iv) -> Self {
        match vaes {
            Some(key) => Self::Vaes(key.stream(iv.block())),
            None => {
                let core = CtrCore::inner_iv_init(blocks, iv.block().into());
                Self::Portable(StreamCipherCoreWrapper::from_core(core))
            }
        }
    }

    fn apply(&mut self, data: &mut [u8]) {
        match self {
            Self::Vaes(stream) => stream.apply(data),
            Self::Portable(stream) => stream.apply_keystream(data),
        }
    }

    /// `cenc`: the ranges of a sample share one continuous key stream.
    pub(super) fn encrypt_ranges(&mut self, mut ranges: ProtectedRanges<'_>) -> Result<(), Error> {
        ranges.try_for_each(|range| self.encrypt_range(range))
    }

    /// `cens`: the counter counts encrypted blocks only; a partial block stays clear.
    pub(super) fn encrypt_by_pattern(
        &mut self,
        pattern: Pattern,
        mut ranges: ProtectedRanges<'_>,
    ) -> Result<(), Error> {
        ranges.try_for_each(|mut range| match pattern.skip_byte_block {
            0 => {
                let blocks = range.len() / BLOCK * BLOCK;
                range
                    .split_to(blocks)
                    .map_or(Ok(()), |blocks| self.encrypt_range(blocks))
            }
            _ => self.encrypt_units(pattern, range),
        })
    }

    fn encrypt_range(&mut self, mut range: SampleSlices<'_>) -> Result<(), Error> {
        checked(&mut range, |range| {
            range.for_each(|slice| self.apply(slice));
        })
    }

    /// Encrypts units of the pattern that are contiguous together, and others block by block.
    fn encrypt_units(
        &mut self,
        pattern: Pattern,
        mut range: SampleSlices<'_>,
    ) -> Result<(), Error> {
        let unit = PatternUnit::new(pattern).len;
        while !range.is_empty() {
            let contiguous = match range.only_slice() {
                Some(rest) => rest.len(),
                None => range.slice_len() / unit * unit,
            };
            match contiguous {
                0 => {
                    let divided = range.split_to(unit).unwrap_or_else(|| take(&mut range));
                    for_each_block(divided, pattern, |block| self.apply(block))?;
                }
                _ => checked(&mut range.take_slice(contiguous).into(), |range| {
                    range.for_each(|units| self.apply_gathered(pattern, units));
                })?,
            }
        }
        Ok(())
    }

    /// Copies the blocks to be encrypted into one array, encrypts them together and copies them back.
    fn apply_gathered(&mut self, pattern: Pattern, range: &mut [u8]) {
        let unit = PatternUnit::new(pattern);
        let mut gathered = [[0; BLOCK]; GATHERED];
        for units in range.chunks_mut((GATHERED * BLOCK / unit.encrypted.max(BLOCK)) * unit.len) {
            let mut count = 0;
            for (block, copy) in blocks(units, pattern).zip(&mut gathered) {
                *copy = *block;
                count += 1;
            }
            let (encrypted, _) = gathered.split_at_mut(count);
            self.apply(encrypted.as_flattened_mut());
            for (block, encrypted) in blocks(units, pattern).zip(encrypted) {
                *block = *encrypted;
            }
        }
    }
}

/// Returns the blocks of a range that the pattern encrypts.
fn blocks(range: &mut [u8], pattern: Pattern) -> impl Iterator<Item = &mut [u8; BLOCK]> {
    let unit = PatternUnit::new(pattern);
    range.chunks_mut(unit.len).flat_map(move |bytes| {
        let encrypted = bytes.len().min(unit.encrypted);
        bytes.split_at_mut(encrypted).0.as_chunks_mut().0
    })
}

/// The encrypted and the skipped blocks of a pattern, in bytes.
struct PatternUnit {
    /// The bytes at the start that are encrypted; with 0 of them [`checked`] finds the error.
    encrypted: usize,
    len: usize,
}

impl PatternUnit {
    fn new(pattern: Pattern) -> Self {
        let encrypted = usize::from(pattern.crypt_byte_block) * BLOCK;
        Self {
            encrypted,
            len: encrypted + usize::from(pattern.skip_byte_block) * BLOCK,
        }
    }
}
