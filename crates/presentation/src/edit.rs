// SPDX-License-Identifier: MPL-2.0
//! Changes to a text that leave the rest of it as it is.

/// A text in place of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Edit {
    /// Where, in bytes; at the border of a character.
    pub at: usize,
    /// How many bytes are taken away there.
    pub remove: usize,
    /// What is put there.
    pub text: String,
}

impl Edit {
    /// Takes nothing away.
    pub const fn insert(at: usize, text: String) -> Self {
        Self {
            at,
            remove: 0,
            text,
        }
    }
}

/// Makes all changes; none may reach into another.
pub fn apply(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| edit.at);
    let added: usize = edits.iter().map(|edit| edit.text.len()).sum();
    let mut whole = String::with_capacity(text.len() + added);
    let mut done = 0;
    for edit in edits {
        whole.push_str(text.get(done..edit.at).unwrap_or_default());
        whole.push_str(&edit.text);
        done = edit.at + edit.remove;
    }
    whole.push_str(text.get(done..).unwrap_or_default());
    whole
}
