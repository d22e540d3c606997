// SPDX-License-Identifier: MPL-2.0
//! The bytes of one `mdat`, in the chunks of the input.

use std::ops::Range;

use codec_headers::SampleBytes;

use super::Chunk;

/// An `mdat` payload; offsets count from its first byte.
pub(super) struct Payload<'a, C> {
    chunks: &'a mut [C],
    /// Offset of each chunk.
    starts: Vec<usize>,
    len: usize,
    /// A copy of bytes that are in several chunks, to read or to change them.
    gathered: Vec<u8>,
}

/// A byte of a payload.
#[derive(Clone, Copy)]
struct ChunkPosition {
    /// Index of the chunk.
    chunk: usize,
    /// Offset in that chunk.
    offset: usize,
}

impl<'a, C: Chunk> Payload<'a, C> {
    pub(super) fn new(chunks: &'a mut [C]) -> Self {
        let mut len = 0;
        let mut starts = Vec::with_capacity(chunks.len());
        for chunk in chunks.iter() {
            starts.push(len);
            len += chunk.as_ref().len();
        }
        Self {
            chunks,
            starts,
            len,
            gathered: Vec::new(),
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Lets `edit` change `len` bytes at `offset`, in place if one chunk has them all, else by way of a copy. None if the
    /// payload ends before.
    pub(super) fn edit<T>(
        &mut self,
        offset: usize,
        len: usize,
        edit: impl FnOnce(&mut [u8]) -> T,
    ) -> Option<T> {
        self.has(offset, len).then(|| {
            let position = self.find(offset);
            match self.chunks.get_mut(position.chunk).and_then(|chunk| {
                chunk
                    .as_mut()
                    .get_mut(position.offset..position.offset + len)
            }) {
                Some(bytes) => edit(bytes),
                // A payload without chunks has no bytes either.
                None => self.edit_gathered(position, len, edit),
            }
        })
    }

    /// Returns the `len` bytes at `offset` for reading. None if the payload ends before.
    pub(super) fn view(&mut self, offset: usize, len: usize) -> Option<PayloadView<'_, 'a, C>> {
        self.has(offset, len).then_some(PayloadView {
            payload: self,
            offset,
            len,
        })
    }

    /// True if there are `len` bytes at `offset`.
    fn has(&self, offset: usize, len: usize) -> bool {
        offset.checked_add(len).is_some_and(|end| end <= self.len)
    }

    fn find(&self, offset: usize) -> ChunkPosition {
        let chunk = self
            .starts
            .partition_point(|&start| start <= offset)
            .saturating_sub(1);
        ChunkPosition {
            chunk,
            offset: offset - self.starts.get(chunk).copied().unwrap_or(0),
        }
    }

    /// Returns a cutter that starts at the chunk with `offset`.
    pub(super) fn cutter_at(&mut self, offset: usize) -> PayloadCutter<'_, C> {
        let position = self.find(offset);
        PayloadCutter {
            chunks: self
                .chunks
                .get_mut(position.chunk..)
                .unwrap_or_default()
                .iter_mut(),
            left: &mut [],
            position: offset - position.offset,
        }
    }

    fn edit_gathered<T>(
        &mut self,
        position: ChunkPosition,
        len: usize,
        edit: impl FnOnce(&mut [u8]) -> T,
    ) -> T {
        self.gather(position, len);
        let mut gathered = std::mem::take(&mut self.gathered);
        let result = edit(&mut gathered);
        let mut left = gathered.as_slice();
        self.visit(position, len, |bytes| {
            let (changed, rest) = left.split_at(bytes.len());
            bytes.copy_from_slice(changed);
            left = rest;
        });
        self.gathered = gathered;
        result
    }

    /// Copies `len` bytes from a position on into one buffer.
    fn gather(&mut self, position: ChunkPosition, len: usize) {
        let mut gathered = std::mem::take(&mut self.gathered);
        gathered.clear();
        self.visit(position, len, |bytes| gathered.extend_from_slice(bytes));
        self.gathered = gathered;
    }

    /// Calls `visit` for `len` bytes from a position on, chunk by chunk.
    fn visit(&mut self, position: ChunkPosition, mut len: usize, mut visit: impl FnMut(&mut [u8])) {
        let mut skip = position.offset;
        for chunk in self.chunks.iter_mut().skip(position.chunk) {
            let bytes = chunk.as_mut().get_mut(skip..).unwrap_or_default();
            let count = len.min(bytes.len());
            visit(bytes.split_at_mut(count).0);
            skip = 0;
            len -= count;
            if len == 0 {
                break;
            }
        }
    }
}

/// A range of a payload, for reading.
pub(super) struct PayloadView<'v, 'a, C> {
    payload: &'v mut Payload<'a, C>,
    offset: usize,
    len: usize,
}

impl<C: Chunk> SampleBytes for PayloadView<'_, '_, C> {
    fn size(&self) -> usize {
        self.len
    }

    fn peek(&mut self, range: Range<usize>, few: usize) -> Option<&[u8]> {
        if range.end > self.len {
            return None;
        }
        let len = range.len();
        let position = self.payload.find(self.offset + range.start);
        let bytes = position.offset..position.offset + len;
        let is_in_one_chunk = self
            .payload
            .chunks
            .get(position.chunk)
            .is_some_and(|chunk| chunk.as_ref().len() >= bytes.end);
        if !is_in_one_chunk {
            self.payload.gather(position, few.min(len));
            return Some(&self.payload.gathered);
        }
        self.payload.chunks.get(position.chunk)?.as_ref().get(bytes)
    }
}

/// Cuts slices out of a payload, from front to back.
pub(super) struct PayloadCutter<'p, C> {
    chunks: std::slice::IterMut<'p, C>,
    /// The rest of the chunk under way.
    left: &'p mut [u8],
    /// Offset of that rest in the payload.
    position: usize,
}

impl<'p, C: Chunk> PayloadCutter<'p, C> {
    /// Cuts out the `len` bytes at `offset`, which must be after all bytes that were cut out before, and appends a slice
    /// for each chunk with some of them to `slices`.
    pub(super) fn cut(&mut self, offset: usize, mut len: usize, slices: &mut Vec<&'p mut [u8]>) {
        // An empty sample may have any offset.
        if len == 0 {
            return;
        }
        while offset >= self.position + self.left.len() && self.next_chunk() {}
        self.take(offset.saturating_sub(self.position));
        while len > 0 {
            let slice = self.take(len);
            len -= slice.len();
            if !slice.is_empty() {
                slices.push(slice);
            } else if !self.next_chunk() {
                break;
            }
        }
    }

    /// Takes the next bytes of the chunk under way: `most`, or all that are left.
    fn take(&mut self, most: usize) -> &'p mut [u8] {
        let left = std::mem::take(&mut self.left);
        let (taken, left) = left.split_at_mut(most.min(left.len()));
        self.position += taken.len();
        self.left = left;
        taken
    }

    /// Goes on to the next chunk; false after the last.
    fn next_chunk(&mut self) -> bool {
        self.position += self.left.len();
        let next = self.chunks.next();
        let is_there = next.is_some();
        self.left = next.map(AsMut::as_mut).unwrap_or_default();
        is_there
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;

    /// Adds 1 to bytes by `edit`, or to each slice that is cut out.
    fn increment(chunks: &mut [BytesMut], offset: usize, len: usize, cut: bool) -> Option<Vec<u8>> {
        let mut payload = Payload::new(chunks);
        let add = |bytes: &mut [u8]| bytes.iter_mut().for_each(|byte| *byte += 1);
        let before = payload.view(offset, len)?.all().to_vec();
        if !cut {
            return payload.edit(offset, len, |bytes| {
                assert_eq!(bytes, before);
                add(bytes);
                before
            });
        }
        let mut slices = Vec::new();
        let mut cutter = payload.cutter_at(offset);
        cutter.cut(offset, len, &mut slices);
        assert_eq!(slices.concat(), before);
        slices.into_iter().for_each(add);
        Some(before)
    }

    #[test]
    fn bytes_are_changed_wherever_chunks_end() {
        for sizes in [[6, 0, 0], [2, 2, 2], [1, 0, 5], [0, 3, 3]] {
            for cut in [false, true] {
                let mut bytes = 0..6u8;
                let mut chunks = sizes.map(|n| bytes.by_ref().take(n).collect::<BytesMut>());
                let before = increment(&mut chunks, 1, 4, cut);
                assert_eq!(before, Some(vec![1, 2, 3, 4]));
                assert_eq!(chunks.concat(), [0, 2, 3, 4, 5, 5]);
            }
        }
    }

    #[test]
    fn bytes_outside_are_not_there() {
        let mut chunks = [[1, 2].as_slice(), &[3]].map(BytesMut::from);
        for cut in [false, true] {
            assert_eq!(increment(&mut chunks, 3, 0, cut), Some(vec![]));
            assert_eq!(increment(&mut chunks, 1, 3, cut), None);
            assert_eq!(increment(&mut chunks, usize::MAX, 2, cut), None);
            assert_eq!(increment(&mut [], 0, 0, cut), Some(vec![]));
        }
    }

    #[test]
    fn few_bytes_are_copied_where_few_are_requested() {
        let mut chunks = [[0, 1, 2, 3].as_slice(), &[4, 5]].map(BytesMut::from);
        let mut payload = Payload::new(&mut chunks);
        let mut view = payload.view(1, 5).unwrap();
        assert_eq!(view.peek(0..3, 1), Some([1, 2, 3].as_slice()), "one chunk");
        assert_eq!(view.peek(1..5, 3), Some([2, 3, 4].as_slice()));
        assert_eq!(view.peek(5..5, 1), Some([].as_slice()));
        assert_eq!(view.peek(3..6, 1), None);
    }

    #[test]
    fn slices_are_cut_out_from_front_to_back() {
        let mut chunks = [[0, 1, 2, 3].as_slice(), &[4, 5], &[], &[6, 7, 8]].map(BytesMut::from);
        let mut payload = Payload::new(&mut chunks);
        let mut cutter = payload.cutter_at(0);
        let mut cut = |offset, len| {
            let mut slices = Vec::new();
            cutter.cut(offset, len, &mut slices);
            slices
                .into_iter()
                .map(|slice| slice.to_vec())
                .collect::<Vec<_>>()
        };
        assert_eq!(cut(1, 2), [[1, 2]]);
        assert_eq!(cut(0, 0), [[0; 0]; 0]);
        assert_eq!(cut(3, 2), [[3], [4]]);
        assert_eq!(cut(5, 3), [vec![5], vec![6, 7]]);
        assert_eq!(cut(8, 1), [[8]]);
    }
}
