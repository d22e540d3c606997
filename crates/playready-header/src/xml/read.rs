// SPDX-License-Identifier: MPL-2.0
//! Parses text of at most 64 KiB into a tree: XML 1.0 without document type definition, so that no entity can expand.
//!
//! Deviations from the canonical form are accepted and recorded.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::{Element, Node, attribute_rank};
use crate::deviation::Deviations;
use crate::{Deviation, Error};

/// The size limit in bytes of UTF-8; a record of a PlayReady Object cannot have more characters.
const MAX_LEN: usize = 64 * 1024;

/// The deepest nesting of elements; real headers have five levels.
const MAX_DEPTH: usize = 32;

/// Parses the root element of a document and records deviations from the canonical form.
pub(crate) fn parse(text: &str, notes: &mut Deviations) -> Result<Element, Error> {
    if text.len() > MAX_LEN {
        return Err(Error::TooLarge {
            what: "the xml",
            size: text.len(),
            limit: MAX_LEN,
        });
    }
    let mut reader = Reader::from_str(text);
    let mut tree = TreeBuilder::new(notes);
    loop {
        match reader.read_event().map_err(not_well_formed)? {
            Event::Start(start) => tree.open(&start)?,
            Event::Empty(start) => {
                tree.notes.note(Deviation::SelfClosed);
                tree.open(&start)?;
                tree.close()?;
            }
            Event::End(_) => tree.close()?,
            Event::Text(text) => tree.text(&text.xml10_content())?,
            Event::CData(text) => tree.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => {
                tree.text(resolve(&reference)?.encode_utf8(&mut [0; 4]))?;
            }
            Event::Comment(_) | Event::PI(_) => tree.notes.note(Deviation::Comment),
            Event::Decl(_) => tree.notes.note(Deviation::XmlDeclaration),
            Event::DocType(_) => return Err(Error::Dtd),
            Event::Eof => return tree.finish(),
        }
    }
}

/// The open elements, and the root after its end tag.
struct TreeBuilder<'n> {
    open: Vec<Element>,
    root: Option<Element>,
    notes: &'n mut Deviations,
}

impl<'n> TreeBuilder<'n> {
    fn new(notes: &'n mut Deviations) -> Self {
        Self {
            open: Vec::new(),
            root: None,
            notes,
        }
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), Error> {
        if self.root.is_some() {
            return Err(malformed("a second root element"));
        }
        if self.open.len() == MAX_DEPTH {
            return Err(Error::TooDeep { limit: MAX_DEPTH });
        }
        let mut element = Element::new(checked_name(start.name().0)?);
        for attribute in start.attributes() {
            let attribute = attribute.map_err(not_well_formed)?;
            let name = checked_name(attribute.key.0)?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|_| malformed("an attribute value"))?;
            check_chars(&value)?;
            element
                .attributes
                .push((name.to_owned(), value.into_owned()));
        }
        let sorted = element
            .attributes
            .is_sorted_by_key(|(name, _)| attribute_rank(name));
        self.notes.note_if(!sorted, Deviation::AttributeOrder);
        self.open.push(element);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        let Some(mut element) = self.open.pop() else {
            return Err(malformed("an end tag without its start tag"));
        };
        self.drop_indentation(&mut element);
        match self.open.last_mut() {
            Some(parent) => parent.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    /// White space next to elements is layout; white space that is all the content is text.
    fn drop_indentation(&mut self, element: &mut Element) {
        if element.elements().next().is_none() {
            return;
        }
        let before = element.children.len();
        element.children.retain(|node| !is_blank(node));
        self.notes
            .note_if(element.children.len() < before, Deviation::WhiteSpace);
    }

    fn text(&mut self, text: &str) -> Result<(), Error> {
        check_chars(text)?;
        let Some(element) = self.open.last_mut() else {
            self.notes.note_if(!text.is_empty(), Deviation::WhiteSpace);
            return match text.trim_ascii() {
                "" => Ok(()),
                _ => Err(malformed("text outside the root element")),
            };
        };
        // References cut text into events that belong together.
        match element.children.last_mut() {
            Some(Node::Text(before)) => before.push_str(text),
            _ => element.children.push(Node::Text(text.to_owned())),
        }
        Ok(())
    }

    fn finish(self) -> Result<Element, Error> {
        match self.root {
            Some(root) if self.open.is_empty() => Ok(root),
            _ => Err(malformed("no closed root element")),
        }
    }
}

fn is_blank(node: &Node) -> bool {
    matches!(node, Node::Text(text) if text.trim_ascii().is_empty())
}

/// Returns the character of a reference: one of the five predefined ones, or a character number.
fn resolve(reference: &BytesRef<'_>) -> Result<char, Error> {
    if let Some(c) = reference.resolve_char_ref().map_err(not_well_formed)? {
        return Ok(c);
    }
    match &**reference {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => Err(Error::Dtd),
    }
}

/// Checks a name by XML 1.0, production 5, but accepts all characters beyond ASCII.
fn checked_name(name: &str) -> Result<&str, Error> {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
    let inner = |c: char| letter(c) || c.is_ascii_digit() || matches!(c, '-' | '.' | ':');
    if name.starts_with(letter) && name.chars().all(inner) {
        return Ok(name);
    }
    Err(malformed("an element or attribute name"))
}

/// Checks that text has only characters of XML 1.0, production 2.
fn check_chars(text: &str) -> Result<(), Error> {
    if text.contains(|c: char| {
        let control = c < ' ' && !matches!(c, '\t' | '\n' | '\r');
        control || matches!(c, '\u{fffe}' | '\u{ffff}')
    }) {
        return Err(malformed("a character that xml does not allow"));
    }
    Ok(())
}

fn malformed(cause: &str) -> Error {
    Error::NotWellFormed(cause.to_owned())
}

fn not_well_formed(error: impl std::fmt::Display) -> Error {
    Error::NotWellFormed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Result<Element, Error>, Vec<Deviation>) {
        let mut notes = Deviations::default();
        let element = parse(text, &mut notes);
        (element, notes.into_vec())
    }

    #[test]
    fn leniencies_are_noted_and_canonical_form_comes_back() {
        let text = "<?xml version=\"1.0\"?>\r\n<A b='1' a=\"&#x26;\">\n <!-- x --> <B/> <C>&lt;<![CDATA[&]]></C>\n</A>";
        let (element, notes) = read(text);
        assert_eq!(
            element.unwrap().to_xml(),
            "<A a=\"&amp;\" b=\"1\"><B></B><C>&lt;&amp;</C></A>"
        );
        let expected = [
            Deviation::XmlDeclaration,
            Deviation::WhiteSpace,
            Deviation::AttributeOrder,
            Deviation::Comment,
            Deviation::SelfClosed,
        ];
        assert_eq!(notes, expected);
    }

    #[test]
    fn document_types_and_entities_are_refused() {
        for text in ["<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a>&b;</a>"] {
            assert_eq!(read(text).0, Err(Error::Dtd), "{text}");
        }
        assert!(read("<a b=\"&c;\"></a>").0.is_err());
    }

    #[test]
    fn malformed_text_is_refused() {
        let texts = [
            "",
            "x",
            "<a>",
            "</a>",
            "<a></b>",
            "<a/><b/>",
            "<a/>x",
            "<a b=\"1\" b=\"2\"/>",
            "<1/>",
            "<a><b></a></b>",
            "<a b/>",
            "<a>&</a>",
            "<a>\u{1}</a>",
            "<a>&#0;</a>",
            "<a>&#1;</a>",
            "<a",
            "<a b=\"&#2;\"/>",
            "<a>&#xfffe;</a>",
            "<>",
            "<a$/>",
        ];
        for text in texts {
            let (element, _) = read(text);
            assert!(
                matches!(element, Err(Error::NotWellFormed(_))),
                "{text}: {element:?}"
            );
        }
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let deep = "<a>".repeat(100_000 / 10);
        assert_eq!(read(&deep).0, Err(Error::TooDeep { limit: MAX_DEPTH }));
        let long = format!("<a>{}</a>", "x".repeat(MAX_LEN));
        assert!(matches!(read(&long).0, Err(Error::TooLarge { .. })));
    }
}
