// SPDX-License-Identifier: MPL-2.0
//! Tags and attribute lists (RFC 8216, 4.2).

use std::fmt::Display;

/// A tag with an attribute list.
#[derive(Debug)]
pub(super) struct Tag(String);

impl Tag {
    /// Starts a tag; its name has the number sign and the colon.
    pub(super) fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Adds a number, a resolution or an enumerated string.
    #[must_use]
    pub(super) fn plain(mut self, name: &str, value: impl Display) -> Self {
        let comma = if self.0.ends_with(':') { "" } else { "," };
        self.0.push_str(&format!("{comma}{name}={value}"));
        self
    }

    /// Adds a quoted string, in which characters that such a string cannot have are replaced.
    #[must_use]
    pub(super) fn quoted(self, name: &str, value: &str) -> Self {
        let value: String = value
            .chars()
            .map(|c| match c {
                '"' => '\'',
                c if c.is_control() => ' ',
                c => c,
            })
            .collect();
        self.plain(name, format_args!("\"{value}\""))
    }

    /// Adds an attribute that may be absent.
    #[must_use]
    pub(super) fn optional(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.plain(name, value),
            None => self,
        }
    }

    /// Adds a quoted string that may be absent.
    #[must_use]
    pub(super) fn optional_quoted(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.quoted(name, value),
            None => self,
        }
    }

    /// Returns the line.
    pub(super) fn into_line(self) -> String {
        self.0
    }
}

/// Joins lines to a playlist.
pub(super) fn playlist(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}
