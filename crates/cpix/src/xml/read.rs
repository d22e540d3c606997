// SPDX-License-Identifier: MPL-2.0
//! Reading: elements by name in any order, their values with the errors that name them.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use roxmltree::{Document, Node, ParsingOptions};
use zeroize::Zeroizing;

use crate::Error;
use cenc_types::KeyId;

use super::{Namespace, guard};

/// Padding is left out by some writers.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An element of a document that is read.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a, 'text>(Node<'a, 'text>);

impl<'a, 'text> Element<'a, 'text> {
    /// Hands the root of a document of at most `limit` bytes to `read`.
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

    /// Whether the element has that name.
    pub(crate) fn is(&self, namespace: Namespace, name: &str) -> bool {
        self.0.has_tag_name((namespace.uri(), name))
    }

    /// The name without its namespace.
    pub(crate) fn name(&self) -> &'text str {
        self.0.tag_name().name()
    }

    /// All child elements.
    pub(crate) fn elements(self) -> impl Iterator<Item = Self> {
        self.0.children().filter(Node::is_element).map(Element)
    }

    /// The child elements of that name.
    pub(crate) fn all(self, namespace: Namespace, name: &str) -> impl Iterator<Item = Self> {
        self.elements()
            .filter(move |child| child.is(namespace, name))
    }

    /// The first child element of that name.
    pub(crate) fn child(self, namespace: Namespace, name: &str) -> Option<Self> {
        self.all(namespace, name).next()
    }

    /// The first element of that name below this one, however deep.
    pub(crate) fn descendant(self, namespace: Namespace, name: &str) -> Option<Self> {
        let mut below = self.0.descendants().map(Element);
        below.find(|element| element.is(namespace, name))
    }

    /// The items of a list such as ContentKeyList.
    pub(crate) fn items(
        self,
        list: &'static str,
        item: &'static str,
    ) -> impl Iterator<Item = Self> {
        let lists = self.all(Namespace::Cpix, list);
        lists.flat_map(move |list| list.all(Namespace::Cpix, item))
    }

    /// The names of all attributes that belong to no namespace.
    pub(crate) fn attribute_names(self) -> impl Iterator<Item = &'text str> {
        let own = self.0.attributes().filter(|a| a.namespace().is_none());
        own.map(|attribute| attribute.name())
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.0.attribute(name)
    }

    pub(crate) fn owned_attribute(&self, name: &str) -> Option<String> {
        self.attribute(name).map(str::to_owned)
    }

    /// An attribute that `parse` understands, or none.
    pub(crate) fn parsed<T>(
        &self,
        name: &'static str,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let value = self.attribute(name).map(|text| parse(text.trim()));
        match value {
            Some(None) => Err(Error::BadValue { name, expected }),
            value => Ok(value.flatten()),
        }
    }

    /// A KID in an attribute.
    pub(crate) fn kid(&self, name: &'static str) -> Result<Option<KeyId>, Error> {
        self.parsed(name, "a KID other than zero, as a UUID", |text| {
            text.parse().ok()
        })
    }

    /// A KID in an attribute that `element` must have.
    pub(crate) fn required_kid(&self, element: &'static str) -> Result<KeyId, Error> {
        let missing = "@kid";
        self.kid("kid")?.ok_or(Error::Missing { element, missing })
    }

    /// The text directly in the element.
    pub(crate) fn text(&self) -> String {
        self.texts().collect()
    }

    /// The bytes whose base64 is the element's text. They may be a key: what is copied on the way is wiped.
    pub(crate) fn bytes(&self, name: &'static str) -> Result<Zeroizing<Vec<u8>>, Error> {
        let len = self.texts().map(str::len).sum();
        let mut digits = Zeroizing::new(Vec::with_capacity(len));
        let characters = self.texts().flat_map(str::bytes);
        digits.extend(characters.filter(|c| !c.is_ascii_whitespace()));
        decode(&digits, name)
    }

    /// The bytes of an element that holds no secret.
    pub(crate) fn public_bytes(&self, name: &'static str) -> Result<Vec<u8>, Error> {
        self.bytes(name)
            .map(|mut bytes| std::mem::take(&mut *bytes))
    }

    /// The UTF-8 text whose base64 is the element's text.
    pub(crate) fn encoded_text(&self, name: &'static str) -> Result<String, Error> {
        let expected = "the base64 of utf-8 text";
        String::from_utf8(self.public_bytes(name)?).map_err(|_| Error::BadValue { name, expected })
    }

    /// The bytes whose base64 an attribute holds.
    pub(crate) fn attribute_bytes(
        &self,
        name: &'static str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let value = self.attribute(name);
        value
            .map(|text| decode(text.trim().as_bytes(), name))
            .transpose()
    }

    fn texts(&self) -> impl Iterator<Item = &'a str> {
        let texts = self.0.children().filter(Node::is_text);
        texts.filter_map(|node| node.text())
    }
}

fn decode(digits: &[u8], name: &'static str) -> Result<Zeroizing<Vec<u8>>, Error> {
    // With its whole room from the start, so that no copy is left behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len()));
    let decoded = BASE64.decode_vec(digits, &mut bytes);
    decoded.map_err(|_| Error::BadValue {
        name,
        expected: "base64",
    })?;
    Ok(bytes)
}

/// The place only: what stands there may be a key.
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
