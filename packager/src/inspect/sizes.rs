// SPDX-License-Identifier: MPL-2.0
//! The sizes of samples and the bytes of them that are encrypted, ISO/IEC 23001-7 clauses 9 and 10.

use cenc_types::{CipherMode, Pattern};

/// The block size of AES in bytes.
pub const BLOCK: u64 = 16;

/// Consecutive samples of the same size. A small file can have any number of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeRun {
    /// The number of samples.
    pub count: u64,
    /// The size of each in bytes.
    pub size: u32,
}

/// Takes the sizes of samples in order.
pub struct SizeCursor<'a> {
    runs: Box<dyn Iterator<Item = SizeRun> + 'a>,
    current: SizeRun,
}

impl<'a> SizeCursor<'a> {
    /// Starts at the first sample.
    pub fn new(runs: Box<dyn Iterator<Item = SizeRun> + 'a>) -> Self {
        Self {
            runs,
            current: SizeRun { count: 0, size: 0 },
        }
    }

    /// Returns the next samples, at least one and at most `max`; None if their size is unknown.
    pub fn take(&mut self, max: u64) -> Option<SizeRun> {
        while self.current.count == 0 {
            self.current = self.runs.next()?;
        }
        let count = self.current.count.min(max);
        self.current.count -= count;
        Some(SizeRun {
            count,
            size: self.current.size,
        })
    }
}

/// Returns how many bytes of a protected range of `len` bytes are encrypted. An unknown cipher mode encrypts all.
pub const fn encrypted_bytes(len: u64, mode: Option<CipherMode>, pattern: Pattern) -> u64 {
    let blocks = len / BLOCK;
    let crypt = pattern.crypt_byte_block as u64;
    let cycle = crypt + pattern.skip_byte_block as u64;
    match (mode, cycle) {
        (Some(CipherMode::Cbc), 0) => blocks * BLOCK,
        (_, 0) => len,
        _ => {
            let rest = blocks % cycle;
            (blocks / cycle * crypt + if rest < crypt { rest } else { crypt }) * BLOCK
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Partial blocks stay clear in CBC and with a pattern.
    #[test]
    fn pattern_and_mode_decide_how_much_is_encrypted() {
        let pattern = |crypt_byte_block, skip_byte_block| Pattern {
            crypt_byte_block,
            skip_byte_block,
        };
        let (ctr, cbc) = (Some(CipherMode::Ctr), Some(CipherMode::Cbc));
        for (len, mode, pattern, expected) in [
            (33, ctr, Pattern::NONE, 33),
            (33, cbc, Pattern::NONE, 32),
            (15, cbc, Pattern::NONE, 0),
            (15, cbc, pattern(1, 9), 0),
            (160, cbc, pattern(1, 9), 16),
            (161 + 16, cbc, pattern(1, 9), 32),
            (64, cbc, pattern(0, 10), 0),
            (33, ctr, pattern(5, 5), 32),
            (33, None, Pattern::NONE, 33),
        ] {
            assert_eq!(
                encrypted_bytes(len, mode, pattern),
                expected,
                "{len} {pattern:?}"
            );
        }
    }

    #[test]
    fn sizes_are_taken_in_order() {
        let runs = [(3, 10), (0, 5), (1, 20)].map(|(count, size)| SizeRun { count, size });
        let mut cursor = SizeCursor::new(Box::new(runs.into_iter()));
        let mut taken = |max| cursor.take(max).map(|run| (run.count, run.size));
        assert_eq!([taken(1), taken(9)], [Some((1, 10)), Some((2, 10))]);
        assert_eq!([taken(9), taken(9)], [Some((1, 20)), None]);
    }
}
