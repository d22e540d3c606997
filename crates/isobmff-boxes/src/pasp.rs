// SPDX-License-Identifier: MPL-2.0
//! `pasp`, the pixel aspect ratio of a visual sample entry, 14496-12 clause 12.1.4.

use super::{Error, Reader};

/// The width of a pixel relative to its height: `horizontal` to `vertical`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelAspect {
    /// hSpacing; 0 only in a damaged file.
    pub horizontal: u32,
    /// vSpacing; 0 only in a damaged file.
    pub vertical: u32,
}

impl PixelAspect {
    /// Reads the fields.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(mut reader: Reader<'_>) -> Result<Self, Error> {
        Ok(Self {
            horizontal: reader.u32()?,
            vertical: reader.u32()?,
        })
    }
}
