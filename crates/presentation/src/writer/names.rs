// SPDX-License-Identifier: MPL-2.0
//! Names of files as relative URLs, and the template of names of media segments (ISO/IEC 23009-1, 5.3.9.4.4).

use std::fmt::Write;

use crate::model::{PresentedTrack, TrackFiles};

/// The characters besides letters and digits that stay as they are: unreserved and sub-delims of RFC 3986 without the quote, `/` and `@`.
const KEPT: &[u8] = b"-._~!$&()*+,;=/@";

/// A part of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TemplatePart<'t> {
    /// Literal text.
    Text(&'t str),
    /// The number of the segment, with at least so many digits, and as it is written in the template.
    Number { width: usize, written: &'t str },
}

impl TrackFiles {
    /// Returns the name of the file with a media segment, or None for a template without `$Number$` or with another identifier.
    ///
    /// [`PresentedTrack::first_number`] is the number of the first segment that is listed.
    ///
    /// ```
    /// use presentation::model::TrackFiles;
    ///
    /// let files = TrackFiles::Segments {
    ///     init: "a-init.mp4".into(),
    ///     media: "a-$Number%03d$.m4s".into(),
    /// };
    /// assert_eq!(files.segment_name(12).as_deref(), Some("a-012.m4s"));
    /// ```
    pub fn segment_name(&self, number: u64) -> Option<String> {
        let media = match self {
            Self::Segments { media, .. } => media,
            Self::Single { name, .. } | Self::WebVtt { name, .. } => return Some(name.clone()),
        };
        let mut name = String::new();
        for part in template_parts(media)? {
            match part {
                TemplatePart::Text(text) => name.push_str(text),
                TemplatePart::Number { width, .. } => {
                    let _ = write!(name, "{number:0width$}");
                }
            }
        }
        Some(name)
    }
}

impl PresentedTrack {
    /// Returns the number of a segment, which is in its name.
    pub(super) fn number_of(&self, index: usize) -> u64 {
        self.first_number.saturating_add(index as u64)
    }
}

/// Divides a template; None if it does not have `$Number$`, or has another identifier.
pub(super) fn template_parts(template: &str) -> Option<Vec<TemplatePart<'_>>> {
    let mut parts = Vec::new();
    let mut has_number = false;
    for (index, piece) in template.split('$').enumerate() {
        let is_identifier = index % 2 == 1;
        parts.push(match piece {
            "" if is_identifier => TemplatePart::Text("$"),
            written if is_identifier => {
                has_number = true;
                TemplatePart::Number {
                    width: number_width(written)?,
                    written,
                }
            }
            text => TemplatePart::Text(text),
        });
    }
    let is_closed = parts.len() % 2 == 1;
    (has_number && is_closed).then_some(parts)
}

/// Reads `Number` and `Number%0[width]d`.
fn number_width(identifier: &str) -> Option<usize> {
    match identifier.strip_prefix("Number")? {
        "" => Some(1),
        format => {
            let width = format.strip_prefix("%0")?.strip_suffix('d')?;
            width.parse().ok().filter(|width| (1..=20).contains(width))
        }
    }
}

/// Returns a template for an MPD, with literal parts as they are in a URL.
pub(super) fn url_template(template: &str) -> Option<String> {
    Some(
        template_parts(template)?
            .into_iter()
            .map(|part| match part {
                TemplatePart::Text(text) => template_text(text),
                TemplatePart::Number { written, .. } => format!("${written}$"),
            })
            .collect(),
    )
}

/// Returns a name as a template without identifiers.
pub(super) fn template_text(name: &str) -> String {
    url_reference(name).replace('$', "$$")
}

/// Returns the name of a file of a track, relative to the manifests that name all tracks.
pub(super) fn in_folder(track: &PresentedTrack, name: &str) -> String {
    match &track.folder {
        Some(folder) => format!("{folder}/{name}"),
        None => name.to_owned(),
    }
}

/// Returns a relative name as a relative URL (RFC 3986, 4.2).
pub(super) fn url_reference(name: &str) -> String {
    let mut url = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || KEPT.contains(&byte) {
            url.push(char::from(byte));
        } else {
            let _ = write!(url, "%{byte:02X}");
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(media: &str, number: u64) -> Option<String> {
        let files = TrackFiles::Segments {
            init: String::new(),
            media: media.to_owned(),
        };
        files.segment_name(number)
    }

    // ISO/IEC 23009-1, 5.3.9.4.4: $$ is a dollar sign; the width is that of the shortest number.
    #[test]
    fn numbers_are_put_into_templates() {
        for (media, number, expected) in [
            ("$Number$.m4s", 1, Some("1.m4s")),
            ("a/$Number%05d$.m4s", 42, Some("a/00042.m4s")),
            ("$Number%02d$", 1000, Some("1000")),
            ("$$$Number$$$", 2, Some("$2$")),
            ("a.m4s", 0, None),
            ("$Time$", 0, None),
            ("$Number%5d$", 0, None),
            ("$Number%0999d$", 0, None),
            ("$Number$ $", 0, None),
        ] {
            assert_eq!(name(media, number).as_deref(), expected, "{media}");
        }
    }

    // RFC 3986, 2.1 and 4.2: a colon in the first segment of a relative reference would end a scheme.
    #[test]
    fn names_are_escaped_as_urls() {
        assert_eq!(
            url_reference("a b/ä:\"%?#'.mp4"),
            "a%20b/%C3%A4%3A%22%25%3F%23%27.mp4"
        );
        assert_eq!(
            url_template("a b$$$Number%03d$.m4s").as_deref(),
            Some("a%20b$$$Number%03d$.m4s")
        );
        assert_eq!(template_text("a$.mp4"), "a$$.mp4");
    }
}
