// SPDX-License-Identifier: MPL-2.0
//! HLS playlists (RFC 8216, and its successor for VIDEO-RANGE and the KEYFORMAT of DRM systems).

mod entries;
mod groups;
mod keys;
mod live;
mod media;
mod multivariant;
mod tags;

pub use media::{iframes, media};
pub use multivariant::multivariant;

use crate::model::PresentedTrack;

/// The version of the playlists. EXT-X-MAP in playlists of whole segments needs 6; Apple's tools write 7 for fragmented MP4.
const VERSION: u8 = 7;

/// The choices of playlists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HlsOptions {
    /// The lines of a clear lead.
    pub clear_lead: HlsClearLead,
}

/// The lines of a media playlist whose first segments are clear.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HlsClearLead {
    /// EXT-X-KEY of the protected segments from the first line: players get the licence while the lead plays. hls.js fails on the
    /// other form. In a live presentation, the lead is the clear part of Period 0; the model should have the part after it from the
    /// start, although it has no segments yet, so that the playlist does not change.
    #[default]
    KeyFromStart,
    /// `METHOD=NONE` first, and the keys with the first protected segment.
    None,
}

/// Returns the names of the playlists that the track with this name may have: media and I-frames.
pub fn playlist_names(track: &str) -> [String; 2] {
    [format!("{track}.m3u8"), format!("{track}-iframes.m3u8")]
}

/// Returns the name of the media playlist of a track.
///
/// [`multivariant`] refers to it.
pub fn media_name(track: &PresentedTrack) -> String {
    let [media, _] = playlist_names(&track.name);
    media
}

/// Returns the name of the I-frame playlist of a track.
///
/// [`multivariant`] refers to it if [`has_iframes`].
pub fn iframes_name(track: &PresentedTrack) -> String {
    let [_, iframes] = playlist_names(&track.name);
    iframes
}

/// Returns true if a track has segments that start with a key frame, which an I-frame playlist can list.
pub fn has_iframes(track: &PresentedTrack) -> bool {
    track
        .segments
        .iter()
        .any(|segment| segment.key_frame.is_some())
}
