// SPDX-License-Identifier: MPL-2.0
//! The lines of a playlist.

use crate::edit::Edit;

/// The tags that name media playlists.
const VARIANTS: [&str; 3] = [
    "#EXT-X-STREAM-INF",
    "#EXT-X-MEDIA",
    "#EXT-X-I-FRAME-STREAM-INF",
];

/// A line of a playlist.
#[derive(Clone, Copy)]
pub(super) struct PlaylistLine<'t> {
    /// Its offset in bytes.
    pub(super) at: usize,
    pub(super) text: &'t str,
    /// Its bytes with the line break.
    len: usize,
}

pub(super) fn split_lines(text: &str) -> Vec<PlaylistLine<'_>> {
    let mut at = 0;
    text.split_inclusive('\n')
        .map(|whole| {
            let line = PlaylistLine {
                at,
                text: whole.trim_end_matches(['\r', '\n']),
                len: whole.len(),
            };
            at += whole.len();
            line
        })
        .collect()
}

impl<'t> PlaylistLine<'t> {
    /// Returns true if the line is a tag with that name.
    pub(super) fn is(self, tag: &str) -> bool {
        self.text
            .strip_prefix(tag)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    }

    /// Returns true if the line says that the segments after it are clear.
    pub(super) fn is_clear_key(self) -> bool {
        self.is("#EXT-X-KEY") && self.attribute("METHOD") == Some("NONE")
    }

    /// Removes the line.
    pub(super) const fn removal(self) -> Edit {
        Edit {
            at: self.at,
            remove: self.len,
            text: String::new(),
        }
    }

    pub(super) fn is_variant(self) -> bool {
        VARIANTS.iter().any(|tag| self.is(tag))
    }

    /// Returns the offset of a part of the line in it, in bytes.
    pub(super) fn offset_of(self, part: &str) -> usize {
        part.as_ptr()
            .addr()
            .saturating_sub(self.text.as_ptr().addr())
    }

    pub(super) fn is_uri(self) -> bool {
        !self.text.trim().is_empty() && !self.text.starts_with('#')
    }

    /// Returns a value of the attribute list, without its quotes.
    pub(super) fn attribute(self, name: &str) -> Option<&'t str> {
        let (_, mut rest) = self.text.split_once(':')?;
        loop {
            let (found, value) = rest.split_once('=')?;
            let (value, after) = match value.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => value.split_at(value.find(',').unwrap_or(value.len())),
            };
            if found.trim() == name {
                return Some(value);
            }
            rest = after.trim_start_matches([',', ' ']);
        }
    }
}
