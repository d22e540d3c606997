// SPDX-License-Identifier: MPL-2.0
//! The XML of TTML documents.

use roxmltree::{Attribute, Document, Node};

use super::Error;
use super::ttml_time::{TimeUnits, parameter};

/// The most namespace declarations. The parser copies those in scope for each element with another one.
const MAX_NAMESPACES: usize = 4096;
/// The deepest element whose times are read.
pub(crate) const MAX_DEPTH: usize = 64;

/// Parses a document.
///
/// # Errors
/// [`Error::TooManyNamespaces`], [`Error::Xml`], [`Error::NotTtml`], [`Error::ClockTime`].
pub(crate) fn parse(text: &str) -> Result<Document<'_>, Error> {
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

/// Returns the first child element with a name.
pub(crate) fn child<'a, 'd>(parent: Node<'a, 'd>, name: &str) -> Option<Node<'a, 'd>> {
    let mut children = parent.children();
    children.find(|child| child.is_element() && child.tag_name().name() == name)
}

/// Returns an attribute without a namespace, which TTML gives to times.
pub(crate) fn attribute<'a, 'd>(node: Node<'a, 'd>, name: &str) -> Option<Attribute<'a, 'd>> {
    let mut attributes = node.attributes();
    attributes.find(|attribute| attribute.name() == name && attribute.namespace().is_none())
}

/// Returns the value of a time attribute.
pub(crate) fn time(node: Node<'_, '_>, name: &str, units: &TimeUnits) -> Option<i128> {
    units.nanoseconds(attribute(node, name)?.value())
}

/// True if the children of an element are shown one after the other.
pub(crate) fn is_sequence(node: Node<'_, '_>) -> bool {
    attribute(node, "timeContainer").is_some_and(|container| container.value() == "seq")
}
