// SPDX-License-Identifier: MPL-2.0
//! The key lines of playlists: EXT-X-KEY (RFC 8216, 4.3.2.4) and EXT-X-SESSION-KEY (4.3.4.5).

use cenc_types::KeyId;
use drm_signaling::{Drm, Playlist, hls};

use super::{HlsClearLead, HlsOptions};
use crate::model::{Presentation, PresentedTrack, TrackSignaling};
use crate::writer::WriteError;

/// Key lines that apply from a segment on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KeyLines {
    /// The index of the segment; those of 0 precede EXT-X-MAP.
    pub segment: usize,
    pub lines: Vec<String>,
}

/// Returns the key lines of a track, in the order of its segments.
///
/// # Errors
/// [`WriteError::Drm`], [`WriteError::NoSystem`].
pub(super) fn track_keys(
    track: &PresentedTrack,
    options: &HlsOptions,
) -> Result<Vec<KeyLines>, WriteError> {
    let mut keys: Vec<KeyLines> = Vec::new();
    if track.first_protection().is_none() {
        return Ok(keys);
    }
    let mut starts_clear = false;
    for part in track.parts() {
        let has_segments = !part.segments.is_empty();
        match part.protection {
            Some(protection) => {
                // A clear part at the start is a clear lead.
                let follows_lead = starts_clear && options.clear_lead == HlsClearLead::KeyFromStart;
                let first = match follows_lead {
                    true => 0,
                    false => part.segments.start,
                };
                if has_segments || follows_lead {
                    keys.extend(part_keys(track, protection, first, options)?);
                    starts_clear = false;
                }
            }
            None if !has_segments => (),
            None if part.segments.start == 0 && part.period == 0 => starts_clear = true,
            None => keys.push(clear_lines(part.segments.start)),
        }
        if starts_clear && options.clear_lead == HlsClearLead::None {
            keys.push(clear_lines(0));
            starts_clear = false;
        }
    }
    Ok(keys)
}

/// Says that segments are clear from one on.
fn clear_lines(segment: usize) -> KeyLines {
    KeyLines {
        segment,
        lines: vec!["#EXT-X-KEY:METHOD=NONE".to_owned()],
    }
}

/// Returns the key lines of a part whose first ones are at segment `first`.
fn part_keys(
    track: &PresentedTrack,
    protection: &TrackSignaling,
    first: usize,
    options: &HlsOptions,
) -> Result<Vec<KeyLines>, WriteError> {
    let lead = protection.first_protected.max(first);
    let has_clear_lines = lead > first && options.clear_lead == HlsClearLead::None;
    let mut keys = Vec::new();
    if has_clear_lines {
        keys.push(clear_lines(first));
    }
    let in_lead = protection
        .key_changes
        .iter()
        .rfind(|change| change.segment <= lead);
    keys.push(KeyLines {
        segment: if has_clear_lines { lead } else { first },
        lines: match in_lead {
            Some(change) => key_lines(track, protection, &change.kid, &change.drms)?,
            None => key_lines(track, protection, &protection.default_kid, &protection.drms)?,
        },
    });
    for change in &protection.key_changes {
        if change.segment > lead {
            let lines = key_lines(track, protection, &change.kid, &change.drms)?;
            // An ONDEMAND header is for all keys.
            if keys
                .last()
                .is_none_or(|last: &KeyLines| last.lines != lines)
            {
                keys.push(KeyLines {
                    segment: change.segment,
                    lines,
                });
            }
        }
    }
    Ok(keys)
}

fn key_lines(
    track: &PresentedTrack,
    protection: &TrackSignaling,
    kid: &KeyId,
    drms: &[Drm],
) -> Result<Vec<String>, WriteError> {
    hls::method(protection.scheme)?;
    let mut lines = Vec::new();
    for drm in drms {
        lines.extend(hls::track_key_lines(drm, protection.scheme, kid)?);
    }
    match lines.is_empty() {
        true => Err(WriteError::NoSystem {
            format: "HLS",
            track: track.name.clone(),
        }),
        false => Ok(lines),
    }
}

/// Returns the key lines of the multivariant playlist, each once, for the scheme of the newest protected part.
///
/// # Errors
/// [`WriteError::Drm`].
pub(super) fn session_keys(presentation: &Presentation) -> Result<Vec<String>, WriteError> {
    let mut lines: Vec<String> = Vec::new();
    let parts = presentation.tracks.iter().flat_map(PresentedTrack::parts);
    let protected = parts.filter(|part| part.protection.is_some());
    let Some(protection) = protected
        .max_by_key(|part| part.period)
        .and_then(|part| part.protection)
    else {
        return Ok(lines);
    };
    for drm in &presentation.drms {
        for line in hls::key_lines(drm, protection.scheme, Playlist::Multivariant)? {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    Ok(lines)
}
