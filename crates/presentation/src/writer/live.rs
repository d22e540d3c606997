// SPDX-License-Identifier: MPL-2.0
//! The end of a live presentation, and the tracks that reach it.

use std::time::Duration;

use super::bitrate::duration;
use crate::model::{Presentation, PresentedTrack};

/// Returns the end of the last segment in media time.
pub(super) fn end(presentation: &Presentation) -> Duration {
    let tracks = presentation.tracks.iter();
    tracks.map(end_of_track).max().unwrap_or_default()
}

/// Returns the tracks that a client can play when it starts. Of a live presentation, these are the tracks with segments where clients start:
/// they would wait forever for one that has ended, or that does not come.
pub(super) fn playable_tracks(presentation: &Presentation) -> Vec<&PresentedTrack> {
    let all: Vec<&PresentedTrack> = presentation.tracks.iter().collect();
    let Some(live) = presentation.live.as_ref().filter(|live| !live.is_ended) else {
        return all;
    };
    let start = end(presentation).saturating_sub(live.delay());
    let mut playable = all.clone();
    playable.retain(|track| !track.is_ended && end_of_track(track) > start);
    match playable.is_empty() {
        true => all,
        false => playable,
    }
}

fn end_of_track(track: &PresentedTrack) -> Duration {
    let last = track.segments.last();
    let end = last.map_or(0, |last| last.start.saturating_add(last.duration));
    duration(end, track.timescale)
}
