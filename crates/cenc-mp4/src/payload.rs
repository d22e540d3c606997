// SPDX-License-Identifier: MPL-2.0
//! The bytes of one `mdat`, in the chunks they came in.

use std::ops::Range;

use codec_headers::SampleBytes;

use super::Chunk;

/// An `mdat` payload; offsets count from its first byte.
pub(super) struct Payload<'a, C> {
    chunks: &'a mut [C],
    /// Offset of each chunk.
    starts: Vec<usize>,
    len: usize,
    /// Holds bytes that lie in several chunks, while they are looked at or decrypted.
    gathered: Vec<u8>,
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

    /// Lets `edit` change `len` bytes at `offset`; None when they are not all there. Bytes inside one chunk are changed where
    /// they lie, others by way of a copy.
    pub(super) fn edit<T>(
        &mut self,
        offset: usize,
        len: usize,
        edit: impl FnOnce(&mut [u8]) -> T,
    ) -> Option<T> {
        self.has(offset, len).then(|| {
            let (first, skip) = self.find(offset);
            let chunk = self.chunks.get_mut(first).map(AsMut::as_mut);
            match chunk.unwrap_or_default().get_mut(skip..skip + len) {
                Some(bytes) => edit(bytes),
                None => self.edit_gathered((first, skip), len, edit),
            }
        })
    }

    /// The `len` bytes at `offset`, to be looked at; None when they are not all there.
    pub(super) fn view(&mut self, offset: usize, len: usize) -> Option<View<'_, 'a, C>> {
        self.has(offset, len).then_some(View {
            payload: self,
            offset,
            len,
        })
    }

    /// Whether there are `len` bytes at `offset`.
    fn has(&self, offset: usize, len: usize) -> bool {
        offset.checked_add(len).is_some_and(|end| end <= self.len)
    }

    /// The chunk that holds `offset`, and where in it.
    fn find(&self, offset: usize) -> (usize, usize) {
        let behind = self.starts.partition_point(|&start| start <= offset);
        let first = behind.saturating_sub(1);
        let start = self.starts.get(first).copied().unwrap_or(0);
        (first, offset - start)
    }

    /// The payload from the chunk on that holds `offset`, to be cut into parts.
    pub(super) fn parts_from(&mut self, offset: usize) -> Parts<'_, C> {
        let (first, skip) = self.find(offset);
        let chunks = self.chunks.get_mut(first..).unwrap_or_default();
        Parts {
            chunks: chunks.iter_mut(),
            left: &mut [],
            position: offset - skip,
        }
    }

    fn edit_gathered<T>(
        &mut self,
        at: (usize, usize),
        len: usize,
        edit: impl FnOnce(&mut [u8]) -> T,
    ) -> T {
        self.gather(at, len);
        let mut gathered = std::mem::take(&mut self.gathered);
        let result = edit(&mut gathered);
        let mut changed = gathered.as_slice();
        self.visit(at, len, |bytes| {
            let (these, rest) = changed.split_at(bytes.len());
            bytes.copy_from_slice(these);
            changed = rest;
        });
        self.gathered = gathered;
        result
    }

    /// Brings together what [`Self::visit`] visits.
    fn gather(&mut self, at: (usize, usize), len: usize) {
        let mut gathered = std::mem::take(&mut self.gathered);
        gathered.clear();
        self.visit(at, len, |bytes| gathered.extend_from_slice(bytes));
        self.gathered = gathered;
    }

    /// Visits `len` bytes from `skip` bytes into chunk `first` on, chunk by chunk.
    fn visit(
        &mut self,
        (first, mut skip): (usize, usize),
        mut len: usize,
        mut visit: impl FnMut(&mut [u8]),
    ) {
        for chunk in self.chunks.iter_mut().skip(first) {
            let bytes = chunk.as_mut().get_mut(skip..).unwrap_or_default();
            let here = len.min(bytes.len());
            visit(bytes.split_at_mut(here).0);
            (skip, len) = (0, len - here);
            if len == 0 {
                break;
            }
        }
    }
}

/// Bytes of a payload, looked at.
pub(super) struct View<'v, 'a, C> {
    payload: &'v mut Payload<'a, C>,
    offset: usize,
    len: usize,
}

impl<C: Chunk> SampleBytes for View<'_, '_, C> {
    fn size(&self) -> usize {
        self.len
    }

    fn look(&mut self, range: Range<usize>, few: usize) -> Option<&[u8]> {
        if range.end > self.len {
            return None;
        }
        let len = range.len();
        let (first, skip) = self.payload.find(self.offset + range.start);
        let lie_in = |chunk: &C| chunk.as_ref().len() >= skip + len;
        if !self.payload.chunks.get(first).is_some_and(lie_in) {
            self.payload.gather((first, skip), few.min(len));
            return Some(&self.payload.gathered);
        }
        let chunk = self.payload.chunks.get(first)?;
        chunk.as_ref().get(skip..skip + len)
    }
}

/// A payload that is cut into parts, from front to back.
pub(super) struct Parts<'p, C> {
    chunks: std::slice::IterMut<'p, C>,
    /// What is left of the chunk under way.
    left: &'p mut [u8],
    /// Where that starts.
    position: usize,
}

impl<'p, C: Chunk> Parts<'p, C> {
    /// Cuts out the `len` bytes at `offset`, which lie behind all that were taken before, and appends the pieces that they come in to
    /// `pieces`.
    pub(super) fn cut(&mut self, offset: usize, mut len: usize, pieces: &mut Vec<&'p mut [u8]>) {
        // A sample without bytes may be said to lie anywhere.
        if len == 0 {
            return;
        }
        while offset >= self.position + self.left.len() && self.next_chunk() {}
        self.take(offset.saturating_sub(self.position));
        while len > 0 {
            let piece = self.take(len);
            len -= piece.len();
            if !piece.is_empty() {
                pieces.push(piece);
            } else if !self.next_chunk() {
                break;
            }
        }
    }

    /// The next bytes of the chunk under way, `most` or all that are left.
    fn take(&mut self, most: usize) -> &'p mut [u8] {
        let left = std::mem::take(&mut self.left);
        let (taken, left) = left.split_at_mut(most.min(left.len()));
        self.position += taken.len();
        self.left = left;
        taken
    }

    /// Leaves the chunk under way behind; false when it was the last.
    fn next_chunk(&mut self) -> bool {
        self.position += self.left.len();
        let next = self.chunks.next();
        let found = next.is_some();
        self.left = next.map(AsMut::as_mut).unwrap_or_default();
        found
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;

    /// Adds 1 to bytes by way of `edit`, or to each piece that is cut out.
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
        let mut pieces = Vec::new();
        let mut parts = payload.parts_from(offset);
        parts.cut(offset, len, &mut pieces);
        assert_eq!(pieces.concat(), before);
        pieces.into_iter().for_each(add);
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
    fn few_bytes_are_brought_together_where_few_are_asked_for() {
        let mut chunks = [[0, 1, 2, 3].as_slice(), &[4, 5]].map(BytesMut::from);
        let mut payload = Payload::new(&mut chunks);
        let mut view = payload.view(1, 5).unwrap();
        assert_eq!(view.look(0..3, 1), Some([1, 2, 3].as_slice()), "one chunk");
        assert_eq!(view.look(1..5, 3), Some([2, 3, 4].as_slice()));
        assert_eq!(view.look(5..5, 1), Some([].as_slice()));
        assert_eq!(view.look(3..6, 1), None);
    }

    #[test]
    fn parts_are_cut_out_from_front_to_back() {
        let mut chunks = [[0, 1, 2, 3].as_slice(), &[4, 5], &[], &[6, 7, 8]].map(BytesMut::from);
        let mut payload = Payload::new(&mut chunks);
        let mut parts = payload.parts_from(0);
        let mut cut = |offset, len| {
            let mut pieces = Vec::new();
            parts.cut(offset, len, &mut pieces);
            pieces
                .into_iter()
                .map(|piece| piece.to_vec())
                .collect::<Vec<_>>()
        };
        assert_eq!(cut(1, 2), [[1, 2]]);
        assert_eq!(cut(0, 0), [[]; 0]);
        assert_eq!(cut(3, 2), [[3], [4]]);
        assert_eq!(cut(5, 3), [vec![5], vec![6, 7]]);
        assert_eq!(cut(8, 1), [[8]]);
    }
}
