// SPDX-License-Identifier: MPL-2.0
//! A check of a document before it is parsed into a tree. The parser copies the namespaces in scope for each element that
//! declares one and compares each attribute with the others: without bounds, 1 MiB of text could take gigabytes and minutes.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::Error;

/// The deepest nesting of elements; real documents have ten levels.
const MAX_DEPTH: usize = 32;

/// The most attributes of an element; real ones have eight, including the root's namespaces.
const MAX_ATTRIBUTES: usize = 32;

/// The most namespaces that an element and its ancestors declare.
const MAX_NAMESPACES: usize = 64;

/// Refuses a document whose tree would be too large, and any document type definition.
pub(super) fn check(text: &str) -> Result<(), Error> {
    let mut reader = Reader::from_str(text);
    let mut declared: Vec<usize> = Vec::new();
    loop {
        match reader.read_event().map_err(|_| {
            let read = usize::try_from(reader.error_position()).unwrap_or(usize::MAX);
            position_of(text, read)
        })? {
            Event::Start(start) => {
                if declared.len() == MAX_DEPTH {
                    return Err(Error::TooComplex("elements inside each other"));
                }
                declared.push(count(&start, declared.last().copied().unwrap_or_default())?);
            }
            Event::Empty(empty) => {
                count(&empty, declared.last().copied().unwrap_or_default())?;
            }
            Event::End(_) => drop(declared.pop()),
            Event::DocType(_) => return Err(Error::Dtd),
            Event::Eof => return Ok(()),
            Event::Text(_) | Event::CData(_) | Event::Comment(_) | Event::Decl(_) => (),
            Event::PI(_) | Event::GeneralRef(_) => (),
        }
    }
}

/// Counts the namespaces in scope of an element, `around` of which its ancestors declare.
fn count(start: &BytesStart<'_>, around: usize) -> Result<usize, Error> {
    let mut namespaces = around;
    let mut attributes = start.attributes();
    // The parser of the tree refuses repeated attributes.
    for (index, attribute) in attributes.with_checks(false).flatten().enumerate() {
        namespaces += usize::from(attribute.key.0.starts_with("xmlns"));
        if index == MAX_ATTRIBUTES || namespaces > MAX_NAMESPACES {
            return Err(Error::TooComplex("attributes or namespaces"));
        }
    }
    Ok(namespaces)
}

/// Returns the error of a document that is not well-formed at a byte.
fn position_of(text: &str, byte: usize) -> Error {
    let before = text.get(..byte).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let of = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
    Error::NotWellFormed {
        line: of(before.matches('\n').count()),
        column: of(
            before.chars().count() - before.get(..line_start).map_or(0, |t| t.chars().count())
        ),
    }
}
