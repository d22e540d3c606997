// SPDX-License-Identifier: MPL-2.0
//! VP9: the VP9 Bitstream & Decoding Process Specification 0.6, and the VP Codec ISO Media File Format Binding 1.0.
//!
//! A sample is one frame, or a superframe: several frames followed by the superframe index of Annex B.

mod frame;

use super::raw_bits::read_little_endian;
use super::{Error, ProtectableRange, SampleBytes};
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
pub(super) struct Superframe {
    pub(super) sizes: [usize; MAX_FRAMES],
    pub(super) count: usize,
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
    ) -> Result<(), Error> {
        let frames = Superframe::read(sample)?;
        let mut start = 0;
        for size in frames.sizes.iter().take(frames.count) {
            let end = start + size;
            let header_len = sample.read_head(start..end, |head| {
                frame::header_len(head, &mut self.references)
            })?;
            ranges.push(ProtectableRange::new(start + header_len, end));
            start = end;
        }
        Ok(())
    }
}

impl Superframe {
    pub(super) fn read(sample: &mut dyn SampleBytes) -> Result<Self, Error> {
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

    /// The bits of an uncompressed header of 64x64 pixels: 6.2.
    fn header(profile: u8, start: &str, middle: &str) -> Vec<u8> {
        let profile_bits = ["00", "10", "01", "110"][usize::from(profile)];
        // frame_context_idx, loop filter, quantization, no segmentation, tile_rows_log2, header_size_in_bytes
        let end = "00 000000 000 0 01000000 0 0 0 0 0 0000000000000101";
        let bits = ["10", profile_bits, start, middle, end].concat();
        let bits: Vec<u8> = bits.bytes().filter(|bit| *bit != b' ').collect();
        let byte = |bits: &[u8]| {
            (0..8).fold(0, |value, at| {
                value << 1 | u8::from(bits.get(at) == Some(&b'1'))
            })
        };
        bits.chunks(8).map(byte).collect()
    }

    #[test]
    fn every_frame_type_is_read_to_the_end_of_its_header() {
        const SYNC: &str = "01001001 10000011 01000010";
        const SIZE: &str = "0000000000111111 0000000000111111 0";
        // color_config() of each profile
        let color = ["001 0", "001 0 0 0 0", "1 001 0", "0 001 0 0 1 0"];
        for profile in 0..4u8 {
            let color = color[usize::from(profile)];
            let intra_color = if profile == 0 { "" } else { color };
            // show_existing_frame, frame_type, show_frame, error_resilient_mode; intra_only, reset_frame_context; refresh flags
            let key = [SYNC, color, SIZE, "1 0"].concat();
            let intra_only = [SYNC, intra_color, "11111111", SIZE, "1 0"].concat();
            let resilient = [SYNC, intra_color, "11111111", SIZE].concat();
            // three references, a size of its own, allow_high_precision_mv, is_filter_switchable
            let inter = ["00000001 000 0 001 0 010 0 0 0 0", SIZE, "1 0 01 1 0"].concat();
            // the size of the second reference
            let same_size = "00000001 000 0 001 0 010 0 0 1 0 1 1 1 0".to_owned();
            let mut vp9 = Vp9::new();
            for (start, middle) in [
                ("0 0 1 0", key),
                ("0 1 0 0 1 00", intra_only),
                ("0 1 0 1 1", resilient),
                ("0 1 1 0 00", inter),
                ("0 1 0 0 0 01", same_size),
            ] {
                let header = header(profile, start, &middle);
                let frame = [header.as_slice(), &[0xaa; 20]].concat();
                let mut ranges = Vec::new();
                vp9.protectable_ranges(&mut frame.as_slice(), &mut ranges)
                    .unwrap();
                let expected = ProtectableRange {
                    start: header.len(),
                    len: 20,
                };
                assert_eq!(ranges, [expected], "{profile} {start}");
            }
        }
    }

    #[test]
    fn a_frame_that_is_shown_again_has_no_coded_data() {
        // show_existing_frame of index 3, alone and after another frame
        for (sample, frames) in [
            ([0b1000_1011].as_slice(), 1),
            (&[0b1000_1011, 0b1000_1010, 0xc1, 1, 1, 0xc1], 2),
        ] {
            let mut ranges = Vec::new();
            Vp9::new()
                .protectable_ranges(&mut &*sample, &mut ranges)
                .unwrap();
            let lens: Vec<_> = ranges.iter().map(|range| range.len).collect();
            assert_eq!(lens, vec![0; frames]);
        }
    }

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
