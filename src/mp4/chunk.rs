// SPDX-License-Identifier: MPL-2.0
//! The unit in which the caller owns the stream's bytes.

/// A run of the stream: a mapped `GstBuffer` in the element, a `Vec<u8>` elsewhere.
pub trait Chunk: AsRef<[u8]> + AsMut<[u8]> + Sized {
    /// Cuts off and returns the first `at` bytes, which are fewer than all; the rest stays.
    fn split_to(&mut self, at: usize) -> Self;
}

impl Chunk for Vec<u8> {
    fn split_to(&mut self, at: usize) -> Self {
        let rest = self.split_off(at);
        std::mem::replace(self, rest)
    }
}
