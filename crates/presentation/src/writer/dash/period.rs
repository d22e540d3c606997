// SPDX-License-Identifier: MPL-2.0
//! The division of a presentation into Periods: one for each init segment of its tracks (ISO/IEC 23009-1, 5.3.2).

use std::ops::Deref;
use std::time::Duration;

use super::live;
use crate::model::{Presentation, PresentedTrack, TrackFiles, TrackPart};
use crate::writer::bitrate::{MeasuredMedia, duration};

/// A Period.
pub(super) struct Period {
    /// `@id`.
    pub id: u64,
    /// Its start in the presentation.
    pub start: Duration,
    /// The tracks with the segments that play in it. In a live presentation, also those that have none left.
    pub tracks: Vec<PeriodTrack>,
}

/// A track in a Period.
#[derive(Debug)]
pub(super) struct PeriodTrack {
    /// The track with the segments of the Period.
    track: PresentedTrack,
    /// The media time at the start of the Period.
    start: Duration,
    /// `@bandwidth` of the whole track.
    pub bandwidth: u32,
    /// True in a live presentation, whose Periods may list other segments in each update.
    pub is_live: bool,
}

/// A track of the whole presentation.
pub(super) struct MeasuredTrack<'p> {
    pub track: &'p PresentedTrack,
    bandwidth: u32,
}

/// The time of a Period.
struct PeriodSpan {
    /// Its number, from 0.
    number: usize,
    start: Duration,
    /// None for the last one.
    end: Option<Duration>,
    /// The number of Periods after the first.
    later_periods: usize,
}

impl Deref for PeriodTrack {
    type Target = PresentedTrack;

    fn deref(&self) -> &PresentedTrack {
        &self.track
    }
}

/// Divides a presentation. On demand, each part of the track with the most parts is a Period. In a track with fewer parts, a segment
/// belongs to the Period that contains its middle. The model of a live presentation names its Periods. `buffer` is the time of
/// `@minBufferTime`.
pub(super) fn periods(presentation: &Presentation, buffer: Duration) -> Vec<Period> {
    let tracks: Vec<_> = presentation
        .tracks
        .iter()
        .map(|track| MeasuredTrack {
            track,
            bandwidth: MeasuredMedia::of_track(track).dash_bandwidth(buffer),
        })
        .collect();
    match &presentation.live {
        Some(live) => live::periods(live, &tracks),
        None => periods_on_demand(&later_starts(presentation), &tracks),
    }
}

fn periods_on_demand(starts: &[Duration], tracks: &[MeasuredTrack<'_>]) -> Vec<Period> {
    std::iter::once(Duration::ZERO)
        .chain(starts.iter().copied())
        .enumerate()
        .map(|(number, start)| PeriodSpan {
            number,
            start,
            end: starts.get(number).copied(),
            later_periods: starts.len(),
        })
        .map(|span| Period {
            id: span.number as u64,
            start: span.start,
            tracks: tracks
                .iter()
                .filter_map(|track| PeriodTrack::new(track, &span))
                .collect(),
        })
        .collect()
}

/// Returns the starts of all Periods but the first: those of the parts of the track that has the most.
pub(super) fn later_starts(presentation: &Presentation) -> Vec<Duration> {
    let divided = presentation
        .tracks
        .iter()
        .rev()
        .max_by_key(|track| track.later_parts.len());
    divided
        .into_iter()
        .flat_map(|track| {
            let parts = track.later_parts.iter();
            parts.filter_map(|part| track.start_of(part.first_segment))
        })
        .collect()
}

impl PeriodTrack {
    /// Takes the segments of a Period; None if there is none.
    fn new(measured: &MeasuredTrack<'_>, span: &PeriodSpan) -> Option<Self> {
        let track = measured.track;
        let part = match &track.files {
            TrackFiles::WebVtt { later_periods, .. } => {
                return Self::of_text(measured, span.number, later_periods);
            }
            _ if track.later_parts.len() == span.later_periods => track.parts().nth(span.number)?,
            _ => part_between(track, span)?,
        };
        Some(Self::of_part(measured, part, span.start))
    }

    /// Takes the segments of a part for a Period that starts at the media time `start`.
    pub(super) fn of_part(
        measured: &MeasuredTrack<'_>,
        part: TrackPart<'_>,
        start: Duration,
    ) -> Self {
        let track = measured.track;
        Self {
            start,
            bandwidth: measured.bandwidth,
            is_live: false,
            // Field by field, since a clone would copy the segments of all Periods.
            track: PresentedTrack {
                name: track.name.clone(),
                media: part.media,
                codecs: part.codecs.to_owned(),
                language: track.language.clone(),
                label: track.label.clone(),
                roles: track.roles.clone(),
                folder: track.folder.clone(),
                files: part.files.clone(),
                timescale: track.timescale,
                first_number: track.number_of(part.segments.start),
                segments: track
                    .segments
                    .get(part.segments)
                    .unwrap_or_default()
                    .to_vec(),
                discontinuities: 0,
                duration: track.duration,
                bandwidth: track.bandwidth,
                key_frame_bandwidth: track.key_frame_bandwidth,
                period: part.period,
                protection: part.protection.cloned(),
                later_parts: Vec::new(),
                is_ended: track.is_ended,
                smooth: track.smooth.clone(),
            },
        }
    }

    /// Takes the file of Period `number`; None if the Period has no texts.
    fn of_text(
        measured: &MeasuredTrack<'_>,
        number: usize,
        later_periods: &[String],
    ) -> Option<Self> {
        let mut own = measured.track.clone();
        if let (Some(later), TrackFiles::WebVtt { name, .. }) =
            (number.checked_sub(1), &mut own.files)
        {
            name.clone_from(later_periods.get(later)?);
        }
        Some(Self {
            start: Duration::ZERO,
            bandwidth: measured.bandwidth,
            is_live: false,
            track: own,
        })
    }

    /// Returns the media time at the start of the Period, in ticks; None for the first one.
    pub(super) fn time_offset(&self) -> Option<u64> {
        let ticks = (self.start.as_nanos() * u128::from(self.timescale)).div_ceil(1_000_000_000);
        u64::try_from(ticks).ok().filter(|ticks| *ticks > 0)
    }
}

/// Returns the segments whose middle is in a Period; None if there is none.
fn part_between<'p>(track: &'p PresentedTrack, span: &PeriodSpan) -> Option<TrackPart<'p>> {
    let is_before = |time: Duration| {
        let segments = track.segments.iter();
        segments
            .take_while(|segment| {
                duration(segment.start + segment.duration / 2, track.timescale) < time
            })
            .count()
    };
    let first = is_before(span.start);
    let mut parts = track.parts();
    let mut part = parts.find(|part| part.segments.contains(&first))?;
    part.segments = first..span.end.map_or(track.segments.len(), is_before);
    Some(part).filter(|part| !part.segments.is_empty())
}

impl PresentedTrack {
    /// Returns the time at which a segment starts.
    fn start_of(&self, segment: usize) -> Option<Duration> {
        let segment = self.segments.get(segment)?;
        Some(duration(segment.start, self.timescale))
    }
}
