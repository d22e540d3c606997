// SPDX-License-Identifier: MPL-2.0
//! Elements of an XML document, written with indentation.

use std::fmt::Display;

/// An element with attributes in the order in which they are added.
#[derive(Debug, Clone)]
pub(super) struct XmlElement {
    start: String,
    name: &'static str,
    content: Vec<XmlContent>,
}

#[derive(Debug, Clone)]
enum XmlContent {
    Element(XmlElement),
    /// An element that is written already.
    Written(String),
    /// Escaped text, which is the only content of its element.
    Text(String),
}

impl XmlElement {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            start: format!("<{name}"),
            name,
            content: Vec::new(),
        }
    }

    #[must_use]
    pub(super) fn attribute(mut self, name: &str, value: impl Display) -> Self {
        let value = escape(&value.to_string());
        self.start.push_str(&format!(" {name}=\"{value}\""));
        self
    }

    /// Adds an attribute that may be absent.
    #[must_use]
    pub(super) fn optional(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.attribute(name, value),
            None => self,
        }
    }

    #[must_use]
    pub(super) fn child(mut self, child: Self) -> Self {
        self.content.push(XmlContent::Element(child));
        self
    }

    #[must_use]
    pub(super) fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.content
            .extend(children.into_iter().map(XmlContent::Element));
        self
    }

    #[must_use]
    pub(super) fn written(mut self, elements: impl IntoIterator<Item = String>) -> Self {
        self.content
            .extend(elements.into_iter().map(XmlContent::Written));
        self
    }

    #[must_use]
    pub(super) fn text(mut self, text: &str) -> Self {
        self.content.push(XmlContent::Text(escape(text)));
        self
    }

    /// Returns the document with this element as its root.
    pub(super) fn into_document(self) -> String {
        let mut document = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
        self.write(&mut document, 0);
        document
    }

    fn write(&self, to: &mut String, depth: usize) {
        let indentation = "  ".repeat(depth);
        to.push_str(&indentation);
        to.push_str(&self.start);
        match self.content.as_slice() {
            [] => {
                to.push_str("/>\n");
                return;
            }
            [XmlContent::Text(text)] => {
                to.push('>');
                to.push_str(text);
            }
            content => {
                to.push_str(">\n");
                for child in content {
                    match child {
                        XmlContent::Element(element) => element.write(to, depth + 1),
                        XmlContent::Written(text) | XmlContent::Text(text) => {
                            to.push_str(&format!("{indentation}  {text}\n"));
                        }
                    }
                }
                to.push_str(&indentation);
            }
        }
        to.push_str(&format!("</{}>\n", self.name));
    }
}

/// Escapes text for content and attributes. Characters that XML 1.0 cannot have (2.2) are replaced.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' => escaped.push_str("&#x9;"),
            '\n' => escaped.push_str("&#xA;"),
            '\r' => escaped.push_str("&#xD;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    // XML 1.0, 2.2 and 2.4.
    #[test]
    fn text_is_escaped() {
        let element = XmlElement::new("a")
            .attribute("b", "<&>\"\n\u{1}")
            .child(XmlElement::new("c").text("x<&\u{ffff}"))
            .child(
                XmlElement::new("d")
                    .optional("e", None::<u8>)
                    .optional("f", Some(1)),
            );
        assert_eq!(
            element.into_document(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <a b=\"&lt;&amp;&gt;&quot;&#xA;\u{fffd}\">\n  <c>x&lt;&amp;\u{fffd}</c>\n  <d f=\"1\"/>\n</a>\n"
        );
    }
}
