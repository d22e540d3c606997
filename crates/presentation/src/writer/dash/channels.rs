// SPDX-License-Identifier: MPL-2.0
//! Descriptors of audio channels.

use super::representation::descriptor;
use crate::model::{ChannelLayout, PresentedTrack, TrackMedia};
use crate::writer::xml::XmlElement;

/// ChannelConfiguration of ISO/IEC 23091-3.
const CICP: &str = "urn:mpeg:mpegB:cicp:ChannelConfiguration";
/// The number of channels (ISO/IEC 23009-1, 5.8.5.4).
const NUMBER: &str = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011";
/// The channels of AC-3 and E-AC-3, as 4 hexadecimal digits.
const DOLBY: &str = "tag:dolby.com,2014:dash:audio_channel_configuration:2011";
/// The channels of AC-4, as 6 hexadecimal digits.
const AC4: &str = "tag:dolby.com,2015:dash:audio_channel_configuration:2015";

/// Writes the schemes of channels of the codec (5.8.5.4; ETSI TS 102 366, I.1; ETSI TS 103 190-2, G.3).
pub(super) fn channel_configuration(track: &PresentedTrack) -> Option<XmlElement> {
    let TrackMedia::Audio {
        channels, layout, ..
    } = track.media
    else {
        return None;
    };
    let configuration =
        |scheme, value: &str| descriptor("AudioChannelConfiguration", scheme, value);
    Some(match layout {
        None => match channels {
            // The usual configuration of so many channels: ISO/IEC 23091-3, Table 4.
            1..=6 => configuration(CICP, &channels.to_string()),
            8 => configuration(CICP, "12"),
            _ => configuration(NUMBER, &channels.to_string()),
        },
        Some(ChannelLayout::Cicp(value)) => configuration(CICP, &value.to_string()),
        Some(ChannelLayout::Dolby { channel_map, .. }) => {
            configuration(DOLBY, &format!("{channel_map:04X}"))
        }
        Some(ChannelLayout::Ac4(mask)) => configuration(AC4, &format!("{mask:06X}")),
    })
}

/// Writes the descriptors of Dolby Atmos (ETSI TS 103 420, C.3).
pub(super) fn joc_properties(track: &PresentedTrack) -> Vec<XmlElement> {
    match track.media {
        TrackMedia::Audio {
            layout:
                Some(ChannelLayout::Dolby {
                    joc_complexity: Some(complexity),
                    ..
                }),
            ..
        } => vec![
            descriptor(
                "SupplementalProperty",
                "tag:dolby.com,2018:dash:EC3_ExtensionType:2018",
                "JOC",
            ),
            descriptor(
                "SupplementalProperty",
                "tag:dolby.com,2018:dash:EC3_ExtensionComplexityIndex:2018",
                &complexity.to_string(),
            ),
        ],
        TrackMedia::Video { .. } | TrackMedia::Audio { .. } | TrackMedia::Text => Vec::new(),
    }
}
