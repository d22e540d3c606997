// SPDX-License-Identifier: MPL-2.0
//! MPDs (ISO/IEC 23009-1).

mod channels;
mod live;
mod period;
mod representation;
mod sets;

use std::fmt::Write;
use std::time::Duration;

use super::WriteError;
use super::bitrate::MeasuredMedia;
use super::check::check_presentation;
use super::live::end;
use super::xml::XmlElement;
use crate::model::{LiveTimes, Presentation, TrackFiles};
use period::{Period, periods};
use sets::adaptation_sets;

pub use live::{UtcScheme, UtcTiming};
pub(super) use sets::codec_family;

/// The choices of an MPD.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MpdOptions {
    /// `@minBufferTime`, to which each `@bandwidth` relates; None for the longest segment of the presentation, or the nominal segment
    /// of a live one.
    pub min_buffer_time: Option<Duration>,
    /// The time source of a live presentation, which DASH-IF's timing model requires.
    pub utc_timing: Option<UtcTiming>,
}

/// Writes the MPD of a presentation, with a Period for each init segment of its tracks: one, unless keys change by init segments.
///
/// - Tracks in single files are in the on-demand profile (8.3), with `SegmentBase`; tracks in segment files in the live (8.4) and the
///   CMAF profile, with `SegmentTemplate` and `SegmentTimeline`. With both, the MPD is in the full profile.
/// - Tracks are in one AdaptationSet if clients may switch between them: with the same codec, language, roles, label, channels and keys.
///   Sets that differ in nothing but keys and have the same segment boundaries are joined by `adaptation-set-switching` (5.3.3.5).
/// - `@bandwidth` is measured from the sizes of the segments, for clients that start at any of them (5.3.5.2), and at least the average.
/// - If the key changes within the segments, the systems are named without keys: a `pssh` in the MPD would hide those of the segments
///   from clients, and Shaka Player stalls on it.
/// - The MPD of a live presentation is dynamic (5.3.1.2) until it ends. Periods, sets and Representations have the same ids in all
///   updates and all Periods, and times count from `MPD@availabilityStartTime`. The ids of sets that differ in nothing but keys follow
///   from their order, and so from the tracks that are there. Once it has ended, the MPD is static, with the same times.
///
/// # Errors
/// [`WriteError`] if the model is not possible.
pub fn mpd(presentation: &Presentation, options: &MpdOptions) -> Result<String, WriteError> {
    check_presentation(presentation)?;
    let live = presentation.live.as_ref();
    let running = live.filter(|live| !live.is_ended);
    let longest = longest_segment(presentation);
    let buffer = options
        .min_buffer_time
        .or(live.map(|live| live.segment_duration))
        .unwrap_or(longest);
    let files = Files::of(presentation);
    let periods = periods(presentation, buffer);
    if periods.is_empty() {
        return Err(WriteError::NoPeriods);
    }
    let root = XmlElement::new("MPD")
        .attribute("xmlns", "urn:mpeg:dash:schema:mpd:2011")
        .attribute("profiles", files.profiles());
    let root = match running {
        Some(live) => live::with_times(root, live),
        None => root.attribute("type", "static").optional(
            "mediaPresentationDuration",
            length(presentation).map(iso_duration),
        ),
    };
    Ok(root
        .attribute("minBufferTime", iso_duration(buffer))
        .optional(
            "maxSegmentDuration",
            files.has_segments.then(|| iso_duration(longest)),
        )
        .children(periods.iter().map(period_element))
        .children(
            running
                .and(options.utc_timing.as_ref())
                .map(UtcTiming::element),
        )
        .into_document())
}

fn period_element(period: &Period) -> XmlElement {
    let sets = adaptation_sets(&period.tracks);
    XmlElement::new("Period")
        .attribute("id", period.id)
        .attribute("start", iso_duration(period.start))
        .children(
            sets.iter()
                .map(|set| representation::adaptation_set(set, &sets)),
        )
}

/// Returns the length of a presentation that is complete.
fn length(presentation: &Presentation) -> Option<Duration> {
    match &presentation.live {
        Some(_) => Some(end(presentation)),
        None => presentation.tracks.iter().map(|track| track.duration).max(),
    }
}

/// Returns the starts of all Periods of the MPD but the first.
pub fn later_period_starts(presentation: &Presentation) -> Vec<Duration> {
    period::later_starts(presentation)
}

/// The kinds of files that a presentation has.
struct Files {
    has_segments: bool,
    has_single: bool,
}

impl Files {
    fn of(presentation: &Presentation) -> Self {
        let has = |kind: fn(&TrackFiles) -> bool| {
            presentation.tracks.iter().any(|track| kind(&track.files))
        };
        Self {
            has_segments: has(|files| matches!(files, TrackFiles::Segments { .. })),
            has_single: has(|files| matches!(files, TrackFiles::Single { .. })),
        }
    }

    const fn profiles(&self) -> &'static str {
        match (self.has_segments, self.has_single) {
            (true, true) => "urn:mpeg:dash:profile:full:2011",
            (true, false) => {
                "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019"
            }
            (false, _) => "urn:mpeg:dash:profile:isoff-on-demand:2011",
        }
    }
}

/// Returns the duration of the longest segment of any track, or the longest that a live one may have. WebVTT files have no segments.
fn longest_segment(presentation: &Presentation) -> Duration {
    let segmented = |files: &TrackFiles| !matches!(files, TrackFiles::WebVtt { .. });
    presentation
        .tracks
        .iter()
        .filter(|track| segmented(&track.files))
        .map(|track| MeasuredMedia::of_track(track).longest())
        .chain(presentation.live.as_ref().map(LiveTimes::whole_target))
        .max()
        .unwrap_or(Duration::from_secs(1))
}

/// Writes a duration as `xs:duration`, rounded up to a microsecond.
fn iso_duration(duration: Duration) -> String {
    let micros = duration.as_nanos().div_ceil(1000);
    let mut text = format!("PT{}", micros / 1_000_000);
    let fraction = format!("{:06}", micros % 1_000_000);
    let digits = fraction.trim_end_matches('0');
    if !digits.is_empty() {
        let _ = write!(text, ".{digits}");
    }
    text.push('S');
    text
}
