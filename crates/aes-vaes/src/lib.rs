// SPDX-License-Identifier: MPL-2.0
//! AES-128 in counter mode (NIST SP 800-38A, 6.5) by the VAES instructions, which encrypt two blocks at once.
//!
//! A crate of its own, since it alone may hold `unsafe` code: the crates `aes` and `ctr` reach half of its speed, and less where they
//! choose VAES by themselves. Whoever uses it keeps them for processors without VAES.

#![warn(missing_docs, unreachable_pub)]

#[cfg(target_arch = "x86_64")]
mod x86;
#[cfg(target_arch = "x86_64")]
use x86::Schedule;

#[cfg(not(target_arch = "x86_64"))]
mod unsupported;
#[cfg(not(target_arch = "x86_64"))]
use unsupported::Schedule;

/// Bytes of a cipher block.
const BLOCK: usize = 16;
/// Bytes of key stream that are made at once.
const BATCH: usize = 16 * BLOCK;

/// An AES-128 key on a processor with VAES; its schedule is wiped when dropped.
pub struct VaesKey(Schedule);

impl VaesKey {
    /// Expands `key`; None where the processor has no VAES.
    pub fn new(key: &[u8; BLOCK]) -> Option<Self> {
        Schedule::new(key).map(Self)
    }

    /// The key stream from the counter block `counter` on: its last 8 bytes count, big-endian, and wrap without carry.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the two halves of 16 bytes"
    )]
    pub const fn stream(&self, counter: &[u8; BLOCK]) -> VaesKeyStream<'_> {
        let counter = u128::from_be_bytes(*counter);
        VaesKeyStream {
            schedule: &self.0,
            upper: (counter >> 64) as u64,
            next: counter as u64,
            left: [0; BATCH],
            used: BATCH,
        }
    }
}

/// A key stream under way; what of it is left is wiped when dropped.
pub struct VaesKeyStream<'k> {
    schedule: &'k Schedule,
    /// The first 8 bytes of all counter blocks.
    upper: u64,
    /// The last 8 bytes of the next counter block.
    next: u64,
    left: [u8; BATCH],
    /// Bytes of `left` that were used.
    used: usize,
}

impl VaesKeyStream<'_> {
    /// Adds (exclusive or) the next bytes of the key stream to `data`.
    pub fn apply(&mut self, data: &mut [u8]) {
        let data = self.apply_left(data);
        let (batches, rest) = data.as_chunks_mut::<BATCH>();
        self.schedule.apply((self.upper, self.next), batches);
        self.advance(batches.len());
        if !rest.is_empty() {
            self.left = [0; BATCH];
            let one = std::slice::from_mut(&mut self.left);
            self.schedule.apply((self.upper, self.next), one);
            self.advance(1);
            self.used = 0;
            self.apply_left(rest);
        }
    }

    /// Uses what is left of the last batch and returns the bytes behind.
    fn apply_left<'d>(&mut self, data: &'d mut [u8]) -> &'d mut [u8] {
        let left = self.left.get(self.used..).unwrap_or_default();
        let (now, behind) = data.split_at_mut(left.len().min(data.len()));
        for (byte, key) in now.iter_mut().zip(left) {
            *byte ^= key;
        }
        self.used += now.len();
        behind
    }

    const fn advance(&mut self, batches: usize) {
        let blocks = batches.wrapping_mul(BATCH / BLOCK);
        self.next = self.next.wrapping_add(blocks as u64);
    }
}

impl Drop for VaesKeyStream<'_> {
    fn drop(&mut self) {
        if self.used < BATCH {
            self.left = [0; BATCH];
            // Whole registers, which byte by byte would take as long as a short sample; read by nobody, yet not left out.
            std::hint::black_box(&self.left);
        }
    }
}

#[cfg(test)]
mod tests;
