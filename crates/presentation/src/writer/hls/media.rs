// SPDX-License-Identifier: MPL-2.0
//! Media playlists (RFC 8216, 4.3.3) and I-frame playlists (4.3.3.6).

use std::iter;

use super::keys::track_keys;
use super::live::{self, SegmentDates};
use super::tags::{Tag, playlist};
use super::{HlsOptions, VERSION};
use crate::ByteRange;
use crate::model::{LaterPart, LiveTimes, Presentation, PresentedTrack, TrackFiles, TrackMedia};
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
/// no EXT-X-ENDLIST until the presentation ends. Its type is EVENT, and VOD in the end, if all segments stay listed.
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
        let parts = track
            .segments
            .iter()
            .enumerate()
            .map(|(index, segment)| PlaylistPart {
                segment: index,
                start: segment.start,
                end: segment.start.saturating_add(segment.duration),
                bytes: is_single(track).then_some(segment.bytes),
            });
        lines.extend(part_lines(track, live, options, parts.collect())?);
    }
    lines.extend(end_line(live));
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
    let parts = key_frames(track);
    if parts.is_empty() {
        return Err(WriteError::NoKeyFrames(track.name.clone()));
    }
    let target = match live {
        Some(live) => {
            live::check_lengths(track, live)?;
            live::check_key_frames(track)?;
            target_duration(presentation)
        }
        None => measured(track, &parts).target_duration(),
    };
    let mut lines = header(track, live, target);
    lines.push("#EXT-X-I-FRAMES-ONLY".to_owned());
    lines.extend(part_lines(track, live, options, parts)?);
    lines.extend(end_line(live));
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

/// A segment or key frame in a playlist.
pub(super) struct PlaylistPart {
    /// The index of the segment.
    segment: usize,
    /// In ticks.
    pub start: u64,
    /// In ticks.
    pub end: u64,
    /// None for a whole file.
    bytes: Option<ByteRange>,
}

/// Returns the key frames, each until the next (4.3.3.6).
fn key_frames(track: &PresentedTrack) -> Vec<PlaylistPart> {
    let mut parts: Vec<PlaylistPart> = Vec::new();
    for (index, segment) in track.segments.iter().enumerate() {
        let end = segment.start.saturating_add(segment.duration);
        if let Some(bytes) = segment.key_frame {
            parts.push(PlaylistPart {
                segment: index,
                start: segment.start,
                end,
                bytes: Some(bytes),
            });
        } else if let Some(last) = parts.last_mut() {
            last.end = end;
        }
    }
    parts
}

fn measured(track: &PresentedTrack, parts: &[PlaylistPart]) -> MeasuredMedia {
    let timed = parts.iter().map(|part| TimedBytes {
        start: part.start,
        duration: part.end - part.start,
        bytes: part
            .bytes
            .map_or(0, |range| range.end.saturating_sub(range.start)),
    });
    MeasuredMedia::of_parts(track, timed.collect())
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

fn end_line(live: Option<&LiveTimes>) -> Option<String> {
    live.is_none_or(|live| live.is_ended)
        .then(|| "#EXT-X-ENDLIST".to_owned())
}

/// Returns the lines of the init segments and the parts, with their key lines.
fn part_lines(
    track: &PresentedTrack,
    live: Option<&LiveTimes>,
    options: &HlsOptions,
    parts: Vec<PlaylistPart>,
) -> Result<Vec<String>, WriteError> {
    let mut lines = Vec::new();
    if parts.is_empty() {
        return Ok(lines);
    }
    let mut keys = track_keys(track, options)?.into_iter().peekable();
    while let Some(first) = keys.next_if(|keys| keys.segment == 0) {
        lines.extend(first.lines);
    }
    let mut files = &track.files;
    let mut later_parts = track.later_parts.iter().peekable();
    while let Some(next) = later_parts.next_if(|next| next.first_segment == 0) {
        files = &next.files;
    }
    lines.push(map_line(files));
    let mut dates = live.map(|live| SegmentDates::new(track, live));
    let mut clock = 0;
    for part in parts {
        let entered: Vec<&LaterPart> =
            iter::from_fn(|| later_parts.next_if(|next| next.first_segment <= part.segment))
                .collect();
        let breaks = entered.iter().filter(|entered| entered.is_discontinuity);
        let has_break = breaks.clone().next().is_some();
        lines.extend(breaks.map(|_| "#EXT-X-DISCONTINUITY".to_owned()));
        // Of several changes before a key frame that is listed, the last one counts.
        let changes = iter::from_fn(|| keys.next_if(|keys| keys.segment <= part.segment));
        lines.extend(changes.last().into_iter().flat_map(|change| change.lines));
        if let Some(last) = entered.last() {
            files = &last.files;
            lines.push(map_line(files));
        }
        if let Some(dates) = &mut dates {
            lines.extend(dates.line(&part, has_break));
            // EXTINF must be the same in each update, wherever the window starts.
            clock = part.start;
        }
        let end = clock + (part.end - part.start);
        lines.push(extinf(
            micros(clock, track.timescale),
            micros(end, track.timescale),
        ));
        clock = end;
        if let Some(bytes) = part.bytes {
            lines.push(format!("#EXT-X-BYTERANGE:{}", range_text(bytes)));
        }
        lines.push(url_reference(
            &files
                .segment_name(track.number_of(part.segment))
                .unwrap_or_default(),
        ));
    }
    Ok(lines)
}

fn map_line(files: &TrackFiles) -> String {
    let tag = Tag::new("#EXT-X-MAP:");
    match files {
        TrackFiles::Segments { init, .. } => tag.quoted("URI", &url_reference(init)),
        TrackFiles::Single { name, init, .. } => tag
            .quoted("URI", &url_reference(name))
            .quoted("BYTERANGE", &range_text(*init)),
        TrackFiles::WebVtt { .. } => tag,
    }
    .into_line()
}

/// Returns a range as length and offset (4.3.2.2).
fn range_text(range: ByteRange) -> String {
    format!("{}@{}", range.end.saturating_sub(range.start), range.start)
}

/// Returns the EXTINF line from one time to another, in microseconds.
fn extinf(start: u128, end: u128) -> String {
    let micros = end.saturating_sub(start);
    format!("#EXTINF:{}.{:06},", micros / 1_000_000, micros % 1_000_000)
}

/// Returns ticks as microseconds, rounded to the nearest.
fn micros(ticks: u64, timescale: u32) -> u128 {
    let timescale = u128::from(timescale.max(1));
    (u128::from(ticks) * 1_000_000 + timescale / 2) / timescale
}

const fn is_single(track: &PresentedTrack) -> bool {
    matches!(track.files, TrackFiles::Single { .. })
}
