// SPDX-License-Identifier: MPL-2.0
//! The bytes of a sample as a codec looks at them: a sample need not lie in one piece, and little of it is looked at.

use std::ops::Range;

use super::Error;

/// The bytes of one sample, in one piece or in several.
pub trait SampleBytes {
    /// How many there are.
    fn size(&self) -> usize;

    /// The bytes of `range`, or, where they lie in several pieces, at least its first `few`; None when they are not all there.
    fn peek(&mut self, range: Range<usize>, few: usize) -> Option<&[u8]>;

    /// How many bytes of a slice or frame in several pieces are looked at first: more than nearly all headers have.
    fn head_size(&self) -> usize {
        256
    }

    /// The bytes of `range`; none when they are not all there.
    fn bytes(&mut self, range: Range<usize>) -> &[u8] {
        let len = range.len();
        self.peek(range, len).unwrap_or_default()
    }

    /// All of them.
    fn all(&mut self) -> &[u8] {
        self.bytes(0..self.size())
    }
}

impl dyn SampleBytes + '_ {
    /// Runs `read`, which needs no more than the first bytes of `range`: it is given all when [`Error::Truncated`] says that they were
    /// too few.
    pub(super) fn read_head<T>(
        &mut self,
        range: Range<usize>,
        mut read: impl FnMut(&[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let head = self
            .peek(range.clone(), self.head_size())
            .unwrap_or_default();
        match read(head) {
            Err(Error::Truncated { .. }) if head.len() < range.len() => read(self.bytes(range)),
            read => read,
        }
    }
}

impl<T: AsRef<[u8]> + ?Sized> SampleBytes for &T {
    fn size(&self) -> usize {
        self.as_ref().len()
    }

    fn peek(&mut self, range: Range<usize>, _: usize) -> Option<&[u8]> {
        (*self).as_ref().get(range)
    }
}

/// A sample all in pieces: no more of it is given than was asked for.
#[cfg(test)]
pub(super) struct Stingy<'a>(pub(super) &'a [u8]);

#[cfg(test)]
impl SampleBytes for Stingy<'_> {
    fn size(&self) -> usize {
        self.0.len()
    }

    fn peek(&mut self, range: Range<usize>, few: usize) -> Option<&[u8]> {
        let range = self.0.get(range)?;
        range.get(..few.min(range.len()))
    }

    /// So little that many headers are read again.
    fn head_size(&self) -> usize {
        12
    }
}
