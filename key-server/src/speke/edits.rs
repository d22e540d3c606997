// SPDX-License-Identifier: MPL-2.0
//! Changes of a text that is otherwise kept byte for byte.

use std::ops::Range;

use zeroize::Zeroizing;

/// What stands in place of parts of a text; the parts come in their order and do not overlap.
#[derive(Default)]
pub struct Edits(Vec<(Range<usize>, Zeroizing<String>)>);

impl Edits {
    /// Puts a text, which may hold a key, in place of a part.
    pub fn replace(&mut self, part: Range<usize>, with: impl Into<Zeroizing<String>>) {
        self.0.push((part, with.into()));
    }

    /// Puts a text, which may hold a key, before the byte `at`.
    pub fn insert(&mut self, at: usize, text: impl Into<Zeroizing<String>>) {
        self.replace(at..at, text);
    }

    /// Leaves a part out.
    pub fn remove(&mut self, part: Range<usize>) {
        self.replace(part, String::new());
    }

    /// The text with all changes, in memory that is wiped; None where the parts are not as they must be.
    pub fn apply(&self, text: &str) -> Option<Zeroizing<String>> {
        let added: usize = self.0.iter().map(|(_, with)| with.len()).sum();
        // With its whole room from the start, so that no copy is left behind.
        let mut out = Zeroizing::new(String::with_capacity(text.len() + added));
        let mut done = 0;
        for (part, with) in &self.0 {
            out.push_str(text.get(done..part.start)?);
            out.push_str(with);
            done = part.end;
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
