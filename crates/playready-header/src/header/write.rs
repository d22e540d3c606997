// SPDX-License-Identifier: MPL-2.0
//! Writes headers: canonical XML in UTF-16LE, without byte order mark and XML declaration.

use super::key_ids::KeyIdEntry;
use super::{Header, HeaderVersion, NAMESPACE};
use crate::xml::Element;

impl Header {
    /// Writes the header's XML.
    pub fn to_xml(&self) -> String {
        Element::new("WRMHEADER")
            .with_attribute("xmlns", NAMESPACE)
            .with_attribute("version", self.version.attribute())
            .with_child(self.data())
            .to_xml()
    }

    /// Writes the header in UTF-16LE, as the value of a PlayReady Object's record.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_xml()
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect()
    }

    fn data(&self) -> Element {
        let mut data = Element::new("DATA");
        self.push_protect_info(&mut data);
        let fields = &self.fields;
        for (name, text) in [
            (
                "LA_URL",
                fields.la_url.as_ref().map(|url| url.as_str().to_owned()),
            ),
            (
                "LUI_URL",
                fields.lui_url.as_ref().map(|url| url.as_str().to_owned()),
            ),
            ("DS_ID", fields.ds_id.as_ref().map(ToString::to_string)),
        ] {
            if let Some(text) = text {
                data.push(Element::of_text(name, &text));
            }
        }
        if let Some(custom) = &fields.custom_attributes {
            data.push(custom.element().clone());
        }
        if fields.on_demand {
            data.push(Element::of_text("DECRYPTORSETUP", "ONDEMAND"));
        }
        data
    }

    /// Adds PROTECTINFO, unless it is empty, and the siblings that version 4.0 has in place of its children.
    fn push_protect_info(&self, data: &mut Element) {
        let entries = self.fields.key_ids.entries();
        match self.version {
            HeaderVersion::V4_0 => self.push_flat(data, &entries),
            HeaderVersion::V4_1 => {
                if let Some(entry) = entries.first() {
                    data.push(Element::new("PROTECTINFO").with_child(kid_element(entry)));
                }
            }
            HeaderVersion::V4_2 | HeaderVersion::V4_3 => self.push_listed(data, &entries),
        }
    }

    fn push_flat(&self, data: &mut Element, entries: &[KeyIdEntry]) {
        for entry in entries {
            let mut info = Element::new("PROTECTINFO");
            info.push(Element::of_text("KEYLEN", self.fields.key_ids.key_len()));
            if let Some(algorithm) = entry.algorithm {
                info.push(Element::of_text("ALGID", algorithm));
            }
            data.push(info);
            data.push(Element::of_text("KID", &entry.value));
            if let Some(checksum) = &entry.checksum {
                data.push(Element::of_text("CHECKSUM", checksum));
            }
        }
    }

    fn push_listed(&self, data: &mut Element, entries: &[KeyIdEntry]) {
        let requested = self.fields.license_requested;
        if entries.is_empty() && requested.is_none() {
            return;
        }
        let mut info = Element::new("PROTECTINFO");
        if let Some(requested) = requested {
            info = info.with_attribute("LICENSEREQUESTED", &requested.to_string());
        }
        if !entries.is_empty() {
            let mut kids = Element::new("KIDS");
            entries
                .iter()
                .for_each(|entry| kids.push(kid_element(entry)));
            info.push(kids);
        }
        data.push(info);
    }
}

/// Returns the element KID of version 4.1 and above.
fn kid_element(entry: &KeyIdEntry) -> Element {
    let mut element = Element::new("KID");
    for (name, value) in [
        ("ALGID", entry.algorithm),
        ("CHECKSUM", entry.checksum.as_deref()),
    ] {
        if let Some(value) = value {
            element = element.with_attribute(name, value);
        }
    }
    element.with_attribute("VALUE", &entry.value)
}

#[cfg(test)]
mod tests {
    use cenc_types::{CipherMode, ContentKey, KeyId};

    use super::*;
    use crate::{header::HeaderFields, header::KeyIds, header::VersionChoice};

    fn header(version: HeaderVersion) -> Header {
        let kid: KeyId = "a2c786d0-f9ef-4cb3-b333-cd323a4284a5".parse().unwrap();
        let key = ContentKey::parse("Ttt3BM2/A2F/SAC9h4pt8g==").unwrap();
        let fields = HeaderFields {
            version: VersionChoice::Only(version),
            key_ids: KeyIds::for_mode(CipherMode::Ctr, [(kid, Some(&key))]),
            ..HeaderFields::default()
        };
        Header::new(fields).unwrap()
    }

    fn data(header: &Header) -> String {
        let xml = header.to_xml();
        let (_, rest) = xml.split_once("<DATA>").unwrap();
        rest.split_once("</DATA>").unwrap().0.to_owned()
    }

    // KID and CHECKSUM of the PlayReady Header specification's example of version 4.2.
    #[test]
    fn each_version_has_its_own_place_for_the_key_id() {
        let kid = r#"<KID ALGID="AESCTR" CHECKSUM="xNvWVxoWk04=" VALUE="0IbHou/5s0yzM80yOkKEpQ=="></KID>"#;
        assert_eq!(
            data(&header(HeaderVersion::V4_0)),
            "<PROTECTINFO><KEYLEN>16</KEYLEN><ALGID>AESCTR</ALGID></PROTECTINFO>\
             <KID>0IbHou/5s0yzM80yOkKEpQ==</KID><CHECKSUM>xNvWVxoWk04=</CHECKSUM>"
        );
        assert_eq!(
            data(&header(HeaderVersion::V4_1)),
            format!("<PROTECTINFO>{kid}</PROTECTINFO>")
        );
        for version in [HeaderVersion::V4_2, HeaderVersion::V4_3] {
            assert_eq!(
                data(&header(version)),
                format!("<PROTECTINFO><KIDS>{kid}</KIDS></PROTECTINFO>")
            );
        }
    }

    #[test]
    fn bytes_are_utf16_without_mark_and_declaration() {
        let bytes = header(HeaderVersion::V4_0).to_bytes();
        assert!(bytes.starts_with(b"<\0W\0R\0M\0"));
        assert!(bytes.ends_with(b"R\0>\0"));
    }

    // Order of the children of DATA in the PlayReady Header specification.
    #[test]
    fn children_of_data_stand_in_their_order() {
        let fields = HeaderFields {
            la_url: "https://la.example/?a=1&b=2".parse().ok(),
            lui_url: "https://lui.example/".parse().ok(),
            ds_id: "AH+03juKbUGbHl1V/QIwRA==".parse().ok(),
            custom_attributes: "<A></A>".parse().ok(),
            on_demand: true,
            license_requested: Some(false),
            ..HeaderFields::default()
        };
        assert_eq!(
            data(&Header::new(fields).unwrap()),
            "<PROTECTINFO LICENSEREQUESTED=\"false\"></PROTECTINFO>\
             <LA_URL>https://la.example/?a=1&amp;b=2</LA_URL><LUI_URL>https://lui.example/</LUI_URL>\
             <DS_ID>AH+03juKbUGbHl1V/QIwRA==</DS_ID>\
             <CUSTOMATTRIBUTES xmlns=\"\"><A></A></CUSTOMATTRIBUTES>\
             <DECRYPTORSETUP>ONDEMAND</DECRYPTORSETUP>"
        );
    }
}
