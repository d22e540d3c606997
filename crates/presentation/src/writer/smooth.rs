// SPDX-License-Identifier: MPL-2.0
//! Client manifests of Smooth Streaming (MS-SSTR, 2.2.2), and the names of the fragments that they request.
//!
//! The fragments are files in folders, named as in the requests of clients, so that any HTTP server can serve them:
//! `QualityLevels(2000000)/Fragments(video=40000000)` in the folder of the track, beside [`MANIFEST_NAME`] or below it.

use cenc_types::Scheme;
use drm_signaling::{Drm, smooth};

use super::WriteError;
use super::bitrate::MeasuredMedia;
use super::check::check_presentation;
use super::names::{in_folder, url_reference};
use super::xml::XmlElement;
use crate::model::{Presentation, PresentedTrack, Role, SmoothCodec, TrackMedia};

/// The name of the client manifest, by which some clients know it.
pub const MANIFEST_NAME: &str = "Manifest";

/// Ticks per second of the presentation, and of streams that give no other number. rx-player 4.5 reads no other number.
pub const TIMESCALE: u32 = 10_000_000;

/// A track in a Smooth Streaming presentation.
#[derive(Debug, Clone, PartialEq)]
pub struct SmoothTrack<'p> {
    /// The track.
    pub track: &'p PresentedTrack,
    /// The name of its stream.
    pub stream: String,
    /// Its average bit rate, which is unique in its stream.
    pub bitrate: u64,
}

impl SmoothTrack<'_> {
    /// Returns the name of the fragment that starts at a time in ticks, relative to the folder of the track.
    pub fn fragment_name(&self, start: u64) -> String {
        format!(
            "QualityLevels({})/Fragments({}={start})",
            self.bitrate, self.stream
        )
    }
}

/// Returns the tracks of a presentation with the names of their streams, in the order of the tracks.
///
/// # Errors
/// Those of [`client_manifest`].
pub fn tracks(presentation: &Presentation) -> Result<Vec<SmoothTrack<'_>>, WriteError> {
    if presentation.live.is_some() {
        return Err(WriteError::SmoothLive);
    }
    check_presentation(presentation)?;
    let mut tracks: Vec<SmoothTrack<'_>> = Vec::new();
    for track in &presentation.tracks {
        check(track)?;
        let of_stream = tracks
            .iter()
            .filter(|known| is_same_stream(known.track, track));
        if let Some(first) = of_stream.clone().next()
            && !has_same_fragments(first.track, track)
        {
            return Err(WriteError::SmoothBoundaries {
                track: track.name.clone(),
                other: first.track.name.clone(),
            });
        }
        let stream = match of_stream.clone().next() {
            Some(first) => first.stream.clone(),
            None => stream_name(track, &tracks),
        };
        let mut bitrate = MeasuredMedia::of_track(track).average();
        while of_stream.clone().any(|known| known.bitrate == bitrate) {
            bitrate += 1;
        }
        tracks.push(SmoothTrack {
            track,
            stream,
            bitrate,
        });
    }
    Ok(tracks)
}

/// Writes the client manifest of a presentation. A stream has the tracks between which clients may switch.
///
/// The names of the files in the model are not used, but the folder of a stream's first track is. `TimeScale` of a stream is the timescale of its tracks; rx-player 4.5 plays only
/// [`TIMESCALE`].
///
/// # Errors
/// [`WriteError`]: for another scheme than `cenc`; for tracks whose codec has no name in Smooth Streaming; for tracks of one stream
/// with other fragments; without PlayReady; and for keys that change, unless the header is ONDEMAND.
pub fn client_manifest(presentation: &Presentation) -> Result<String, WriteError> {
    let tracks = tracks(presentation)?;
    let mut streams: Vec<Vec<&SmoothTrack<'_>>> = Vec::new();
    for track in &tracks {
        let known = streams.iter_mut().find(|stream| {
            stream
                .first()
                .is_some_and(|first| first.stream == track.stream)
        });
        match known {
            Some(stream) => stream.push(track),
            None => streams.push(vec![track]),
        }
    }
    let longest = presentation.tracks.iter().map(|track| track.duration).max();
    let duration = longest.unwrap_or_default().as_nanos().div_ceil(100);
    let root = XmlElement::new("SmoothStreamingMedia")
        .attribute("MajorVersion", 2)
        .attribute("MinorVersion", 0)
        .attribute("TimeScale", TIMESCALE)
        .attribute("Duration", duration)
        .written(protection(presentation)?)
        .children(streams.iter().filter_map(|stream| stream_index(stream)));
    Ok(root.into_document())
}

/// Returns the Protection element for all protected tracks.
fn protection(presentation: &Presentation) -> Result<Option<String>, WriteError> {
    let mut protected = presentation
        .tracks
        .iter()
        .filter(|track| track.protection.is_some());
    let Some(first) = protected.clone().next() else {
        return Ok(None);
    };
    let is_changing = |track: &PresentedTrack| {
        track
            .protection
            .as_ref()
            .is_some_and(|protection| !protection.key_changes.is_empty())
    };
    if let Some(track) = protected.find(|track| is_changing(track))
        && !presentation.drms.iter().any(is_on_demand)
    {
        return Err(WriteError::SmoothKeyChange(track.name.clone()));
    }
    let element = presentation.drms.iter().find_map(smooth::protection_of);
    element.map(Some).ok_or_else(|| WriteError::NoSystem {
        format: "Smooth Streaming",
        track: first.name.clone(),
    })
}

/// True if the PlayReady Header says that licences follow with the media.
fn is_on_demand(drm: &Drm) -> bool {
    drm.playready_object()
        .and_then(|object| object.header().ok().flatten())
        .is_some_and(|header| header.decryptor_setup.as_deref() == Some("ONDEMAND"))
}

fn check(track: &PresentedTrack) -> Result<(), WriteError> {
    if track.smooth.is_none() {
        return Err(WriteError::SmoothCodec {
            track: track.name.clone(),
            codecs: track.codecs.clone(),
        });
    }
    match &track.protection {
        Some(protection) if protection.scheme != Scheme::Cenc => Err(WriteError::SmoothScheme {
            track: track.name.clone(),
            scheme: protection.scheme,
        }),
        Some(_) | None => Ok(()),
    }
}

fn is_same_stream(one: &PresentedTrack, other: &PresentedTrack) -> bool {
    let four_cc = |track: &PresentedTrack| track.smooth.as_ref().map(|codec| codec.four_cc.clone());
    stream_type(one.media) == stream_type(other.media)
        && four_cc(one) == four_cc(other)
        && one.language == other.language
        && one.label == other.label
        && one.roles == other.roles
}

fn has_same_fragments(one: &PresentedTrack, other: &PresentedTrack) -> bool {
    let times = |track: &PresentedTrack| -> Vec<[u64; 2]> {
        track
            .segments
            .iter()
            .map(|segment| [segment.start, segment.duration])
            .collect()
    };
    one.timescale == other.timescale && times(one) == times(other)
}

/// Returns a new name of a stream: its type, its language, and a number if that is not unique.
fn stream_name(track: &PresentedTrack, known: &[SmoothTrack<'_>]) -> String {
    let base = match &track.language {
        Some(language) => format!(
            "{}_{}",
            stream_type(track.media),
            language.replace('-', "_")
        ),
        None => stream_type(track.media).to_owned(),
    };
    std::iter::once(base.clone())
        .chain((2..).map(|number| format!("{base}_{number}")))
        .find(|name| known.iter().all(|known| known.stream != *name))
        .unwrap_or_default()
}

const fn stream_type(media: TrackMedia) -> &'static str {
    match media {
        TrackMedia::Video { .. } => "video",
        TrackMedia::Audio { .. } => "audio",
        TrackMedia::Text => "text",
    }
}

/// Writes a StreamIndex element (2.2.2.3).
fn stream_index(stream: &[&SmoothTrack<'_>]) -> Option<XmlElement> {
    let first = stream.first()?;
    let track = first.track;
    let is_text = matches!(track.media, TrackMedia::Text);
    let subtype = match track.roles.contains(&Role::Caption) {
        true => "CAPT",
        false => "SUBT",
    };
    let largest = |side: fn(TrackMedia) -> Option<u32>| {
        let sides = stream.iter().filter_map(|track| side(track.track.media));
        sides.max()
    };
    Some(
        XmlElement::new("StreamIndex")
            .attribute("Type", stream_type(track.media))
            .optional("Subtype", is_text.then_some(subtype))
            .attribute("Name", &first.stream)
            .optional("Language", track.language.as_deref())
            .optional(
                "TimeScale",
                Some(track.timescale).filter(|timescale| *timescale != TIMESCALE),
            )
            .attribute("Chunks", track.segments.len())
            .attribute("QualityLevels", stream.len())
            .optional("MaxWidth", largest(width))
            .optional("MaxHeight", largest(height))
            .attribute(
                "Url",
                format_args!(
                    "{}QualityLevels({{bitrate}})/Fragments({}={{start time}})",
                    url_reference(&in_folder(track, "")),
                    first.stream
                ),
            )
            .children(
                stream
                    .iter()
                    .enumerate()
                    .filter_map(|(index, track)| quality_level(index, track)),
            )
            .children(fragments(track)),
    )
}

const fn width(media: TrackMedia) -> Option<u32> {
    match media {
        TrackMedia::Video { width, .. } => Some(width),
        TrackMedia::Audio { .. } | TrackMedia::Text => None,
    }
}

const fn height(media: TrackMedia) -> Option<u32> {
    match media {
        TrackMedia::Video { height, .. } => Some(height),
        TrackMedia::Audio { .. } | TrackMedia::Text => None,
    }
}

/// Writes a QualityLevel element (2.2.2.5).
fn quality_level(index: usize, track: &SmoothTrack<'_>) -> Option<XmlElement> {
    let codec = track.track.smooth.as_ref()?;
    let element = XmlElement::new("QualityLevel")
        .attribute("Index", index)
        .attribute("Bitrate", track.bitrate)
        .attribute("FourCC", &codec.four_cc)
        .attribute("CodecPrivateData", hexadecimal(&codec.private_data));
    Some(match track.track.media {
        TrackMedia::Video { width, height, .. } => element
            .attribute("MaxWidth", width)
            .attribute("MaxHeight", height),
        TrackMedia::Audio {
            sampling_rate,
            channels,
            ..
        } => element
            .attribute("SamplingRate", sampling_rate)
            .attribute("Channels", channels)
            .attribute("BitsPerSample", 16)
            .attribute("PacketSize", u32::from(channels) * 2)
            .attribute("AudioTag", audio_tag(codec)),
        TrackMedia::Text => element,
    })
}

/// Returns AudioTag: 255 for AAC in raw access units, and 65534 for formats with a WAVEFORMATEXTENSIBLE.
fn audio_tag(codec: &SmoothCodec) -> u16 {
    match codec.four_cc.as_str() {
        "AACL" | "AACH" => 255,
        _ => 65534,
    }
}

/// Writes the c elements (2.2.2.6): a start only where a fragment does not follow the one before.
fn fragments(track: &PresentedTrack) -> Vec<XmlElement> {
    let mut end = None;
    track
        .segments
        .iter()
        .map(|segment| {
            let follows = end == Some(segment.start);
            end = segment.start.checked_add(segment.duration);
            XmlElement::new("c")
                .optional("t", (!follows).then_some(segment.start))
                .attribute("d", segment.duration)
        })
        .collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
