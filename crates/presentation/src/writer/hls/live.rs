// SPDX-License-Identifier: MPL-2.0
//! The window, sequence numbers and dates of a live playlist (RFC 8216, 6.2.1 and 6.2.2).

use super::entries::PlaylistEntry;
use crate::model::{LiveTimes, PresentedTrack};
use crate::writer::WriteError;
use crate::writer::bitrate::{MeasuredMedia, duration};
use crate::writer::date::date_text;

/// Refuses a segment that is longer than the target duration, which cannot change while a playlist is live (6.2.1).
///
/// # Errors
/// [`WriteError::LongSegment`].
pub(super) fn check_lengths(track: &PresentedTrack, live: &LiveTimes) -> Result<(), WriteError> {
    let target = live.whole_target().as_secs();
    let seconds = MeasuredMedia::of_track(track).target_duration();
    match seconds > target {
        true => Err(WriteError::LongSegment {
            track: track.name.clone(),
            seconds,
            target,
        }),
        false => Ok(()),
    }
}

/// Refuses a segment without a key frame, since entries of an I-frame playlist have the numbers of their segments.
///
/// # Errors
/// [`WriteError::LiveKeyFrames`].
pub(super) fn check_key_frames(track: &PresentedTrack) -> Result<(), WriteError> {
    let mut segments = track.segments.iter();
    match segments.all(|segment| segment.key_frame.is_some()) {
        true => Ok(()),
        false => Err(WriteError::LiveKeyFrames(track.name.clone())),
    }
}

/// Returns the lines that say which segments are listed.
///
/// EXT-X-DISCONTINUITY-SEQUENCE is there from the start if segments leave, since the tag cannot be added later, and EXT-X-PLAYLIST-TYPE
/// is EVENT in the end too, since it cannot change (6.2.1).
pub(super) fn window_lines(track: &PresentedTrack, live: &LiveTimes) -> Vec<String> {
    let is_event = live.window.is_none();
    let discontinuities = track.discontinuities.saturating_add(removed_breaks(track));
    let has_sequence = live.window.is_some() || discontinuities > 0;
    is_event
        .then(|| "#EXT-X-PLAYLIST-TYPE:EVENT".to_owned())
        .into_iter()
        .chain([format!("#EXT-X-MEDIA-SEQUENCE:{}", track.first_number)])
        .chain(has_sequence.then(|| format!("#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuities}")))
        .collect()
}

/// Returns the number of discontinuities between the first part and the first segment that is listed, whose tags have left with the
/// segments before them.
fn removed_breaks(track: &PresentedTrack) -> u64 {
    let parts = track.later_parts.iter();
    parts
        .take_while(|part| part.first_segment == 0)
        .map(|part| part.discontinuities)
        .sum()
}

/// The dates of the segments of a live track.
pub(super) struct SegmentDates<'p> {
    track: &'p PresentedTrack,
    live: &'p LiveTimes,
    /// The end of the segment before, in ticks; None at the start.
    end: Option<u64>,
}

impl<'p> SegmentDates<'p> {
    pub(super) const fn new(track: &'p PresentedTrack, live: &'p LiveTimes) -> Self {
        Self {
            track,
            live,
            end: None,
        }
    }

    /// Returns EXT-X-PROGRAM-DATE-TIME of the next segment, unless the date follows from the segment before.
    pub(super) fn line(&mut self, entry: &PlaylistEntry, is_discontinuity: bool) -> Option<String> {
        let end = self.end.replace(entry.end);
        (is_discontinuity || end != Some(entry.start)).then(|| {
            let media_time = duration(entry.start, self.track.timescale);
            let date = date_text(self.live.availability_start, media_time);
            format!("#EXT-X-PROGRAM-DATE-TIME:{date}")
        })
    }
}
