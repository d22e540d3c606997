// SPDX-License-Identifier: MPL-2.0
//! `trex`, the defaults of a track's fragments, 14496-12 clause 8.8.3.

use super::{Error, Reader};

/// What a track fragment uses where it does not say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trex {
    /// The track these defaults are for.
    pub track_id: u32,
    /// 1-based index into `stsd`.
    pub sample_description_index: u32,
    /// Sample size in bytes.
    pub sample_size: u32,
}

impl Trex {
    /// Reads the fields.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(mut reader: Reader<'_>) -> Result<Self, Error> {
        reader.version_and_flags()?;
        let track_id = reader.u32()?;
        let sample_description_index = reader.u32()?;
        reader.u32()?; // default_sample_duration
        let sample_size = reader.u32()?;
        Ok(Self {
            track_id,
            sample_description_index,
            sample_size,
        })
    }
}
