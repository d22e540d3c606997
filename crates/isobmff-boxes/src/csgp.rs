// SPDX-License-Identifier: MPL-2.0
//! `csgp`, the compact assignment of samples to groups, 14496-12 clause 8.9.5.

use super::{Error, FourCc, Reader};

/// The flag of grouping_type_parameter.
const HAS_PARAMETER: u32 = 1 << 6;

/// The groups of the samples of a track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Csgp {
    /// The criterion of the groups, such as `roll`.
    pub grouping_type: FourCc,
    /// grouping_type_parameter, if it is there.
    pub parameter: Option<u32>,
    /// The patterns, in the order of the samples; the samples after them are in no group.
    pub patterns: Vec<GroupPattern>,
}

/// Groups that repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupPattern {
    /// The number of samples over which the pattern repeats.
    pub sample_count: u32,
    /// group_description_index of each sample of the pattern; 0 is no group.
    pub indices: Vec<u32>,
}

impl Csgp {
    /// Reads the fields of the box of a track, in which the most significant bit of an index has no meaning of its own.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(mut reader: Reader<'_>) -> Result<Self, Error> {
        let flags = reader.full_box_header()?.flags;
        let grouping_type = FourCc(reader.array()?);
        let parameter = match flags & HAS_PARAMETER {
            0 => None,
            _ => Some(reader.u32()?),
        };
        let count = reader.u32()?;
        let mut fields = PackedFields { reader, half: None };
        let mut lengths = Vec::new();
        let mut patterns = Vec::new();
        for _ in 0..count {
            lengths.push(fields.next(flags >> 4)?);
            patterns.push(GroupPattern {
                sample_count: fields.next(flags >> 2)?,
                indices: Vec::new(),
            });
        }
        for (pattern, length) in patterns.iter_mut().zip(lengths) {
            for _ in 0..length {
                pattern.indices.push(fields.next(flags)?);
            }
        }
        Ok(Self {
            grouping_type,
            parameter,
            patterns,
        })
    }
}

/// Fields of 4, 8, 16 or 32 bits.
struct PackedFields<'a> {
    reader: Reader<'a>,
    /// The second half of a byte, if a field of 4 bits was the first.
    half: Option<u8>,
}

impl PackedFields<'_> {
    /// Reads a field; the two lowest bits of `code` are its size code.
    fn next(&mut self, code: u32) -> Result<u32, Error> {
        let mut field = 0;
        for _ in 0..1 << (code & 3) {
            let half = match self.half.take() {
                Some(half) => half,
                None => {
                    let byte = self.reader.u8()?;
                    self.half = Some(byte & 15);
                    byte >> 4
                }
            };
            field = field << 4 | u32::from(half);
        }
        Ok(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8]) -> Result<Csgp, Error> {
        Csgp::read(Reader::new(FourCc::CSGP, body))
    }

    // Layout of clause 8.9.5.2.
    #[test]
    fn fields_of_all_sizes_are_read() {
        let pattern = |sample_count, indices: &[u32]| GroupPattern {
            sample_count,
            indices: indices.to_vec(),
        };
        // 4 bits each: two patterns of 1 and 2 indices for 3 and 6 samples.
        let csgp = read(b"\0\0\0\0roll\0\0\0\x02\x13\x26\x10\x20").unwrap();
        assert_eq!(csgp.grouping_type, FourCc(*b"roll"));
        assert_eq!(csgp.parameter, None);
        assert_eq!(csgp.patterns, [pattern(3, &[1]), pattern(6, &[0, 2])]);
        // 16, 32 and 8 bits, and a parameter.
        let csgp = read(b"\0\0\0\x6droll\0\0\0\x09\0\0\0\x01\0\x02\0\0\0\x05\x07\x08").unwrap();
        assert_eq!(csgp.parameter, Some(9));
        assert_eq!(csgp.patterns, [pattern(5, &[7, 8])]);
    }

    #[test]
    fn counts_beyond_the_box_are_refused() {
        for body in [
            b"\0\0\0\0roll\xff\xff\xff\xff\x11".as_slice(),
            b"\0\0\0\x30roll\0\0\0\x01\xff\xff\xff\xff\x11\x11",
        ] {
            assert!(matches!(read(body), Err(Error::Truncated { .. })));
        }
    }
}
