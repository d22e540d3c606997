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
    let Some(protection) = &track.protection else {
        return Ok(Vec::new());
    };
    let lead = protection.first_protected;
    let has_clear_lines = lead > 0 && options.clear_lead == HlsClearLead::None;
    let mut keys = Vec::new();
    if has_clear_lines {
        keys.push(KeyLines {
            segment: 0,
            lines: vec!["#EXT-X-KEY:METHOD=NONE".to_owned()],
        });
    }
    let in_lead = protection
        .key_changes
        .iter()
        .rfind(|change| change.segment <= lead);
    keys.push(KeyLines {
        segment: if has_clear_lines { lead } else { 0 },
        lines: match in_lead {
            Some(change) => key_lines(track, protection, &change.kid, &change.drms)?,
            None => key_lines(track, protection, &protection.default_kid, &protection.drms)?,
        },
    });
    for change in &protection.key_changes {
        if change.segment > lead {
            keys.push(KeyLines {
                segment: change.segment,
                lines: key_lines(track, protection, &change.kid, &change.drms)?,
            });
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

/// Returns the key lines of the multivariant playlist, each once.
///
/// # Errors
/// [`WriteError::Drm`].
pub(super) fn session_keys(presentation: &Presentation) -> Result<Vec<String>, WriteError> {
    let mut lines: Vec<String> = Vec::new();
    let mut schemes = Vec::new();
    for protection in presentation
        .tracks
        .iter()
        .filter_map(|track| track.protection.as_ref())
    {
        if schemes.contains(&protection.scheme) {
            continue;
        }
        schemes.push(protection.scheme);
        for drm in &presentation.drms {
            for line in hls::key_lines(drm, protection.scheme, Playlist::Multivariant)? {
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
    }
    Ok(lines)
}
