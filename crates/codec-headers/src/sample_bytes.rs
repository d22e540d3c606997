// SPDX-License-Identifier: MPL-2.0
//! Access to the bytes of a sample, which may be stored in several pieces and of which only the headers are read.

use std::ops::Range;

use super::Error;

/// The bytes of one sample, in one piece or in several.
///
/// ```
/// use codec_headers::SampleBytes;
///
/// let mut sample = [1, 2, 3, 4].as_slice();
/// assert_eq!((&mut sample).peek(1..4, 1), Some([2, 3, 4].as_slice()));
/// assert_eq!((&mut sample).peek(1..5, 1), None);
/// ```
pub trait SampleBytes {
    /// Returns the number of bytes.
    fn size(&self) -> usize;

    /// Returns the bytes of `range`, or at least the first `few` of them if they are stored in several pieces. None if the
    /// sample does not have all of `range`.
    fn peek(&mut self, range: Range<usize>, few: usize) -> Option<&[u8]>;

    /// Returns the number of bytes of a slice or frame to read first if it is stored in several pieces. Nearly all headers are
    /// shorter than the default.
    fn head_size(&self) -> usize {
        256
    }

    /// Returns the bytes of `range`; none if the sample does not have them all.
    fn bytes(&mut self, range: Range<usize>) -> &[u8] {
        let len = range.len();
        self.peek(range, len).unwrap_or_default()
    }

    /// Returns all bytes.
    fn all(&mut self) -> &[u8] {
        self.bytes(0..self.size())
    }
}

impl dyn SampleBytes + '_ {
    /// Runs `read` on the first bytes of `range`, and on all of them if it answers [`Error::Truncated`].
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

impl<S: SampleBytes> SampleBytes for &mut S {
    fn size(&self) -> usize {
        (**self).size()
    }

    fn peek(&mut self, range: Range<usize>, few: usize) -> Option<&[u8]> {
        (**self).peek(range, few)
    }

    fn head_size(&self) -> usize {
        (**self).head_size()
    }
}

/// A sample that gives no more bytes than the caller needs.
#[cfg(test)]
pub(super) struct SampleInPieces<'a>(pub(super) &'a [u8]);

#[cfg(test)]
impl SampleBytes for SampleInPieces<'_> {
    fn size(&self) -> usize {
        self.0.len()
    }

    fn peek(&mut self, range: Range<usize>, few: usize) -> Option<&[u8]> {
        let range = self.0.get(range)?;
        range.get(..few.min(range.len()))
    }

    /// Returns so few that many headers are read again.
    fn head_size(&self) -> usize {
        12
    }
}
