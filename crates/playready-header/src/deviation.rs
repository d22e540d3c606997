// SPDX-License-Identifier: MPL-2.0
//! Deviations of existing headers from the PlayReady Header specification.

use super::Error;

/// A deviation of a readable header from the specification.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Deviation {
    /// The text starts with a byte order mark.
    #[error("byte order mark in front")]
    ByteOrderMark,
    /// The text has an XML declaration.
    #[error("XML declaration")]
    XmlDeclaration,
    /// A comment or processing instruction, dropped in reading.
    #[error("comment or processing instruction")]
    Comment,
    /// White space between elements or around a value.
    #[error("white space between elements or around a value")]
    WhiteSpace,
    /// An element without its own end tag.
    #[error("element without its own end tag")]
    SelfClosed,
    /// Namespace declarations not in front, or attributes out of alphabetical order.
    #[error("attributes out of order")]
    AttributeOrder,
    /// The root's namespace is not that of PlayReady headers.
    #[error("the namespace is not that of PlayReady headers")]
    Namespace,
    /// Known elements in another order than the specification lists them.
    #[error("elements out of order")]
    ElementOrder,
    /// A KID is where another header version has it.
    #[error("key id in the place of another header version")]
    KeyIdPlace,
    /// An element that the specification does not define; its content is not kept.
    #[error("unknown element {0}")]
    UnknownElement(String),
    /// An element occurs more than once; the first one counts.
    #[error("repeated element {0}")]
    RepeatedElement(String),
    /// The header exceeds the recommended 1 KB.
    #[error("the header has {0} bytes, 1024 are recommended")]
    LongHeader(usize),
    /// CUSTOMATTRIBUTES exceeds the recommended 1 KB.
    #[error("CUSTOMATTRIBUTES has {0} bytes, 1024 are recommended")]
    LongCustomAttributes(usize),
    /// The content as a whole is not allowed in any header.
    #[error("{0}")]
    Refused(Error),
}

/// Collects each deviation once, in the order of occurrence.
#[derive(Debug, Default)]
pub(super) struct Deviations(Vec<Deviation>);

impl Deviations {
    pub(super) fn note(&mut self, deviation: Deviation) {
        if !self.0.contains(&deviation) {
            self.0.push(deviation);
        }
    }

    pub(super) fn note_if(&mut self, seen: bool, deviation: Deviation) {
        if seen {
            self.note(deviation);
        }
    }

    pub(super) fn into_vec(self) -> Vec<Deviation> {
        self.0
    }
}
