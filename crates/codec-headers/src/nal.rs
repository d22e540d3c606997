// SPDX-License-Identifier: MPL-2.0
//! Samples of length-prefixed NAL units, and decoder configuration records: ISO/IEC 14496-15, clauses 4.3 and 5.3.

use super::{Error, SampleBytes};

/// The number of bytes in the length field before each NAL unit: 1, 2 or 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LengthSize(usize);

impl LengthSize {
    /// Reads lengthSizeMinusOne, the two low bits of `byte`; 14496-15 has no size of 3 bytes.
    pub(super) fn from_config(byte: u8, structure: &'static str) -> Result<Self, Error> {
        match byte & 3 {
            2 => Err(Error::OutOfRange {
                structure,
                element: "lengthSizeMinusOne",
            }),
            minus_one => Ok(Self(usize::from(minus_one) + 1)),
        }
    }
}

/// One NAL unit of a sample, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NalUnit {
    /// The first byte of its header, from the start of the sample.
    pub(super) start: usize,
    /// The byte after its payload.
    pub(super) end: usize,
}

/// Reads the NAL units of a sample in order. A length of zero means that there is no NAL unit; it is skipped.
pub(super) struct NalUnits<'a> {
    sample: &'a mut dyn SampleBytes,
    offset: usize,
    length_size: LengthSize,
}

impl<'a> NalUnits<'a> {
    pub(super) const fn new(sample: &'a mut dyn SampleBytes, length_size: LengthSize) -> Self {
        Self {
            sample,
            offset: 0,
            length_size,
        }
    }

    /// Returns the next NAL unit; None at the end of the sample.
    pub(super) fn next(&mut self) -> Result<Option<NalUnit>, Error> {
        while self.offset < self.sample.size() {
            let offset = self.offset;
            let unit = self.split().ok_or(Error::TruncatedNalUnit { offset })?;
            self.offset = unit.end;
            if unit.start < unit.end {
                return Ok(Some(unit));
            }
        }
        Ok(None)
    }

    /// Returns the NAL unit's header and payload.
    pub(super) fn bytes(&mut self, unit: NalUnit) -> &[u8] {
        self.sample.bytes(unit.start..unit.end)
    }

    /// Runs `read` on the first bytes of a NAL unit, and on all of them if these are too few.
    pub(super) fn read_head<T>(
        &mut self,
        unit: NalUnit,
        read: impl FnMut(&[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.sample.read_head(unit.start..unit.end, read)
    }

    fn split(&mut self) -> Option<NalUnit> {
        let start = self.offset.checked_add(self.length_size.0)?;
        let length = self
            .sample
            .peek(self.offset..start, self.length_size.0)?
            .iter()
            .fold(0_u32, |length, byte| (length << 8) | u32::from(*byte));
        let end = start.checked_add(usize::try_from(length).ok()?)?;
        (end <= self.sample.size()).then_some(NalUnit { start, end })
    }
}

/// Reads the fields of a decoder configuration record in order.
#[derive(Debug, Clone)]
pub(super) struct RecordReader<'a> {
    rest: &'a [u8],
    structure: &'static str,
}

impl<'a> RecordReader<'a> {
    /// Creates a reader at the record's first byte.
    pub(super) const fn new(record: &'a [u8], structure: &'static str) -> Self {
        Self {
            rest: record,
            structure,
        }
    }

    /// Creates a reader after the record's first byte, configurationVersion, which must be 1.
    pub(super) fn after_version(record: &'a [u8], structure: &'static str) -> Result<Self, Error> {
        let mut reader = Self::new(record, structure);
        if reader.byte()? != 1 {
            return Err(Error::OutOfRange {
                structure,
                element: "configurationVersion",
            });
        }
        Ok(reader)
    }

    /// Reads the next `count` bytes.
    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or(Error::Truncated {
            structure: self.structure,
        })?;
        self.rest = rest;
        Ok(bytes)
    }

    /// Reads the next byte.
    pub(super) fn byte(&mut self) -> Result<u8, Error> {
        Ok(self.bytes(1)?.iter().fold(0, |_, byte| *byte))
    }

    /// Reads the next 16 bits, big endian.
    pub(super) fn u16(&mut self) -> Result<u16, Error> {
        Ok(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    /// Reads lengthSizeMinusOne in the next byte.
    pub(super) fn length_size(&mut self) -> Result<LengthSize, Error> {
        LengthSize::from_config(self.byte()?, self.structure)
    }

    /// Reads a length of 16 bits and the NAL unit that follows it.
    pub(super) fn nal_unit(&mut self) -> Result<&'a [u8], Error> {
        let length = self.u16()?;
        self.bytes(usize::from(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_bytes::SampleInPieces;

    fn units(mut sample: &[u8], length_size: usize) -> Vec<Result<(usize, Vec<u8>), Error>> {
        let mut units = NalUnits::new(&mut sample, LengthSize(length_size));
        let mut found = Vec::new();
        loop {
            match units.next() {
                Ok(Some(unit)) => found.push(Ok((unit.start, units.bytes(unit).to_vec()))),
                Ok(None) => return found,
                Err(error) => {
                    found.push(Err(error));
                    return found;
                }
            }
        }
    }

    #[test]
    fn each_length_size_finds_the_same_units() {
        let expected = |size: usize| vec![Ok((size, vec![7, 8])), Ok((size * 2 + 2, vec![9]))];
        assert_eq!(units(&[2, 7, 8, 1, 9], 1), expected(1));
        assert_eq!(units(&[0, 2, 7, 8, 0, 1, 9], 2), expected(2));
        assert_eq!(units(&[0, 0, 0, 2, 7, 8, 0, 0, 0, 1, 9], 4), expected(4));
    }

    #[test]
    fn a_length_of_zero_is_skipped() {
        assert_eq!(units(&[0, 0, 1, 9, 0], 1), [Ok((3, vec![9]))]);
    }

    #[test]
    fn a_length_past_the_end_is_refused_and_ends_the_sample() {
        let truncated = |offset| Err(Error::TruncatedNalUnit { offset });
        assert_eq!(units(&[1, 9, 2, 7], 1), [Ok((1, vec![9])), truncated(2)]);
        assert_eq!(units(&[0, 0, 0], 4), [truncated(0)]);
        assert_eq!(units(&[255, 255, 255, 255, 1], 4), [truncated(0)]);
    }

    #[test]
    fn head_that_is_too_short_is_read_again_with_all_bytes() {
        let mut sample = vec![1; 404];
        sample[..4].copy_from_slice(&[0, 0, 1, 144]);
        let mut sample = SampleInPieces(&sample);
        let mut units = NalUnits::new(&mut sample, LengthSize(4));
        let unit = units.next().unwrap().unwrap();
        let structure = "slice header";
        let read = |wanted| {
            move |nal: &[u8]| match nal.len() < wanted {
                true => Err(Error::Truncated { structure }),
                false => Ok(nal.len()),
            }
        };
        assert_eq!(units.read_head(unit, read(12)), Ok(12));
        assert_eq!(units.read_head(unit, read(13)), Ok(400));
        let truncated = Err(Error::Truncated { structure });
        assert_eq!(units.read_head(unit, read(401)), truncated);
    }

    #[test]
    fn a_length_size_of_three_is_refused() {
        assert_eq!(LengthSize::from_config(0xff, "avcC"), Ok(LengthSize(4)));
        assert!(LengthSize::from_config(0xfe, "avcC").is_err());
    }
}
