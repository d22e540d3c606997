// SPDX-License-Identifier: MPL-2.0
//! Checks of a model before a manifest is written from it.

mod live;

use std::collections::HashSet;

use super::names::template_parts;
use super::{WriteError, hls};
use crate::ByteRange;
use crate::model::{Presentation, PresentedTrack, TrackFiles, TrackMedia, is_language_tag};

/// Refuses a presentation that no manifest can describe.
///
/// # Errors
/// [`WriteError`].
pub(super) fn check_presentation(presentation: &Presentation) -> Result<(), WriteError> {
    if presentation.tracks.is_empty() {
        return Err(WriteError::NoTracks);
    }
    let mut names = HashSet::new();
    for track in &presentation.tracks {
        let playlists = [hls::media_name(track), hls::iframes_name(track)];
        if playlists.into_iter().any(|name| !names.insert(name)) {
            return Err(WriteError::DuplicateName(track.name.clone()));
        }
        check_track(presentation, track)?;
    }
    Ok(())
}

/// Refuses a track that no manifest can describe, and the times of a live presentation.
///
/// # Errors
/// [`WriteError`].
pub(super) fn check_track(
    presentation: &Presentation,
    track: &PresentedTrack,
) -> Result<(), WriteError> {
    let fault = match &presentation.live {
        Some(times) => {
            live::check_times(times)?;
            live::find_track_fault(track).or_else(|| find_fault(track))
        }
        None => find_gap(track).or_else(|| find_fault(track)),
    };
    if let Some(fault) = fault {
        return Err(WriteError::Track {
            track: track.name.clone(),
            fault,
        });
    }
    match &track.language {
        Some(language) if !is_language_tag(language) => Err(WriteError::Language {
            track: track.name.clone(),
            language: language.clone(),
        }),
        Some(_) | None => Ok(()),
    }
}

/// Returns what a track on demand lacks, with the remedy.
fn find_gap(track: &PresentedTrack) -> Option<&'static str> {
    if track.duration.is_zero() {
        return Some("its duration is 0: leave it out");
    }
    if matches!(track.files, TrackFiles::WebVtt { .. }) {
        return None;
    }
    if track.segments.is_empty() {
        return Some("it has no segments: leave it out");
    }
    let has_empty_part = track.parts().any(|part| part.segments.is_empty());
    has_empty_part.then_some("one of its parts has no segments: leave the part out")
}

/// Returns what no track can have, with the remedy.
fn find_fault(track: &PresentedTrack) -> Option<&'static str> {
    if track.name.is_empty() {
        return Some("its name is empty: give it one");
    }
    match (&track.files, track.media) {
        (TrackFiles::WebVtt { .. }, TrackMedia::Text) if track.protection.is_none() => return None,
        (TrackFiles::WebVtt { .. }, _) => return Some("a WebVTT file can only be clear text"),
        (TrackFiles::Segments { media, .. }, _) if template_parts(media).is_none() => {
            return Some("the name of its segments has no $Number$, or another identifier");
        }
        (TrackFiles::Single { init, index, .. }, _) if is_empty(init) || is_empty(index) => {
            return Some("the byte range of its init segment or sidx is empty");
        }
        (TrackFiles::Segments { .. } | TrackFiles::Single { .. }, _) => (),
    }
    if track.parts().any(|part| has_zero(part.media)) {
        return Some(
            "its width, height, frame rate, shape of pixels, sampling rate or number of channels is 0",
        );
    }
    if track.parts().any(|part| part.codecs.is_empty()) {
        return Some("its codecs parameter is empty");
    }
    if track.timescale == 0 {
        return Some("its timescale is 0");
    }
    if track
        .segments
        .iter()
        .any(|segment| segment.duration == 0 || is_empty(&segment.bytes))
    {
        return Some("one of its segments has no bytes or the duration 0");
    }
    if !track
        .segments
        .is_sorted_by(|one, next| one.start < next.start)
    {
        return Some("its segments are not in the order of time");
    }
    if has_odd_parts(track) {
        return Some("its parts are not in order, or have files or media of another kind");
    }
    has_odd_changes(track).then_some("its key changes are not in order, or after its last segment")
}

fn has_zero(media: TrackMedia) -> bool {
    match media {
        TrackMedia::Video {
            width,
            height,
            frame_rate,
            pixel_aspect,
            ..
        } => {
            width == 0
                || height == 0
                || frame_rate.is_some_and(|rate| rate.denominator == 0 || rate.numerator == 0)
                || pixel_aspect.is_some_and(|pixel| pixel.horizontal == 0 || pixel.vertical == 0)
        }
        TrackMedia::Audio {
            sampling_rate,
            channels,
            ..
        } => sampling_rate == 0 || channels == 0,
        TrackMedia::Text => false,
    }
}

fn has_odd_changes(track: &PresentedTrack) -> bool {
    track.parts().any(|part| {
        part.protection.is_some_and(|protection| {
            let changes = &protection.key_changes;
            !changes.is_sorted_by(|one, next| one.segment < next.segment)
                || changes.iter().any(|change| {
                    !part.segments.contains(&change.segment) && !part.segments.is_empty()
                })
        })
    })
}

fn has_odd_parts(track: &PresentedTrack) -> bool {
    let is_single = |files: &TrackFiles| matches!(files, TrackFiles::Single { .. });
    track.parts().any(|part| {
        part.segments.start > part.segments.end
            || std::mem::discriminant(&part.media) != std::mem::discriminant(&track.media)
            || is_single(part.files) != is_single(&track.files)
            || matches!(part.files, TrackFiles::WebVtt { .. })
    })
}

const fn is_empty(range: &ByteRange) -> bool {
    range.end <= range.start
}
