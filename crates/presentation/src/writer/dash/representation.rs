// SPDX-License-Identifier: MPL-2.0
//! AdaptationSet and Representation elements (ISO/IEC 23009-1, 5.3.3 and 5.3.5), with the segments of a track (5.3.9).

use cenc_types::FrameRate;
use drm_signaling::{Drm, dash};
use num_integer::gcd;

use super::channels::{channel_configuration, joc_properties};
use super::period::PeriodTrack;
use super::sets::AdaptationSet;
use crate::ByteRange;
use crate::model::{PixelAspect, PresentedTrack, Role, Segment, TrackFiles, TrackMedia};
use crate::writer::names::{in_folder, template_text, url_reference, url_template};
use crate::writer::xml::XmlElement;

/// Roles (5.8.5.5).
const ROLES: &str = "urn:mpeg:dash:role:2011";
/// AudioPurposeCS of TV-Anytime, which older clients read in Accessibility.
const AUDIO_PURPOSE: &str = "urn:tva:metadata:cs:AudioPurposeCS:2007";

/// Writes a set with its Representations. `all` has the other sets of the Period.
pub(super) fn adaptation_set(set: &AdaptationSet<'_>, all: &[AdaptationSet<'_>]) -> XmlElement {
    let first = set.first;
    let mut element = XmlElement::new("AdaptationSet")
        .attribute("id", set.id)
        .attribute("contentType", content_type(first.media))
        .attribute("mimeType", mime_type(first))
        .optional("lang", first.language.as_deref());
    if matches!(first.media, TrackMedia::Video { .. }) {
        element = with_largest_picture(element, set);
    }
    element = match first.files {
        TrackFiles::Segments { .. } => element
            .attribute("segmentAlignment", set.is_aligned)
            .optional("startWithSAP", access_point(set)),
        TrackFiles::Single { .. } => element
            .attribute("subsegmentAlignment", set.is_aligned)
            .optional("subsegmentStartsWithSAP", access_point(set)),
        TrackFiles::WebVtt { .. } => element,
    };
    element
        .children(channel_configuration(first))
        .written(content_protection(first))
        .children(joc_properties(first))
        .children(switching_sets(set, all))
        .children(
            first
                .label
                .iter()
                .map(|label| XmlElement::new("Label").text(label)),
        )
        .children(first.roles.iter().flat_map(|role| accessibility(*role)))
        .children(
            first
                .roles
                .iter()
                .map(|role| descriptor("Role", ROLES, role.dash_value())),
        )
        .children(set.tracks().map(representation))
}

fn representation(track: &PeriodTrack) -> XmlElement {
    let mut element = XmlElement::new("Representation")
        .attribute("id", url_reference(&track.name))
        .attribute("bandwidth", track.bandwidth)
        .optional(
            "codecs",
            Some(&track.codecs).filter(|codecs| !codecs.is_empty()),
        );
    element = match track.media {
        TrackMedia::Video {
            width,
            height,
            frame_rate,
            pixel_aspect,
            ..
        } => element
            .attribute("width", width)
            .attribute("height", height)
            .optional("frameRate", frame_rate.map(frame_rate_text))
            .attribute(
                "sar",
                pixel_aspect.map_or_else(|| "1:1".to_owned(), |pixel| pixel.text()),
            ),
        TrackMedia::Audio { sampling_rate, .. } => {
            element.attribute("audioSamplingRate", sampling_rate)
        }
        TrackMedia::Text => element,
    };
    element.children(media_files(track))
}

/// Writes the elements that say where the media of a track is.
fn media_files(track: &PeriodTrack) -> Vec<XmlElement> {
    let base =
        |name: &str| XmlElement::new("BaseURL").text(&url_reference(&in_folder(track, name)));
    match &track.files {
        TrackFiles::Segments { init, media } => vec![
            XmlElement::new("SegmentTemplate")
                .attribute("timescale", track.timescale)
                .optional("presentationTimeOffset", track.time_offset())
                .attribute("initialization", template_text(&in_folder(track, init)))
                .attribute(
                    "media",
                    url_template(&in_folder(track, media)).unwrap_or_default(),
                )
                .attribute("startNumber", track.first_number)
                .child(XmlElement::new("SegmentTimeline").children(timeline(&track.segments))),
        ],
        TrackFiles::Single { name, init, index } => vec![
            base(name),
            XmlElement::new("SegmentBase")
                .attribute("timescale", track.timescale)
                .optional("presentationTimeOffset", track.time_offset())
                .attribute("indexRange", range_text(*index))
                .child(XmlElement::new("Initialization").attribute("range", range_text(*init))),
        ],
        TrackFiles::WebVtt { name, .. } => vec![base(name)],
    }
}

/// Segments of the same length without a gap.
struct SegmentRun {
    /// None if they follow the run before without a gap.
    start: Option<u64>,
    duration: u64,
    /// The number of segments after the first.
    repeated: usize,
}

/// Writes the S elements: one for each run of segments of the same length without a gap (5.3.9.6).
fn timeline(segments: &[Segment]) -> Vec<XmlElement> {
    let mut runs: Vec<SegmentRun> = Vec::new();
    let mut end = None;
    for segment in segments {
        let follows = end == Some(segment.start);
        match runs.last_mut() {
            Some(run) if follows && run.duration == segment.duration => run.repeated += 1,
            _ => runs.push(SegmentRun {
                start: (!follows).then_some(segment.start),
                duration: segment.duration,
                repeated: 0,
            }),
        }
        end = segment.start.checked_add(segment.duration);
    }
    runs.into_iter()
        .map(|run| {
            XmlElement::new("S")
                .optional("t", run.start)
                .attribute("d", run.duration)
                .optional("r", Some(run.repeated).filter(|repeated| *repeated > 0))
        })
        .collect()
}

/// Writes a range with its last byte included, as in RFC 9110, 14.1.2.
fn range_text(range: ByteRange) -> String {
    format!("{}-{}", range.start, range.end.saturating_sub(1))
}

const fn content_type(media: TrackMedia) -> &'static str {
    match media {
        TrackMedia::Video { .. } => "video",
        TrackMedia::Audio { .. } => "audio",
        TrackMedia::Text => "text",
    }
}

const fn mime_type(track: &PresentedTrack) -> &'static str {
    match (&track.files, track.media) {
        (TrackFiles::WebVtt { .. }, _) => "text/vtt",
        (_, TrackMedia::Video { .. }) => "video/mp4",
        (_, TrackMedia::Audio { .. }) => "audio/mp4",
        (_, TrackMedia::Text) => "application/mp4",
    }
}

/// Adds the largest width, height and frame rate of a set, and the aspect of its pictures if they all have the same.
fn with_largest_picture(element: XmlElement, set: &AdaptationSet<'_>) -> XmlElement {
    let (mut width, mut height) = (0, 0);
    let mut rate: Option<FrameRate> = None;
    let mut aspects = Vec::new();
    for track in set.tracks() {
        if let TrackMedia::Video {
            width: one_width,
            height: one_height,
            frame_rate,
            pixel_aspect,
            ..
        } = track.media
        {
            width = width.max(one_width);
            height = height.max(one_height);
            rate = rate
                .into_iter()
                .chain(frame_rate)
                .max_by(FrameRate::compare);
            aspects.push(picture_aspect(one_width, one_height, pixel_aspect));
        }
    }
    aspects.dedup();
    let aspect = match aspects.as_slice() {
        [one] => Some(one),
        _ => None,
    };
    element
        .attribute("maxWidth", width)
        .attribute("maxHeight", height)
        .optional("maxFrameRate", rate.map(frame_rate_text))
        .optional("par", aspect)
}

/// Returns `@par`: the reduced ratio of the sides of a picture.
fn picture_aspect(width: u32, height: u32, pixel: Option<PixelAspect>) -> String {
    let pixel = pixel.unwrap_or(PixelAspect {
        horizontal: 1,
        vertical: 1,
    });
    let width = u64::from(width) * u64::from(pixel.horizontal);
    let height = u64::from(height) * u64::from(pixel.vertical);
    let divisor = gcd(width, height).max(1);
    format!("{}:{}", width / divisor, height / divisor)
}

fn frame_rate_text(rate: FrameRate) -> String {
    match rate.denominator {
        1 => rate.numerator.to_string(),
        denominator => format!("{}/{denominator}", rate.numerator),
    }
}

/// Returns the largest type of access point with which segments of a set start, or None if one starts without.
fn access_point(set: &AdaptationSet<'_>) -> Option<u8> {
    let types = set
        .tracks()
        .flat_map(|track| track.segments.iter().map(|segment| segment.sap_type));
    match types.clone().any(|sap| sap == 0) {
        true => None,
        false => types.max(),
    }
}

/// Writes the ContentProtection elements (5.8.4.1): the scheme and the KID first, then each system, without the signaling of keys that
/// change.
fn content_protection(track: &PresentedTrack) -> Vec<String> {
    let Some(protection) = &track.protection else {
        return Vec::new();
    };
    let changes = |drm: &Drm| {
        let mut later = protection.key_changes.iter();
        protection.expects_changes || later.any(|change| !change.drms.contains(drm))
    };
    std::iter::once(dash::mp4_protection(
        protection.scheme,
        &protection.default_kid,
    ))
    .chain(protection.drms.iter().map(|drm| match changes(drm) {
        true => dash::content_protection_without_keys(drm),
        false => dash::content_protection(drm),
    }))
    .collect()
}

/// Writes the property with the sets to which clients may switch.
fn switching_sets(set: &AdaptationSet<'_>, all: &[AdaptationSet<'_>]) -> Option<XmlElement> {
    let ids: Vec<String> = all
        .iter()
        .filter(|other| set.switches_to(other))
        .map(|other| other.id.to_string())
        .collect();
    (!ids.is_empty()).then(|| {
        descriptor(
            "SupplementalProperty",
            "urn:mpeg:dash:adaptation-set-switching:2016",
            &ids.join(","),
        )
    })
}

fn accessibility(role: Role) -> Vec<XmlElement> {
    let purpose = match role {
        Role::Description => "1",
        Role::Caption => "2",
        Role::Main
        | Role::Alternate
        | Role::Commentary
        | Role::Dub
        | Role::Subtitle
        | Role::ForcedSubtitle => return Vec::new(),
    };
    vec![
        descriptor("Accessibility", ROLES, role.dash_value()),
        descriptor("Accessibility", AUDIO_PURPOSE, purpose),
    ]
}

pub(super) fn descriptor(name: &'static str, scheme: &str, value: &str) -> XmlElement {
    XmlElement::new(name)
        .attribute("schemeIdUri", scheme)
        .attribute("value", value)
}

impl PixelAspect {
    fn text(self) -> String {
        format!("{}:{}", self.horizontal, self.vertical)
    }
}

impl Role {
    /// Returns the role with a value of `urn:mpeg:dash:role:2011`.
    pub fn from_dash_value(value: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|role| role.dash_value() == value)
    }

    /// Returns the value of `urn:mpeg:dash:role:2011`.
    pub const fn dash_value(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Alternate => "alternate",
            Self::Commentary => "commentary",
            Self::Dub => "dub",
            Self::Description => "description",
            Self::Subtitle => "subtitle",
            Self::Caption => "caption",
            Self::ForcedSubtitle => "forced-subtitle",
        }
    }
}
