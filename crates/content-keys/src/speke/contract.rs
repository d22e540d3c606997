// SPDX-License-Identifier: MPL-2.0
//! The encryption contract of SPEKE 2: names of tracks, and the filters that define them.

use crate::Selector;
use crate::selector::VideoClass;
use cpix::{AudioFilter, VideoFilter};

use super::Error;

// The pixels of the largest picture of each class.
const SD: u64 = 1024 * 576;
const HD1: u64 = 1280 * 720;
const HD2: u64 = 1920 * 1080;
const UHD1: u64 = 4096 * 2160;

/// Tracks that share a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackRule {
    /// intendedTrackType.
    pub label: String,
    /// The video tracks.
    pub video: Vec<VideoFilter>,
    /// The audio tracks.
    pub audio: Vec<AudioFilter>,
}

impl TrackRule {
    /// Reads a name of tracks of SPEKE 2: `ALL`; `VIDEO`; `SD`, `HD`, `HD1`, `HD2`, `UHD`, `UHD1`, `UHD2` and sums such as
    /// `SD+HD1`; `AUDIO`, `STEREO_AUDIO`, `MULTICHANNEL_AUDIO`, `MULTICHANNEL_AUDIO_3_6`, `MULTICHANNEL_AUDIO_7`.
    ///
    /// ```
    /// use content_keys::speke::TrackRule;
    ///
    /// let rule = TrackRule::from_label("SD+HD1")?;
    /// assert_eq!(rule.video[0].max_pixels, Some(1024 * 576));
    /// assert_eq!(rule.video[1].max_pixels, Some(1280 * 720));
    /// # Ok::<(), content_keys::speke::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Label`].
    pub fn from_label(label: &str) -> Result<Self, Error> {
        let (mut video, mut audio) = (Vec::new(), Vec::new());
        if label == "ALL" {
            video.push(VideoFilter::default());
            audio.push(AudioFilter::default());
        } else if let Some(filter) = audio_filter(label) {
            audio.push(filter);
        } else {
            video = label
                .split('+')
                .map(video_filter)
                .collect::<Option<_>>()
                .ok_or_else(|| Error::Label(label.to_owned()))?;
        }
        Ok(Self {
            label: label.to_owned(),
            video,
            audio,
        })
    }

    /// Returns the selectors of a key ring that match the same tracks.
    ///
    /// # Errors
    /// [`Error::NoSelector`] for names that distinguish tracks more finely than selectors can.
    pub fn selectors(&self) -> Result<Vec<Selector>, Error> {
        let selectors: Option<Vec<_>> = self.label.split('+').map(selectors_of).collect();
        selectors
            .map(|parts| parts.concat())
            .ok_or_else(|| Error::NoSelector(self.label.clone()))
    }
}

fn selectors_of(name: &str) -> Option<Vec<Selector>> {
    Some(match name {
        "ALL" => vec![Selector::Any],
        "VIDEO" => vec![Selector::Video],
        "AUDIO" => vec![Selector::Audio],
        "SD" => vec![Selector::Class(VideoClass::Sd)],
        "HD" => vec![Selector::Class(VideoClass::Hd)],
        "UHD" => vec![
            Selector::Class(VideoClass::Uhd1),
            Selector::Class(VideoClass::Uhd2),
        ],
        "UHD1" => vec![Selector::Class(VideoClass::Uhd1)],
        "UHD2" => vec![Selector::Class(VideoClass::Uhd2)],
        _ => return None,
    })
}

fn video_filter(name: &str) -> Option<VideoFilter> {
    let (below, max_pixels) = match name {
        "VIDEO" => (None, None),
        "SD" => (None, Some(SD)),
        "HD" => (Some(SD), Some(HD2)),
        "HD1" => (Some(SD), Some(HD1)),
        "HD2" => (Some(HD1), Some(HD2)),
        "UHD" => (Some(HD2), None),
        "UHD1" => (Some(HD2), Some(UHD1)),
        "UHD2" => (Some(UHD1), None),
        _ => return None,
    };
    Some(VideoFilter {
        min_pixels: below.map(|pixels| pixels + 1),
        max_pixels,
        ..VideoFilter::default()
    })
}

fn audio_filter(name: &str) -> Option<AudioFilter> {
    let (min_channels, max_channels) = match name {
        "AUDIO" => (None, None),
        "STEREO_AUDIO" => (None, Some(2)),
        "MULTICHANNEL_AUDIO" => (Some(3), None),
        "MULTICHANNEL_AUDIO_3_6" => (Some(3), Some(6)),
        "MULTICHANNEL_AUDIO_7" => (Some(7), None),
        _ => return None,
    };
    Some(AudioFilter {
        min_channels,
        max_channels,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_have_a_filter_for_each_part() {
        let rule = TrackRule::from_label("SD+HD1").unwrap();
        let limits: Vec<_> = rule
            .video
            .iter()
            .map(|f| (f.min_pixels, f.max_pixels))
            .collect();
        assert_eq!(
            limits,
            [(None, Some(589_824)), (Some(589_825), Some(921_600))]
        );
        assert!(rule.audio.is_empty());
        assert!(matches!(rule.selectors(), Err(Error::NoSelector(_))));
    }

    #[test]
    fn all_has_one_bare_filter_of_each_type() {
        let rule = TrackRule::from_label("ALL").unwrap();
        assert_eq!(rule.video, [VideoFilter::default()]);
        assert_eq!(rule.audio, [AudioFilter::default()]);
        assert_eq!(rule.selectors().unwrap(), [Selector::Any]);
    }

    #[test]
    fn unknown_names_are_refused() {
        for label in ["", "video", "SD+", "SD+AUDIO", "ALL+SD", "8K"] {
            assert!(
                matches!(TrackRule::from_label(label), Err(Error::Label(_))),
                "{label}"
            );
        }
    }

    #[test]
    fn selectors_are_those_of_the_same_sizes() {
        let of = |label| TrackRule::from_label(label).unwrap().selectors().unwrap();
        assert_eq!(
            of("SD+UHD"),
            [VideoClass::Sd, VideoClass::Uhd1, VideoClass::Uhd2].map(Selector::Class)
        );
        assert_eq!(
            [of("VIDEO"), of("AUDIO")],
            [[Selector::Video], [Selector::Audio]]
        );
    }
}
