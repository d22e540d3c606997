// SPDX-License-Identifier: MPL-2.0
//! CBC encryption of several chains in parallel: `cbc1`, 23001-7 clause 10.2, and `cbcs`, clause 10.4.
//!
//! Within a chain each block waits some 40 cycles for the block before it, while the processor could encrypt nine or ten blocks. So the
//! chains of all available samples (one for each sample in `cbc1`, one for each subsample in `cbcs`) are encrypted in parallel, each in a
//! lane. Patterns with more than one encrypted block in a row, which no packager writes, are encrypted chain by chain.

use std::cmp::Reverse;

use aes::Aes128Enc;
use cipher::consts::U16;
use cipher::{
    Block, BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser,
};

use super::ranges::{ProtectedRanges, checked_block, for_each_block};
use super::{super::Error, super::SampleSlices};
use super::{ClearSample, EncryptionMethod, FailedSample};
use cenc_types::{BLOCK, Pattern, Scheme};

/// Chains in parallel: with fewer the cipher waits, with more the round keys do not fit into registers.
const LANES: usize = 9;

/// The bytes that one chain encrypts.
struct CbcChain<'a> {
    /// The number of its sample.
    number: usize,
    /// The IV, then the last encrypted block.
    state: Block<Aes128Enc>,
    ranges: ProtectedRanges<'a>,
}

/// The chains of one sample.
struct SampleChains<'a> {
    /// A single chain through the whole sample.
    sample: CbcChain<'a>,
    /// True if each range has its own chain.
    by_range: bool,
}

impl<'a> SampleChains<'a> {
    fn new(scheme: Scheme, sample: ClearSample<'a>) -> Result<Self, FailedSample> {
        let ClearSample {
            number,
            iv,
            bytes,
            subsamples,
        } = sample;
        let ranges = ProtectedRanges::new(bytes, subsamples);
        Ok(Self {
            sample: CbcChain {
                number,
                state: (*iv.block()).into(),
                ranges: ranges.map_err(|error| FailedSample { number, error })?,
            },
            by_range: scheme == Scheme::Cbcs,
        })
    }
}

impl<'a> Iterator for SampleChains<'a> {
    type Item = CbcChain<'a>;

    /// Returns a chain for each range in `cbcs`, and one chain for all ranges in `cbc1`.
    fn next(&mut self) -> Option<CbcChain<'a>> {
        let ranges = match self.by_range {
            true => ProtectedRanges::one(self.sample.ranges.find(|range| !range.is_empty())?),
            false => std::mem::take(&mut self.sample.ranges),
        };
        (!ranges.is_empty()).then_some(CbcChain {
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
    run(
        cipher,
        method,
        &mut SampleChains::new(method.scheme, sample)?,
    )
}

/// Encrypts the chains of many samples, the longest first, so that no long chain remains alone at the end.
pub(super) fn encrypt_all<'a>(
    cipher: &Aes128Enc,
    method: EncryptionMethod,
    samples: &mut dyn Iterator<Item = ClearSample<'a>>,
) -> Result<(), FailedSample> {
    let mut chains = Vec::with_capacity(samples.size_hint().0);
    for sample in samples {
        chains.extend(SampleChains::new(method.scheme, sample)?);
    }
    chains.sort_unstable_by_key(|chain| Reverse(chain.ranges.len()));
    run(cipher, method, &mut chains.into_iter())
}

fn run<'a>(
    cipher: &Aes128Enc,
    method: EncryptionMethod,
    chains: &mut dyn Iterator<Item = CbcChain<'a>>,
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
                encrypt_chain(cipher, pattern, chain)?;
            }
            return Ok(());
        }
    };
    let mut result = Ok(());
    cipher.encrypt_with_backend(ParallelChains {
        chains,
        stride,
        result: &mut result,
    });
    result
}

fn encrypt_chain(
    cipher: &Aes128Enc,
    pattern: Pattern,
    chain: CbcChain<'_>,
) -> Result<(), FailedSample> {
    let mut state = chain.state;
    for range in chain.ranges {
        for_each_block(range, pattern, |block| {
            add(&mut state, block);
            cipher.encrypt_block(&mut state);
            *block = state.into();
        })
        .map_err(|error| FailedSample {
            number: chain.number,
            error,
        })?;
    }
    Ok(())
}

/// The chains as a closure that the cipher inlines into its own code.
struct ParallelChains<'c, 'a> {
    chains: &'c mut dyn Iterator<Item = CbcChain<'a>>,
    /// Bytes from one encrypted block to the next.
    stride: usize,
    result: &'c mut Result<(), FailedSample>,
}

impl BlockSizeUser for ParallelChains<'_, '_> {
    type BlockSize = U16;
}

impl BlockCipherEncClosure for ParallelChains<'_, '_> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        *self.result = encrypt_in_lanes(backend, self.chains, self.stride);
    }
}

/// Encrypts the chains, [`LANES`] of them at a time.
#[inline(always)]
fn encrypt_in_lanes<'a, B: BlockCipherEncBackend<BlockSize = U16>>(
    backend: &B,
    chains: &mut dyn Iterator<Item = CbcChain<'a>>,
    stride: usize,
) -> Result<(), FailedSample> {
    let mut lanes: [Lane<'_>; LANES] = Default::default();
    let mut busy = chains.size_hint().1.map_or(LANES, |most| most.min(LANES));
    loop {
        busy = refill(backend, &mut lanes, busy, chains, stride)?;
        let Some(blocks) = lanes.iter().take(busy).map(|lane| lane.blocks).min() else {
            return Ok(());
        };
        advance(backend, &mut lanes, busy, Advance { blocks, stride });
    }
}

/// Refills the first `busy` lanes, moves those with blocks to the front and returns their number.
#[inline(always)]
fn refill<'a, B: BlockCipherEncBackend<BlockSize = U16>>(
    backend: &B,
    lanes: &mut [Lane<'a>; LANES],
    busy: usize,
    chains: &mut dyn Iterator<Item = CbcChain<'a>>,
    stride: usize,
) -> Result<usize, FailedSample> {
    let mut full = 0;
    for index in 0..busy {
        if let Some(lane) = lanes.get_mut(index)
            && refill_lane(backend, lane, chains, stride)?
        {
            if index > full {
                lanes.swap(index, full);
            }
            full += 1;
        }
    }
    Ok(full)
}

/// Gives a lane its next blocks, if necessary from the next chain; false if there are none.
#[inline(always)]
fn refill_lane<'a, B: BlockCipherEncBackend<BlockSize = U16>>(
    backend: &B,
    lane: &mut Lane<'a>,
    chains: &mut dyn Iterator<Item = CbcChain<'a>>,
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

/// The step by which all busy lanes advance.
#[derive(Clone, Copy)]
struct Advance {
    /// Blocks to encrypt in each lane.
    blocks: usize,
    /// Bytes from one encrypted block to the next.
    stride: usize,
}

/// Encrypts the next blocks in each of the first `busy` lanes.
#[inline(always)]
fn advance<B: BlockCipherEncBackend<BlockSize = U16>>(
    backend: &B,
    lanes: &mut [Lane<'_>; LANES],
    busy: usize,
    step: Advance,
) {
    match busy {
        1 => advance_lanes::<1, B>(backend, lanes.first_chunk_mut(), step),
        2 => advance_lanes::<2, B>(backend, lanes.first_chunk_mut(), step),
        3 => advance_lanes::<3, B>(backend, lanes.first_chunk_mut(), step),
        4 => advance_lanes::<4, B>(backend, lanes.first_chunk_mut(), step),
        5 => advance_lanes::<5, B>(backend, lanes.first_chunk_mut(), step),
        6 => advance_lanes::<6, B>(backend, lanes.first_chunk_mut(), step),
        7 => advance_lanes::<7, B>(backend, lanes.first_chunk_mut(), step),
        8 => advance_lanes::<8, B>(backend, lanes.first_chunk_mut(), step),
        _ => advance_lanes::<LANES, B>(backend, Some(lanes), step),
    }
}

#[inline(always)]
fn advance_lanes<const N: usize, B: BlockCipherEncBackend<BlockSize = U16>>(
    backend: &B,
    lanes: Option<&mut [Lane<'_>; N]>,
    Advance { blocks, stride }: Advance,
) {
    let Some(lanes) = lanes else { return };
    // Local variables, so that they stay in registers.
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

/// A chain that is being encrypted.
#[derive(Default)]
struct Lane<'a> {
    number: usize,
    state: Block<Aes128Enc>,
    ranges: ProtectedRanges<'a>,
    /// The rest of the current range after `data`; it starts with a block to be encrypted.
    range: SampleSlices<'a>,
    /// Contiguous bytes that start with the block to be encrypted next when [`Lane::check`] was called last.
    data: &'a mut [u8],
    /// The bytes of `data` that are done.
    done: usize,
    /// The blocks of `data` still to be encrypted.
    blocks: usize,
    /// The first block of `data` before its encryption.
    before: Option<[u8; BLOCK]>,
}

impl<'a> Lane<'a> {
    fn new(chain: CbcChain<'a>) -> Self {
        Self {
            number: chain.number,
            state: chain.state,
            ranges: chain.ranges,
            ..Self::default()
        }
    }

    /// Moves on to the next contiguous blocks, and encrypts the blocks before them that are split between slices; false at the
    /// end of the chain.
    #[inline(always)]
    fn next_blocks<B: BlockCipherEncBackend<BlockSize = U16>>(
        &mut self,
        backend: &B,
        stride: usize,
    ) -> Result<bool, FailedSample> {
        while self.range.has(BLOCK) || self.next_range() {
            let len = self.range.slice_len();
            if len >= BLOCK {
                self.take_blocks((len - BLOCK) / stride + 1, stride);
                return Ok(true);
            }
            let state = &mut self.state;
            self.range
                .edit_block(|block| {
                    checked_block(block, |block| encrypt_next(backend, state, block))
                })
                .unwrap_or(Ok(()))
                .map_err(|error| FailedSample {
                    number: self.number,
                    error,
                })?;
            self.range.skip(stride - BLOCK);
        }
        Ok(false)
    }

    /// Moves on to the next range with a whole block; false if there is none.
    fn next_range(&mut self) -> bool {
        self.ranges
            .find(|range| range.has(BLOCK))
            .map(|range| self.range = range)
            .is_some()
    }

    /// Takes the next `count` blocks, which are contiguous, as `data`.
    fn take_blocks(&mut self, count: usize, stride: usize) {
        let to_the_next = count * stride;
        self.data = self.range.take_slice(to_the_next);
        self.range.skip(to_the_next - self.data.len());
        self.before = self.data.first_chunk().copied();
        self.blocks = count;
        self.done = 0;
    }

    /// Drops the bytes that are done, and checks that the first block changed: see [`super::ranges::checked`].
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
