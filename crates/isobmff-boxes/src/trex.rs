// SPDX-License-Identifier: MPL-2.0
//! `trex`, the defaults of a track's fragments, 14496-12 clause 8.8.3.

use super::{BoxTree, Error, FourCc, Reader};

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
    /// Finds the defaults of a track in a `moov`. A track without them has the first sample description, and 0 for all else.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn of_track(moov: &BoxTree<'_>, track_id: u32) -> Result<Self, Error> {
        let mut trexes = moov
            .all(FourCc::MVEX)
            .flat_map(|mvex| mvex.all(FourCc::TREX))
            .map(|trex| Self::read(trex.reader()));
        let own = trexes.find(|trex| trex.as_ref().map_or(true, |trex| trex.track_id == track_id));
        Ok(own.transpose()?.unwrap_or(Self {
            track_id,
            sample_description_index: 1,
            sample_duration: 0,
            sample_size: 0,
            sample_flags: 0,
        }))
    }

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
