// SPDX-License-Identifier: MPL-2.0
//! A small XML tree, written by the rules of the PlayReady Header specification: each element has its own end tag, namespace
//! declarations come first, attributes are in alphabetical order, and text is escaped as in Canonical XML.

mod read;

use std::borrow::Cow;

use quick_xml::Writer;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use quick_xml::name::QName;

pub(super) use read::parse;

/// An element with its attributes and content; names keep their prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
}

/// A child of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Element(Element),
    Text(String),
}

impl Element {
    /// Creates an empty element.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            attributes: Vec::new(),
            children: Vec::new(),
        }
    }

    /// Creates an element with a text.
    pub fn of_text(name: &str, text: &str) -> Self {
        let mut element = Self::new(name);
        element.children.push(Node::Text(text.to_owned()));
        element
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with_attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a child element.
    #[must_use]
    pub fn with_child(mut self, child: Self) -> Self {
        self.push(child);
        self
    }

    pub(super) fn push(&mut self, child: Self) {
        self.children.push(Node::Element(child));
    }

    pub(super) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// Returns the first child element with a name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.elements().find(|element| element.name == name)
    }

    /// Returns the element's own text without the white space around it, and true if there was any.
    pub(super) fn text(&self) -> (String, bool) {
        let whole: String = self
            .children
            .iter()
            .filter_map(|node| match node {
                Node::Text(text) => Some(text.as_str()),
                Node::Element(_) => None,
            })
            .collect();
        let text = whole.trim_ascii();
        (text.to_owned(), text.len() < whole.len())
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Writes the element in canonical form.
    pub fn to_xml(&self) -> String {
        let mut writer = Writer::new(Vec::new());
        self.write(&mut writer).expect("a Vec accepts all writes");
        String::from_utf8(writer.into_inner()).expect("only strings were written")
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
        let mut start = BytesStart::new(self.name.as_str());
        let mut attributes: Vec<_> = self.attributes.iter().collect();
        attributes.sort_by_key(|(name, _)| attribute_rank(name));
        for (name, value) in attributes {
            start.push_attribute(Attribute {
                key: QName(name),
                value: escape(value, attribute_escape),
            });
        }
        writer.write_event(Event::Start(start))?;
        for child in &self.children {
            match child {
                Node::Element(element) => element.write(writer)?,
                Node::Text(text) => {
                    let escaped = escape(text, text_escape);
                    writer.write_event(Event::Text(BytesText::from_escaped(escaped)))?;
                }
            }
        }
        writer.write_event(Event::End(BytesEnd::new(self.name.as_str())))
    }
}

/// Sorts namespace declarations first, the default one before all, then attributes by name.
pub(super) fn attribute_rank(name: &str) -> (bool, &str) {
    let declares = name == "xmlns" || name.starts_with("xmlns:");
    (!declares, name)
}

fn escape(text: &str, replacement: fn(char) -> Option<&'static str>) -> Cow<'_, str> {
    if text.chars().all(|c| replacement(c).is_none()) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match replacement(c) {
            Some(reference) => escaped.push_str(reference),
            None => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

/// Canonical XML 1.0, 2.3: text nodes.
fn text_escape(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '\r' => Some("&#xD;"),
        _ => None,
    }
}

/// Canonical XML 1.0, 2.3: attribute nodes.
fn attribute_escape(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '"' => Some("&quot;"),
        '\t' => Some("&#x9;"),
        '\n' => Some("&#xA;"),
        '\r' => Some("&#xD;"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Escapes as in the examples of Canonical XML 1.0, 3.4.
    #[test]
    fn attributes_are_sorted_and_values_escaped() {
        let element = Element::new("A")
            .with_attribute("b", "<'\"&>\t")
            .with_attribute("a", "1")
            .with_attribute("xmlns:p", "urn:p")
            .with_attribute("xmlns", "")
            .with_child(Element::of_text("T", "x<&>\"'\r"));
        assert_eq!(
            element.to_xml(),
            "<A xmlns=\"\" xmlns:p=\"urn:p\" a=\"1\" b=\"&lt;'&quot;&amp;>&#x9;\">\
             <T>x&lt;&amp;&gt;\"'&#xD;</T></A>"
        );
    }

    #[test]
    fn empty_element_has_its_own_end_tag() {
        assert_eq!(Element::new("A").to_xml(), "<A></A>");
    }
}
