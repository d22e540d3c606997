// SPDX-License-Identifier: MPL-2.0
//! `vpcC`: VP Codec ISO Media File Format Binding, "VP Codec Configuration Box".

use super::StreamColours;
use crate::Error;
use crate::raw_bits::RawBitReader;

/// The fields of `vpcC`, of VP8 and VP9.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VpConfiguration {
    /// The profile.
    pub profile: u8,
    /// Ten times the level.
    pub level: u8,
    /// Bits of a value.
    pub bit_depth: u8,
    /// chromaSubsampling: 1 is 4:2:0 with samples at the place of luma samples.
    pub chroma_subsampling: u8,
    /// The colours.
    pub colours: StreamColours,
}

impl VpConfiguration {
    /// Reads the payload of a `vpcC`; None for version 0, an early draft with other fields.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(config: &[u8]) -> Result<Option<Self>, Error> {
        let mut bits = RawBitReader::new(config, "vpcC");
        let version = bits.byte()?;
        if version == 0 {
            return Ok(None);
        }
        bits.skip(24)?;
        let [profile, level] = [bits.byte()?, bits.byte()?];
        let packed = bits.byte()?;
        Ok(Some(Self {
            profile,
            level,
            bit_depth: packed >> 4,
            chroma_subsampling: (packed >> 1) & 7,
            colours: StreamColours {
                primaries: bits.byte()?,
                transfer: bits.byte()?,
                matrix: bits.byte()?,
                is_full_range: packed & 1 == 1,
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read() {
        let record = [1, 0, 0, 0, 2, 31, 0xa3, 9, 16, 9, 0, 0];
        let expected = VpConfiguration {
            profile: 2,
            level: 31,
            bit_depth: 10,
            chroma_subsampling: 1,
            colours: StreamColours {
                primaries: 9,
                transfer: 16,
                matrix: 9,
                is_full_range: true,
            },
        };
        assert_eq!(VpConfiguration::read(&record), Ok(Some(expected)));
        assert_eq!(VpConfiguration::read(&[0; 8]), Ok(None));
        assert!(VpConfiguration::read(&record[..9]).is_err());
    }
}
