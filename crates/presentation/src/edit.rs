// SPDX-License-Identifier: MPL-2.0
//! Edits that leave the rest of a text unchanged.

/// The replacement of a part of a text.
#[derive(Debug, PartialEq, Eq)]
pub struct Edit {
    /// The offset of the part in bytes, at a character boundary.
    pub at: usize,
    /// The length of the part in bytes.
    pub remove: usize,
    /// The text in place of the part.
    pub text: String,
}

impl Edit {
    /// Creates an edit that removes nothing.
    pub const fn insert(at: usize, text: String) -> Self {
        Self {
            at,
            remove: 0,
            text,
        }
    }
}

/// Applies edits, which must not overlap.
pub fn apply_edits(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| edit.at);
    let mut edited =
        String::with_capacity(text.len() + edits.iter().map(|edit| edit.text.len()).sum::<usize>());
    let mut done = 0;
    for edit in edits {
        edited.push_str(text.get(done..edit.at).unwrap_or_default());
        edited.push_str(&edit.text);
        done = edit.at + edit.remove;
    }
    edited.push_str(text.get(done..).unwrap_or_default());
    edited
}
