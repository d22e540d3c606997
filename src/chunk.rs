// SPDX-License-Identifier: MPL-2.0
//! A `GstBuffer` as a chunk of the stream: mapped once, changed in place.

use std::ops::Range;

use bytes::BytesMut;
use cenc_mp4::Chunk;
use gst::buffer::{MappedBuffer, Writable};

/// A range of the stream's bytes.
pub(super) enum BufferChunk {
    /// Part of a buffer that is mapped for writing.
    Mapped {
        buffer: MappedBuffer<Writable>,
        range: Range<usize>,
    },
    /// A copy of the smaller part of a buffer that a box boundary divides, since memory that two buffers share is not writable.
    Copied(BytesMut),
}

/// The timestamps of a buffer.
pub(super) struct Timestamps {
    pub(super) pts: Option<gst::ClockTime>,
    pub(super) dts: Option<gst::ClockTime>,
}

impl BufferChunk {
    /// Maps `buffer` for writing, and copies it first if it is shared.
    pub(super) fn new(buffer: gst::Buffer) -> Result<Self, gst::glib::BoolError> {
        let buffer = if buffer.is_writable() {
            buffer
        } else {
            buffer.copy_deep()?
        };
        let buffer = buffer
            .into_mapped_buffer_writable()
            .map_err(|_| gst::glib::bool_error!("cannot map the buffer for writing"))?;
        Ok(Self::Mapped {
            range: 0..buffer.size(),
            buffer,
        })
    }

    /// Returns the timestamps of the buffer; None for a copy, which has none.
    pub(super) fn timestamps(&self) -> Option<Timestamps> {
        match self {
            Self::Mapped { buffer, .. } => Some(Timestamps {
                pts: buffer.buffer().pts(),
                dts: buffer.buffer().dts(),
            }),
            Self::Copied(_) => None,
        }
    }

    /// Returns the buffer with these bytes.
    pub(super) fn into_buffer(self) -> gst::Buffer {
        match self {
            Self::Mapped { buffer, range } => {
                let mut buffer = buffer.into_buffer();
                if range != (0..buffer.size()) {
                    buffer
                        .make_mut()
                        .resize(range)
                        .expect("the range was cut from the buffer");
                }
                buffer
            }
            Self::Copied(bytes) => gst::Buffer::from_mut_slice(bytes),
        }
    }
}

impl AsRef<[u8]> for BufferChunk {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Mapped { buffer, range } => {
                buffer.as_slice().get(range.clone()).unwrap_or_default()
            }
            Self::Copied(bytes) => bytes,
        }
    }
}

impl AsMut<[u8]> for BufferChunk {
    fn as_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Mapped { buffer, range } => buffer
                .as_mut_slice()
                .get_mut(range.clone())
                .unwrap_or_default(),
            Self::Copied(bytes) => bytes,
        }
    }
}

impl Chunk for BufferChunk {
    fn split_to(&mut self, at: usize) -> Self {
        match self {
            Self::Copied(bytes) => Self::Copied(bytes.split_to(at)),
            Self::Mapped { range, .. } => {
                let middle = range.start + at;
                if at < range.len() / 2 {
                    let first = BytesMut::from(self.as_ref().split_at(at).0);
                    self.narrow(|range| range.start = middle);
                    Self::Copied(first)
                } else {
                    let rest = BytesMut::from(self.as_ref().split_at(at).1);
                    let mut first = std::mem::replace(self, Self::Copied(rest));
                    first.narrow(|range| range.end = middle);
                    first
                }
            }
        }
    }
}

impl BufferChunk {
    fn narrow(&mut self, narrow: impl FnOnce(&mut Range<usize>)) {
        if let Self::Mapped { range, .. } = self {
            narrow(range);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(len: u8) -> BufferChunk {
        gst::init().unwrap();
        let bytes: Vec<u8> = (0..len).collect();
        BufferChunk::new(gst::Buffer::from_mut_slice(bytes)).unwrap()
    }

    fn bytes(chunk: BufferChunk) -> Vec<u8> {
        chunk.into_buffer().map_readable().unwrap().to_vec()
    }

    #[test]
    fn parts_hold_their_bytes_wherever_the_cut_is() {
        for at in 0..=9u8 {
            let mut rest = chunk(9);
            let mut first = rest.split_to(at.into());
            first.as_mut().iter_mut().for_each(|byte| *byte += 100);
            let expected: Vec<u8> = (100..100 + at).chain(at..9).collect();
            assert_eq!([bytes(first), bytes(rest)].concat(), expected);
        }
    }

    #[test]
    fn parts_can_be_divided_again() {
        let mut third = chunk(10);
        let first = third.split_to(2);
        let second = third.split_to(6);
        assert_eq!(bytes(first), [0, 1]);
        assert_eq!(bytes(second), [2, 3, 4, 5, 6, 7]);
        assert_eq!(bytes(third), [8, 9]);
    }

    #[test]
    fn shared_buffer_is_left_alone() {
        gst::init().unwrap();
        let original = gst::Buffer::from_slice([1u8, 2]);
        let mut chunk = BufferChunk::new(original.clone()).unwrap();
        chunk.as_mut()[0] = 9;
        assert_eq!(original.map_readable().unwrap().as_slice(), [1, 2]);
        assert_eq!(bytes(chunk), [9, 2]);
    }

    #[test]
    fn writable_buffer_is_not_copied() {
        gst::init().unwrap();
        let buffer = gst::Buffer::from_mut_slice(vec![1u8, 2, 3]);
        let address = buffer.map_readable().unwrap().as_ptr();
        let chunk = BufferChunk::new(buffer).unwrap();
        assert_eq!(chunk.as_ref().as_ptr(), address);
        assert_eq!(
            chunk.into_buffer().map_readable().unwrap().as_ptr(),
            address
        );
    }
}
