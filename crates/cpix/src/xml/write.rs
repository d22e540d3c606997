// SPDX-License-Identifier: MPL-2.0
//! Writes XML that is always well-formed, into memory that is wiped.

use std::fmt::Display;
use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use zeroize::Zeroizing;

use crate::Error;

use super::Namespace;

/// The attributes of an element that is written, in their order.
#[derive(Default)]
pub(crate) struct Attributes(Vec<(&'static str, String)>);

impl Attributes {
    /// Adds an attribute.
    pub(crate) fn with(mut self, name: &'static str, value: &(impl Display + ?Sized)) -> Self {
        self.0.push((name, value.to_string()));
        self
    }

    /// Adds the declarations of namespaces.
    pub(crate) fn declare(self, namespaces: &[Namespace]) -> Self {
        namespaces.iter().fold(self, |attributes, namespace| {
            attributes.with(namespace.declaration(), namespace.uri())
        })
    }

    /// Adds an attribute if it has a value.
    pub(crate) fn maybe(self, name: &'static str, value: Option<&(impl Display + ?Sized)>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

/// Writes one document. The first text that XML cannot hold is the error of [`Self::finish`].
pub(crate) struct XmlWriter {
    writer: Writer<WipedBuffer>,
    result: Result<(), Error>,
}

impl XmlWriter {
    pub(crate) fn new() -> Self {
        let mut writer = Self::fragment();
        writer.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        writer
    }

    /// Starts a part for insertion into another document.
    pub(crate) fn fragment() -> Self {
        Self {
            writer: Writer::new(WipedBuffer::default()),
            result: Ok(()),
        }
    }

    /// Writes an element of CPIX with the content that `content` writes.
    pub(crate) fn element(
        &mut self,
        name: &'static str,
        attributes: Attributes,
        content: impl FnOnce(&mut Self),
    ) {
        self.element_of(Namespace::Cpix, name, attributes, content);
    }

    /// Writes an element of any namespace.
    pub(crate) fn element_of(
        &mut self,
        namespace: Namespace,
        name: &'static str,
        attributes: Attributes,
        content: impl FnOnce(&mut Self),
    ) {
        let name = format!("{}:{name}", namespace.prefix());
        let mut start = BytesStart::new(name.as_str());
        for (attribute, value) in attributes.0 {
            self.check(&value, attribute);
            start.push_attribute((attribute, value.as_str()));
        }
        self.event(Event::Start(start));
        content(self);
        self.event(Event::End(BytesEnd::new(name.as_str())));
    }

    /// Writes a list, unless it is empty.
    pub(crate) fn list<T>(
        &mut self,
        name: &'static str,
        items: &[T],
        mut write: impl FnMut(&mut Self, &T),
    ) {
        if items.is_empty() {
            return;
        }
        self.element(name, Attributes::default(), |xml| {
            items.iter().for_each(|item| write(xml, item));
        });
    }

    /// Writes an element of CPIX with a text, if there is one.
    pub(crate) fn text(&mut self, name: &'static str, text: Option<&str>) {
        if let Some(text) = text {
            self.element(name, Attributes::default(), |xml| {
                xml.characters(name, text);
            });
        }
    }

    /// Writes text into the open element.
    pub(crate) fn characters(&mut self, name: &'static str, text: &str) {
        self.check(text, name);
        if !text.is_empty() {
            self.event(Event::Text(BytesText::new(text)));
        }
    }

    /// Writes the base64 of bytes, which may be a key, into the open element.
    pub(crate) fn base64(&mut self, bytes: &[u8]) {
        self.characters("base64", &encode(bytes));
    }

    /// Makes [`Self::finish`] return this error, unless it has an earlier one.
    pub(crate) fn fail(&mut self, error: Error) {
        self.result = std::mem::replace(&mut self.result, Ok(())).and(Err(error));
    }

    /// Returns the whole document.
    pub(crate) fn finish(self) -> Result<Zeroizing<String>, Error> {
        self.result?;
        let mut bytes = self.writer.into_inner().0;
        Ok(Zeroizing::new(
            String::from_utf8(std::mem::take(&mut *bytes)).expect("only strings were written"),
        ))
    }

    fn event(&mut self, event: Event<'_>) {
        self.writer
            .write_event(event)
            .expect("memory accepts all writes");
    }

    /// Refuses characters that XML 1.0, production 2, excludes, and line breaks and tabs, which readers turn into spaces in attributes.
    fn check(&mut self, text: &str, name: &'static str) {
        if text.contains(|c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')) {
            self.fail(Error::BadValue {
                name,
                expected: "text without control characters",
            });
        }
    }
}

/// Returns the base64 of bytes, in memory that is wiped.
pub(crate) fn encode(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len().div_ceil(3) * 4));
    STANDARD.encode_string(bytes, &mut text);
    text
}

/// Memory that is wiped when it grows and when it is dropped.
#[derive(Default)]
struct WipedBuffer(Zeroizing<Vec<u8>>);

impl io::Write for WipedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity((needed * 2).max(4096)));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
