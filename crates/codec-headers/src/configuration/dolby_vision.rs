// SPDX-License-Identifier: MPL-2.0
//! `dvcC`, `dvvC` and `dvwC`: Dolby Vision Streams within the ISO Base Media File Format, clause 3.2.

use crate::Error;
use crate::raw_bits::RawBitReader;

/// The fields of a Dolby Vision configuration that name the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DolbyVisionConfiguration {
    /// dv_profile.
    pub profile: u8,
    /// dv_level.
    pub level: u8,
    /// dv_bl_signal_compatibility_id: what the base layer is without Dolby Vision; 0 if it cannot be shown so.
    pub base_compatibility: u8,
}

impl DolbyVisionConfiguration {
    /// Reads the payload of the box.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(config: &[u8]) -> Result<Self, Error> {
        let mut bits = RawBitReader::new(config, "Dolby Vision configuration");
        // dv_version_major, dv_version_minor
        bits.skip(16)?;
        let [profile, level] = [bits.small(7)?, bits.small(6)?];
        // rpu_present_flag, el_present_flag, bl_present_flag
        bits.skip(3)?;
        Ok(Self {
            profile,
            level,
            base_compatibility: bits.small(4)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Laid out by hand: version 1.0, profile 8, level 7, RPU and base layer, which is HLG.
    #[test]
    fn fields_are_read() {
        let read = DolbyVisionConfiguration::read(&[1, 0, 0x10, 0x3d, 0x40]).unwrap();
        assert_eq!(
            (read.profile, read.level, read.base_compatibility),
            (8, 7, 4)
        );
        assert!(DolbyVisionConfiguration::read(&[1, 0, 0x10, 0x3d]).is_err());
    }
}
