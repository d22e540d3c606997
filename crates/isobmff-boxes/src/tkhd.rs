// SPDX-License-Identifier: MPL-2.0
//! `tkhd`, the track header box, 14496-12 clause 8.3.2.

use super::{Error, Reader};

/// The track header's track_ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tkhd {
    /// The id of the track, also in `trex`, `tfhd`, `tfra` and `sidx`.
    pub track_id: u32,
}

impl Tkhd {
    /// Reads the fields.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::UnknownVersion`].
    pub fn read(mut reader: Reader<'_>) -> Result<Self, Error> {
        reader.skip_times()?;
        Ok(Self {
            track_id: reader.u32()?,
        })
    }
}
