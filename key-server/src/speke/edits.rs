// SPDX-License-Identifier: MPL-2.0
//! Edits of a text that stays the same byte for byte elsewhere.

use std::ops::Range;

use zeroize::Zeroizing;

/// Replacements of parts of a text, in the order of the parts, which do not overlap.
#[derive(Default)]
pub struct Edits(Vec<Edit>);

/// A replacement of a part of a text.
struct Edit {
    range: Range<usize>,
    text: Zeroizing<String>,
}

impl Edits {
    /// Replaces a part by a text, which may hold a key.
    pub fn replace(&mut self, range: Range<usize>, text: impl Into<Zeroizing<String>>) {
        self.0.push(Edit {
            range,
            text: text.into(),
        });
    }

    /// Inserts a text, which may hold a key, before the byte `at`.
    pub fn insert(&mut self, at: usize, text: impl Into<Zeroizing<String>>) {
        self.replace(at..at, text);
    }

    /// Removes a part.
    pub fn remove(&mut self, range: Range<usize>) {
        self.replace(range, String::new());
    }

    /// Returns the edited text in memory that is wiped; None if the parts overlap or are out of order.
    pub fn apply(&self, text: &str) -> Option<Zeroizing<String>> {
        let added: usize = self.0.iter().map(|edit| edit.text.len()).sum();
        // Reserves the whole length, so that growing leaves no copy in memory.
        let mut out = Zeroizing::new(String::with_capacity(text.len() + added));
        let mut done = 0;
        for edit in &self.0 {
            out.push_str(text.get(done..edit.range.start)?);
            out.push_str(&edit.text);
            done = edit.range.end;
        }
        out.push_str(text.get(done..)?);
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_changed_is_kept() {
        let mut edits = Edits::default();
        edits.replace(0..3, "x".to_owned());
        edits.insert(4, "--".to_owned());
        edits.remove(6..7);
        assert_eq!(edits.apply("one, two").unwrap().as_str(), "x,-- to");
        assert_eq!(Edits::default().apply("one").unwrap().as_str(), "one");
    }

    #[test]
    fn parts_out_of_order_are_refused() {
        let mut edits = Edits::default();
        edits.remove(2..3);
        edits.remove(1..2);
        assert!(edits.apply("one").is_none());
    }
}
