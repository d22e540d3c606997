// SPDX-License-Identifier: MPL-2.0
//! `iacb`, the configuration of Immersive Audio Model and Formats: IAMF v1.1, 3 and 6.2.

use crate::Error;
use crate::raw_bits::RawBitReader;

/// OBU types.
const CODEC_CONFIG: u8 = 0;
const SEQUENCE_HEADER: u8 = 31;

/// The fields of `iacb` that name profile and codec.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IamfConfiguration {
    /// primary_profile.
    pub primary_profile: u8,
    /// additional_profile.
    pub additional_profile: u8,
    /// codec_id of the first codec configuration, such as `Opus`; zero bytes if there is none.
    pub codec: [u8; 4],
}

impl IamfConfiguration {
    /// Reads the payload of an `iacb`.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(config: &[u8]) -> Result<Self, Error> {
        let mut bits = RawBitReader::new(config, "iacb");
        // configurationVersion
        bits.skip(8)?;
        let end = read_leb128(&mut bits)?.saturating_add(bits.bytes_read());
        let mut read = Self::default();
        while bits.bytes_read() < end.min(config.len()) {
            read.read_obu(&mut bits)?;
        }
        Ok(read)
    }

    fn read_obu(&mut self, bits: &mut RawBitReader<'_>) -> Result<(), Error> {
        let obu_type = bits.small(5)?;
        // obu_redundant_copy, obu_trimming_status_flag
        bits.skip(2)?;
        let has_extension = bits.flag()?;
        let end = read_leb128(bits)?.saturating_add(bits.bytes_read());
        if !has_extension && obu_type == SEQUENCE_HEADER {
            // ia_code
            bits.skip(32)?;
            self.primary_profile = bits.byte()?;
            self.additional_profile = bits.byte()?;
        }
        if !has_extension && obu_type == CODEC_CONFIG && self.codec == [0; 4] {
            // codec_config_id
            read_leb128(bits)?;
            self.codec = [bits.byte()?, bits.byte()?, bits.byte()?, bits.byte()?];
        }
        let left = end.saturating_sub(bits.bytes_read());
        bits.skip(u32::try_from(left.saturating_mul(8)).unwrap_or(u32::MAX >> 1))
    }
}

/// Reads leb128(): groups of seven bits, the lowest first, of which all but the last are marked.
fn read_leb128(bits: &mut RawBitReader<'_>) -> Result<usize, Error> {
    let mut value: u64 = 0;
    for group in 0..8 {
        let byte = bits.byte()?;
        value |= u64::from(byte & 0x7f) << (7 * group);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Ok(usize::try_from(value).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    // A sequence header of the Simple profile, and the start of a codec configuration of Opus.
    #[test]
    fn profile_and_codec_are_read() {
        let record = b"\x01\x12\xf8\x06iamf\0\x01\0\x08\x80\x01Opus\x80\x07";
        let read = IamfConfiguration::read(record).unwrap();
        assert_eq!((read.primary_profile, read.additional_profile), (0, 1));
        assert_eq!(&read.codec, b"Opus");
        for end in 0..record.len() {
            assert!(IamfConfiguration::read(&record[..end]).is_err() || end == 10 || end == 2);
        }
        let huge = b"\x01\xff\xff\xff\xff\xff\xff\xff\x7f\xf8\xff\xff\xff\xff\xff\xff\xff\x7f";
        assert!(IamfConfiguration::read(huge).is_err());
    }
}
