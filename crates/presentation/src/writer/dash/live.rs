// SPDX-License-Identifier: MPL-2.0
//! The attributes, Periods and time source of a live MPD (ISO/IEC 23009-1, 5.3.1 and 5.4).

use std::time::Duration;

use super::iso_duration;
use super::period::{MeasuredTrack, Period, PeriodTrack};
use super::representation::descriptor;
use crate::model::LiveTimes;
use crate::writer::date::date_text;
use crate::writer::xml::XmlElement;

/// The time source by which clients set their clocks: UTCTiming (5.8.4.11). Without one, they use the clocks that they have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UtcTiming {
    /// The form of the source.
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

/// Returns the listed Periods in which a track has a segment, with all tracks that have a part in them: the sets of a Period keep their
/// ids although one of their tracks has no segments any more. `tracks` are all of the presentation.
///
/// Periods have the same starts after the end. The timing model of DASH-IF wants the first one to start at 0 then (8.1), but nothing to
/// change (13.6): of clients that play across the end, dash.js 5.2 stops and rx-player 4.5 never ends if times change, and all play a
/// static MPD that starts later.
pub(super) fn periods(live: &LiveTimes, tracks: &[MeasuredTrack<'_>]) -> Vec<Period> {
    live.periods
        .iter()
        .map(|listed| Period {
            id: listed.number,
            start: listed.start,
            tracks: tracks
                .iter()
                .filter_map(|track| {
                    let mut parts = track.track.parts();
                    let part = parts.find(|part| part.period == listed.number)?;
                    let mut track = PeriodTrack::of_part(track, part, listed.start);
                    track.is_live = true;
                    Some(track)
                })
                .collect(),
        })
        .filter(|period| period.tracks.iter().any(|track| !track.segments.is_empty()))
        .collect()
}
