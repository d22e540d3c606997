// SPDX-License-Identifier: MPL-2.0
//! Headers as they occur in practice. Facts and samples come from the PlayReady Header specification.

use super::*;
use crate::header::Feature;

/// Wraps the content of DATA into a header.
fn header(version: &str, data: &str) -> String {
    format!(
        "<WRMHEADER xmlns=\"{NAMESPACE}\" version=\"{version}\"><DATA>{data}</DATA></WRMHEADER>"
    )
}

fn read(version: &str, data: &str) -> FoundHeader {
    FoundHeader::from_xml(&header(version, data)).unwrap()
}

// The specification's example of version 4.0, indented and with ALGID before KEYLEN as there.
#[test]
fn indented_header_gives_all_fields_back() {
    let data = "\n <PROTECTINFO>\n  <ALGID>AESCTR</ALGID>\n  <KEYLEN>16</KEYLEN>\n </PROTECTINFO>\n \
        <KID>q5HgCTj40kGeNVhTH9Gexw==</KID>\n <CHECKSUM>w+OZVr8vzrQ=</CHECKSUM>\n \
        <LA_URL>http://rm.contoso.com/rightsmanager.asmx</LA_URL>\n <CUSTOMATTRIBUTES>\n  \
        <IIS_DRM_VERSION>8.0.1705.19</IIS_DRM_VERSION>\n </CUSTOMATTRIBUTES>\n";
    let found = read("4.0.0.0", data);
    let [key] = found.key_ids.as_slice() else {
        panic!()
    };
    assert_eq!(key.kid.to_string(), "09e091ab-f838-41d2-9e35-58531fd19ec7");
    assert_eq!(key.algorithm.as_deref(), Some("AESCTR"));
    assert_eq!(key.checksum.as_deref(), Some("w+OZVr8vzrQ="));
    assert_eq!(found.key_length.as_deref(), Some("16"));
    assert_eq!(
        found.la_url.as_deref(),
        Some("http://rm.contoso.com/rightsmanager.asmx")
    );
    assert_eq!(
        found.custom_attributes.as_deref(),
        Some("<CUSTOMATTRIBUTES><IIS_DRM_VERSION>8.0.1705.19</IIS_DRM_VERSION></CUSTOMATTRIBUTES>")
    );
    assert_eq!(
        found.deviations,
        [Deviation::WhiteSpace, Deviation::ElementOrder]
    );
}

#[test]
fn mark_declaration_and_self_closed_elements_are_noted() {
    let kid = "<PROTECTINFO><KIDS><KID VALUE=\"PV1LM/VEVk+kEOB8qqcWDg==\" ALGID=\"AESCBC\"/></KIDS></PROTECTINFO>";
    let text = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-16\"?>{}",
        header("4.3.0.0", kid)
    );
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let found = FoundHeader::from_bytes(&bytes).unwrap();
    assert_eq!(
        found.deviations,
        [
            Deviation::ByteOrderMark,
            Deviation::XmlDeclaration,
            Deviation::SelfClosed,
            Deviation::AttributeOrder,
        ]
    );
}

#[test]
fn what_no_header_may_say_is_noted_as_refused() {
    let kid = |attributes: &str| {
        format!(
            "<PROTECTINFO><KIDS><KID {attributes} VALUE=\"PV1LM/VEVk+kEOB8qqcWDg==\"></KID></KIDS></PROTECTINFO>"
        )
    };
    let cbc_in_4_2 = Error::VersionCannotHold {
        version: HeaderVersion::V4_2,
        feature: Feature::AesCbc,
    };
    let cases = [
        (
            "4.3.0.0",
            kid("ALGID=\"AESCBC\" CHECKSUM=\"xNvWVxoWk04=\""),
            Error::ChecksumNotAllowed,
        ),
        ("4.2.0.0", kid("ALGID=\"AESCBC\""), cbc_in_4_2),
        (
            "4.3.0.0",
            kid("ALGID=\"AESGCM\""),
            Error::UnknownAlgorithm("AESGCM".to_owned()),
        ),
        (
            "4.2.0.0",
            kid("ALGID=\"AESCTR\" CHECKSUM=\"xNvW\""),
            Error::BadValue("CHECKSUM"),
        ),
        (
            "4.1.0.0",
            "<LA_URL>rm.asmx</LA_URL>".to_owned(),
            Error::RelativeUrl,
        ),
        ("4.1.0.0", "<DS_ID>x</DS_ID>".to_owned(), Error::BadGuid),
        (
            "4.1.0.0",
            "<DECRYPTORSETUP>LATER</DECRYPTORSETUP>".to_owned(),
            Error::BadValue("DECRYPTORSETUP"),
        ),
        (
            "4.3.0.0",
            "<PROTECTINFO LICENSEREQUESTED=\"maybe\"></PROTECTINFO>".to_owned(),
            Error::BadValue("LICENSEREQUESTED"),
        ),
    ];
    for (version, data, error) in cases {
        let found = read(version, &data);
        assert_eq!(found.deviations, [Deviation::Refused(error)], "{data}");
    }
}

#[test]
fn unknown_repeated_and_misplaced_elements_are_noted() {
    let data = "<LA_URL>http://a/</LA_URL><X></X><LA_URL>http://b/</LA_URL>\
        <PROTECTINFO><KID ALGID=\"AESCTR\" VALUE=\"PV1LM/VEVk+kEOB8qqcWDg==\"></KID></PROTECTINFO>";
    let found = read("4.2.0.0", data);
    assert_eq!(found.la_url.as_deref(), Some("http://a/"));
    assert_eq!(found.key_ids.len(), 1);
    assert_eq!(
        found.deviations,
        [
            Deviation::UnknownElement("X".to_owned()),
            Deviation::RepeatedElement("LA_URL".to_owned()),
            Deviation::ElementOrder,
            Deviation::KeyIdPlace,
        ]
    );
}

#[test]
fn long_headers_are_noted() {
    let data = format!(
        "<CUSTOMATTRIBUTES><A>{}</A></CUSTOMATTRIBUTES>",
        "x".repeat(500)
    );
    let found = read("4.1.0.0", &data);
    assert!(matches!(
        found.deviations.as_slice(),
        [
            Deviation::LongCustomAttributes(1088),
            Deviation::LongHeader(_)
        ]
    ));
}

#[test]
fn other_text_is_refused() {
    let bad_kid = header(
        "4.2.0.0",
        "<PROTECTINFO><KIDS><KID></KID></KIDS></PROTECTINFO>",
    );
    let cases = [
        ("<A></A>".to_owned(), Error::NotAHeader),
        (
            header("4.4.0.0", ""),
            Error::UnknownVersion("4.4.0.0".to_owned()),
        ),
        (bad_kid, Error::BadValue("KID")),
    ];
    for (text, error) in cases {
        assert_eq!(FoundHeader::from_xml(&text), Err(error), "{text}");
    }
    for bytes in [b"<\0W".as_slice(), &[0x00, 0xd8]] {
        assert_eq!(FoundHeader::from_bytes(bytes), Err(Error::BadUtf16));
    }
}
