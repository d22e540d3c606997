// SPDX-License-Identifier: MPL-2.0
//! `trex`, the defaults of a track's fragments, 14496-12 clause 8.8.3.

use super::{Error, Reader};

/// The defaults for the fragments of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trex {
    /// The track.
    pub track_id: u32,
    /// 1-based index into `stsd`.
    pub sample_description_index: u32,
    /// Sample duration in ticks.
    pub sample_duration: u32,
    /// Sample size in bytes.
    pub sample_size: u32,
    /// Sample flags.
    pub sample_flags: u32,
}

impl Trex {
    /// Reads the fields.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(mut reader: Reader<'_>) -> Result<Self, Error> {
        reader.full_box_header()?;
        Ok(Self {
            track_id: reader.u32()?,
            sample_description_index: reader.u32()?,
            sample_duration: reader.u32()?,
            sample_size: reader.u32()?,
            sample_flags: reader.u32()?,
        })
    }
}
