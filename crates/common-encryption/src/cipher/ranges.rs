// SPDX-License-Identifier: MPL-2.0
//! The protected ranges of a sample and the encrypted blocks in them.

use crate::Error;
use crate::sample_slices::SampleSlices;
use cenc_types::{BLOCK, Pattern, Subsample};

/// The protected byte ranges of a sample, in order.
#[derive(Default)]
pub(super) struct ProtectedRanges<'a> {
    left: SampleSlices<'a>,
    subsamples: Option<std::slice::Iter<'a, Subsample>>,
}

impl<'a> ProtectedRanges<'a> {
    /// Takes all of the sample as one range if `subsamples` is empty.
    pub(super) fn new(
        sample: SampleSlices<'a>,
        subsamples: &'a [Subsample],
    ) -> Result<Self, Error> {
        let mapped: u64 = subsamples
            .iter()
            .map(|s| u64::from(s.clear_bytes) + u64::from(s.protected_bytes))
            .sum();
        if !subsamples.is_empty() && mapped != sample.len() as u64 {
            return Err(Error::MapMismatch);
        }
        Ok(Self {
            left: sample,
            subsamples: (!subsamples.is_empty()).then(|| subsamples.iter()),
        })
    }

    /// Returns the number of remaining bytes, including clear ones between the ranges.
    pub(super) fn len(&self) -> usize {
        self.left.len()
    }

    /// True if no bytes remain.
    pub(super) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// Takes a single range.
    pub(super) const fn one(range: SampleSlices<'a>) -> Self {
        Self {
            left: range,
            subsamples: None,
        }
    }
}

impl<'a> Iterator for ProtectedRanges<'a> {
    type Item = SampleSlices<'a>;

    fn next(&mut self) -> Option<SampleSlices<'a>> {
        let Some(subsamples) = &mut self.subsamples else {
            let range = std::mem::take(&mut self.left);
            return (!range.is_empty()).then_some(range);
        };
        let subsample = subsamples.next()?;
        self.left.skip(usize::from(subsample.clear_bytes));
        self.left.split_to(subsample.protected_bytes as usize)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (
            0,
            Some(self.subsamples.as_ref().map_or(1, |left| left.len())),
        )
    }
}

/// Runs `encrypt` on each block of a range that the pattern encrypts, and checks that each changes.
pub(super) fn for_each_block(
    mut range: SampleSlices<'_>,
    pattern: Pattern,
    mut encrypt: impl FnMut(&mut [u8; BLOCK]),
) -> Result<(), Error> {
    let mut encrypt = |block: &mut [u8; BLOCK]| checked_block(block, &mut encrypt);
    let skipped = usize::from(pattern.skip_byte_block) * BLOCK;
    loop {
        for _ in 0..pattern.crypt_byte_block.max(1) {
            match range.edit_block(&mut encrypt) {
                Some(encrypted) => encrypted?,
                None => return Ok(()),
            }
        }
        range.skip(skipped);
    }
}

/// Runs `encrypt` on a block and checks that it changes: see [`checked`].
pub(super) fn checked_block(
    block: &mut [u8; BLOCK],
    encrypt: impl FnOnce(&mut [u8; BLOCK]),
) -> Result<(), Error> {
    let before = *block;
    encrypt(block);
    match *block == before {
        true => Err(Error::StillClear),
        false => Ok(()),
    }
}

/// Runs `encrypt` on `range` and checks that the first block changed: media that was signaled as protected but sent in the
/// clear cannot be recalled.
pub(super) fn checked(
    range: &mut SampleSlices<'_>,
    encrypt: impl FnOnce(&mut SampleSlices<'_>),
) -> Result<(), Error> {
    let before = range.first_block();
    encrypt(range);
    match before {
        Some(_) if range.first_block() == before => Err(Error::StillClear),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unchanged_block_is_an_error() {
        let mut bytes = [1; 32];
        let mut range = SampleSlices::from(bytes.as_mut_slice());
        assert_eq!(checked(&mut range, |_| ()), Err(Error::StillClear));
        let change = |range: &mut SampleSlices<'_>| range.for_each(|piece| piece.fill(2));
        assert_eq!(checked(&mut range, change), Ok(()));
    }
}
