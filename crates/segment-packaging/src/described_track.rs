// SPDX-License-Identifier: MPL-2.0
//! The description of a track in manifests, from its sample entry and from the user.

use cenc_mp4::description::{
    AudioDescription, DynamicRange, MediaDescription, SpeakerLayout, TrackDescription,
    VideoDescription,
};
use cenc_types::FrameRate;
use isobmff_boxes::{BoxTree, FourCc};
use presentation::model::{ChannelLayout, PixelAspect, Role, SmoothCodec, TrackMedia, VideoRange};

use super::track_properties::TrackProperties;

/// Sample entries of text that no player of DASH or HLS shows.
const UNPLAYED_TEXT: [FourCc; 3] = [FourCc(*b"tx3g"), FourCc(*b"text"), FourCc(*b"c608")];

/// What says how a track is.
#[derive(Debug, Clone, Copy)]
pub struct DescriptionSource<'a> {
    /// Its `trak`, clear or protected.
    pub trak: &'a BoxTree<'a>,
    /// Pictures per second; None if they have different durations, or for another kind of track.
    pub frame_rate: Option<FrameRate>,
}

/// A track as the manifests describe it.
#[derive(Debug, Clone, PartialEq)]
pub struct DescribedTrack {
    /// The codecs parameter of RFC 6381.
    pub codecs: String,
    /// Its kind of media.
    pub media: TrackMedia,
    /// The language by RFC 5646.
    pub language: Option<String>,
    /// The name in the menu of a player.
    pub label: Option<String>,
    /// The purposes.
    pub roles: Vec<Role>,
    /// The codec in a Smooth Streaming manifest, if it has a name there.
    pub smooth: Option<SmoothCodec>,
}

impl DescribedTrack {
    /// Returns the pictures per second; None for other media, and if they are not known.
    pub const fn frame_rate(&self) -> Option<FrameRate> {
        match self.media {
            TrackMedia::Video { frame_rate, .. } => frame_rate,
            TrackMedia::Audio { .. } | TrackMedia::Text => None,
        }
    }

    /// Describes a track; what the user gives has precedence. None for one that players do not present, such as metadata and text in the
    /// format of QuickTime.
    ///
    /// # Errors
    /// Damaged boxes.
    pub fn read(
        source: DescriptionSource<'_>,
        properties: &TrackProperties,
    ) -> Result<Option<Self>, cenc_mp4::Error> {
        let found = TrackDescription::read(source.trak)?;
        if UNPLAYED_TEXT.contains(&found.format) {
            return Ok(None);
        }
        let mut roles = properties.roles.clone();
        let media = match &found.media {
            MediaDescription::Video(video) => video_media(video, source.frame_rate),
            MediaDescription::Audio(audio) => audio_media(audio),
            MediaDescription::Text { is_forced } => {
                if *is_forced && roles.is_empty() {
                    roles.push(Role::ForcedSubtitle);
                }
                TrackMedia::Text
            }
            MediaDescription::Other => return Ok(None),
        };
        if roles.is_empty() {
            roles.extend(found.kinds.iter().filter_map(|kind| {
                (kind.scheme == "urn:mpeg:dash:role:2011")
                    .then(|| Role::from_dash_value(&kind.value))
                    .flatten()
            }));
            roles.sort_unstable();
            roles.dedup();
        }
        Ok(Some(Self {
            smooth: smooth_codec(&found),
            codecs: found.codecs,
            media,
            language: properties.language.clone().or(found.language),
            label: properties.label.clone().or(found.name),
            roles,
        }))
    }
}

/// Returns the codec as Smooth Streaming names it: MS-SSTR 2.2.2.5. None if it has no name, or the parameter sets are in the samples only.
fn smooth_codec(found: &TrackDescription) -> Option<SmoothCodec> {
    let four_cc = match (&found.format.0, found.codecs.as_str()) {
        (b"avc1" | b"avc3", _) => "H264",
        (b"hvc1", _) => "HVC1",
        (b"hev1", _) => "HEV1",
        (b"mp4a", "mp4a.40.5" | "mp4a.40.29") => "AACH",
        (b"mp4a", _) => "AACL",
        (b"stpp", _) => "TTML",
        _ => return None,
    };
    let private_data = match four_cc {
        "TTML" => Vec::new(),
        _ => found.codec_private_data.clone()?,
    };
    let has_data = four_cc == "TTML" || !private_data.is_empty();
    has_data.then(|| SmoothCodec {
        four_cc: four_cc.to_owned(),
        private_data,
    })
}

fn video_media(video: &VideoDescription, frame_rate: Option<FrameRate>) -> TrackMedia {
    TrackMedia::Video {
        width: video.width.into(),
        height: video.height.into(),
        frame_rate,
        pixel_aspect: video.pixel_aspect.map(|aspect| PixelAspect {
            horizontal: aspect.horizontal,
            vertical: aspect.vertical,
        }),
        range: video.dynamic_range.map(|range| match range {
            DynamicRange::Sdr => VideoRange::Sdr,
            DynamicRange::Hlg => VideoRange::Hlg,
            DynamicRange::Pq => VideoRange::Pq,
        }),
    }
}

fn audio_media(audio: &AudioDescription) -> TrackMedia {
    TrackMedia::Audio {
        sampling_rate: audio.sampling_rate,
        channels: u16::try_from(audio.channels).unwrap_or(u16::MAX).max(1),
        layout: match audio.speakers {
            Some(SpeakerLayout::Dolby(channel_map)) => Some(ChannelLayout::Dolby {
                channel_map,
                joc_complexity: audio.joc_objects,
            }),
            Some(SpeakerLayout::DolbyAc4(Some(mask))) => Some(ChannelLayout::Ac4(mask)),
            _ => audio.cicp_configuration.map(ChannelLayout::Cicp),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of FFmpeg with AVC in 64 × 48 pixels (Constrained Baseline, level 1) and AAC-LC (8000 Hz, mono), as ffprobe says.
    const FILE: &[u8] = include_bytes!("../../../fuzz/corpus/mp4/ffmpeg-av");

    fn described(track: usize, properties: &TrackProperties) -> DescribedTrack {
        let file_type = BoxTree::parse(FILE).unwrap().size();
        let moov = BoxTree::parse(&FILE[file_type..]).unwrap();
        let children = moov.children();
        let traks: Vec<_> = children
            .iter()
            .filter(|child| child.box_type == FourCc::TRAK)
            .collect();
        let source = DescriptionSource {
            trak: traks[track],
            frame_rate: Some(FrameRate::new(25, 1)),
        };
        DescribedTrack::read(source, properties).unwrap().unwrap()
    }

    #[test]
    fn boxes_say_what_the_user_does_not() {
        let video = described(0, &TrackProperties::default());
        assert_eq!(video.codecs, "avc1.42c00a");
        assert_eq!(
            video.media,
            TrackMedia::Video {
                width: 64,
                height: 48,
                frame_rate: Some(FrameRate::new(25, 1)),
                pixel_aspect: Some(PixelAspect {
                    horizontal: 1,
                    vertical: 1
                }),
                range: None,
            }
        );
        assert_eq!((video.language, video.roles), (None, Vec::new()));
        let german = TrackProperties {
            language: Some("de-AT".into()),
            label: Some("Deutsch".into()),
            roles: vec![Role::Dub],
        };
        let sound = described(1, &german);
        assert_eq!(sound.codecs, "mp4a.40.2");
        assert_eq!(
            sound.media,
            TrackMedia::Audio {
                sampling_rate: 8000,
                channels: 1,
                layout: Some(ChannelLayout::Cicp(1)),
            }
        );
        assert_eq!(
            (sound.language, sound.label, sound.roles),
            (german.language, german.label, german.roles)
        );
    }
}
