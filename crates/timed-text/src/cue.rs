// SPDX-License-Identifier: MPL-2.0
//! A cue of WebVTT, and the texts of other formats as cue text (W3C WebVTT, 4.2).

use std::fmt;
use std::time::Duration;

/// A text that is shown for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cue {
    /// The time at which it appears.
    pub start: Duration,
    /// The time at which it disappears; after `start`.
    pub end: Duration,
    /// Its identifier.
    pub identifier: Option<String>,
    /// Its position and alignment, such as `line:0 align:left`.
    pub settings: Option<String>,
    /// Its text with tags, without empty lines.
    pub text: String,
}

impl Cue {
    /// Creates a cue without identifier and settings.
    pub const fn new(start: Duration, end: Duration, text: String) -> Self {
        Self {
            start,
            end,
            identifier: None,
            settings: None,
            text,
        }
    }

    /// Returns the cue as it is shown from `start` to `end`, in time from `start`; None if it is not shown then.
    pub fn part(&self, start: Duration, end: Option<Duration>) -> Option<Self> {
        if self.end <= start || end.is_some_and(|end| self.start >= end) {
            return None;
        }
        Some(Self {
            start: self.start.saturating_sub(start),
            end: self.end.saturating_sub(start),
            ..self.clone()
        })
    }
}

/// Writes the cue as a block of a WebVTT file, without the empty line after it.
impl fmt::Display for Cue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(identifier) = &self.identifier {
            writeln!(f, "{identifier}")?;
        }
        write!(f, "{} --> {}", Timestamp(self.start), Timestamp(self.end))?;
        if let Some(settings) = &self.settings {
            write!(f, " {settings}")?;
        }
        write!(f, "\n{}", self.text)
    }
}

/// A time as WebVTT writes it, `hh:mm:ss.ttt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp(pub Duration);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        let milliseconds = self.0.subsec_millis();
        write!(
            f,
            "{hours:02}:{minutes:02}:{:02}.{milliseconds:03}",
            seconds % 60
        )
    }
}

/// Returns plain text as cue text.
pub fn plain_text(text: &str) -> String {
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    without_empty_lines(&escaped)
}

/// Returns Pango markup as cue text: bold, italic and underlined text keep their tags, and other tags are left out.
pub fn pango_text(markup: &str) -> String {
    let mut text = String::with_capacity(markup.len());
    let mut rest = markup;
    while let Some(at) = rest.find(['<', '&', '>']) {
        let (before, special) = rest.split_at(at);
        text.push_str(before);
        let end = match special.as_bytes().first() {
            Some(b'<') => special.find('>'),
            Some(b'&') => special.find(';'),
            _ => None,
        };
        let Some(end) = end else {
            // No markup: the character itself.
            let (character, after) = special.split_at(1);
            text.push_str(&plain_text(character));
            rest = after;
            continue;
        };
        let (markup, after) = special.split_at(end + 1);
        match markup.as_bytes().first() {
            Some(b'<') => text.push_str(cue_tag(markup)),
            _ => text.push_str(&cue_entity(markup)),
        }
        rest = after;
    }
    text.push_str(rest);
    without_empty_lines(&text)
}

/// Returns a tag of Pango that cues have too; nothing for others.
fn cue_tag(tag: &str) -> &str {
    match tag {
        "<b>" | "</b>" | "<i>" | "</i>" | "<u>" | "</u>" => tag,
        _ => "",
    }
}

/// Returns an entity of XML as cue text.
fn cue_entity(entity: &str) -> String {
    let name = entity.trim_start_matches('&').trim_end_matches(';');
    let number = match name.strip_prefix("#x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => name
            .strip_prefix('#')
            .and_then(|digits| digits.parse().ok()),
    };
    match (name, number.and_then(char::from_u32)) {
        ("amp" | "lt" | "gt", _) => entity.to_owned(),
        ("quot", _) => "\"".to_owned(),
        ("apos", _) => "'".to_owned(),
        (_, Some(character)) => plain_text(&character.to_string()),
        _ => plain_text(entity),
    }
}

/// Leaves out empty lines, which would end a cue.
fn without_empty_lines(text: &str) -> String {
    let lines = text.lines().map(str::trim_end);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_cue_text() {
        assert_eq!(
            plain_text("a < b && c --> d"),
            "a &lt; b &amp;&amp; c --&gt; d"
        );
        assert_eq!(plain_text("one\r\n\r\n two \n"), "one\n two");
        for (markup, expected) in [
            ("<i>it</i> <b>b</b>", "<i>it</i> <b>b</b>"),
            ("<span foreground=\"red\">x</span>", "x"),
            (
                "R&amp;B &#39;n&apos; &quot;&#x42;&quot; &lt;",
                "R&amp;B 'n' \"B\" &lt;",
            ),
            ("1 > 0 & 0 < 1", "1 &gt; 0 &amp; 0 &lt; 1"),
            ("&unknown;", "&amp;unknown;"),
        ] {
            assert_eq!(pango_text(markup), expected, "{markup}");
        }
    }

    #[test]
    fn part_counts_from_its_start() {
        let seconds = Duration::from_secs;
        let cue = Cue::new(seconds(3), seconds(6), "text".to_owned());
        let part = cue.part(seconds(4), Some(seconds(5))).unwrap();
        assert_eq!((part.start, part.end), (seconds(0), seconds(2)));
        assert_eq!(cue.part(seconds(6), None), None);
        assert_eq!(cue.part(seconds(0), Some(seconds(3))), None);
        assert_eq!(cue.to_string(), "00:00:03.000 --> 00:00:06.000\ntext");
    }
}
