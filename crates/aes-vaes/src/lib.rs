// SPDX-License-Identifier: MPL-2.0
//! AES-128 in counter mode (NIST SP 800-38A, 6.5) with the VAES instructions, which encrypt two blocks at once.
//!
//! ```
//! use aes_vaes::VaesKey;
//!
//! // The first block of NIST SP 800-38A, F.5.1.
//! let key = 0x2b7e1516_28aed2a6_abf71588_09cf4f3c_u128.to_be_bytes();
//! let counter = 0xf0f1f2f3_f4f5f6f7_f8f9fafb_fcfdfeff_u128.to_be_bytes();
//! let mut block = 0x6bc1bee2_2e409f96_e93d7e11_7393172a_u128.to_be_bytes();
//! // None on a processor without VAES.
//! if let Some(key) = VaesKey::new(&key) {
//!     key.stream(&counter).apply(&mut block);
//!     assert_eq!(block, 0x874d6191_b620e326_1bef6864_990db6ce_u128.to_be_bytes());
//! }
//! ```
//!
//! This is the only crate with `unsafe` code. The crates `aes` and `ctr` reach half of its speed at most; its users need them for
//! processors without VAES.

#![warn(missing_docs, unreachable_pub)]

#[cfg(target_arch = "x86_64")]
mod x86;
#[cfg(target_arch = "x86_64")]
use x86::KeySchedule;

#[cfg(not(target_arch = "x86_64"))]
mod unsupported;
#[cfg(not(target_arch = "x86_64"))]
use unsupported::KeySchedule;

/// The size of a cipher block in bytes.
const BLOCK: usize = 16;
/// The size in bytes of the key stream computed at a time.
const BATCH: usize = 16 * BLOCK;

/// An AES-128 key on a processor with VAES; its schedule is wiped when dropped.
pub struct VaesKey(KeySchedule);

impl VaesKey {
    /// Expands `key`; None if the processor has no VAES.
    pub fn new(key: &[u8; BLOCK]) -> Option<Self> {
        KeySchedule::new(key).map(Self)
    }

    /// Returns the key stream that starts with the counter block `counter`, whose last 8 bytes count, big-endian, and wrap without
    /// carry.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the two halves of 16 bytes"
    )]
    pub const fn stream(&self, counter: &[u8; BLOCK]) -> VaesKeyStream<'_> {
        let counter = u128::from_be_bytes(*counter);
        VaesKeyStream {
            schedule: &self.0,
            counter: CounterBlock {
                upper: (counter >> 64) as u64,
                next: counter as u64,
            },
            left: [0; BATCH],
            used: BATCH,
        }
    }
}

/// A counter block in two halves.
#[derive(Clone, Copy)]
struct CounterBlock {
    /// The first 8 bytes, which all counter blocks share.
    upper: u64,
    /// The last 8 bytes, which count.
    next: u64,
}

/// A key stream; its unused bytes are wiped when dropped.
pub struct VaesKeyStream<'k> {
    schedule: &'k KeySchedule,
    /// The next counter block.
    counter: CounterBlock,
    left: [u8; BATCH],
    /// The number of used bytes in `left`.
    used: usize,
}

impl VaesKeyStream<'_> {
    /// Adds (exclusive or) the next bytes of the key stream to `data`.
    pub fn apply(&mut self, data: &mut [u8]) {
        let (batches, rest) = self.apply_left(data).as_chunks_mut::<BATCH>();
        self.schedule.apply(self.counter, batches);
        self.advance(batches.len());
        if !rest.is_empty() {
            self.left = [0; BATCH];
            self.schedule
                .apply(self.counter, std::slice::from_mut(&mut self.left));
            self.advance(1);
            self.used = 0;
            self.apply_left(rest);
        }
    }

    /// Applies the unused bytes of the last batch and returns the rest of `data`.
    fn apply_left<'d>(&mut self, data: &'d mut [u8]) -> &'d mut [u8] {
        let left = self.left.get(self.used..).unwrap_or_default();
        let (now, rest) = data.split_at_mut(left.len().min(data.len()));
        for (byte, key) in now.iter_mut().zip(left) {
            *byte ^= key;
        }
        self.used += now.len();
        rest
    }

    const fn advance(&mut self, batches: usize) {
        let blocks = batches.wrapping_mul(BATCH / BLOCK);
        self.counter.next = self.counter.next.wrapping_add(blocks as u64);
    }
}

impl Drop for VaesKeyStream<'_> {
    fn drop(&mut self) {
        if self.used < BATCH {
            self.left = [0; BATCH];
            // Wiped in whole registers, as single bytes would take as long as a short sample; the black box keeps the compiler from
            // leaving it out.
            std::hint::black_box(&self.left);
        }
    }
}

#[cfg(test)]
mod tests;
