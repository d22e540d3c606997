// SPDX-License-Identifier: MPL-2.0
//! VP9: the VP9 Bitstream & Decoding Process Specification 0.6, and the VP Codec ISO Media File Format Binding 1.0.
//!
//! A sample is one frame, or a superframe: several frames and, behind them, the superframe index of Annex B.

mod frame;

use super::plain::little_endian;
use super::{Error, ProtectableRange, SampleBytes};
use frame::Size;

/// Frames in a superframe at most.
const MAX_FRAMES: usize = 8;

/// State of one VP9 track: the sizes of the reference frames. Headers depend on nothing else.
#[derive(Debug, Clone)]
pub(super) struct Vp9 {
    references: [Option<Size>; 8],
}

/// The frames of a sample.
#[derive(Debug, PartialEq, Eq)]
struct Frames {
    sizes: [usize; MAX_FRAMES],
    count: usize,
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
    ) -> Result<(), Error> {
        let frames = Frames::of(sample)?;
        let mut start = 0;
        for size in frames.sizes.iter().take(frames.count) {
            let end = start + size;
            let read = |head: &[u8]| frame::header_len(head, &mut self.references);
            let header = sample.read_head(start..end, read)?;
            ranges.extend(ProtectableRange::new(start + header, end));
            start = end;
        }
        Ok(())
    }
}

impl Frames {
    fn of(sample: &mut dyn SampleBytes) -> Result<Self, Error> {
        let len = sample.size();
        let mut frames = Self {
            sizes: [len, 0, 0, 0, 0, 0, 0, 0],
            count: usize::from(len > 0),
        };
        let Some((bytes, sizes)) = superframe_index(sample) else {
            return Ok(frames);
        };
        frames.count = sizes.len() / bytes;
        let mut total = 0;
        for (size, field) in frames.sizes.iter_mut().zip(sizes.chunks_exact(bytes)) {
            *size = little_endian(field);
            total += *size;
        }
        if total + sizes.len() + 2 != len {
            return Err(Error::OutOfRange {
                structure: "superframe index",
                element: "frame_sizes",
            });
        }
        Ok(frames)
    }
}

/// How many bytes a frame's size has in the superframe index, and the sizes. Annex B: the index starts and ends with the same byte, 110
/// in its top bits.
fn superframe_index(sample: &mut dyn SampleBytes) -> Option<(usize, &[u8])> {
    let len = sample.size();
    let marker = *sample.peek(len.checked_sub(1)?..len, 1)?.first()?;
    if marker & 0xe0 != 0xc0 {
        return None;
    }
    let count = usize::from(marker & 7) + 1;
    let bytes = usize::from((marker >> 3) & 3) + 1;
    let index = 2 + count * bytes;
    match sample.peek(len.checked_sub(index)?..len, index)? {
        [first, sizes @ .., _] if *first == marker => Some((bytes, sizes)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_superframe_index_tells_the_frames() {
        let sample = [1, 2, 3, 0b1100_1001, 2, 0, 1, 0, 0b1100_1001];
        let frames = Frames::of(&mut sample.as_slice()).unwrap();
        assert_eq!((frames.count, &frames.sizes[..3]), (2, &[2, 1, 0][..]));
    }

    #[test]
    fn what_only_ends_like_an_index_is_a_frame() {
        for sample in [[0x80, 0xc0].as_slice(), &[0xc1, 1, 0xc0], &[0xc0]] {
            let frames = Frames::of(&mut &*sample).unwrap();
            assert_eq!((frames.count, frames.sizes[0]), (1, sample.len()));
        }
    }

    #[test]
    fn sizes_that_do_not_fill_the_superframe_are_refused() {
        for size in [1, 3] {
            assert!(Frames::of(&mut [1, 2, 0xc0, size, 0xc0].as_slice()).is_err());
        }
        assert!(Frames::of(&mut [1, 2, 0xc0, 2, 0xc0].as_slice()).is_ok());
    }

    #[test]
    fn frame_that_is_sized_like_an_unknown_one_is_refused() {
        // 6.2: not a key frame, shown; reset_frame_context and refresh 0, three references, found_ref
        let frame = [0b1000_0110, 0, 0, 0b0000_0010, 0, 0, 0, 0];
        let found = Vp9::new().protectable_ranges(&mut frame.as_slice(), &mut Vec::new());
        assert!(matches!(found, Err(Error::Missing { .. })), "{found:?}");
    }

    #[test]
    fn sample_without_bytes_has_no_frames() {
        let mut ranges = Vec::new();
        Vp9::new()
            .protectable_ranges(&mut [].as_slice(), &mut ranges)
            .unwrap();
        assert_eq!(ranges, []);
    }
}
