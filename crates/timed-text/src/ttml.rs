// SPDX-License-Identifier: MPL-2.0
//! Reads TTML documents (W3C TTML2, IMSC), moves their times, and takes out what is shown in a part of the timeline.

use std::ops::Range;
use std::time::Duration;

use roxmltree::Node;

use super::Error;
use super::ttml_shift::moved;
use super::ttml_time::{TimeUnits, parameter};
use super::ttml_xml::{MAX_DEPTH, child, is_sequence, parse, time};

/// A document whose times are those of the presentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TtmlDocument {
    text: String,
    /// Paragraphs and divisions in the order of their start tags.
    elements: Vec<TimedElement>,
    namespace: String,
    profiles: String,
}

/// A paragraph or division.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TimedElement {
    /// Its bytes in the text.
    range: Range<usize>,
    /// Nanoseconds.
    start: i128,
    /// Nanoseconds; None if it does not end.
    end: Option<i128>,
    /// True if no other paragraph or division is in it.
    is_leaf: bool,
}

impl TtmlDocument {
    /// Reads a document, and moves its times by `shift` nanoseconds.
    ///
    /// # Errors
    /// [`Error::Xml`], [`Error::NotTtml`], [`Error::ClockTime`].
    pub fn read(text: String, shift: i128) -> Result<Self, Error> {
        let text = match shift {
            0 => text,
            shift => moved(&text, shift)?,
        };
        let document = parse(&text)?;
        let root = document.root_element();
        let units = TimeUnits::read(root);
        let mut elements = Vec::new();
        if let Some(body) = child(root, "body") {
            collect(body, &units, ActiveTime::ALWAYS, MAX_DEPTH, &mut elements);
        }
        let profile = parameter(root, "contentProfiles").or_else(|| parameter(root, "profile"));
        let profiles = profile.unwrap_or_default().split([' ', '(', ')']);
        let namespace = root.tag_name().namespace().unwrap_or_default().to_owned();
        let profiles: Vec<String> = profiles
            .filter(|profile| profile.contains(':'))
            .map(str::to_owned)
            .collect();
        drop(document);
        Ok(Self {
            text,
            elements,
            namespace,
            profiles: profiles.join(" "),
        })
    }

    /// Returns the namespace of the root.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the profiles to which the document says that it conforms, separated by spaces; empty if it says none.
    pub fn profiles(&self) -> &str {
        &self.profiles
    }

    /// Returns the time from the first to the last text; its end is None if a text does not end. None for a document without text.
    pub fn shown(&self) -> Option<(Duration, Option<Duration>)> {
        let leaves = || self.elements.iter().filter(|element| element.is_leaf);
        let start = leaves().map(|element| element.start).min()?;
        let ends = leaves().map(|element| element.end);
        let end = ends.reduce(|one, other| Some(one?.max(other?)))?;
        Some((duration(start), end.map(duration)))
    }

    /// Returns the document with what is shown between two times.
    pub fn part(&self, shown: &Range<Duration>) -> String {
        let [from, to] = [shown.start, shown.end].map(|time| time.as_nanos().cast_signed());
        let mut text = String::with_capacity(self.text.len().min(16 << 10));
        let mut copied = 0;
        for element in &self.elements {
            let is_shown = element.start < to
                && element
                    .end
                    .is_none_or(|end| end > from && end > element.start);
            if is_shown || element.range.start < copied {
                continue;
            }
            text.push_str(
                self.text
                    .get(copied..element.range.start)
                    .unwrap_or_default(),
            );
            copied = element.range.end;
        }
        text.push_str(self.text.get(copied..).unwrap_or_default());
        text
    }
}

/// The time for which an element is active, in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct ActiveTime {
    start: i128,
    end: Option<i128>,
}

impl ActiveTime {
    const ALWAYS: Self = Self {
        start: 0,
        end: None,
    };

    /// Returns that of a child: its times count from the start of its parent (TTML2, 12.2.1).
    fn of(self, node: Node<'_, '_>, units: &TimeUnits) -> Self {
        let start = self.start + time(node, "begin", units).unwrap_or(0);
        let by_end = time(node, "end", units).map(|end| self.start + end);
        let by_duration = time(node, "dur", units).map(|duration| start + duration);
        let ends = [self.end, by_end, by_duration];
        Self {
            start,
            end: ends.into_iter().flatten().min(),
        }
    }
}

/// Collects the paragraphs and divisions in `node`. Returns true if there is one. A sequence, in which times depend on each other, counts as
/// one.
fn collect(
    node: Node<'_, '_>,
    units: &TimeUnits,
    parent: ActiveTime,
    depth: usize,
    elements: &mut Vec<TimedElement>,
) -> bool {
    let active = parent.of(node, units);
    let is_block = matches!(node.tag_name().name(), "div" | "p") || is_sequence(node);
    let index = elements.len();
    if is_block {
        elements.push(TimedElement {
            range: node.range(),
            start: active.start,
            end: active.end,
            is_leaf: true,
        });
    }
    let mut has_blocks = false;
    if depth > 0 && !is_sequence(node) {
        for child in node.children().filter(Node::is_element) {
            has_blocks |= collect(child, units, active, depth - 1, elements);
        }
    }
    if let Some(element) = elements.get_mut(index).filter(|_| is_block) {
        element.is_leaf = !has_blocks;
    }
    has_blocks || is_block
}

fn duration(nanoseconds: i128) -> Duration {
    Duration::from_nanos(u64::try_from(nanoseconds.max(0)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use roxmltree::Document;

    use super::*;

    const FILE: &str = "<?xml version=\"1.0\"?>\n<tt:tt xmlns:tt=\"http://www.w3.org/ns/ttml\" \
        xmlns:ttp=\"http://www.w3.org/ns/ttml#parameter\" ttp:profile=\"http://www.w3.org/ns/ttml/profile/imsc1/text\">\
        <tt:head><tt:layout><tt:region xml:id=\"r\"/></tt:layout></tt:head><tt:body><tt:div begin=\"1s\">\
        <tt:p begin=\"0s\" end=\"2s\">One</tt:p>\
        <tt:p begin=\"00:00:02.000\" dur=\"1.5s\">Two<tt:span begin=\"1s\">!</tt:span></tt:p></tt:div></tt:body></tt:tt>";

    fn seconds(range: Range<u64>) -> Range<Duration> {
        Duration::from_secs(range.start)..Duration::from_secs(range.end)
    }

    fn document(shift: i128) -> TtmlDocument {
        TtmlDocument::read(FILE.to_owned(), shift).unwrap()
    }

    #[test]
    fn part_has_what_is_shown() {
        let document = document(0);
        let milliseconds = Duration::from_millis;
        assert_eq!(
            document.shown(),
            Some((milliseconds(1000), Some(milliseconds(4500))))
        );
        assert_eq!(document.namespace(), "http://www.w3.org/ns/ttml");
        assert_eq!(
            document.profiles(),
            "http://www.w3.org/ns/ttml/profile/imsc1/text"
        );
        let texts = |range| {
            let part = document.part(&seconds(range));
            let parsed = Document::parse(&part).unwrap();
            let texts = parsed
                .descendants()
                .filter_map(|node| node.text().filter(|_| node.is_text()));
            texts.collect::<String>().trim().to_owned()
        };
        assert_eq!(texts(0..5), "OneTwo!");
        assert_eq!(texts(0..1), "");
        assert_eq!(texts(0..2), "One");
        assert_eq!(texts(3..4), "Two!");
        assert_eq!(texts(5..9), "");
    }

    #[test]
    fn shift_moves_what_is_shown() {
        // The division begins later; what is in it counts from there.
        let later = document(10_000_000_000);
        assert!(
            later
                .text
                .contains("<tt:div begin=\"00:00:11.000\"><tt:p begin=\"0s\" end=\"2s\">")
        );
        assert_eq!(
            later.shown(),
            Some((Duration::from_secs(11), Some(Duration::from_millis(14_500))))
        );
        // It cannot begin before 0, so the paragraphs begin earlier in it.
        let earlier = document(-2_500_000_000);
        assert_eq!(
            earlier.shown(),
            Some((Duration::ZERO, Some(Duration::from_secs(2))))
        );
        assert!(earlier.text.contains(
            "<tt:div begin=\"00:00:00.000\"><tt:p begin=\"00:00:00.000\" end=\"00:00:00.500\">"
        ));
        assert!(
            earlier
                .text
                .contains("<tt:p begin=\"00:00:00.500\" dur=\"1.5s\">")
        );
    }

    #[test]
    fn times_without_begin_move_too() {
        let document = |times: [&str; 6]| {
            let [body, div, a, b, seq, c] = times;
            format!(
                "<tt xmlns=\"http://www.w3.org/ns/ttml\"><body{body}><div{div}><p{a}>a</p><p{b}>b</p></div>\
                 <div{seq} timeContainer=\"seq\"><p{c}>c</p><p dur=\"1s\">d</p></div></body></tt>"
            )
        };
        let text = document([
            " end=\"9s\"",
            " dur=\"8s\"",
            "",
            " end=\"2s\"",
            "",
            " dur=\"1s\"",
        ]);
        let later = document([
            " end=\"00:00:10.000\"",
            " dur=\"00:00:09.000\"",
            " begin=\"00:00:01.000\"",
            " begin=\"00:00:01.000\" end=\"00:00:03.000\"",
            " begin=\"00:00:01.000\"",
            " dur=\"1s\"",
        ]);
        assert_eq!(moved(&text, 1_000_000_000).unwrap(), later);
        let earlier = document([
            " end=\"00:00:08.000\"",
            " dur=\"00:00:07.000\"",
            "",
            " end=\"00:00:01.000\"",
            "",
            " dur=\"00:00:00.000\"",
        ]);
        assert_eq!(moved(&text, -1_000_000_000).unwrap(), earlier);
    }

    #[test]
    fn sequence_stays_whole() {
        let text = "<tt xmlns=\"http://www.w3.org/ns/ttml\"><body timeContainer=\"seq\"><div dur=\"1s\"/><div dur=\"1s\"/></body></tt>";
        let document = TtmlDocument::read(text.to_owned(), 0).unwrap();
        assert_eq!(document.shown(), Some((Duration::ZERO, None)));
        assert_eq!(document.part(&seconds(1..2)), text);
    }

    #[test]
    fn what_is_no_ttml_is_refused() {
        let read = |text: &str| TtmlDocument::read(text.to_owned(), 0).unwrap_err();
        assert!(matches!(read("<tt>"), Error::Xml(_)));
        assert_eq!(
            read("<html/>"),
            Error::NotTtml {
                root: "html".to_owned()
            }
        );
        let clock = "<tt xmlns:ttp='http://www.w3.org/ns/ttml#parameter' ttp:timeBase='clock'/>";
        assert_eq!(read(clock), Error::ClockTime);
        let names: String = (0..5000)
            .map(|name| format!(" xmlns:a{name}='x'"))
            .collect();
        assert_eq!(read(&format!("<tt{names}/>")), Error::TooManyNamespaces);
    }
}
