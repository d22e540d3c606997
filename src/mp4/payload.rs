// SPDX-License-Identifier: MPL-2.0
//! The bytes of one `mdat`, in the chunks they came in.

use super::Chunk;

/// An `mdat` payload; offsets count from its first byte.
pub(super) struct Payload<'a, C> {
    chunks: &'a mut [C],
    /// Offset of each chunk.
    starts: Vec<usize>,
    len: usize,
    /// Holds a sample that lies in several chunks.
    gathered: Vec<u8>,
}

/// Bytes of a payload.
pub(super) struct Bytes<'b> {
    pub(super) bytes: &'b mut [u8],
    /// Whether they were brought together from several chunks.
    pub(super) gathered: bool,
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
        edit: impl FnOnce(Bytes<'_>) -> T,
    ) -> Option<T> {
        if offset.checked_add(len)? > self.len {
            return None;
        }
        let first = self.starts.partition_point(|&start| start <= offset);
        let Some(first) = first.checked_sub(1) else {
            return Some(edit(Bytes {
                bytes: &mut [],
                gathered: false,
            }));
        };
        let skip = offset - self.starts.get(first)?;
        let chunk = self.chunks.get_mut(first)?.as_mut();
        match chunk.get_mut(skip..).and_then(|c| c.get_mut(..len)) {
            Some(bytes) => Some(edit(Bytes {
                bytes,
                gathered: false,
            })),
            None => Some(self.edit_gathered(first, skip, (len, edit))),
        }
    }

    /// The payload from the chunk on that holds `offset`, to be cut into parts.
    pub(super) fn parts_from(&mut self, offset: usize) -> Parts<'_, C> {
        let behind = self.starts.partition_point(|&start| start <= offset);
        let first = behind.saturating_sub(1);
        let chunks = self.chunks.get_mut(first..).unwrap_or_default();
        Parts {
            chunks: chunks.iter_mut(),
            left: &mut [],
            position: self.starts.get(first).copied().unwrap_or(0),
        }
    }

    fn edit_gathered<T>(
        &mut self,
        first: usize,
        skip: usize,
        (len, edit): (usize, impl FnOnce(Bytes<'_>) -> T),
    ) -> T {
        let mut gathered = std::mem::take(&mut self.gathered);
        gathered.clear();
        self.visit(first, skip, len, |bytes| gathered.extend_from_slice(bytes));
        let result = edit(Bytes {
            bytes: &mut gathered,
            gathered: true,
        });
        let mut changed = gathered.as_slice();
        self.visit(first, skip, len, |bytes| {
            let (these, rest) = changed.split_at(bytes.len());
            bytes.copy_from_slice(these);
            changed = rest;
        });
        self.gathered = gathered;
        result
    }

    /// Visits `len` bytes from `skip` bytes into chunk `first` on, chunk by chunk.
    fn visit(
        &mut self,
        first: usize,
        mut skip: usize,
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

/// A payload that is cut into parts, from front to back.
pub(super) struct Parts<'p, C> {
    chunks: std::slice::IterMut<'p, C>,
    /// What is left of the chunk under way.
    left: &'p mut [u8],
    /// Where that starts.
    position: usize,
}

impl<'p, C: Chunk> Parts<'p, C> {
    /// The `len` bytes at `offset`, behind all that were taken before; none unless they lie in one chunk.
    pub(super) fn take(&mut self, offset: usize, len: usize) -> &'p mut [u8] {
        // A sample without bytes may be said to lie anywhere.
        if len == 0 {
            return &mut [];
        }
        while offset >= self.position + self.left.len() {
            let Some(chunk) = self.chunks.next() else {
                break;
            };
            self.position += self.left.len();
            self.left = chunk.as_mut();
        }
        let left = std::mem::take(&mut self.left);
        let skip = offset.saturating_sub(self.position);
        let (_, left) = left.split_at_mut(skip.min(left.len()));
        let (part, left) = left.split_at_mut(len.min(left.len()));
        self.position = offset + part.len();
        self.left = left;
        part
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;

    fn increment(chunks: &mut [BytesMut], offset: usize, len: usize) -> Option<Vec<u8>> {
        let mut payload = Payload::new(chunks);
        let before = payload.edit(offset, len, |Bytes { bytes, gathered }| {
            let before = bytes.to_vec();
            if gathered {
                bytes.iter_mut().for_each(|byte| *byte += 1);
            }
            (before, gathered)
        });
        let (before, gathered) = before?;
        if !gathered {
            let part = payload.parts_from(offset).take(offset, len);
            assert_eq!(part, before);
            part.iter_mut().for_each(|byte| *byte += 1);
        }
        Some(before)
    }

    #[test]
    fn bytes_are_changed_wherever_chunks_end() {
        for sizes in [[6, 0, 0], [2, 2, 2], [1, 0, 5], [0, 3, 3]] {
            let mut bytes = 0..6u8;
            let mut chunks = sizes.map(|n| bytes.by_ref().take(n).collect::<BytesMut>());
            assert_eq!(increment(&mut chunks, 1, 4), Some(vec![1, 2, 3, 4]));
            assert_eq!(chunks.concat(), [0, 2, 3, 4, 5, 5]);
        }
    }

    #[test]
    fn bytes_outside_are_not_there() {
        let mut chunks = [[1, 2].as_slice(), &[3]].map(BytesMut::from);
        assert_eq!(increment(&mut chunks, 3, 0), Some(vec![]));
        assert_eq!(increment(&mut chunks, 1, 3), None);
        assert_eq!(increment(&mut chunks, usize::MAX, 2), None);
        assert_eq!(increment(&mut [], 0, 0), Some(vec![]));
    }

    #[test]
    fn parts_are_taken_from_front_to_back() {
        let mut chunks = [[0, 1, 2, 3].as_slice(), &[4, 5], &[], &[6, 7, 8]].map(BytesMut::from);
        let mut payload = Payload::new(&mut chunks);
        let mut parts = payload.parts_from(0);
        let mut take = |offset, len| parts.take(offset, len).to_vec();
        assert_eq!(take(1, 2), [1, 2]);
        assert_eq!(take(0, 0), []);
        assert_eq!(take(3, 1), [3]);
        assert_eq!(take(4, 2), [4, 5]);
        assert_eq!(take(7, 2), [7, 8]);
    }
}
