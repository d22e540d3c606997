// SPDX-License-Identifier: MPL-2.0
//! Values of a header that are checked when they are read: URLs, service ids and custom XML.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::deviation::Deviations;
use crate::{Error, guid};
use crate::{xml, xml::Element};

/// An absolute URL in ASCII, with scheme, `://` and host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbsoluteUrl(String);

impl AbsoluteUrl {
    /// Returns the URL as it was read.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AbsoluteUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").ok_or(Error::RelativeUrl)?;
        let scheme_fits = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
        let has_host = !rest.is_empty() && !rest.starts_with(['/', '?', '#']);
        if scheme_fits && has_host && rest.chars().all(|c| c.is_ascii_graphic()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::RelativeUrl)
    }
}

/// DS_ID: the id of a domain service, a GUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceId([u8; 16]);

impl FromStr for ServiceId {
    type Err = Error;

    /// Reads the base64 of a GUID's 16 bytes, as in headers and licence servers.
    fn from_str(text: &str) -> Result<Self, Error> {
        guid::decode(text).map(Self)
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

/// CUSTOMATTRIBUTES: well-formed XML of the packager, in canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomAttributes(Element);

impl CustomAttributes {
    const NAME: &str = "CUSTOMATTRIBUTES";

    pub(super) const fn element(&self) -> &Element {
        &self.0
    }
}

impl FromStr for CustomAttributes {
    type Err = Error;

    /// Reads either the whole CUSTOMATTRIBUTES element, whose own attributes are kept, or its content,
    /// which is put into one with `xmlns=""`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let name = Self::NAME;
        let wrapped = format!("<{name} xmlns=\"\">{text}</{name}>");
        let wrapper = xml::parse(&wrapped, &mut Deviations::default())?;
        let element = wrapper
            .child(name)
            .filter(|_| wrapper.children.len() == 1)
            .unwrap_or(&wrapper);
        check_prefixes(element, &mut vec!["xml", "xmlns"])?;
        Ok(Self(element.clone()))
    }
}

impl fmt::Display for CustomAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_xml())
    }
}

/// Refuses a prefix that is not declared: a namespace-aware client would refuse the whole header.
fn check_prefixes<'e>(element: &'e Element, declared: &mut Vec<&'e str>) -> Result<(), Error> {
    let outside = declared.len();
    let attributes = element.attributes.iter().map(|(name, _)| name.as_str());
    declared.extend(
        attributes
            .clone()
            .filter_map(|name| name.strip_prefix("xmlns:")),
    );
    for name in attributes.chain([element.name.as_str()]) {
        let prefix = name.split_once(':').map(|(prefix, _)| prefix);
        if let Some(unknown) = prefix.filter(|prefix| !declared.contains(prefix)) {
            return Err(Error::NotWellFormed(format!(
                "the namespace prefix {unknown:?} is not declared"
            )));
        }
    }
    for child in element.elements() {
        check_prefixes(child, declared)?;
    }
    declared.truncate(outside);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_urls_are_taken_and_others_refused() {
        // The first is that of Microsoft's test server.
        let absolute = [
            "https://test.playready.microsoft.com/service/rightsmanager.asmx?cfg=(persist:false,sl:150)",
            "http://[::1]:8080/a",
        ];
        for text in absolute {
            assert_eq!(text.parse::<AbsoluteUrl>().unwrap().as_str(), text);
        }
        for text in [
            "",
            "/rm.asmx",
            "rm.asmx",
            "//host/a",
            "https:///a",
            "https://",
            "1http://a",
            "http://a b",
            "http://ä",
        ] {
            assert_eq!(
                text.parse::<AbsoluteUrl>(),
                Err(Error::RelativeUrl),
                "{text}"
            );
        }
    }

    // DS_ID of the examples in the PlayReady Header specification.
    #[test]
    fn service_id_is_base64_of_a_guid() {
        let id: ServiceId = "AH+03juKbUGbHl1V/QIwRA==".parse().unwrap();
        assert_eq!(id.to_string(), "AH+03juKbUGbHl1V/QIwRA==");
        assert_eq!("AH+0".parse::<ServiceId>(), Err(Error::BadGuid));
    }

    #[test]
    fn custom_content_is_put_into_its_element_in_canonical_form() {
        let custom: CustomAttributes = "<A z='1' b='2'/> <B>x &amp; y</B>".parse().unwrap();
        assert_eq!(
            custom.to_string(),
            "<CUSTOMATTRIBUTES xmlns=\"\"><A b=\"2\" z=\"1\"></A><B>x &amp; y</B></CUSTOMATTRIBUTES>"
        );
    }

    #[test]
    fn whole_element_keeps_its_own_attributes() {
        let whole = "<CUSTOMATTRIBUTES><A></A></CUSTOMATTRIBUTES>";
        let custom: CustomAttributes = whole.parse().unwrap();
        assert_eq!(custom.to_string(), whole);
    }

    #[test]
    fn content_cannot_leave_its_element() {
        for text in [
            "</CUSTOMATTRIBUTES><LA_URL>http://a</LA_URL><CUSTOMATTRIBUTES>",
            "</CUSTOMATTRIBUTES>",
            "<A>",
            "<p:A></p:A>",
            "<A p:b=\"\"></A>",
            "<B xmlns:p=\"urn:p\"></B><p:A></p:A>",
        ] {
            let custom = text.parse::<CustomAttributes>();
            assert!(matches!(custom, Err(Error::NotWellFormed(_))), "{text}");
        }
        assert!(
            "<B xmlns:p=\"urn:p\"><p:A p:b=\"\"></p:A></B>"
                .parse::<CustomAttributes>()
                .is_ok()
        );
    }
}
