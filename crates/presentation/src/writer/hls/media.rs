// SPDX-License-Identifier: MPL-2.0
//! Media playlists (RFC 8216, 4.3.3) and I-frame playlists (4.3.3.6).

use super::entries::{PlaylistEntry, entry_lines, extinf};
use super::live;
use super::tags::playlist;
use super::{HlsOptions, VERSION};
use crate::model::{LiveTimes, Presentation, PresentedTrack, TrackFiles, TrackMedia};
use crate::writer::WriteError;
use crate::writer::bitrate::{MeasuredMedia, TimedBytes};
use crate::writer::check::check_track;
use crate::writer::names::url_reference;

/// Writes the media playlist of a track, for [`media_name`](super::media_name). A WebVTT file is its one segment.
///
/// EXTINF has microseconds, whose sum up to each segment is rounded once, so that they do not drift. EXT-X-TARGETDURATION is that of
/// the whole presentation, since it must be the same in all variants (6.2.4).
///
/// The playlist of a live presentation has EXT-X-PROGRAM-DATE-TIME at its first segment, after each gap and after each discontinuity, and
/// no EXT-X-ENDLIST until the presentation or the track ends. Its type is EVENT if all segments stay listed.
///
/// # Errors
/// [`WriteError`]: among others for a scheme or DRM systems that HLS cannot name, and for a live segment that is too long.
pub fn media(
    presentation: &Presentation,
    track: &PresentedTrack,
    options: &HlsOptions,
) -> Result<String, WriteError> {
    check_track(presentation, track)?;
    let live = presentation.live.as_ref();
    if let Some(live) = live {
        live::check_lengths(track, live)?;
    }
    let target = match track.files {
        TrackFiles::WebVtt { .. } => MeasuredMedia::of_track(track).target_duration(),
        TrackFiles::Segments { .. } | TrackFiles::Single { .. } => target_duration(presentation),
    };
    let mut lines = header(track, live, target);
    if let TrackFiles::WebVtt { name, .. } = &track.files {
        let seconds = track.duration.as_micros();
        lines.extend([extinf(0, seconds), url_reference(name)]);
    } else {
        if starts_with_key_frames(track) {
            lines.push("#EXT-X-INDEPENDENT-SEGMENTS".to_owned());
        }
        let entries: Vec<_> = track
            .segments
            .iter()
            .enumerate()
            .map(|(index, segment)| PlaylistEntry {
                segment: index,
                start: segment.start,
                end: segment.start.saturating_add(segment.duration),
                bytes: is_single(track).then_some(segment.bytes),
            })
            .collect();
        lines.extend(entry_lines(track, live, options, &entries)?);
    }
    lines.extend(end_line(track, live));
    Ok(playlist(&lines))
}

/// Writes the I-frame playlist of a video track, for [`iframes_name`](super::iframes_name): the key frame of each segment.
///
/// # Errors
/// [`WriteError::NoKeyFrames`], and [`WriteError::LiveKeyFrames`] if a live track has segments without; those of [`media`].
pub fn iframes(
    presentation: &Presentation,
    track: &PresentedTrack,
    options: &HlsOptions,
) -> Result<String, WriteError> {
    check_track(presentation, track)?;
    let live = presentation.live.as_ref();
    let entries = key_frames(track);
    if entries.is_empty() {
        return Err(WriteError::NoKeyFrames(track.name.clone()));
    }
    let target = match live {
        Some(live) => {
            live::check_lengths(track, live)?;
            live::check_key_frames(track)?;
            target_duration(presentation)
        }
        None => measured(track, &entries).target_duration(),
    };
    let mut lines = header(track, live, target);
    lines.push("#EXT-X-I-FRAMES-ONLY".to_owned());
    lines.extend(entry_lines(track, live, options, &entries)?);
    lines.extend(end_line(track, live));
    Ok(playlist(&lines))
}

/// Returns the media of the I-frame playlist, to measure its bit rates.
pub(super) fn measured_iframes(track: &PresentedTrack) -> MeasuredMedia {
    measured(track, &key_frames(track))
}

/// True if clients can decode each segment of a track without the ones before: EXT-X-INDEPENDENT-SEGMENTS (4.3.5.1).
pub(super) fn starts_with_key_frames(track: &PresentedTrack) -> bool {
    match track.media {
        TrackMedia::Video { .. } => track
            .segments
            .iter()
            .all(|segment| matches!(segment.sap_type, 1 | 2)),
        TrackMedia::Audio { .. } | TrackMedia::Text => true,
    }
}

/// Returns the key frames, each until the next (4.3.3.6).
fn key_frames(track: &PresentedTrack) -> Vec<PlaylistEntry> {
    let mut entries: Vec<PlaylistEntry> = Vec::new();
    for (index, segment) in track.segments.iter().enumerate() {
        let end = segment.start.saturating_add(segment.duration);
        if let Some(bytes) = segment.key_frame {
            entries.push(PlaylistEntry {
                segment: index,
                start: segment.start,
                end,
                bytes: Some(bytes),
            });
        } else if let Some(last) = entries.last_mut() {
            last.end = end;
        }
    }
    entries
}

fn measured(track: &PresentedTrack, entries: &[PlaylistEntry]) -> MeasuredMedia {
    let timed = entries.iter().map(|entry| TimedBytes {
        start: entry.start,
        duration: entry.end - entry.start,
        bytes: entry
            .bytes
            .map_or(0, |range| range.end.saturating_sub(range.start)),
    });
    MeasuredMedia::of_key_frames(track, timed.collect())
}

/// Returns EXT-X-TARGETDURATION of all variants and renditions but WebVTT files (6.2.4).
pub(super) fn target_duration(presentation: &Presentation) -> u64 {
    if let Some(live) = &presentation.live {
        return live.whole_target().as_secs();
    }
    presentation
        .tracks
        .iter()
        .filter(|track| !matches!(track.files, TrackFiles::WebVtt { .. }))
        .map(|track| MeasuredMedia::of_track(track).target_duration())
        .max()
        .unwrap_or(1)
}

fn header(track: &PresentedTrack, live: Option<&LiveTimes>, target_duration: u64) -> Vec<String> {
    let mut lines = vec![
        "#EXTM3U".to_owned(),
        format!("#EXT-X-VERSION:{VERSION}"),
        format!("#EXT-X-TARGETDURATION:{target_duration}"),
    ];
    match live {
        Some(live) => lines.extend(live::window_lines(track, live)),
        None => lines.push("#EXT-X-PLAYLIST-TYPE:VOD".to_owned()),
    }
    lines
}

fn end_line(track: &PresentedTrack, live: Option<&LiveTimes>) -> Option<String> {
    live.is_none_or(|live| live.is_ended || track.is_ended)
        .then(|| "#EXT-X-ENDLIST".to_owned())
}

const fn is_single(track: &PresentedTrack) -> bool {
    matches!(track.files, TrackFiles::Single { .. })
}
