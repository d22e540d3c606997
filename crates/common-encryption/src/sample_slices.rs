// SPDX-License-Identifier: MPL-2.0
//! The bytes of a sample in one or several slices of memory, which are encrypted in place.

use std::mem::take;

use cenc_types::BLOCK;

/// Consecutive bytes of a sample, in one slice or in several.
///
/// ```
/// use common_encryption::SampleSlices;
///
/// let mut sample = [0; 10];
/// let (start, end) = sample.split_at_mut(4);
/// let mut slices = [start, end];
/// assert_eq!(SampleSlices::from(slices.as_mut_slice()).len(), 10);
/// ```
#[derive(Debug, Default)]
pub struct SampleSlices<'a> {
    first: &'a mut [u8],
    rest: &'a mut [&'a mut [u8]],
}

impl<'a> From<&'a mut [u8]> for SampleSlices<'a> {
    fn from(first: &'a mut [u8]) -> Self {
        Self {
            first,
            rest: &mut [],
        }
    }
}

impl<'a> From<&'a mut [&'a mut [u8]]> for SampleSlices<'a> {
    fn from(slices: &'a mut [&'a mut [u8]]) -> Self {
        match slices.split_first_mut() {
            Some((first, rest)) => Self {
                first: take(first),
                rest,
            },
            None => Self::default(),
        }
    }
}

impl<'a> SampleSlices<'a> {
    /// Returns the number of bytes in all slices.
    pub fn len(&self) -> usize {
        self.first.len() + self.rest.iter().map(|slice| slice.len()).sum::<usize>()
    }

    /// True if there are no bytes.
    pub fn is_empty(&self) -> bool {
        !self.has(1)
    }

    /// True if there are at least `len` bytes; visits only as many slices as needed.
    pub(super) fn has(&self, len: usize) -> bool {
        let mut missing = len.saturating_sub(self.first.len());
        let mut rest = self.rest.iter();
        while missing > 0
            && let Some(slice) = rest.next()
        {
            missing = missing.saturating_sub(slice.len());
        }
        missing == 0
    }

    /// Splits off the first `len` bytes; None, without a change, if there are fewer.
    pub(super) fn split_to(&mut self, len: usize) -> Option<Self> {
        if self.first.len() < len {
            return self.split_several(len);
        }
        let (first, left) = take(&mut self.first).split_at_mut(len);
        self.first = left;
        Some(first.into())
    }

    /// As [`Self::split_to`], if the first slice is shorter than `len`.
    fn split_several(&mut self, len: usize) -> Option<Self> {
        let mut missing = len - self.first.len();
        let mut whole = 0;
        while let len = self.rest.get(whole)?.len()
            && len < missing
        {
            missing -= len;
            whole += 1;
        }
        let (middle, rest) = take(&mut self.rest).split_at_mut(whole + 1);
        self.rest = rest;
        let mut left = Self::default().first;
        if let Some(divided) = middle.last_mut() {
            let (taken, remainder) = take(divided).split_at_mut(missing);
            *divided = taken;
            left = remainder;
        }
        Some(Self {
            first: std::mem::replace(&mut self.first, left),
            rest: middle,
        })
    }

    /// Splits off at most `max_len` bytes that are contiguous; the result is empty only if no bytes are left.
    pub(super) fn take_slice(&mut self, max_len: usize) -> &'a mut [u8] {
        let len = self.slice_len().min(max_len);
        let (taken, left) = take(&mut self.first).split_at_mut(len);
        self.first = left;
        taken
    }

    /// Returns the length of the first slice that is not empty; 0 if there is none.
    pub(super) fn slice_len(&mut self) -> usize {
        while self.first.is_empty()
            && let Some((next, rest)) = take(&mut self.rest).split_first_mut()
        {
            self.first = take(next);
            self.rest = rest;
        }
        self.first.len()
    }

    /// Returns all bytes, if they are contiguous.
    pub(super) fn only_slice(&mut self) -> Option<&mut [u8]> {
        self.slice_len();
        self.rest.is_empty().then_some(&mut *self.first)
    }

    /// Runs `edit` on each slice, in order.
    pub(super) fn for_each(&mut self, mut edit: impl FnMut(&mut [u8])) {
        edit(self.first);
        self.rest.iter_mut().for_each(|slice| edit(slice));
    }

    /// Returns a copy of the first block; None if there are fewer bytes.
    pub(super) fn first_block(&self) -> Option<[u8; BLOCK]> {
        if let Some(block) = self.first.first_chunk() {
            return Some(*block);
        }
        let mut bytes = self
            .first
            .iter()
            .chain(self.rest.iter().flat_map(|slice| &**slice));
        let mut block = [0; BLOCK];
        for byte in &mut block {
            *byte = *bytes.next()?;
        }
        Some(block)
    }

    /// Splits off the first block and runs `edit` on it; None, without a change, if there are fewer bytes.
    pub(super) fn edit_block<T>(&mut self, edit: impl FnOnce(&mut [u8; BLOCK]) -> T) -> Option<T> {
        let mut taken = self.split_to(BLOCK)?;
        if let Some(block) = taken.first.first_chunk_mut() {
            return Some(edit(block));
        }
        let mut block = taken.first_block()?;
        let edited = edit(&mut block);
        let mut changed = block.iter();
        taken.for_each(|slice| {
            for (byte, changed) in slice.iter_mut().zip(&mut changed) {
                *byte = *changed;
            }
        });
        Some(edited)
    }

    /// Skips `len` bytes, or all if there are fewer.
    pub(super) fn skip(&mut self, len: usize) {
        if self.split_to(len).is_none() {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that count from 0, cut into slices of these lengths.
    fn cut(bytes: &mut [u8], lens: &[usize]) -> Vec<Vec<u8>> {
        (0..).zip(&mut *bytes).for_each(|(n, byte)| *byte = n);
        let mut rest = &*bytes;
        lens.iter()
            .map(|&len| {
                let (slice, remainder) = rest.split_at(len);
                rest = remainder;
                slice.to_vec()
            })
            .collect()
    }

    const CUTS: [&[usize]; 6] = [
        &[40],
        &[16, 24],
        &[1, 0, 15, 0, 24],
        &[0, 7, 7, 7, 7, 12],
        &[39, 1],
        &[1; 40],
    ];

    fn collect(mut slices: SampleSlices<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        slices.for_each(|slice| bytes.extend_from_slice(slice));
        assert_eq!(bytes.len(), slices.len());
        bytes
    }

    #[test]
    fn bytes_are_taken_off_wherever_slices_end() {
        for cuts in CUTS {
            for len in 0..=40 {
                let mut held = cut(&mut [0; 40], cuts);
                let mut held: Vec<&mut [u8]> = held.iter_mut().map(Vec::as_mut_slice).collect();
                let mut slices = SampleSlices::from(held.as_mut_slice());
                assert!(slices.split_to(41).is_none());
                let mut front = slices.split_to(len).unwrap();
                let again = front.split_to(len / 2).unwrap();
                let middle = u8::try_from(len / 2).unwrap();
                let end = u8::try_from(len).unwrap();
                assert_eq!(collect(again), (0..middle).collect::<Vec<u8>>());
                assert_eq!(collect(front), (middle..end).collect::<Vec<u8>>());
                assert_eq!(collect(slices), (end..40).collect::<Vec<u8>>());
            }
        }
    }

    #[test]
    fn blocks_are_changed_wherever_slices_end() {
        for cuts in CUTS {
            let mut bytes = cut(&mut [0; 40], cuts);
            let mut held: Vec<&mut [u8]> = bytes.iter_mut().map(Vec::as_mut_slice).collect();
            let mut slices = SampleSlices::from(held.as_mut_slice());
            slices.skip(3);
            let expected = std::array::from_fn(|n| u8::try_from(n + 3).unwrap());
            assert_eq!(slices.first_block(), Some(expected));
            let seen = slices.edit_block(|block| std::mem::replace(block, [99; BLOCK]));
            assert_eq!(seen, Some(expected));
            slices.skip(10);
            assert!(slices.has(11) && !slices.has(12));
            assert_eq!(
                (slices.first_block(), slices.edit_block(|_| ())),
                (None, None)
            );
            slices.skip(99);
            assert!(slices.is_empty() && slices.take_slice(1).is_empty());
            let expected = (0..40).map(|n| if (3..19).contains(&n) { 99 } else { n });
            assert_eq!(bytes.concat(), expected.collect::<Vec<u8>>());
        }
    }
}
