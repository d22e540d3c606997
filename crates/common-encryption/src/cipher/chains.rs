// SPDX-License-Identifier: MPL-2.0
//! CBC, several chains abreast: `cbc1`, 23001-7 clause 10.2, and `cbcs`, clause 10.4.
//!
//! Within a chain each block waits for the one before, some 40 cycles, while the processor could work on nine or ten. So the chains of all
//! samples at hand, of which each sample has one in `cbc1` and each subsample one in `cbcs`, share the cipher in lanes. Other patterns than
//! one block in so many, which no packager writes, go chain by chain.

use std::cmp::Reverse;

use aes::Aes128Enc;
use cipher::consts::U16;
use cipher::{
    Block, BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser,
};

use super::ranges::{ProtectedRanges, checked_block, for_each_block};
use super::{super::Error, super::SampleSlices};
use super::{ClearSample, EncryptionMethod, FailedSample};
use cenc_types::BLOCK;
use cenc_types::{Pattern, Scheme};

/// Chains abreast: with fewer the cipher waits, with more no registers are left for the round keys.
const LANES: usize = 9;

/// What is encrypted in one chain.
struct Chain<'a> {
    /// Which sample it is of.
    number: usize,
    /// The IV.
    state: Block<Aes128Enc>,
    ranges: ProtectedRanges<'a>,
}

/// The chains of one sample.
struct Chains<'a> {
    /// As if there were one through all of it.
    sample: Chain<'a>,
    by_range: bool,
}

impl<'a> Chains<'a> {
    fn new(scheme: Scheme, sample: ClearSample<'a>) -> Result<Self, FailedSample> {
        let ClearSample {
            number,
            iv,
            bytes,
            subsamples,
        } = sample;
        let ranges = ProtectedRanges::new(bytes, subsamples);
        Ok(Self {
            sample: Chain {
                number,
                state: (*iv.block()).into(),
                ranges: ranges.map_err(|error| FailedSample { number, error })?,
            },
            by_range: scheme == Scheme::Cbcs,
        })
    }
}

impl<'a> Iterator for Chains<'a> {
    type Item = Chain<'a>;

    /// `cbcs`: a new chain from the IV for each range; `cbc1`: one chain through all ranges.
    fn next(&mut self) -> Option<Chain<'a>> {
        let ranges = match self.by_range {
            true => ProtectedRanges::one(self.sample.ranges.find(|range| !range.is_empty())?),
            false => std::mem::take(&mut self.sample.ranges),
        };
        (!ranges.is_empty()).then_some(Chain {
            ranges,
            ..self.sample
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self.by_range {
            true => (0, self.sample.ranges.size_hint().1),
            false => (0, Some(1)),
        }
    }
}

/// Encrypts the chains of one sample.
pub(super) fn encrypt(
    cipher: &Aes128Enc,
    method: EncryptionMethod,
    sample: ClearSample<'_>,
) -> Result<(), FailedSample> {
    run(cipher, method, &mut Chains::new(method.scheme, sample)?)
}

/// Encrypts the chains of many samples. The longest begin, so that none is left to end alone.
pub(super) fn encrypt_all<'a>(
    cipher: &Aes128Enc,
    method: EncryptionMethod,
    samples: &mut dyn Iterator<Item = ClearSample<'a>>,
) -> Result<(), FailedSample> {
    // One for each sample at least, but for those with nothing to encrypt.
    let mut chains = Vec::with_capacity(samples.size_hint().0);
    for sample in samples {
        chains.extend(Chains::new(method.scheme, sample)?);
    }
    chains.sort_unstable_by_key(|chain| Reverse(chain.ranges.len()));
    run(cipher, method, &mut chains.into_iter())
}

fn run<'a>(
    cipher: &Aes128Enc,
    method: EncryptionMethod,
    chains: &mut dyn Iterator<Item = Chain<'a>>,
) -> Result<(), FailedSample> {
    let pattern = match method.scheme {
        Scheme::Cbcs => method.pattern,
        _ => Pattern::NONE,
    };
    let stride = match (pattern.crypt_byte_block, pattern.skip_byte_block) {
        (_, 0) => BLOCK,
        (1, skip) => BLOCK + usize::from(skip) * BLOCK,
        _ => {
            for chain in chains {
                one_by_one(cipher, pattern, chain)?;
            }
            return Ok(());
        }
    };
    let mut result = Ok(());
    cipher.encrypt_with_backend(Abreast {
        chains,
        stride,
        result: &mut result,
    });
    result
}

fn one_by_one(cipher: &Aes128Enc, pattern: Pattern, chain: Chain<'_>) -> Result<(), FailedSample> {
    let mut state = chain.state;
    for range in chain.ranges {
        let encrypted = for_each_block(range, pattern, |block| {
            add(&mut state, block);
            cipher.encrypt_block(&mut state);
            *block = state.into();
        });
        encrypted.map_err(|error| FailedSample {
            number: chain.number,
            error,
        })?;
    }
    Ok(())
}

/// The work, as the cipher takes it into its own code.
struct Abreast<'c, 'a> {
    chains: &'c mut dyn Iterator<Item = Chain<'a>>,
    /// From one encrypted block to the next, in bytes.
    stride: usize,
    result: &'c mut Result<(), FailedSample>,
}

impl BlockSizeUser for Abreast<'_, '_> {
    type BlockSize = U16;
}

impl BlockCipherEncClosure for Abreast<'_, '_> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        *self.result = in_lanes(backend, self.chains, self.stride);
    }
}

#[inline(always)]
fn in_lanes<'a, B: BlockCipherEncBackend<BlockSize = U16>>(
    backend: &B,
    chains: &mut dyn Iterator<Item = Chain<'a>>,
    stride: usize,
) -> Result<(), FailedSample> {
    let mut lanes: [Lane<'_>; LANES] = Default::default();
    let most = chains.size_hint().1;
    let mut busy = most.map_or(LANES, |most| most.min(LANES));
    loop {
        busy = refill(backend, (&mut lanes, busy), (chains, stride))?;
        let Some(blocks) = lanes.iter().take(busy).map(|lane| lane.blocks).min() else {
            return Ok(());
        };
        advance(backend, (&mut lanes, busy), (blocks, stride));
    }
}

/// Sees to it that the first lanes have something to be done, and says how many.
#[inline(always)]
fn refill<'a, B: BlockCipherEncBackend<BlockSize = U16>>(
    backend: &B,
    (lanes, busy): (&mut [Lane<'a>; LANES], usize),
    (chains, stride): (&mut dyn Iterator<Item = Chain<'a>>, usize),
) -> Result<usize, FailedSample> {
    let mut full = 0;
    for index in 0..busy {
        if let Some(lane) = lanes.get_mut(index)
            && has_blocks(backend, (lane, chains), stride)?
        {
            if index > full {
                lanes.swap(index, full);
            }
            full += 1;
        }
    }
    Ok(full)
}

/// Whether there is something to be done in a lane, if need be in the next chain.
#[inline(always)]
fn has_blocks<'a, B: BlockCipherEncBackend<BlockSize = U16>>(
    backend: &B,
    (lane, chains): (&mut Lane<'a>, &mut dyn Iterator<Item = Chain<'a>>),
    stride: usize,
) -> Result<bool, FailedSample> {
    lane.check()?;
    while lane.blocks == 0 && !lane.next_blocks(backend, stride)? {
        match chains.next() {
            Some(chain) => *lane = Lane::new(chain),
            None => return Ok(false),
        }
    }
    Ok(true)
}

/// Encrypts the next `blocks` blocks in each of the first `busy` lanes.
#[inline(always)]
fn advance<B: BlockCipherEncBackend<BlockSize = U16>>(
    backend: &B,
    (lanes, busy): (&mut [Lane<'_>; LANES], usize),
    how: (usize, usize),
) {
    match busy {
        1 => abreast::<1, B>(backend, lanes.first_chunk_mut(), how),
        2 => abreast::<2, B>(backend, lanes.first_chunk_mut(), how),
        3 => abreast::<3, B>(backend, lanes.first_chunk_mut(), how),
        4 => abreast::<4, B>(backend, lanes.first_chunk_mut(), how),
        5 => abreast::<5, B>(backend, lanes.first_chunk_mut(), how),
        6 => abreast::<6, B>(backend, lanes.first_chunk_mut(), how),
        7 => abreast::<7, B>(backend, lanes.first_chunk_mut(), how),
        8 => abreast::<8, B>(backend, lanes.first_chunk_mut(), how),
        _ => abreast::<LANES, B>(backend, Some(lanes), how),
    }
}

#[inline(always)]
fn abreast<const N: usize, B: BlockCipherEncBackend<BlockSize = U16>>(
    backend: &B,
    lanes: Option<&mut [Lane<'_>; N]>,
    (blocks, stride): (usize, usize),
) {
    let Some(lanes) = lanes else { return };
    // In variables of their own, so that they stay in registers.
    let mut states = lanes.each_ref().map(|lane| lane.state);
    let mut data = lanes.each_mut().map(|lane| &mut *lane.data);
    for at in (0..blocks).map(|block| block * stride) {
        for (state, data) in states.iter_mut().zip(&mut data) {
            if let Some(block) = data.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
                encrypt_next(backend, state, block);
            }
        }
    }
    for (lane, state) in lanes.iter_mut().zip(states) {
        lane.state = state;
        lane.done = blocks * stride;
        lane.blocks -= blocks;
    }
}

/// Encrypts the next block of a chain.
#[inline(always)]
fn encrypt_next<B: BlockCipherEncBackend<BlockSize = U16>>(
    backend: &B,
    state: &mut Block<Aes128Enc>,
    block: &mut [u8; BLOCK],
) {
    add(state, block);
    backend.encrypt_block(state.into());
    *block = (*state).into();
}

#[inline(always)]
fn add(state: &mut Block<Aes128Enc>, block: &[u8; BLOCK]) {
    for (state, byte) in state.iter_mut().zip(block) {
        *state ^= byte;
    }
}

/// A chain under way.
#[derive(Default)]
struct Lane<'a> {
    number: usize,
    state: Block<Aes128Enc>,
    ranges: ProtectedRanges<'a>,
    /// What of the range under way is not in `data`; it starts with a block that is encrypted.
    range: SampleSlices<'a>,
    /// Bytes in one piece, from the block on that was next when they were last looked at.
    data: &'a mut [u8],
    /// Bytes that were passed since.
    done: usize,
    /// Blocks to be encrypted in what is left of them.
    blocks: usize,
    /// The first block before it was encrypted.
    before: Option<[u8; BLOCK]>,
}

impl<'a> Lane<'a> {
    fn new(chain: Chain<'a>) -> Self {
        Self {
            number: chain.number,
            state: chain.state,
            ranges: chain.ranges,
            ..Self::default()
        }
    }

    /// Goes to the next blocks that lie in one piece each, if there are any, and encrypts those on the way that do not.
    #[inline(always)]
    fn next_blocks<B: BlockCipherEncBackend<BlockSize = U16>>(
        &mut self,
        backend: &B,
        stride: usize,
    ) -> Result<bool, FailedSample> {
        while self.range.has(BLOCK) || self.next_range() {
            let len = self.range.piece_len();
            if len >= BLOCK {
                self.take_blocks((len - BLOCK) / stride + 1, stride);
                return Ok(true);
            }
            let state = &mut self.state;
            let encrypted = self.range.edit_block(|block| {
                checked_block(block, |block| encrypt_next(backend, state, block))
            });
            encrypted.unwrap_or(Ok(())).map_err(|error| FailedSample {
                number: self.number,
                error,
            })?;
            self.range.skip(stride - BLOCK);
        }
        Ok(false)
    }

    /// Goes to the next range that has a whole block, if there is one.
    fn next_range(&mut self) -> bool {
        let whole = self.ranges.find(|range| range.has(BLOCK));
        whole.map(|range| self.range = range).is_some()
    }

    /// The next `count` blocks lie in one piece.
    fn take_blocks(&mut self, count: usize, stride: usize) {
        let to_the_next = count * stride;
        self.data = self.range.take_piece(to_the_next);
        self.range.skip(to_the_next - self.data.len());
        self.before = self.data.first_chunk().copied();
        self.blocks = count;
        self.done = 0;
    }

    /// Leaves what was passed behind, and sees to it that the first block changed: see [`super::ranges::checked`].
    fn check(&mut self) -> Result<(), FailedSample> {
        if let Some(before) = self.before.take()
            && self.data.first_chunk() == Some(&before)
        {
            return Err(FailedSample {
                number: self.number,
                error: Error::StillClear,
            });
        }
        let data = std::mem::take(&mut self.data);
        let done = std::mem::take(&mut self.done).min(data.len());
        self.data = data.split_at_mut(done).1;
        Ok(())
    }
}
