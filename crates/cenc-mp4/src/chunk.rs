// SPDX-License-Identifier: MPL-2.0
//! The unit in which the caller owns the stream's bytes.

use bytes::BytesMut;

/// A run of the stream: a mapped `GstBuffer` in the element, [`BytesMut`] elsewhere. Threads may hand it on.
pub trait Chunk: AsRef<[u8]> + AsMut<[u8]> + Send + 'static {
    /// Cuts off and returns the first `at` bytes, which are fewer than all; the rest stays. It must not copy both parts: a
    /// chunk may hold many fragments.
    fn split_to(&mut self, at: usize) -> Self;
}

impl Chunk for BytesMut {
    fn split_to(&mut self, at: usize) -> Self {
        Self::split_to(self, at)
    }
}
