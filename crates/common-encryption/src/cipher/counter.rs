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
use cenc_types::BLOCK;
use cenc_types::{Iv, Pattern};

/// Blocks that are gathered at once, so that they stay in the innermost cache.
const GATHERED: usize = 128;

/// The key stream of a sample: 8 bytes of counter, as clause 9.3 has it, wrap without carry.
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time, on the stack: a box would be an allocation per sample"
)]
pub(super) enum KeyStream<'k> {
    /// Where the processor has VAES.
    Wide(aes_vaes::VaesKeyStream<'k>),
    Portable(StreamCipherCoreWrapper<CtrCore<&'k Aes128Enc, Ctr64BE>>),
}

impl<'k> KeyStream<'k> {
    pub(super) fn new((blocks, wide): (&'k Aes128Enc, Option<&'k VaesKey>), iv: &Iv) -> Self {
        match wide {
            Some(key) => Self::Wide(key.stream(iv.block())),
            None => {
                let core = CtrCore::inner_iv_init(blocks, iv.block().into());
                Self::Portable(StreamCipherCoreWrapper::from_core(core))
            }
        }
    }

    fn apply(&mut self, data: &mut [u8]) {
        match self {
            Self::Wide(stream) => stream.apply(data),
            Self::Portable(stream) => stream.apply_keystream(data),
        }
    }

    /// `cenc`: the ranges of a sample share one continuous key stream.
    pub(super) fn count_through(&mut self, mut ranges: ProtectedRanges<'_>) -> Result<(), Error> {
        ranges.try_for_each(|range| self.count(range))
    }

    /// `cens`: the counter runs on over encrypted blocks only; a partial block stays clear.
    pub(super) fn count_by_pattern(
        &mut self,
        pattern: Pattern,
        mut ranges: ProtectedRanges<'_>,
    ) -> Result<(), Error> {
        ranges.try_for_each(|mut range| match pattern.skip_byte_block {
            0 => {
                let blocks = range.len() / BLOCK * BLOCK;
                range
                    .split_to(blocks)
                    .map_or(Ok(()), |blocks| self.count(blocks))
            }
            _ => self.count_units(pattern, range),
        })
    }

    fn count(&mut self, mut range: SampleSlices<'_>) -> Result<(), Error> {
        checked(&mut range, |range| {
            range.for_each(|piece| self.apply(piece));
        })
    }

    /// Units of the pattern that lie in one piece are encrypted together, others block by block.
    fn count_units(&mut self, pattern: Pattern, mut range: SampleSlices<'_>) -> Result<(), Error> {
        let unit = unit(pattern).1;
        while !range.is_empty() {
            let here = match range.one_piece() {
                Some(rest) => rest.len(),
                None => range.piece_len() / unit * unit,
            };
            match here {
                0 => {
                    let divided = range.split_to(unit).unwrap_or_else(|| take(&mut range));
                    for_each_block(divided, pattern, |block| self.apply(block))?;
                }
                _ => checked(&mut range.take_piece(here).into(), |range| {
                    range.for_each(|units| self.apply_gathered(pattern, units));
                })?,
            }
        }
        Ok(())
    }

    /// Brings the encrypted blocks together for the cipher, and back.
    fn apply_gathered(&mut self, pattern: Pattern, range: &mut [u8]) {
        let (crypt, unit) = unit(pattern);
        let mut gathered = [[0; BLOCK]; GATHERED];
        for units in range.chunks_mut((GATHERED * BLOCK / crypt.max(BLOCK)) * unit) {
            let mut count = 0;
            for (block, place) in blocks(units, pattern).zip(&mut gathered) {
                *place = *block;
                count += 1;
            }
            let (made, _) = gathered.split_at_mut(count);
            self.apply(made.as_flattened_mut());
            for (block, made) in blocks(units, pattern).zip(made) {
                *block = *made;
            }
        }
    }
}

/// The encrypted blocks of a range.
fn blocks(range: &mut [u8], pattern: Pattern) -> impl Iterator<Item = &mut [u8; BLOCK]> {
    let (crypt, unit) = unit(pattern);
    range.chunks_mut(unit).flat_map(move |unit| {
        let encrypted = unit.len().min(crypt);
        unit.split_at_mut(encrypted).0.as_chunks_mut().0
    })
}

/// How many bytes of a unit of the pattern are encrypted, and of how many; a pattern that skips all finds its error in [`checked`].
fn unit(pattern: Pattern) -> (usize, usize) {
    let crypt = usize::from(pattern.crypt_byte_block) * BLOCK;
    (crypt, crypt + usize::from(pattern.skip_byte_block) * BLOCK)
}
