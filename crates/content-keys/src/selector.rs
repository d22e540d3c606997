// SPDX-License-Identifier: MPL-2.0
//! Selectors, which assign a key to tracks.

use std::fmt;
use std::str::FromStr;

use cenc_types::{Media, Track};

use super::error::LineError;

/// The tracks that a key protects: the first word of a key file's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Selector {
    /// `*`: every track but text.
    Any,
    /// `video`.
    Video,
    /// `audio`.
    Audio,
    /// `text`.
    Text,
    /// `sd`, `hd`, `uhd1`, `uhd2`: video of that class.
    Class(VideoClass),
    /// `track:N`, by track_ID.
    Track(u32),
}

/// A class of video by the pixels of a picture. Each class contains what is too large for the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VideoClass {
    /// Up to 1024x576.
    Sd,
    /// Up to 1920x1080.
    Hd,
    /// Up to 4096x2160.
    Uhd1,
    /// Larger than 4096x2160.
    Uhd2,
}

impl VideoClass {
    fn from_size(width: u16, height: u16) -> Self {
        match u32::from(width) * u32::from(height) {
            0..=589_824 => Self::Sd,
            589_825..=2_073_600 => Self::Hd,
            2_073_601..=8_847_360 => Self::Uhd1,
            _ => Self::Uhd2,
        }
    }
}

impl Selector {
    /// Returns how closely the selector describes `track`, from 0 to 3, or None if it does not match.
    ///
    /// ```
    /// use cenc_types::{Media, Track};
    /// use content_keys::Selector;
    ///
    /// let hd = Track { track_id: 1, media: Media::Video { width: 1920, height: 1080 } };
    /// assert_eq!("hd".parse::<Selector>()?.specificity(&hd), Some(2));
    /// assert_eq!("sd".parse::<Selector>()?.specificity(&hd), None);
    /// # Ok::<(), content_keys::LineError>(())
    /// ```
    pub fn specificity(&self, track: &Track) -> Option<u8> {
        let is_text = track.media == Media::Text;
        let (matches, specificity) = match *self {
            Self::Any => (!is_text, 0),
            Self::Video => (matches!(track.media, Media::Video { .. }), 1),
            Self::Audio => (track.media == Media::Audio, 1),
            Self::Text => (is_text, 1),
            Self::Class(class) => match track.media {
                Media::Video { width, height } => {
                    (VideoClass::from_size(width, height) == class, 2)
                }
                Media::Audio | Media::Text => (false, 2),
            },
            Self::Track(id) => (track.track_id == id, 3),
        };
        matches.then_some(specificity)
    }
}

impl FromStr for Selector {
    type Err = LineError;

    fn from_str(text: &str) -> Result<Self, LineError> {
        Ok(match text {
            "*" => Self::Any,
            "video" => Self::Video,
            "audio" => Self::Audio,
            "text" => Self::Text,
            "sd" => Self::Class(VideoClass::Sd),
            "hd" => Self::Class(VideoClass::Hd),
            "uhd1" => Self::Class(VideoClass::Uhd1),
            "uhd2" => Self::Class(VideoClass::Uhd2),
            _ => Self::Track(
                text.strip_prefix("track:")
                    .and_then(|id| id.parse().ok())
                    .ok_or(LineError::Selector)?,
            ),
        })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "*",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Text => "text",
            Self::Class(VideoClass::Sd) => "sd",
            Self::Class(VideoClass::Hd) => "hd",
            Self::Class(VideoClass::Uhd1) => "uhd1",
            Self::Class(VideoClass::Uhd2) => "uhd2",
            Self::Track(id) => return write!(f, "track:{id}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn video(width: u16, height: u16) -> Track {
        Track {
            track_id: 1,
            media: Media::Video { width, height },
        }
    }

    #[test]
    fn classes_end_at_their_picture_sizes() {
        for (width, height, class) in [
            (1024, 576, VideoClass::Sd),
            (1025, 576, VideoClass::Hd),
            (1920, 1080, VideoClass::Hd),
            (1920, 1088, VideoClass::Uhd1),
            (4096, 2160, VideoClass::Uhd1),
            (4096, 2161, VideoClass::Uhd2),
            (u16::MAX, u16::MAX, VideoClass::Uhd2),
        ] {
            assert_eq!(
                VideoClass::from_size(width, height),
                class,
                "{width}x{height}"
            );
        }
    }

    #[test]
    fn closer_descriptions_are_more_specific() {
        let specificities = ["*", "video", "hd", "track:1"].map(|text| {
            text.parse::<Selector>()
                .unwrap()
                .specificity(&video(1280, 720))
        });
        assert_eq!(specificities, [Some(0), Some(1), Some(2), Some(3)]);
    }

    #[test]
    fn text_is_not_any_track() {
        let text = Track {
            track_id: 3,
            media: Media::Text,
        };
        assert_eq!(Selector::Any.specificity(&text), None);
        assert!(Selector::Text.specificity(&text).is_some());
        assert!(Selector::Track(3).specificity(&text).is_some());
    }

    #[test]
    fn unknown_selectors_are_refused() {
        for text in ["", "Video", "track:", "track:x", "track:-1", "uhd3"] {
            assert_eq!(text.parse::<Selector>(), Err(LineError::Selector), "{text}");
        }
    }
}
