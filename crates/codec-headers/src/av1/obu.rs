// SPDX-License-Identifier: MPL-2.0
//! The OBUs of a sample: the AV1 specification, 5.3.

use std::ops::Range;

use crate::{Error, SampleBytes};

pub(super) const SEQUENCE_HEADER: u8 = 1;
pub(super) const TEMPORAL_DELIMITER: u8 = 2;
pub(super) const FRAME_HEADER: u8 = 3;
pub(crate) const TILE_GROUP: u8 = 4;
pub(super) const METADATA: u8 = 5;
pub(crate) const FRAME: u8 = 6;
pub(super) const REDUNDANT_FRAME_HEADER: u8 = 7;
pub(crate) const TILE_LIST: u8 = 8;
pub(super) const PADDING: u8 = 15;

const TRUNCATED: Error = Error::Truncated { structure: "OBU" };

/// One OBU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Obu {
    pub(crate) obu_type: u8,
    /// 0 without an extension.
    pub(super) temporal_id: u32,
    /// 0 without an extension.
    pub(super) spatial_id: u32,
    /// Its payload, from the start of the sample.
    pub(crate) payload: Range<usize>,
}

/// Reads the OBUs of a sample in order. One without obu_size ends with the sample.
pub(crate) struct Obus<'a> {
    pub(super) sample: &'a mut dyn SampleBytes,
    offset: usize,
}

impl<'a> Obus<'a> {
    pub(crate) const fn new(sample: &'a mut dyn SampleBytes) -> Self {
        Self { sample, offset: 0 }
    }

    /// Returns the next OBU; None at the end of the sample.
    pub(crate) fn next(&mut self) -> Result<Option<Obu>, Error> {
        match self.offset < self.sample.size() {
            true => self.read().map(Some),
            false => Ok(None),
        }
    }

    fn byte(&mut self) -> Result<u8, Error> {
        let at = self.offset;
        self.offset += 1;
        self.sample
            .peek(at..at + 1, 1)
            .and_then(<[u8]>::first)
            .copied()
            .ok_or(TRUNCATED)
    }

    fn read(&mut self) -> Result<Obu, Error> {
        let header = self.byte()?;
        if header & 0x80 != 0 {
            return Err(Error::OutOfRange {
                structure: "OBU",
                element: "obu_forbidden_bit",
            });
        }
        let extension = if header & 4 == 0 { 0 } else { self.byte()? };
        let size = if header & 2 == 0 {
            self.sample.size() - self.offset
        } else {
            self.leb128()?
        };
        let start = self.offset;
        let end = start
            .checked_add(size)
            .filter(|end| *end <= self.sample.size())
            .ok_or(TRUNCATED)?;
        self.offset = end;
        Ok(Obu {
            obu_type: (header >> 3) & 15,
            temporal_id: u32::from(extension >> 5),
            spatial_id: u32::from((extension >> 3) & 3),
            payload: start..end,
        })
    }

    /// Reads leb128() of at most eight bytes, at most 2^32 - 1: 4.10.5.
    fn leb128(&mut self) -> Result<usize, Error> {
        let mut value = 0;
        for shift in (0..56).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(value)
                    .map(|value| value as usize)
                    .map_err(|_| TRUNCATED);
            }
        }
        Err(TRUNCATED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn obus(mut sample: &[u8]) -> Result<Vec<Obu>, Error> {
        let mut obus = Obus::new(&mut sample);
        std::iter::from_fn(|| obus.next().transpose()).collect()
    }

    #[test]
    fn an_obu_without_size_takes_the_rest() {
        let sample = [0x12, 0, 0x36, 0b0100_1000, 0x81, 0, 7, 0x30, 8, 9];
        let obus = obus(&sample).unwrap();
        assert_eq!(obus.len(), 3);
        assert_eq!(
            (obus[0].obu_type, &obus[0].payload),
            (TEMPORAL_DELIMITER, &(2..2))
        );
        assert_eq!((obus[1].temporal_id, obus[1].spatial_id), (2, 1));
        assert_eq!((&obus[1].payload, &obus[2].payload), (&(6..7), &(8..10)));
    }

    #[test]
    fn sizes_past_the_end_are_refused() {
        for sample in [
            [0x32, 1].as_slice(),
            &[0x32],
            &[0x34],
            &[0x32, 0xff, 0xff, 0xff, 0xff, 0x0f],
            &[0x32, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0],
            &[0xb2, 0],
        ] {
            let obus = obus(sample);
            assert!(obus.is_err(), "{obus:?}");
        }
    }
}
