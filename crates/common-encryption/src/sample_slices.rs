// SPDX-License-Identifier: MPL-2.0
//! The bytes of a sample, which need not lie in one piece: they are encrypted wherever they came.

use std::mem::take;

use cenc_types::BLOCK;

/// Bytes that follow each other in a sample, in one piece or in several.
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
    fn from(pieces: &'a mut [&'a mut [u8]]) -> Self {
        match pieces.split_first_mut() {
            Some((first, rest)) => Self {
                first: take(first),
                rest,
            },
            None => Self::default(),
        }
    }
}

impl<'a> SampleSlices<'a> {
    /// Bytes in all of them.
    pub fn len(&self) -> usize {
        let behind = self.rest.iter().map(|piece| piece.len());
        self.first.len() + behind.sum::<usize>()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        !self.has(1)
    }

    /// Whether there are as many bytes: no more pieces are looked at than hold them.
    pub(super) fn has(&self, len: usize) -> bool {
        let mut missing = len.saturating_sub(self.first.len());
        let mut rest = self.rest.iter();
        while missing > 0
            && let Some(piece) = rest.next()
        {
            missing = missing.saturating_sub(piece.len());
        }
        missing == 0
    }

    /// Takes the first `len` bytes off; None, and nothing is taken, when there are fewer.
    pub(super) fn split_to(&mut self, len: usize) -> Option<Self> {
        if self.first.len() < len {
            return self.split_behind(len);
        }
        let (first, left) = take(&mut self.first).split_at_mut(len);
        self.first = left;
        Some(first.into())
    }

    /// The same where the first piece is shorter than `len`.
    fn split_behind(&mut self, len: usize) -> Option<Self> {
        let mut missing = len - self.first.len();
        let mut before = 0;
        while let piece = self.rest.get(before)?.len()
            && piece < missing
        {
            missing -= piece;
            before += 1;
        }
        let (middle, behind) = take(&mut self.rest).split_at_mut(before + 1);
        self.rest = behind;
        let mut left = Self::default().first;
        if let Some(divided) = middle.last_mut() {
            let (taken, behind) = take(divided).split_at_mut(missing);
            *divided = taken;
            left = behind;
        }
        Some(Self {
            first: std::mem::replace(&mut self.first, left),
            rest: middle,
        })
    }

    /// Takes the first bytes off that lie in one piece: at most `most`, none only where none are left.
    pub(super) fn take_piece(&mut self, most: usize) -> &'a mut [u8] {
        let len = self.piece_len();
        let (taken, left) = take(&mut self.first).split_at_mut(most.min(len));
        self.first = left;
        taken
    }

    /// How many bytes the first piece has that is not empty.
    pub(super) fn piece_len(&mut self) -> usize {
        while self.first.is_empty()
            && let Some((next, behind)) = take(&mut self.rest).split_first_mut()
        {
            self.first = take(next);
            self.rest = behind;
        }
        self.first.len()
    }

    /// All bytes, when they lie in one piece.
    pub(super) fn one_piece(&mut self) -> Option<&mut [u8]> {
        self.piece_len();
        self.rest.is_empty().then_some(&mut *self.first)
    }

    /// Runs `edit` on each piece, in order.
    pub(super) fn for_each(&mut self, mut edit: impl FnMut(&mut [u8])) {
        edit(self.first);
        self.rest.iter_mut().for_each(|piece| edit(piece));
    }

    /// The first block, as it is now.
    pub(super) fn first_block(&self) -> Option<[u8; BLOCK]> {
        if let Some(block) = self.first.first_chunk() {
            return Some(*block);
        }
        let mut bytes = self
            .first
            .iter()
            .chain(self.rest.iter().flat_map(|piece| &**piece));
        let mut block = [0; BLOCK];
        for place in &mut block {
            *place = *bytes.next()?;
        }
        Some(block)
    }

    /// Takes the first block off and lets `edit` change it; None, and nothing is done, when there are fewer bytes.
    pub(super) fn edit_block<T>(&mut self, edit: impl FnOnce(&mut [u8; BLOCK]) -> T) -> Option<T> {
        let mut taken = self.split_to(BLOCK)?;
        if let Some(block) = taken.first.first_chunk_mut() {
            return Some(edit(block));
        }
        let mut block = taken.first_block()?;
        let edited = edit(&mut block);
        let mut changed = block.iter();
        taken.for_each(|piece| {
            piece
                .iter_mut()
                .zip(&mut changed)
                .for_each(|(byte, changed)| *byte = *changed);
        });
        Some(edited)
    }

    /// Passes over as many bytes, or all there are.
    pub(super) fn skip(&mut self, len: usize) {
        if self.split_to(len).is_none() {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that count from 0, cut into pieces of these lengths.
    fn cut(bytes: &mut [u8], lens: &[usize]) -> Vec<Vec<u8>> {
        (0..).zip(&mut *bytes).for_each(|(n, byte)| *byte = n);
        let mut rest = &*bytes;
        let pieces = lens.iter().map(|&len| {
            let (piece, behind) = rest.split_at(len);
            rest = behind;
            piece.to_vec()
        });
        pieces.collect()
    }

    const CUTS: [&[usize]; 6] = [
        &[40],
        &[16, 24],
        &[1, 0, 15, 0, 24],
        &[0, 7, 7, 7, 7, 12],
        &[39, 1],
        &[1; 40],
    ];

    fn collect(mut pieces: SampleSlices<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        pieces.for_each(|piece| bytes.extend_from_slice(piece));
        assert_eq!(bytes.len(), pieces.len());
        bytes
    }

    #[test]
    fn bytes_are_taken_off_wherever_pieces_end() {
        for cuts in CUTS {
            for len in 0..=40 {
                let mut held = cut(&mut [0; 40], cuts);
                let mut held: Vec<&mut [u8]> = held.iter_mut().map(Vec::as_mut_slice).collect();
                let mut pieces = SampleSlices::from(held.as_mut_slice());
                assert!(pieces.split_to(41).is_none());
                let mut front = pieces.split_to(len).unwrap();
                let again = front.split_to(len / 2).unwrap();
                let middle = u8::try_from(len / 2).unwrap();
                let end = u8::try_from(len).unwrap();
                assert_eq!(collect(again), (0..middle).collect::<Vec<u8>>());
                assert_eq!(collect(front), (middle..end).collect::<Vec<u8>>());
                assert_eq!(collect(pieces), (end..40).collect::<Vec<u8>>());
            }
        }
    }

    #[test]
    fn blocks_are_changed_wherever_pieces_end() {
        for cuts in CUTS {
            let mut bytes = cut(&mut [0; 40], cuts);
            let mut held: Vec<&mut [u8]> = bytes.iter_mut().map(Vec::as_mut_slice).collect();
            let mut pieces = SampleSlices::from(held.as_mut_slice());
            pieces.skip(3);
            let expected = std::array::from_fn(|n| u8::try_from(n + 3).unwrap());
            assert_eq!(pieces.first_block(), Some(expected));
            let seen = pieces.edit_block(|block| std::mem::replace(block, [99; BLOCK]));
            assert_eq!(seen, Some(expected));
            pieces.skip(10);
            assert!(pieces.has(11) && !pieces.has(12));
            assert_eq!(
                (pieces.first_block(), pieces.edit_block(|_| ())),
                (None, None)
            );
            pieces.skip(99);
            assert!(pieces.is_empty() && pieces.take_piece(1).is_empty());
            let expected = (0..40).map(|n| if (3..19).contains(&n) { 99 } else { n });
            assert_eq!(bytes.concat(), expected.collect::<Vec<u8>>());
        }
    }
}
