// SPDX-License-Identifier: MPL-2.0
//! What a track is, as far as the choice of its key and its protection goes.

use std::fmt;

/// A track, as the key sources and the packager speak of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Track {
    /// track_ID, as in `tkhd`.
    pub track_id: u32,
    /// What the track holds.
    pub media: Media,
}

/// What a track holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// Pictures, with their coded size in pixels.
    Video {
        /// Pixels in a row.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// Sound.
    Audio,
    /// Subtitles, captions and metadata: clear unless they are asked for by track.
    Text,
}

impl fmt::Display for Track {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.track_id;
        match self.media {
            Media::Video { width, height } => write!(f, "video track {id} ({width}x{height})"),
            Media::Audio => write!(f, "audio track {id}"),
            Media::Text => write!(f, "text track {id}"),
        }
    }
}
