// SPDX-License-Identifier: MPL-2.0
//! Normal forms of XML elements and playlist lines, independent of the order of attributes and of where namespaces are
//! declared.

use std::collections::BTreeSet;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// The parts of an element in their order: start tags with sorted attributes, and texts.
pub fn element(xml: &str) -> Vec<String> {
    let mut reader = Reader::from_str(xml);
    let mut parts = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) => parts.push(start(&tag)),
            Event::Text(text) => parts.push(text.to_string()),
            Event::Eof => return parts,
            _ => (),
        }
    }
}

fn start(tag: &BytesStart<'_>) -> String {
    let attributes = tag.attributes().map(Result::unwrap);
    let texts = attributes.map(|a| (a.key.as_ref().to_owned(), a.value.into_owned()));
    let kept: BTreeSet<_> = texts
        .filter(|(name, _)| !name.starts_with("xmlns"))
        .collect();
    format!("{} {kept:?}", tag.name().as_ref())
}

/// The tag of a line and its attributes except IV: players take the IV from the samples' own information.
pub fn key_line(line: &str) -> (String, BTreeSet<String>) {
    let (tag, list) = line.split_once(':').unwrap();
    let mut attributes = BTreeSet::new();
    let (mut attribute, mut is_quoted) = (String::new(), false);
    for c in list.chars().chain([',']) {
        is_quoted ^= c == '"';
        match c {
            ',' if !is_quoted => attributes.extend([std::mem::take(&mut attribute)]),
            _ => attribute.push(c),
        }
    }
    attributes.retain(|attribute| !attribute.starts_with("IV="));
    (tag.to_owned(), attributes)
}
