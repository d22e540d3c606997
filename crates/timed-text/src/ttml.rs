// SPDX-License-Identifier: MPL-2.0
//! Reads TTML documents (W3C TTML2, IMSC), moves their times, and takes out what is shown in a part of the timeline.

use std::ops::Range;
use std::time::Duration;

use roxmltree::{Attribute, Document, Node};

use super::ttml_time::{TimeUnits, clock_time, parameter};
use super::{Error, MAX_DOCUMENT};

/// The most namespace declarations. The parser copies those in scope for each element with another one.
const MAX_NAMESPACES: usize = 4096;
/// The deepest element whose times are read.
const MAX_DEPTH: usize = 64;

/// Divides a stream into documents.
#[derive(Debug, Default)]
pub struct TtmlReader {
    /// The bytes of the document that is not complete.
    pending: Vec<u8>,
    /// The bytes in which the end of a document was looked for.
    examined: usize,
}

impl TtmlReader {
    /// Takes the next bytes, and appends the documents that are complete with them.
    ///
    /// # Errors
    /// [`Error::NotUtf8`], [`Error::TooLarge`].
    pub fn push(&mut self, bytes: &[u8], documents: &mut Vec<String>) -> Result<(), Error> {
        self.pending.extend_from_slice(bytes);
        while let Some(end) = self.find_end() {
            let rest = self.pending.split_off(end);
            let document = std::mem::replace(&mut self.pending, rest);
            let document = String::from_utf8(document).map_err(|_| Error::NotUtf8)?;
            documents.push(
                document
                    .trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n', '\0'])
                    .to_owned(),
            );
            self.examined = 0;
        }
        match self.pending.len() > MAX_DOCUMENT {
            true => Err(Error::TooLarge {
                limit: MAX_DOCUMENT,
            }),
            false => Ok(()),
        }
    }

    /// Checks at the end of the stream that no document is incomplete.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn end(&mut self) -> Result<(), Error> {
        let rest = std::mem::take(&mut self.pending);
        match rest
            .iter()
            .all(|byte| byte.is_ascii_whitespace() || *byte == 0)
        {
            true => Ok(()),
            false => Err(Error::Truncated),
        }
    }

    /// Returns the position after the end tag of the root, `</tt>` with any prefix.
    fn find_end(&mut self) -> Option<usize> {
        while let Some(start) = self.next_end_tag() {
            let tag = self.pending.get(start..)?;
            let Some(len) = tag.iter().position(|byte| *byte == b'>') else {
                self.examined = start;
                return None;
            };
            let name = tag.get(2..len)?.trim_ascii_end();
            if name == b"tt" || name.ends_with(b":tt") {
                return Some(start + len + 1);
            }
            self.examined = start + len;
        }
        // A tag may begin with the last byte.
        self.examined = self.pending.len().saturating_sub(1);
        None
    }

    fn next_end_tag(&self) -> Option<usize> {
        let left = self.pending.get(self.examined..)?;
        let found = left.windows(2).position(|bytes| bytes == b"</");
        found.map(|at| self.examined + at)
    }
}

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
        let [from, to] = [shown.start, shown.end].map(nanoseconds);
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

fn parse(text: &str) -> Result<Document<'_>, Error> {
    if text.matches("xmlns").count() > MAX_NAMESPACES {
        return Err(Error::TooManyNamespaces);
    }
    let document = Document::parse(text)?;
    let root = document.root_element();
    if root.tag_name().name() != "tt" {
        return Err(Error::NotTtml {
            root: root.tag_name().name().to_owned(),
        });
    }
    match parameter(root, "timeBase") {
        Some("clock") => Err(Error::ClockTime),
        _ => Ok(document),
    }
}

fn child<'a, 'd>(parent: Node<'a, 'd>, name: &str) -> Option<Node<'a, 'd>> {
    let mut children = parent.children();
    children.find(|child| child.is_element() && child.tag_name().name() == name)
}

/// Returns an attribute without a namespace, which TTML gives to times.
fn attribute<'a, 'd>(node: Node<'a, 'd>, name: &str) -> Option<Attribute<'a, 'd>> {
    let mut attributes = node.attributes();
    attributes.find(|attribute| attribute.name() == name && attribute.namespace().is_none())
}

/// Returns the value of a time attribute.
fn time(node: Node<'_, '_>, name: &str, units: &TimeUnits) -> Option<i128> {
    units.nanoseconds(attribute(node, name)?.value())
}

fn is_sequence(node: Node<'_, '_>) -> bool {
    attribute(node, "timeContainer").is_some_and(|container| container.value() == "seq")
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

/// Collects the paragraphs and divisions in `node`. Returns true if there is one. Those in a sequence, whose times depend on each other,
/// stay together.
fn collect(
    node: Node<'_, '_>,
    units: &TimeUnits,
    parent: ActiveTime,
    depth: usize,
    elements: &mut Vec<TimedElement>,
) -> bool {
    let active = parent.of(node, units);
    let is_block = matches!(node.tag_name().name(), "div" | "p");
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

/// A replacement of bytes of a text.
struct Edit {
    range: Range<usize>,
    text: String,
}

/// Moves the times of a document.
fn moved(text: &str, shift: i128) -> Result<String, Error> {
    let document = parse(text)?;
    let root = document.root_element();
    let mut mover = TimeMover {
        units: TimeUnits::read(root),
        edits: Vec::new(),
    };
    let regions = child(root, "head").and_then(|head| child(head, "layout"));
    let regions = regions.into_iter().flat_map(|layout| layout.children());
    for node in regions.filter(Node::is_element).chain(child(root, "body")) {
        mover.shift(node, shift, MAX_DEPTH);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut copied = 0;
    for edit in mover.edits {
        out.push_str(text.get(copied..edit.range.start).unwrap_or_default());
        out.push_str(&edit.text);
        copied = edit.range.end;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Ok(out)
}

/// Moves times. Those in an element count from its own begin, so that the outermost begin moves all in it.
struct TimeMover {
    units: TimeUnits,
    /// In the order of the text.
    edits: Vec<Edit>,
}

impl TimeMover {
    fn shift(&mut self, node: Node<'_, '_>, shift: i128, depth: usize) {
        let begin = time(node, "begin", &self.units);
        let moved_begin = begin.unwrap_or(0) + shift;
        // The part of the shift that the begin of this element cannot take: none without a begin, and none before 0.
        let rest = match begin {
            Some(_) => moved_begin.min(0),
            None => shift,
        };
        for attribute in node.attributes() {
            if attribute.namespace().is_some() {
                continue;
            }
            let Some(value) = self.units.nanoseconds(attribute.value()) else {
                continue;
            };
            let moved = match attribute.name() {
                "begin" => moved_begin,
                "end" => value + shift,
                "dur" if rest != 0 => value + rest,
                _ => continue,
            };
            self.edits.push(Edit {
                range: attribute.range_value(),
                text: clock_time(moved),
            });
        }
        if rest == 0 || depth == 0 {
            return;
        }
        // In a sequence, each element begins after the one before.
        let moved = match is_sequence(node) {
            true => 1,
            false => usize::MAX,
        };
        for child in node.children().filter(Node::is_element).take(moved) {
            self.shift(child, rest, depth - 1);
        }
    }
}

fn duration(nanoseconds: i128) -> Duration {
    Duration::from_nanos(u64::try_from(nanoseconds.max(0)).unwrap_or(u64::MAX))
}

fn nanoseconds(time: Duration) -> i128 {
    i128::try_from(time.as_nanos()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
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
    fn stream_is_divided_into_documents_however_it_arrives() {
        let stream = format!("\u{feff}{FILE}\n \n{FILE}\n");
        for step in [1, 3, 100, stream.len()] {
            let (mut reader, mut documents) = (TtmlReader::default(), Vec::new());
            for bytes in stream.as_bytes().chunks(step) {
                reader.push(bytes, &mut documents).unwrap();
            }
            reader.end().unwrap();
            assert_eq!(documents, [FILE, FILE], "{step} bytes at a time");
        }
        let mut reader = TtmlReader::default();
        reader.push(b"<tt><body>", &mut Vec::new()).unwrap();
        assert_eq!(reader.end(), Err(Error::Truncated));
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
        let text = "<tt xmlns=\"http://www.w3.org/ns/ttml\"><body end=\"9s\"><div dur=\"8s\"><p>a</p><p begin=\"1s\">b</p></div>\
                    <div timeContainer=\"seq\"><p dur=\"1s\">c</p><p dur=\"1s\">d</p></div></body></tt>";
        let moved = moved(text, 1_000_000_000).unwrap();
        assert_eq!(
            moved,
            "<tt xmlns=\"http://www.w3.org/ns/ttml\"><body end=\"00:00:10.000\"><div dur=\"00:00:09.000\"><p>a</p>\
             <p begin=\"00:00:02.000\">b</p></div><div timeContainer=\"seq\"><p dur=\"00:00:02.000\">c</p><p dur=\"1s\">d</p></div>\
             </body></tt>"
        );
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
