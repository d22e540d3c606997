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
        if offset.checked_add(len)? > self.len {
            return None;
        }
        let first = self.starts.partition_point(|&start| start <= offset);
        let Some(first) = first.checked_sub(1) else {
            return Some(edit(&mut []));
        };
        let start = self.starts.get(first)?;
        let chunk = self.chunks.get_mut(first)?.as_mut();
        match chunk
            .get_mut(offset - start..)
            .and_then(|c| c.get_mut(..len))
        {
            Some(bytes) => Some(edit(bytes)),
            None => Some(self.edit_gathered(first, offset - start, (len, edit))),
        }
    }

    fn edit_gathered<T>(
        &mut self,
        first: usize,
        skip: usize,
        (len, edit): (usize, impl FnOnce(&mut [u8]) -> T),
    ) -> T {
        let mut gathered = std::mem::take(&mut self.gathered);
        gathered.clear();
        self.visit(first, skip, len, |bytes| gathered.extend_from_slice(bytes));
        let result = edit(&mut gathered);
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

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;

    fn increment(chunks: &mut [BytesMut], offset: usize, len: usize) -> Option<Vec<u8>> {
        Payload::new(chunks).edit(offset, len, |bytes| {
            let before = bytes.to_vec();
            bytes.iter_mut().for_each(|byte| *byte += 1);
            before
        })
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
}
