// SPDX-License-Identifier: MPL-2.0
//! The properties of a track that decide its key and its protection.

use std::fmt;

/// A track of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Track {
    /// track_ID, as in `tkhd`.
    pub track_id: u32,
    /// The kind of media.
    pub media: Media,
}

/// The kind of media in a track.
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
    /// Subtitles, captions and metadata, which stay clear unless a selector names the track.
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
