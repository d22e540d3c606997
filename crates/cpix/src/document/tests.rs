// SPDX-License-Identifier: MPL-2.0
//! Whole documents: those that are read, written and refused.

use super::*;
use crate::{Bounds, EncryptionScheme, Offset, Playlist, Position, VideoFilter};

const FULL: &[u8] = include_bytes!("../../tests/vectors/full-2.4.xml");

fn full() -> Document {
    Document::from_bytes(FULL).unwrap()
}

fn kid(last: u8) -> KeyId {
    let mut bytes = [0; 16];
    (bytes[0], bytes[15]) = (0x10, last);
    KeyId::from_bytes(bytes)
}

/// A document with this content in `ContentKeyList` and the lists after it.
fn around(lists: &str) -> String {
    format!(
        "<CPIX xmlns=\"urn:dashif:org:cpix\" xmlns:pskc=\"urn:ietf:params:xml:ns:keyprov:pskc\" \
         xmlns:speke=\"urn:aws:amazon:com:speke\" id=\"old\">{lists}</CPIX>"
    )
}

fn with_keys(keys: &str) -> String {
    around(&format!("<ContentKeyList>{keys}</ContentKeyList>"))
}

fn error(text: &str) -> Error {
    Document::from_bytes(text.as_bytes()).err().unwrap()
}

#[test]
fn byte_order_mark_names_the_encoding() {
    let text = with_keys(KEY);
    let units = || std::iter::once(0xfeff).chain(text.encode_utf16());
    for bytes in [
        format!("\u{feff}{text}").into_bytes(),
        units().flat_map(u16::to_le_bytes).collect(),
        units().flat_map(u16::to_be_bytes).collect(),
    ] {
        let document = Document::from_bytes(&bytes).unwrap();
        assert_eq!(document.content_keys[0].kid, kid(10));
    }
}

const KEY: &str = "<ContentKey kid='10000000-0000-0000-0000-00000000000a'/>";

#[test]
fn every_key_field_is_read() {
    let document = full();
    assert_eq!(document.content_id.as_deref(), Some("film & <more>"));
    let [root, leaf, other] = document.content_keys.as_slice() else {
        panic!("three keys");
    };
    let bytes: [u8; 16] = std::array::from_fn(|at| u8::try_from(at).unwrap());
    assert_eq!(root.key().unwrap().as_bytes(), &bytes);
    let hdcp = root.hdcp.clone().unwrap();
    assert_eq!(hdcp.output_protection.as_deref(), Some("<x></x>"));
    assert_eq!(leaf.explicit_iv, Some(bytes.map(|byte| byte + 16)));
    assert_eq!(leaf.depends_on_key, Some(kid(10)));
    assert_eq!(leaf.key().err(), Some(Error::NoKey(kid(11))));
    let method = EncryptionScheme::Other("SAMPLE-AES".into());
    assert_eq!(other.scheme, Some(method));
}

#[test]
fn every_signaling_field_is_read() {
    let document = full();
    let system = &document.drm_systems[0];
    assert_eq!(system.pssh.as_ref().map(Vec::len), Some(32));
    let protection = system.content_protection.clone().unwrap();
    assert_eq!(protection.xml, "<x/>");
    assert_eq!(protection.robustness.as_deref(), Some("SW"));
    let lines: Vec<_> = system
        .hls
        .iter()
        .map(|hls| (hls.playlist, hls.lines.as_str()))
        .collect();
    let expected = [
        (Some(Playlist::Media), "#EXT-X-KEY:A"),
        (Some(Playlist::MultiVariant), "#EXT-X-SESSION-KEY:A"),
    ];
    assert_eq!(lines, expected);
    assert_eq!(system.smooth.as_deref(), Some("BgAAAAAA"));
    assert_eq!(document.drm_systems[1].pssh, Some(vec![]));
}

#[test]
fn periods_and_rules_are_read() {
    let document = full();
    let at = |text: &str| {
        let period = document.period_at(Position::Time(text.parse().unwrap()));
        period.and_then(|period| period.id.as_deref())
    };
    assert_eq!(at("2026-11-22T20:00:00Z"), Some("p1"));
    assert_eq!(at("2026-11-22T21:00:00.499999999Z"), Some("p1"));
    assert_eq!(at("2026-11-22T21:00:00.5Z"), Some("p3"));
    assert_eq!(at("2026-11-22T22:00:00.5Z"), None);
    assert_eq!(document.periods[0].index, Some(7));
    let bounds = Bounds::Offset {
        start: Offset(0),
        end: Offset(90_000_000_000),
    };
    assert_eq!(document.periods[1].bounds, Some(bounds));
    let rule = &document.usage_rules[0];
    assert_eq!((&*rule.periods[0], &*rule.labels[0]), ("p1", "main"));
    let video = VideoFilter {
        min_pixels: Some(589_825),
        max_pixels: Some(2_073_600),
        hdr: Some(true),
        wcg: Some(false),
        min_fps: Some(30),
        max_fps: Some(60),
    };
    assert_eq!(rule.video, [video]);
    assert_eq!(document.usage_rules[1].audio.len(), 2);
}

#[test]
fn what_is_written_is_read_alike() {
    let written = full().to_xml(Version::V2_4).unwrap();
    let again = Document::from_bytes(written.as_bytes()).unwrap();
    assert_eq!(again.drm_systems, full().drm_systems);
    assert_eq!(again.periods, full().periods);
    assert_eq!(again.usage_rules, full().usage_rules);
    assert_eq!(again.to_xml(Version::V2_4).unwrap(), written);
}

#[test]
fn older_versions_refuse_what_they_cannot_say() {
    let error = full().to_xml(Version::V2_3).unwrap_err();
    assert_eq!(
        error,
        Error::NotInVersion {
            what: "HDCPData",
            version: "2.3"
        }
    );
    let mut document = full();
    document.content_keys[0].id = Some("1st".into());
    let error = document.to_xml(Version::V2_4).unwrap_err();
    assert!(
        matches!(error, Error::BadValue { name: "id", .. }),
        "{error}"
    );
}

#[test]
fn what_contradicts_the_text_of_the_standard_is_not_written() {
    let changes: [fn(&mut Document); 4] = [
        |document| document.content_keys[1].scheme = document.content_keys[0].scheme.clone(),
        |document| document.content_keys[2].content_id = Some("other".into()),
        |document| document.drm_systems[0].kid = kid(11),
        |document| document.usage_rules[1].kid = kid(10),
    ];
    for change in changes {
        let mut document = full();
        change(&mut document);
        let error = document.to_xml(Version::V2_4).unwrap_err();
        assert!(matches!(error, Error::Contradiction(_)), "{error}");
    }
}

#[test]
fn text_that_xml_cannot_hold_is_refused() {
    for name in ["a\0b", "a\nb", "a\u{ffff}"] {
        let document = Document {
            name: Some(name.into()),
            ..Document::default()
        };
        let error = document.to_xml(Version::V2_4).unwrap_err();
        assert!(
            matches!(error, Error::BadValue { name: "name", .. }),
            "{error}"
        );
    }
}

// The order and the elements are those of the examples in SPEKE 1.0's documentation.
#[test]
fn elements_of_speke_1_are_read_in_any_order() {
    let system = "<DRMSystemList><DRMSystem kid='10000000-0000-0000-0000-00000000000a' \
        systemId='9A04F079-9840-4286-AB92-E65BE0885F95'><speke:ProtectionHeader>UE8=</speke:ProtectionHeader>\
        <URIExtXKey>aHR0cHM6Ly9rLw==</URIExtXKey><speke:KeyFormat>QQ==</speke:KeyFormat><PSSH>UFM=</PSSH>\
        </DRMSystem></DRMSystemList>";
    let text = around(&format!("{system}<ContentKeyList>{KEY}</ContentKeyList>"));
    let document = Document::from_bytes(text.as_bytes()).unwrap();
    let system = &document.drm_systems[0];
    assert_eq!(document.content_id.as_deref(), Some("old"));
    assert_eq!(system.smooth.as_deref(), Some("UE8="));
    assert_eq!(system.uri_ext_x_key.as_deref(), Some("https://k/"));
    assert_eq!(system.pssh.as_deref(), Some(b"PS".as_slice()));
    let written = document.to_xml(Version::Speke1).unwrap();
    let again = Document::from_bytes(written.as_bytes()).unwrap();
    assert_eq!(
        (again.content_id, again.drm_systems),
        (document.content_id, document.drm_systems)
    );
}

#[test]
fn contradictions_are_refused_by_name() {
    assert_eq!(
        error(&with_keys(&KEY.repeat(2))),
        Error::DuplicateKid(kid(10))
    );
    let ids = KEY.replace("<ContentKey", "<ContentKey id='x'") + &KEY.replace("0a'", "0b' id='x'");
    assert_eq!(error(&with_keys(&ids)), Error::DuplicateId("x".into()));
    let root = KEY.replace(
        "/>",
        " dependsOnKey='10000000-0000-0000-0000-00000000000b'/>",
    );
    let by = "dependsOnKey";
    assert_eq!(
        error(&with_keys(&root)),
        Error::UnknownKid { by, kid: kid(11) }
    );
    let rule = "<ContentKeyUsageRule kid='10000000-0000-0000-0000-00000000000a'>\
        <KeyPeriodFilter periodId='p9'/></ContentKeyUsageRule>";
    let rules = format!("<ContentKeyUsageRuleList>{rule}</ContentKeyUsageRuleList>");
    let text = with_keys(KEY).replace("</CPIX>", &format!("{rules}</CPIX>"));
    assert_eq!(error(&text), Error::UnknownPeriod("p9".into()));
}

#[test]
fn malformed_values_are_refused_and_not_repeated() {
    let plain = |text: &str| {
        let data = format!(
            "<Data><pskc:Secret><pskc:PlainValue>{text}</pskc:PlainValue></pskc:Secret></Data>"
        );
        with_keys(&KEY.replace("/>", &format!(">{data}</ContentKey>")))
    };
    let bad = |name, expected| Error::BadValue { name, expected };
    assert_eq!(error(&plain("AAEC*w")), bad("PlainValue", "base64"));
    assert_eq!(
        error(&plain("AAEC")),
        Error::BadKeyLength {
            kid: kid(10),
            len: 3
        }
    );
    let entity = plain("&secret;");
    let column = u32::try_from(entity.find('&').unwrap() + 1).unwrap();
    assert_eq!(error(&entity), Error::NotWellFormed { line: 1, column });
    let iv = with_keys(&KEY.replace("/>", " explicitIV='AAEC'/>"));
    assert_eq!(error(&iv), bad("explicitIV", "the base64 of 16 bytes"));
    let nil = with_keys(&KEY.replace(['1', 'a'], "0"));
    assert_eq!(error(&nil), bad("kid", "a KID other than zero, as a UUID"));
    let none = with_keys("<ContentKey/>");
    assert_eq!(
        error(&none),
        Error::Missing {
            element: "ContentKey",
            missing: "@kid"
        }
    );
}

#[test]
fn document_types_and_entities_are_refused() {
    let laughs = "<!DOCTYPE CPIX [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]>";
    assert_eq!(error(&format!("{laughs}{}", around("&b;"))), Error::Dtd);
    let external = "<!DOCTYPE CPIX SYSTEM \"file:///etc/passwd\">";
    assert_eq!(error(&format!("{external}{}", around(""))), Error::Dtd);
    assert!(matches!(error(&around("&b;")), Error::NotWellFormed { .. }));
}

#[test]
fn documents_out_of_proportion_are_refused() {
    let deep = around(&("<a>".repeat(10_000) + &"</a>".repeat(10_000)));
    assert!(matches!(error(&deep), Error::TooComplex(_)));
    let attributes: String = (0..10_000).map(|n| format!(" a{n}=''")).collect();
    assert!(matches!(
        error(&around(&format!("<a{attributes}/>"))),
        Error::TooComplex(_)
    ));
    let namespaces = |from: usize| {
        (0..20)
            .map(|n| format!(" xmlns:n{}='u'", from + n))
            .collect::<String>()
    };
    let scopes: String = (0..4)
        .map(|depth| format!("<a{}>", namespaces(depth * 20)))
        .collect();
    let nested = around(&(scopes + &"</a>".repeat(4)));
    assert!(matches!(error(&nested), Error::TooComplex(_)));
    let (size, limit) = (Document::MAX_LEN + 1, Document::MAX_LEN);
    assert_eq!(error(&" ".repeat(size)), Error::TooLarge { size, limit });
}

#[test]
fn every_truncation_is_refused() {
    for end in 0..FULL.len() - 1 {
        assert!(Document::from_bytes(&FULL[..end]).is_err(), "{end}");
    }
    assert_eq!(error("<a/>"), Error::NotCpix);
    assert_eq!(error("<CPIX/>"), Error::NotCpix);
    assert!(Document::from_bytes(b"\xff\xfe<\0").is_err());
}
