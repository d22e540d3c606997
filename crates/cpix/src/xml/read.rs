// SPDX-License-Identifier: MPL-2.0
//! Reads elements by name in any order, and their values with errors that name them.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use roxmltree::{Document, Node, ParsingOptions};
use zeroize::Zeroizing;

use crate::Error;
use cenc_types::KeyId;

use super::{Namespace, guard};

/// Base64 with or without padding, which some writers omit.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An element of a document that is read.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a, 'text>(Node<'a, 'text>);

impl<'a, 'text> Element<'a, 'text> {
    /// Parses a document of at most `limit` bytes and calls `read` with its root.
    pub(crate) fn with_root<T>(
        text: &str,
        limit: usize,
        read: impl FnOnce(Element<'_, '_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let size = text.len();
        if size > limit {
            return Err(Error::TooLarge { size, limit });
        }
        guard::check(text)?;
        let options = ParsingOptions {
            nodes_limit: u32::try_from(size).unwrap_or(u32::MAX),
            ..ParsingOptions::default()
        };
        let document = Document::parse_with_options(text, options).map_err(not_well_formed)?;
        read(Element(document.root_element()))
    }

    /// Returns true if the element has the name.
    pub(crate) fn is(&self, namespace: Namespace, name: &str) -> bool {
        self.0.has_tag_name((namespace.uri(), name))
    }

    /// Returns the name without its namespace.
    pub(crate) fn name(&self) -> &'text str {
        self.0.tag_name().name()
    }

    /// Returns all child elements.
    pub(crate) fn elements(self) -> impl Iterator<Item = Self> {
        self.0.children().filter(Node::is_element).map(Element)
    }

    /// Returns the child elements with a name.
    pub(crate) fn all(self, namespace: Namespace, name: &str) -> impl Iterator<Item = Self> {
        self.elements()
            .filter(move |child| child.is(namespace, name))
    }

    /// Returns the first child element with a name.
    pub(crate) fn child(self, namespace: Namespace, name: &str) -> Option<Self> {
        self.all(namespace, name).next()
    }

    /// Returns the first element with a name below this one, at any depth.
    pub(crate) fn descendant(self, namespace: Namespace, name: &str) -> Option<Self> {
        self.0
            .descendants()
            .map(Element)
            .find(|element| element.is(namespace, name))
    }

    /// Reads the items of a list such as ContentKeyList.
    pub(crate) fn read_items<T>(
        self,
        list: &'static str,
        item: &'static str,
        read: impl Fn(Self) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.all(Namespace::Cpix, list)
            .flat_map(|list| list.all(Namespace::Cpix, item))
            .map(read)
            .collect()
    }

    /// Returns the names of all attributes without a namespace.
    pub(crate) fn attribute_names(self) -> impl Iterator<Item = &'text str> {
        self.0
            .attributes()
            .filter(|attribute| attribute.namespace().is_none())
            .map(|attribute| attribute.name())
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.0.attribute(name)
    }

    pub(crate) fn owned_attribute(&self, name: &str) -> Option<String> {
        self.attribute(name).map(str::to_owned)
    }

    /// Returns the value of an attribute as `parse` reads it, or None if there is no such attribute.
    pub(crate) fn parsed<T>(
        &self,
        name: &'static str,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        match self.attribute(name).map(|text| parse(text.trim())) {
            Some(None) => Err(Error::BadValue { name, expected }),
            value => Ok(value.flatten()),
        }
    }

    /// Returns the KID in an attribute.
    pub(crate) fn kid(&self, name: &'static str) -> Result<Option<KeyId>, Error> {
        self.parsed(name, "a KID other than zero, as a UUID", |text| {
            text.parse().ok()
        })
    }

    /// Returns the KID in the attribute `kid`, which `element` must have.
    pub(crate) fn required_kid(&self, element: &'static str) -> Result<KeyId, Error> {
        self.kid("kid")?.ok_or(Error::Missing {
            element,
            missing: "@kid",
        })
    }

    /// Returns the text directly in the element.
    pub(crate) fn text(&self) -> String {
        self.texts().collect()
    }

    /// Decodes the base64 in the element's text. The bytes may be a key, so all copies are wiped.
    pub(crate) fn bytes(&self, name: &'static str) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut digits = Zeroizing::new(Vec::with_capacity(self.texts().map(str::len).sum()));
        digits.extend(
            self.texts()
                .flat_map(str::bytes)
                .filter(|c| !c.is_ascii_whitespace()),
        );
        decode(&digits, name)
    }

    /// Decodes the base64 of an element without secrets.
    pub(crate) fn public_bytes(&self, name: &'static str) -> Result<Vec<u8>, Error> {
        self.bytes(name)
            .map(|mut bytes| std::mem::take(&mut *bytes))
    }

    /// Decodes the base64 of UTF-8 text.
    pub(crate) fn encoded_text(&self, name: &'static str) -> Result<String, Error> {
        String::from_utf8(self.public_bytes(name)?).map_err(|_| Error::BadValue {
            name,
            expected: "the base64 of utf-8 text",
        })
    }

    /// Decodes the base64 in an attribute.
    pub(crate) fn attribute_bytes(
        &self,
        name: &'static str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        self.attribute(name)
            .map(|text| decode(text.trim().as_bytes(), name))
            .transpose()
    }

    fn texts(&self) -> impl Iterator<Item = &'a str> {
        self.0
            .children()
            .filter(Node::is_text)
            .filter_map(|node| node.text())
    }
}

fn decode(digits: &[u8], name: &'static str) -> Result<Zeroizing<Vec<u8>>, Error> {
    // The capacity suffices from the start, so that growth leaves no copy.
    let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len()));
    BASE64
        .decode_vec(digits, &mut bytes)
        .map_err(|_| Error::BadValue {
            name,
            expected: "base64",
        })?;
    Ok(bytes)
}

/// Returns an error with the position only, since the text there may be a key.
fn not_well_formed(error: roxmltree::Error) -> Error {
    match error {
        roxmltree::Error::DtdDetected => Error::Dtd,
        roxmltree::Error::NodesLimitReached => Error::TooComplex("elements"),
        error => {
            let place = error.pos();
            Error::NotWellFormed {
                line: place.row,
                column: place.col,
            }
        }
    }
}
