// SPDX-License-Identifier: MPL-2.0
//! Cuts the output of muxers into CMAF segments (ISO/IEC 23000-19 clause 7.3) while it grows.
//!
//! A [`MuxedTrackReader`] takes the fragmented MP4 of a muxer, with one track and fragments of any length, and returns its samples. A
//! [`StreamCutter`] gathers the samples of all tracks of a presentation and cuts them at common starts: key frames of the pictures, and
//! the first sound at or after those. [`muxed_init_segment`] describes all tracks in one `moov`, as an [`Encryptor`](crate::Encryptor)
//! needs them, and [`StreamSegment::write_boxes`] writes the boxes of a segment. No sample data is copied.

mod cutter_track;
mod muxed_track;
mod retiming;
mod stream_cutter;
mod stream_segment;

pub use muxed_track::{MuxedHeader, MuxedPart, MuxedSample, MuxedTrackReader};
pub use retiming::Retiming;
pub use stream_cutter::{CutterLimits, GroupSpan, LateTrack, StreamCutter, TrackSegment};
pub use stream_segment::{SegmentSpan, StreamSegment};

use crate::Error;
use crate::cutting::{InitTrack, movie_init};

/// Writes the init segment of tracks, `ftyp` and `moov`. Their track_IDs count from 1.
///
/// # Errors
/// Damaged boxes.
pub fn muxed_init_segment(tracks: &[&MuxedHeader]) -> Result<Vec<u8>, Error> {
    let tracks: Vec<InitTrack<'_>> = (1..)
        .zip(tracks)
        .map(|(track_id, track)| InitTrack {
            track_id,
            timescale: track.timescale,
            trak: &track.trak,
            skipped: 0,
            end: None,
        })
        .collect();
    movie_init(&tracks)
}

#[cfg(test)]
mod tests;
