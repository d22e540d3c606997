// SPDX-License-Identifier: MPL-2.0
//! Counter mode: `cenc`, 23001-7 clause 10.1, and `cens`, clause 10.3.

use aes::Aes128Enc;
use cipher::{InnerIvInit, StreamCipher, StreamCipherCoreWrapper};
use ctr::CtrCore;
use ctr::flavors::Ctr64BE;
use vaes::Key as WideKey;

use super::super::subsample::BLOCK;
use super::super::{Error, Iv, Pattern};
use super::ranges::{ProtectedRanges, checked, for_each_block, runs};

/// Blocks that are gathered at once, so that they stay in the innermost cache.
const GATHERED: usize = 128;

/// The key stream of a sample: 8 bytes of counter, as clause 9.3 has it, wrap without carry.
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time, on the stack: a box would be an allocation per sample"
)]
pub(super) enum KeyStream<'k> {
    /// Where the processor has VAES.
    Wide(vaes::KeyStream<'k>),
    Portable(StreamCipherCoreWrapper<CtrCore<&'k Aes128Enc, Ctr64BE>>),
}

impl<'k> KeyStream<'k> {
    pub(super) fn new((blocks, wide): (&'k Aes128Enc, Option<&'k WideKey>), iv: &Iv) -> Self {
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
        ranges.try_for_each(|mut range| {
            checked(&mut range, |range| {
                range.for_each(|piece| self.apply(piece));
            })
        })
    }

    /// `cens`: the counter runs on over encrypted blocks only; a partial block stays clear.
    pub(super) fn count_by_pattern(
        &mut self,
        pattern: Pattern,
        mut ranges: ProtectedRanges<'_>,
    ) -> Result<(), Error> {
        ranges.try_for_each(|mut range| match range.one_piece() {
            Some(_) => checked(&mut range, |range| {
                let range = range.one_piece().unwrap_or_default();
                match pattern.skip_byte_block {
                    0 => runs(range, pattern).for_each(|run| self.apply(run)),
                    _ => self.apply_gathered(pattern, range),
                }
            }),
            None => for_each_block(range, pattern, |block| self.apply(block)),
        })
    }

    /// Brings the encrypted blocks together for the cipher, and back.
    fn apply_gathered(&mut self, pattern: Pattern, range: &mut [u8]) {
        let [crypt, skip] = [pattern.crypt_byte_block, pattern.skip_byte_block]
            .map(|blocks| usize::from(blocks) * BLOCK);
        let mut gathered = [[0; BLOCK]; GATHERED];
        for units in range.chunks_mut((GATHERED * BLOCK / crypt.max(BLOCK)) * (crypt + skip)) {
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
    runs(range, pattern).flat_map(|run| run.as_chunks_mut().0)
}
