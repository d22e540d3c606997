// SPDX-License-Identifier: MPL-2.0
//! The description of a track in manifests, from its sample entry and from the user.

use cenc_mp4::cutting::SourceTrack;
use cenc_mp4::description::{
    AudioDescription, DynamicRange, MediaDescription, SpeakerLayout, TrackDescription,
    VideoDescription,
};
use isobmff_boxes::{BoxTree, FourCc};
use presentation::model::{
    ChannelLayout, FrameRate, PixelAspect, Role, SmoothCodec, TrackMedia, VideoRange,
};

use super::input_spec::TrackProperties;

/// Sample entries of text that no player of DASH or HLS shows.
const UNPLAYED_TEXT: [FourCc; 3] = [FourCc(*b"tx3g"), FourCc(*b"text"), FourCc(*b"c608")];

/// A track as the manifests describe it.
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
    /// The codec in a Smooth Streaming manifest.
    pub smooth: Option<SmoothCodec>,
}

impl DescribedTrack {
    /// Describes a track; None for one that players do not present, such as metadata and text in the format of QuickTime.
    ///
    /// # Errors
    /// Damaged boxes.
    pub fn read(
        source: &SourceTrack,
        properties: &TrackProperties,
    ) -> Result<Option<Self>, cenc_mp4::Error> {
        let found = TrackDescription::read(&BoxTree::parse(source.trak())?)?;
        if UNPLAYED_TEXT.contains(&found.format) {
            return Ok(None);
        }
        let mut roles = properties.roles.clone();
        let media = match &found.media {
            MediaDescription::Video(video) => video_media(video, source),
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
            codecs: found.codecs,
            media,
            language: properties.language.clone().or(found.language),
            label: properties.label.clone().or(found.name),
            roles,
            smooth: None,
        }))
    }
}

fn video_media(video: &VideoDescription, source: &SourceTrack) -> TrackMedia {
    TrackMedia::Video {
        width: video.width.into(),
        height: video.height.into(),
        frame_rate: source.frame_rate().map(|rate| FrameRate {
            numerator: rate.numerator,
            denominator: rate.denominator,
        }),
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
