// SPDX-License-Identifier: MPL-2.0
//! VP9: the VP9 Bitstream & Decoding Process Specification 0.6, and the VP Codec ISO Media File Format Binding 1.0.
//!
//! A sample is one frame, or a superframe: several frames and, behind them, the superframe index of Annex B.

mod frame;

use super::{Error, ProtectableRange};
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
        sample: &[u8],
        ranges: &mut Vec<ProtectableRange>,
    ) -> Result<(), Error> {
        let frames = Frames::of(sample)?;
        let mut start = 0;
        for size in frames.sizes.iter().take(frames.count) {
            let end = start + size;
            let frame = sample.get(start..end).ok_or(Error::Truncated {
                structure: "superframe",
            })?;
            let header = frame::header_len(frame, &mut self.references)?;
            ranges.extend(ProtectableRange::new(start + header, end));
            start = end;
        }
        Ok(())
    }
}

impl Frames {
    /// Annex B: the index starts and ends with the same byte, 110 in its top bits.
    fn of(sample: &[u8]) -> Result<Self, Error> {
        let mut frames = Self {
            sizes: [sample.len(), 0, 0, 0, 0, 0, 0, 0],
            count: usize::from(!sample.is_empty()),
        };
        let Some(&marker) = sample.last().filter(|&&last| last & 0xe0 == 0xc0) else {
            return Ok(frames);
        };
        let count = usize::from(marker & 7) + 1;
        let bytes = usize::from((marker >> 3) & 3) + 1;
        let index = sample.len().checked_sub(2 + count * bytes);
        let index = index.and_then(|at| Some((at, sample.get(at..)?)));
        let Some((at, [first, sizes @ .., _])) = index else {
            return Ok(frames);
        };
        if *first != marker {
            return Ok(frames);
        }
        frames.count = count;
        let mut total = 0;
        for (size, field) in frames.sizes.iter_mut().zip(sizes.chunks_exact(bytes)) {
            let little_endian = field.iter().rev();
            *size = little_endian.fold(0, |size, byte| (size << 8) | usize::from(*byte));
            total += *size;
        }
        if total != at {
            return Err(Error::OutOfRange {
                structure: "superframe index",
                element: "frame_sizes",
            });
        }
        Ok(frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_superframe_index_tells_the_frames() {
        let sample = [1, 2, 3, 0b1100_1001, 2, 0, 1, 0, 0b1100_1001];
        let frames = Frames::of(&sample).unwrap();
        assert_eq!((frames.count, &frames.sizes[..3]), (2, &[2, 1, 0][..]));
    }

    #[test]
    fn what_only_ends_like_an_index_is_a_frame() {
        for sample in [[0x80, 0xc0].as_slice(), &[0xc1, 1, 0xc0], &[0xc0]] {
            let frames = Frames::of(sample).unwrap();
            assert_eq!((frames.count, frames.sizes[0]), (1, sample.len()));
        }
    }

    #[test]
    fn sizes_that_do_not_fill_the_superframe_are_refused() {
        for size in [1, 3] {
            assert!(Frames::of(&[1, 2, 0xc0, size, 0xc0]).is_err());
        }
        assert!(Frames::of(&[1, 2, 0xc0, 2, 0xc0]).is_ok());
    }

    #[test]
    fn frame_that_is_sized_like_an_unknown_one_is_refused() {
        // 6.2: not a key frame, shown; reset_frame_context and refresh 0, three references, found_ref
        let frame = [0b1000_0110, 0, 0, 0b0000_0010, 0, 0, 0, 0];
        let found = Vp9::new().protectable_ranges(&frame, &mut Vec::new());
        assert!(matches!(found, Err(Error::Missing { .. })), "{found:?}");
    }

    #[test]
    fn sample_without_bytes_has_no_frames() {
        let mut ranges = Vec::new();
        Vp9::new().protectable_ranges(&[], &mut ranges).unwrap();
        assert_eq!(ranges, []);
    }
}
