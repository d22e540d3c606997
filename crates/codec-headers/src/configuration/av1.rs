// SPDX-License-Identifier: MPL-2.0
//! `av1C`: AV1 Codec ISO Media File Format Binding, 2.3.3.

use super::StreamColours;
use crate::Error;
use crate::av1;
use crate::raw_bits::RawBitReader;

/// The fields of `av1C`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Av1Configuration {
    /// seq_profile.
    pub profile: u8,
    /// seq_level_idx_0.
    pub level: u8,
    /// seq_tier_0: the High tier.
    pub is_high_tier: bool,
    /// Bits of a value.
    pub bit_depth: u8,
    /// There is no chroma.
    pub is_monochrome: bool,
    /// chroma_subsampling_x, chroma_subsampling_y and chroma_sample_position, which is 0 without 4:2:0.
    pub chroma: [u8; 3],
    /// The colours of the sequence header in configOBUs; None if there is none, or if it does not describe them.
    pub colours: Option<StreamColours>,
}

impl Av1Configuration {
    /// Reads the payload of an `av1C`.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::OutOfRange`].
    pub fn read(config: &[u8]) -> Result<Self, Error> {
        let obus = av1::config_obus(config)?;
        let mut bits = RawBitReader::new(config, "av1C");
        bits.skip(8)?;
        let [profile, level] = [bits.small(3)?, bits.small(5)?];
        let [is_high_tier, high_bitdepth, twelve_bit, is_monochrome] =
            [bits.flag()?, bits.flag()?, bits.flag()?, bits.flag()?];
        let [x, y, position] = [bits.small(1)?, bits.small(1)?, bits.small(2)?];
        Ok(Self {
            profile,
            level,
            is_high_tier,
            bit_depth: match (high_bitdepth, twelve_bit && profile == 2) {
                (false, _) => 8,
                (true, false) => 10,
                (true, true) => 12,
            },
            is_monochrome,
            chroma: [x, y, if x & y == 1 { position } else { 0 }],
            colours: av1::described_colours(obus),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The first record is that of Shaka Packager's av1_codec_configuration_record_unittest.cc.
    #[test]
    fn fields_are_read() {
        let read = Av1Configuration::read(&[0x81, 0x04, 0x4e, 0]).unwrap();
        let expected = Av1Configuration {
            profile: 0,
            level: 4,
            is_high_tier: false,
            bit_depth: 10,
            is_monochrome: false,
            chroma: [1, 1, 2],
            colours: None,
        };
        assert_eq!(read, expected);
        let professional = Av1Configuration::read(&[0x81, 0x4d, 0xe8, 0]).unwrap();
        assert_eq!((professional.profile, professional.bit_depth), (2, 12));
        assert!(professional.is_high_tier);
        assert_eq!(professional.chroma, [1, 0, 0]);
    }
}
