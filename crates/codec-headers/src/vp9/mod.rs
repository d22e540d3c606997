// SPDX-License-Identifier: MPL-2.0
//! VP9: the VP9 Bitstream & Decoding Process Specification 0.6, and the VP Codec ISO Media File Format Binding 1.0.
//!
//! A sample is one frame, or a superframe: several frames followed by the superframe index of Annex B.

mod frame;

use super::raw_bits::read_little_endian;
use super::{CodedUnits, Error, ProtectableRange, SampleBytes};
use frame::Vp9FrameSize;

/// The most frames in a superframe.
const MAX_FRAMES: usize = 8;

/// The reader of one VP9 track. Headers depend on the sizes of the reference frames, and on nothing else of earlier samples.
#[derive(Debug, Clone)]
pub(super) struct Vp9 {
    references: [Option<Vp9FrameSize>; 8],
}

/// The frames of a sample.
#[derive(Debug, PartialEq, Eq)]
struct Superframe {
    sizes: [usize; MAX_FRAMES],
    count: usize,
}

/// superframe_index()
struct SuperframeIndex<'a> {
    /// The number of bytes of each frame size.
    size_bytes: usize,
    sizes: &'a [u8],
}

impl Vp9 {
    pub(super) const fn new() -> Self {
        Self {
            references: [None; 8],
        }
    }

    /// See [`Codec::protectable_ranges`](super::Codec::protectable_ranges).
    pub(super) fn protectable_ranges(
        &mut self,
        sample: &mut dyn SampleBytes,
        ranges: &mut Vec<ProtectableRange>,
    ) -> Result<CodedUnits, Error> {
        let mut coded = CodedUnits::default();
        let frames = Superframe::read(sample)?;
        let mut start = 0;
        for size in frames.sizes.iter().take(frames.count) {
            let end = start + size;
            let header_len = sample.read_head(start..end, |head| {
                frame::header_len(head, &mut self.references)
            })?;
            coded.count += usize::from(header_len < *size);
            ranges.extend(ProtectableRange::new(start + header_len, end));
            start = end;
        }
        Ok(coded)
    }
}

impl Superframe {
    fn read(sample: &mut dyn SampleBytes) -> Result<Self, Error> {
        let len = sample.size();
        let mut frames = Self {
            sizes: [len, 0, 0, 0, 0, 0, 0, 0],
            count: usize::from(len > 0),
        };
        let Some(index) = SuperframeIndex::find(sample) else {
            return Ok(frames);
        };
        frames.count = index.sizes.len() / index.size_bytes;
        let mut total = 0;
        let fields = index.sizes.chunks_exact(index.size_bytes);
        for (size, field) in frames.sizes.iter_mut().zip(fields) {
            *size = read_little_endian(field);
            total += *size;
        }
        if total + index.sizes.len() + 2 != len {
            return Err(Error::OutOfRange {
                structure: "superframe index",
                element: "frame_sizes",
            });
        }
        Ok(frames)
    }
}

impl<'a> SuperframeIndex<'a> {
    /// Finds the index at the end of a sample. It starts and ends with the same byte, 110 in its top bits: Annex B.
    fn find(sample: &'a mut dyn SampleBytes) -> Option<Self> {
        let len = sample.size();
        let marker = *sample.peek(len.checked_sub(1)?..len, 1)?.first()?;
        if marker & 0xe0 != 0xc0 {
            return None;
        }
        let count = usize::from(marker & 7) + 1;
        let size_bytes = usize::from((marker >> 3) & 3) + 1;
        let index_len = 2 + count * size_bytes;
        match sample.peek(len.checked_sub(index_len)?..len, index_len)? {
            [first, sizes @ .., _] if *first == marker => Some(Self { size_bytes, sizes }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_superframe_index_has_the_sizes_of_the_frames() {
        let sample = [1, 2, 3, 0b1100_1001, 2, 0, 1, 0, 0b1100_1001];
        let frames = Superframe::read(&mut sample.as_slice()).unwrap();
        assert_eq!((frames.count, &frames.sizes[..3]), (2, &[2, 1, 0][..]));
    }

    #[test]
    fn a_frame_that_ends_like_an_index_is_a_frame() {
        for sample in [[0x80, 0xc0].as_slice(), &[0xc1, 1, 0xc0], &[0xc0]] {
            let frames = Superframe::read(&mut &*sample).unwrap();
            assert_eq!((frames.count, frames.sizes[0]), (1, sample.len()));
        }
    }

    #[test]
    fn sizes_that_do_not_fill_the_superframe_are_refused() {
        for size in [1, 3] {
            assert!(Superframe::read(&mut [1, 2, 0xc0, size, 0xc0].as_slice()).is_err());
        }
        assert!(Superframe::read(&mut [1, 2, 0xc0, 2, 0xc0].as_slice()).is_ok());
    }

    #[test]
    fn a_frame_with_the_size_of_a_missing_one_is_refused() {
        // 6.2: not a key frame, shown; reset_frame_context and refresh 0, three references, found_ref
        let frame = [0b1000_0110, 0, 0, 0b0000_0010, 0, 0, 0, 0];
        let found = Vp9::new().protectable_ranges(&mut frame.as_slice(), &mut Vec::new());
        assert!(matches!(found, Err(Error::Missing { .. })), "{found:?}");
    }

    #[test]
    fn a_sample_without_bytes_has_no_frames() {
        let mut ranges = Vec::new();
        Vp9::new()
            .protectable_ranges(&mut [].as_slice(), &mut ranges)
            .unwrap();
        assert_eq!(ranges, []);
    }
}
