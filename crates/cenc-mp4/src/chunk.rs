// SPDX-License-Identifier: MPL-2.0
//! The unit in which the caller passes the bytes of a stream.

use bytes::BytesMut;

/// A part of the stream: a mapped `GstBuffer` in the element, [`BytesMut`] elsewhere.
pub trait Chunk: AsRef<[u8]> + AsMut<[u8]> + Send + 'static {
    /// Splits off and returns the first `at` bytes, which are fewer than all; the rest stays. Must not copy both parts: a chunk
    /// may have many fragments.
    fn split_to(&mut self, at: usize) -> Self;
}

impl Chunk for BytesMut {
    fn split_to(&mut self, at: usize) -> Self {
        Self::split_to(self, at)
    }
}
