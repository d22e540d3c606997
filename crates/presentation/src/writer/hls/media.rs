// SPDX-License-Identifier: MPL-2.0
//! Media playlists (RFC 8216, 4.3.3) and I-frame playlists (4.3.3.6).

use super::keys::track_keys;
use super::tags::{Tag, playlist};
use super::{HlsOptions, VERSION};
use crate::ByteRange;
use crate::model::{Presentation, PresentedTrack, TrackFiles, TrackMedia};
use crate::writer::WriteError;
use crate::writer::bitrate::{MeasuredMedia, TimedBytes};
use crate::writer::check::{check_times, check_track};
use crate::writer::names::url_reference;

/// Writes the media playlist of a track, for [`media_name`](super::media_name). A WebVTT file is its one segment.
///
/// EXTINF has microseconds, whose sum up to each segment is rounded once, so that they do not drift. EXT-X-TARGETDURATION is that of
/// the whole presentation, since it must be the same in all variants (6.2.4).
///
/// # Errors
/// [`WriteError`]: among others for a scheme or DRM systems that HLS cannot name.
pub fn media(
    presentation: &Presentation,
    track: &PresentedTrack,
    options: &HlsOptions,
) -> Result<String, WriteError> {
    check_times(presentation)?;
    check_track(track)?;
    let mut lines = header(match track.files {
        TrackFiles::WebVtt { .. } => MeasuredMedia::of_track(track).target_duration(),
        TrackFiles::Segments { .. } | TrackFiles::Single { .. } => target_duration(presentation),
    });
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
        add_parts(&mut lines, track, options, parts.collect())?;
    }
    lines.push("#EXT-X-ENDLIST".to_owned());
    Ok(playlist(&lines))
}

/// Writes the I-frame playlist of a video track, for [`iframes_name`](super::iframes_name): the key frame of each segment.
///
/// # Errors
/// [`WriteError::NoKeyFrames`], and those of [`media`].
pub fn iframes(
    presentation: &Presentation,
    track: &PresentedTrack,
    options: &HlsOptions,
) -> Result<String, WriteError> {
    check_times(presentation)?;
    check_track(track)?;
    let parts = key_frames(track);
    if parts.is_empty() {
        return Err(WriteError::NoKeyFrames(track.name.clone()));
    }
    let mut lines = header(measured(track, &parts).target_duration());
    lines.push("#EXT-X-I-FRAMES-ONLY".to_owned());
    add_parts(&mut lines, track, options, parts)?;
    lines.push("#EXT-X-ENDLIST".to_owned());
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
struct PlaylistPart {
    /// The index of the segment.
    segment: usize,
    /// In ticks.
    start: u64,
    /// In ticks.
    end: u64,
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
    MeasuredMedia::new(track.timescale, timed.collect())
}

/// Returns EXT-X-TARGETDURATION of all variants and renditions but WebVTT files (6.2.4).
pub(super) fn target_duration(presentation: &Presentation) -> u64 {
    presentation
        .tracks
        .iter()
        .filter(|track| !matches!(track.files, TrackFiles::WebVtt { .. }))
        .map(|track| MeasuredMedia::of_track(track).target_duration())
        .max()
        .unwrap_or(1)
}

fn header(target_duration: u64) -> Vec<String> {
    vec![
        "#EXTM3U".to_owned(),
        format!("#EXT-X-VERSION:{VERSION}"),
        format!("#EXT-X-TARGETDURATION:{target_duration}"),
        "#EXT-X-PLAYLIST-TYPE:VOD".to_owned(),
    ]
}

/// Adds the init segment and the parts, with their key lines.
fn add_parts(
    lines: &mut Vec<String>,
    track: &PresentedTrack,
    options: &HlsOptions,
    parts: Vec<PlaylistPart>,
) -> Result<(), WriteError> {
    let mut keys = track_keys(track, options)?.into_iter().peekable();
    while let Some(first) = keys.next_if(|keys| keys.segment == 0) {
        lines.extend(first.lines);
    }
    let mut files = &track.files;
    lines.push(map_line(files));
    let mut later_parts = track.later_parts.iter().peekable();
    let mut clock = 0;
    for part in parts {
        // Of several changes before a key frame that is listed, the last one counts.
        let mut changed = None;
        while let Some(next) = keys.next_if(|keys| keys.segment <= part.segment) {
            changed = Some(next.lines);
        }
        lines.extend(changed.unwrap_or_default());
        let mut new_files = None;
        while let Some(next) = later_parts.next_if(|next| next.first_segment <= part.segment) {
            new_files = Some(&next.files);
        }
        if let Some(new_files) = new_files {
            files = new_files;
            lines.push(map_line(files));
        }
        let ticks = clock + (part.end - part.start);
        lines.push(extinf(
            micros(clock, track.timescale),
            micros(ticks, track.timescale),
        ));
        clock = ticks;
        if let Some(bytes) = part.bytes {
            lines.push(format!("#EXT-X-BYTERANGE:{}", range_text(bytes)));
        }
        lines.push(url_reference(
            &files
                .segment_name(track.number_of(part.segment))
                .unwrap_or_default(),
        ));
    }
    Ok(())
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
