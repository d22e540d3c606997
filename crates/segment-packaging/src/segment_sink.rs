// SPDX-License-Identifier: MPL-2.0
//! The destination of protected segments, and what it gets.

use cenc_types::KeyId;
use protection_policy::KeyChange;

use super::watched_keys::InitKeys;

/// The `styp` with which a CMAF segment starts that is a DASH media segment: ISO/IEC 23009-1 clause 6.3.4.2, 23000-19 clause 7.2.
pub const SEGMENT_TYPE: &[u8] = b"\0\0\0\x18stypmsdh\0\0\0\0msdhcmfs";

/// The destination of protected segments. It gets them in the order in which the clear fragments were pushed. Tracks are named by their
/// index in `moov`, counted from 0.
pub trait SegmentSink<C> {
    /// What may fail.
    type Error;

    /// Takes an init segment of all tracks that replaces the one in force.
    ///
    /// # Errors
    /// Those of the destination.
    fn start_part(&mut self, init: StartedInit<'_>) -> Result<(), Self::Error>;

    /// Takes the boxes of a fragment, which start a segment of its track unless one is under way.
    ///
    /// # Errors
    /// Those of the destination.
    fn start_fragment(&mut self, fragment: StartedFragment<'_>) -> Result<(), Self::Error>;

    /// Takes media of the fragment under way, in one or more chunks; none for a fragment without media.
    ///
    /// # Errors
    /// Those of the destination.
    fn write_media(&mut self, track: usize, media: C) -> Result<(), Self::Error>;

    /// Ends the segment under way, which has this number.
    ///
    /// # Errors
    /// Those of the destination.
    fn end_segment(&mut self, track: usize, segment: u64) -> Result<(), Self::Error>;

    /// Takes the start of a crypto period, before the first fragment in it.
    fn change_keys(&mut self, change: KeyChange);

    /// Takes a warning.
    fn warn(&mut self, warning: StreamWarning);
}

/// A protected init segment of all tracks.
#[derive(Debug, Clone, Copy)]
pub struct StartedInit<'a> {
    /// `ftyp` and `moov`. [`cenc_mp4::cutting::track_init`] takes one track out of it.
    pub bytes: &'a [u8],
    /// Its keys.
    pub keys: &'a InitKeys,
}

/// The start of a protected fragment.
#[derive(Debug, Clone, Copy)]
pub struct StartedFragment<'a> {
    /// Index of its track.
    pub track: usize,
    /// The number of its segment.
    pub segment: u64,
    /// The KID of its samples; None if they are clear.
    pub kid: Option<KeyId>,
    /// All bytes up to its media: what was in front of the `moof`, the `moof`, the header of the `mdat`.
    pub boxes: &'a [u8],
}

/// Something about the stream that the user should know of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StreamWarning {
    /// About keys and cues.
    #[error(transparent)]
    Policy(#[from] protection_policy::Warning),
    /// About boxes and samples.
    #[error(transparent)]
    Mp4(#[from] cenc_mp4::Warning),
}
