// SPDX-License-Identifier: MPL-2.0
//! What a live MPD has beside the Periods (ISO/IEC 23009-1, 5.3.1 and 5.4).

use std::time::Duration;

use super::iso_duration;
use super::period::{MeasuredTrack, Period, PeriodTrack};
use super::representation::descriptor;
use crate::model::{LivePeriod, LiveTimes, Presentation, PresentedTrack};
use crate::writer::bitrate::duration;
use crate::writer::date::date_text;
use crate::writer::xml::XmlElement;

/// The time source by which clients set their clocks: UTCTiming (5.8.4.11). Without one, they use the clocks that they have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UtcTiming {
    /// How the time is got.
    pub scheme: UtcScheme,
    /// The URL of the time server, which may be relative to the MPD, or the time itself.
    pub value: String,
}

/// The schemes that DASH-IF's timing model allows (13.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UtcScheme {
    /// The Date header of a response to HEAD, which any HTTP server sends for any file.
    HttpHead,
    /// A response with an `xs:dateTime`.
    HttpXsDate,
    /// A response with a date and time of ISO 8601.
    HttpIso,
    /// The value is an `xs:dateTime`, the time at which the MPD is sent.
    Direct,
}

impl UtcScheme {
    const fn uri(self) -> &'static str {
        match self {
            Self::HttpHead => "urn:mpeg:dash:utc:http-head:2014",
            Self::HttpXsDate => "urn:mpeg:dash:utc:http-xsdate:2014",
            Self::HttpIso => "urn:mpeg:dash:utc:http-iso:2014",
            Self::Direct => "urn:mpeg:dash:utc:direct:2014",
        }
    }
}

impl UtcTiming {
    pub(super) fn element(&self) -> XmlElement {
        descriptor("UTCTiming", self.scheme.uri(), &self.value)
    }
}

/// Adds the attributes of a live MPD.
pub(super) fn with_times(element: XmlElement, live: &LiveTimes) -> XmlElement {
    let date = |time| date_text(time, Duration::ZERO);
    element
        .attribute("type", "dynamic")
        .attribute("availabilityStartTime", date(live.availability_start))
        .attribute("publishTime", date(live.published))
        .attribute("minimumUpdatePeriod", iso_duration(live.segment_duration))
        .optional("timeShiftBufferDepth", live.window.map(iso_duration))
        .attribute("suggestedPresentationDelay", iso_duration(live.delay()))
}

/// Returns the length of a live presentation that has ended, from the start of its first Period to the end of its last segment.
pub(super) fn length(presentation: &Presentation, live: &LiveTimes) -> Duration {
    let ends = presentation.tracks.iter().filter_map(|track| {
        let last = track.segments.last()?;
        Some(duration(
            last.start.saturating_add(last.duration),
            track.timescale,
        ))
    });
    ends.max()
        .unwrap_or_default()
        .saturating_sub(origin(presentation, live))
}

/// Returns the listed Periods in which a track has a segment, with all tracks that have a part in them: the sets of a Period keep their
/// ids although one of their tracks has no segments any more. `tracks` are all of the presentation.
pub(super) fn periods(
    presentation: &Presentation,
    live: &LiveTimes,
    tracks: &[MeasuredTrack<'_>],
) -> Vec<Period> {
    let origin = origin(presentation, live);
    live.periods
        .iter()
        .map(|listed| Period {
            id: listed.number,
            start: listed.start.saturating_sub(origin),
            tracks: tracks
                .iter()
                .enumerate()
                .filter_map(|(index, track)| {
                    let mut parts = track.track.parts();
                    let part = parts.find(|part| part.period == listed.number)?;
                    let start = listed.start.max(origin);
                    let mut track = PeriodTrack::of_part(track, part, start);
                    track.live_index = Some(index);
                    Some(track)
                })
                .collect(),
        })
        .filter(|period| period.tracks.iter().any(|track| !track.segments.is_empty()))
        .collect()
}

/// Returns the media time at time 0 of the MPD. A static one begins with its first segment, since clients begin at time 0 of it.
fn origin(presentation: &Presentation, live: &LiveTimes) -> Duration {
    if !live.is_ended {
        return Duration::ZERO;
    }
    let has_segments = |period: &&LivePeriod| {
        let mut tracks = presentation.tracks.iter();
        tracks.any(|track| first_start(track, period.number).is_some())
    };
    let Some(first) = live.periods.iter().find(has_segments) else {
        return Duration::ZERO;
    };
    let starts = presentation
        .tracks
        .iter()
        .filter_map(|track| first_start(track, first.number));
    match live.window {
        Some(_) => starts.min().unwrap_or_default().max(first.start),
        None => first.start,
    }
}

/// Returns the media time of the first segment of a track that is listed in a Period.
fn first_start(track: &PresentedTrack, period: u64) -> Option<Duration> {
    let part = track.parts().find(|part| part.period == period)?;
    let segment = track.segments.get(part.segments)?.first()?;
    Some(duration(segment.start, track.timescale))
}
