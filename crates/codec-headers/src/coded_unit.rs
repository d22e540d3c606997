// SPDX-License-Identifier: MPL-2.0
//! The coded units of a sample, found by the framing of its NAL units, OBUs or frames alone: no header is read beyond its type.
//!
//! The types are listed here a second time, independently of the readers of headers, so that a unit that a reader overlooks
//! is found here.

use super::av1::obu::{self, Obus};
use super::nal::{LengthSize, NalUnits};
use super::vp9::Superframe;
use super::{Error, SampleBytes};

/// The bytes of one coded unit: a NAL unit with a slice, an OBU with tiles, a frame of codecs without either, or the whole sample.
///
/// ```
/// use codec_headers::{Codec, CodedUnit};
///
/// // VP9: a frame that only shows frame 3 again, which is a header and nothing else.
/// let mut units = Vec::new();
/// Codec::new(*b"vp09", None)?.coded_units(&[0b1000_1011], &mut units)?;
/// assert_eq!(units, [CodedUnit { start: 0, end: 1 }]);
/// # Ok::<(), codec_headers::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CodedUnit {
    /// The first byte after its NAL unit or OBU header, or of the frame, from the start of the sample.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// Distinguishes NAL units with coded slices from others by their first two bytes.
#[derive(Debug, Clone, Copy)]
pub(super) enum NalSyntax {
    Avc,
    Hevc,
    Vvc,
}

impl NalSyntax {
    /// Returns the number of bytes in every NAL unit header.
    const fn header_len(self) -> usize {
        match self {
            Self::Avc => 1,
            Self::Hevc | Self::Vvc => 2,
        }
    }

    fn is_coded(self, nal: &[u8]) -> bool {
        match (self, nal) {
            // Table 7-1 of 14496-10: data partitions, auxiliary and extension slices, and reserved types among those.
            (Self::Avc, [first, ..]) => matches!(first & 31, 1..=5 | 19..=23),
            // Table 7-1 of 23008-2
            (Self::Hevc, [first, ..]) => (first >> 1) & 63 < 32,
            // Table 5 of 23090-3
            (Self::Vvc, [_, second, ..]) => second >> 3 < 12,
            _ => true,
        }
    }
}

/// Appends the NAL units with coded slices.
pub(super) fn in_nal_units(
    sample: &mut dyn SampleBytes,
    length_size: LengthSize,
    syntax: NalSyntax,
    units: &mut Vec<CodedUnit>,
) -> Result<(), Error> {
    let mut nal_units = NalUnits::new(sample, length_size);
    while let Some(unit) = nal_units.next()? {
        if nal_units.read_head(unit, |nal| Ok(syntax.is_coded(nal)))? {
            units.push(CodedUnit {
                start: unit.start + syntax.header_len(),
                end: unit.end,
            });
        }
    }
    Ok(())
}

/// Appends the payload of OBUs with tiles.
pub(super) fn in_obus(
    sample: &mut dyn SampleBytes,
    units: &mut Vec<CodedUnit>,
) -> Result<(), Error> {
    let mut obus = Obus::new(sample);
    while let Some(obu) = obus.next()? {
        if let obu::FRAME | obu::TILE_GROUP | obu::TILE_LIST = obu.obu_type {
            units.push(CodedUnit {
                start: obu.payload.start,
                end: obu.payload.end,
            });
        }
    }
    Ok(())
}

/// Appends the frames of a VP9 sample.
pub(super) fn in_superframe(
    sample: &mut dyn SampleBytes,
    units: &mut Vec<CodedUnit>,
) -> Result<(), Error> {
    let frames = Superframe::read(sample)?;
    let mut start = 0;
    for size in frames.sizes.iter().take(frames.count) {
        let end = start + size;
        units.push(CodedUnit { start, end });
        start = end;
    }
    Ok(())
}

/// Appends the sample, unless it is empty.
pub(super) fn in_whole_sample(sample: &dyn SampleBytes, units: &mut Vec<CodedUnit>) {
    let end = sample.size();
    if end > 0 {
        units.push(CodedUnit { start: 0, end });
    }
}
