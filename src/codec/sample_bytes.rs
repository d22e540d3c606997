// SPDX-License-Identifier: MPL-2.0
//! The bytes of a sample as a codec looks at them: a sample need not lie in one piece, and little of it is looked at.

use std::ops::Range;

/// The bytes of one sample, in one piece or in several.
pub trait SampleBytes {
    /// How many there are.
    fn size(&self) -> usize;

    /// The bytes of `range`, or, where they lie in several pieces, at least its first `few`; None when they are not all there.
    fn look(&mut self, range: Range<usize>, few: usize) -> Option<&[u8]>;

    /// All of them.
    fn all(&mut self) -> &[u8] {
        let size = self.size();
        self.look(0..size, size).unwrap_or_default()
    }
}

impl<T: AsRef<[u8]> + ?Sized> SampleBytes for &T {
    fn size(&self) -> usize {
        self.as_ref().len()
    }

    fn look(&mut self, range: Range<usize>, _: usize) -> Option<&[u8]> {
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

    fn look(&mut self, range: Range<usize>, few: usize) -> Option<&[u8]> {
        let range = self.0.get(range)?;
        range.get(..few.min(range.len()))
    }
}
