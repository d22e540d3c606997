// SPDX-License-Identifier: MPL-2.0
//! The extensions that an SPS or PPS announces: ISO/IEC 23008-2, 7.3.2.2.1 and 7.3.2.3.1.

use crate::Error;
use crate::rbsp::RbspReader;

/// The extensions of a parameter set. SPS and PPS announce them by the same flags.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PresentExtensions {
    pub(super) range: bool,
    pub(super) multilayer: bool,
    pub(super) is_3d: bool,
    pub(super) screen_content: bool,
}

impl PresentExtensions {
    /// Reads the flag that says whether there are extensions, and then the flag of each.
    pub(super) fn read(bits: &mut RbspReader<'_>) -> Result<Self, Error> {
        if !bits.flag()? {
            return Ok(Self::default());
        }
        let present = Self {
            range: bits.flag()?,
            multilayer: bits.flag()?,
            is_3d: bits.flag()?,
            screen_content: bits.flag()?,
        };
        // sps_extension_4bits or pps_extension_4bits
        bits.u(4)?;
        Ok(present)
    }
}
