// SPDX-License-Identifier: MPL-2.0
//! The OBUs of a sample: the AV1 specification, 5.3.

use crate::codec::Error;

pub(super) const SEQUENCE_HEADER: u8 = 1;
pub(super) const TEMPORAL_DELIMITER: u8 = 2;
pub(super) const FRAME_HEADER: u8 = 3;
pub(super) const TILE_GROUP: u8 = 4;
pub(super) const FRAME: u8 = 6;
pub(super) const REDUNDANT_FRAME_HEADER: u8 = 7;
pub(super) const TILE_LIST: u8 = 8;

const TRUNCATED: Error = Error::Truncated { structure: "OBU" };

/// One OBU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Obu<'a> {
    pub(super) obu_type: u8,
    /// 0 without an extension, as is `spatial_id`.
    pub(super) temporal_id: u32,
    pub(super) spatial_id: u32,
    /// Where `payload` starts in the sample.
    pub(super) start: usize,
    pub(super) payload: &'a [u8],
}

/// The OBUs in order. One without obu_size reaches up to the end.
#[derive(Debug, Clone)]
pub(super) struct Obus<'a> {
    sample: &'a [u8],
    offset: usize,
}

impl<'a> Obus<'a> {
    pub(super) const fn new(sample: &'a [u8]) -> Self {
        Self { sample, offset: 0 }
    }

    fn byte(&mut self) -> Result<u8, Error> {
        let byte = self.sample.get(self.offset).copied().ok_or(TRUNCATED)?;
        self.offset += 1;
        Ok(byte)
    }

    fn read(&mut self) -> Result<Obu<'a>, Error> {
        let header = self.byte()?;
        if header & 0x80 != 0 {
            return Err(Error::OutOfRange {
                structure: "OBU",
                element: "obu_forbidden_bit",
            });
        }
        let extension = if header & 4 == 0 { 0 } else { self.byte()? };
        let size = if header & 2 == 0 {
            self.sample.len() - self.offset
        } else {
            self.leb128()?
        };
        let start = self.offset;
        let end = start.checked_add(size).ok_or(TRUNCATED)?;
        let payload = self.sample.get(start..end).ok_or(TRUNCATED)?;
        self.offset = end;
        Ok(Obu {
            obu_type: (header >> 3) & 15,
            temporal_id: u32::from(extension >> 5),
            spatial_id: u32::from((extension >> 3) & 3),
            start,
            payload,
        })
    }

    /// 4.10.5: at most eight bytes, at most 2^32 - 1.
    fn leb128(&mut self) -> Result<usize, Error> {
        let mut value = 0;
        for shift in (0..56).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let value = u32::try_from(value).ok();
                return value
                    .and_then(|value| usize::try_from(value).ok())
                    .ok_or(TRUNCATED);
            }
        }
        Err(TRUNCATED)
    }
}

impl<'a> Iterator for Obus<'a> {
    type Item = Result<Obu<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.offset >= self.sample.len() {
            return None;
        }
        let obu = self.read();
        if obu.is_err() {
            self.offset = self.sample.len();
        }
        Some(obu)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_obu_without_size_takes_the_rest() {
        let sample = [0x12, 0, 0x36, 0b0100_1000, 0x81, 0, 7, 0x30, 8, 9];
        let obus: Vec<_> = Obus::new(&sample).map(Result::unwrap).collect();
        assert_eq!(obus.len(), 3);
        assert_eq!((obus[0].obu_type, obus[0].start), (TEMPORAL_DELIMITER, 2));
        assert_eq!((obus[1].temporal_id, obus[1].spatial_id), (2, 1));
        assert_eq!((obus[1].start, obus[1].payload), (6, [7].as_slice()));
        assert_eq!((obus[2].start, obus[2].payload), (8, [8, 9].as_slice()));
    }

    #[test]
    fn sizes_past_the_end_are_refused_and_end_the_sample() {
        for sample in [
            [0x32, 1].as_slice(),
            &[0x32],
            &[0x34],
            &[0x32, 0xff, 0xff, 0xff, 0xff, 0x0f],
            &[0x32, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0],
            &[0xb2, 0],
        ] {
            let obus: Vec<_> = Obus::new(sample).collect();
            assert!(obus.len() == 1 && obus[0].is_err(), "{obus:?}");
        }
    }
}
