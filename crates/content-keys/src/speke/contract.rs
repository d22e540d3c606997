// SPDX-License-Identifier: MPL-2.0
//! The encryption contract of SPEKE 2: names of tracks, and the filters that say what they mean.

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
    /// The tracks that a name of SPEKE 2 stands for: `ALL`; `VIDEO`; `SD`, `HD`, `HD1`, `HD2`, `UHD`, `UHD1`, `UHD2` and sums such as
    /// `SD+HD1`; `AUDIO`, `STEREO_AUDIO`, `MULTICHANNEL_AUDIO`, `MULTICHANNEL_AUDIO_3_6`, `MULTICHANNEL_AUDIO_7`.
    ///
    /// # Errors
    /// [`Error::Label`].
    pub fn named(label: &str) -> Result<Self, Error> {
        let (mut video, mut audio) = (Vec::new(), Vec::new());
        if label == "ALL" {
            video.push(VideoFilter::default());
            audio.push(AudioFilter::default());
        } else if let Some(filter) = audio_filter(label) {
            audio.push(filter);
        } else {
            let parts = label.split('+').map(video_filter);
            let parts: Option<Vec<_>> = parts.collect();
            video = parts.ok_or_else(|| Error::Label(label.to_owned()))?;
        }
        let label = label.to_owned();
        Ok(Self {
            label,
            video,
            audio,
        })
    }

    /// The selectors of a key ring that describe the same tracks.
    ///
    /// # Errors
    /// [`Error::NoSelector`] for names that part tracks more finely than selectors do.
    pub fn selectors(&self) -> Result<Vec<Selector>, Error> {
        let parts = self.label.split('+').map(|part| match part {
            "ALL" => Some(vec![Selector::Any]),
            "VIDEO" => Some(vec![Selector::Video]),
            "AUDIO" => Some(vec![Selector::Audio]),
            "SD" => Some(vec![Selector::Class(VideoClass::Sd)]),
            "HD" => Some(vec![Selector::Class(VideoClass::Hd)]),
            "UHD" => Some(vec![
                Selector::Class(VideoClass::Uhd1),
                Selector::Class(VideoClass::Uhd2),
            ]),
            "UHD1" => Some(vec![Selector::Class(VideoClass::Uhd1)]),
            "UHD2" => Some(vec![Selector::Class(VideoClass::Uhd2)]),
            _ => None,
        });
        let parts: Option<Vec<_>> = parts.collect();
        let parts = parts.ok_or_else(|| Error::NoSelector(self.label.clone()))?;
        Ok(parts.concat())
    }
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
        let rule = TrackRule::named("SD+HD1").unwrap();
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
        let rule = TrackRule::named("ALL").unwrap();
        assert_eq!(rule.video, [VideoFilter::default()]);
        assert_eq!(rule.audio, [AudioFilter::default()]);
        assert_eq!(rule.selectors().unwrap(), [Selector::Any]);
    }

    #[test]
    fn unknown_names_are_refused() {
        for label in ["", "video", "SD+", "SD+AUDIO", "ALL+SD", "8K"] {
            assert!(
                matches!(TrackRule::named(label), Err(Error::Label(_))),
                "{label}"
            );
        }
    }

    #[test]
    fn selectors_are_those_of_the_same_sizes() {
        let of = |label| TrackRule::named(label).unwrap().selectors().unwrap();
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
