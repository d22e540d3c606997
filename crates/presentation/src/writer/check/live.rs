// SPDX-License-Identifier: MPL-2.0
//! Checks of the times of a live presentation.

use std::time::SystemTime;

use crate::model::{LiveTimes, PresentedTrack, TrackFiles};
use crate::writer::WriteError;

/// Refuses times that no manifest can have.
///
/// # Errors
/// [`WriteError::Live`].
pub(super) fn check_times(live: &LiveTimes) -> Result<(), WriteError> {
    match find_time_fault(live) {
        Some(fault) => Err(WriteError::Live(fault)),
        None => Ok(()),
    }
}

fn find_time_fault(live: &LiveTimes) -> Option<&'static str> {
    let is_early = |time: SystemTime| time < SystemTime::UNIX_EPOCH;
    if is_early(live.availability_start) || is_early(live.published) {
        return Some("one of its times is before 1970: set the clock");
    }
    if live.segment_duration.is_zero() || live.target_duration.is_zero() {
        return Some("its segment duration or target duration is 0: give that of its segments");
    }
    if live.window.is_some_and(|window| window <= live.delay()) {
        return Some(
            "its window is not longer than three segments, by which clients stay from its end: make it longer",
        );
    }
    let is_sorted = live
        .periods
        .is_sorted_by(|one, next| one.number < next.number && one.start < next.start);
    (!is_sorted).then_some(
        "its Periods are not in the order of numbers and starts: give each a larger number than the one before",
    )
}

/// Returns what a track of a live presentation cannot have, with the remedy.
pub(super) fn find_track_fault(track: &PresentedTrack) -> Option<&'static str> {
    let is_segmented = |files: &TrackFiles| matches!(files, TrackFiles::Segments { .. });
    if !track.parts().all(|part| is_segmented(part.files)) {
        return Some(
            "a live presentation has no single files and no WebVTT files: cut it into segments",
        );
    }
    let periods = track.parts().map(|part| part.period);
    (!periods.is_sorted_by(|one, next| one < next))
        .then_some("the Periods of its parts are not in order: give each part a Period of its own")
}
