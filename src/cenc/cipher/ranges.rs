// SPDX-License-Identifier: MPL-2.0
//! The bytes of a sample that are encrypted: its protected ranges, and the runs of the pattern in each.

use super::super::subsample::BLOCK;
use super::super::{Error, Pattern, Subsample};

/// The protected byte ranges of a sample, in order.
#[derive(Default)]
pub(super) struct ProtectedRanges<'a> {
    left: &'a mut [u8],
    subsamples: Option<std::slice::Iter<'a, Subsample>>,
}

impl<'a> ProtectedRanges<'a> {
    /// Without `subsamples` all of the sample is protected.
    pub(super) fn new(sample: &'a mut [u8], subsamples: &'a [Subsample]) -> Result<Self, Error> {
        let size = |s: &Subsample| u64::from(s.clear_bytes) + u64::from(s.protected_bytes);
        let mapped: u64 = subsamples.iter().map(size).sum();
        if !subsamples.is_empty() && mapped != sample.len() as u64 {
            return Err(Error::MapMismatch);
        }
        Ok(Self {
            left: sample,
            subsamples: (!subsamples.is_empty()).then(|| subsamples.iter()),
        })
    }

    /// Bytes that are left, clear ones between the ranges included.
    pub(super) const fn len(&self) -> usize {
        self.left.len()
    }

    /// One range.
    pub(super) const fn one(range: &'a mut [u8]) -> Self {
        Self {
            left: range,
            subsamples: None,
        }
    }
}

impl<'a> Iterator for ProtectedRanges<'a> {
    type Item = &'a mut [u8];

    fn next(&mut self) -> Option<&'a mut [u8]> {
        let left = std::mem::take(&mut self.left);
        let Some(subsamples) = &mut self.subsamples else {
            return (!left.is_empty()).then_some(left);
        };
        let subsample = subsamples.next()?;
        let (_, left) = left.split_at_mut_checked(usize::from(subsample.clear_bytes))?;
        let (range, left) = left.split_at_mut_checked(subsample.protected_bytes as usize)?;
        self.left = left;
        Some(range)
    }
}

/// The encrypted runs of a protected range: whole blocks only. 0:0 and n:0 encrypt all of them.
pub(super) fn runs(range: &mut [u8], pattern: Pattern) -> impl Iterator<Item = &mut [u8]> {
    let (crypt, skip) = match (pattern.crypt_byte_block, pattern.skip_byte_block) {
        (_, 0) => (range.len().max(BLOCK), 0),
        (crypt, skip) => (usize::from(crypt) * BLOCK, usize::from(skip) * BLOCK),
    };
    range.chunks_mut(crypt + skip).map(move |unit| {
        let encrypted = unit.len().min(crypt);
        unit.split_at_mut(encrypted - encrypted % BLOCK).0
    })
}

/// Runs `encrypt` over `range` and sees to it that its first block changed: a packager that signs media as protected
/// and sends it in the clear cannot take it back.
pub(super) fn checked(range: &mut [u8], encrypt: impl FnOnce(&mut [u8])) -> Result<(), Error> {
    let before = range.first_chunk::<BLOCK>().copied();
    encrypt(range);
    match before {
        Some(before) if range.first_chunk() == Some(&before) => Err(Error::StillClear),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unchanged_block_is_an_error() {
        let mut range = [1; 32];
        assert_eq!(checked(&mut range, |_| ()), Err(Error::StillClear));
        assert_eq!(checked(&mut range, |range| range[15] = 2), Ok(()));
    }
}
