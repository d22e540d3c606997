// SPDX-License-Identifier: MPL-2.0
//! Answers: placeholders are filled, and all else stays the same.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cenc_types::Pssh;
use cpix::{Document, Playlist};
use host_access::SystemRandom;
use playready_header::PlayReadyObject;

use super::*;

fn asked() -> [KeyId; 2] {
    [SD, HD].map(|kid| kid.parse().unwrap())
}

/// The text of the first element whose start tag begins with `tag`.
fn text_of<'d>(answer: &'d str, tag: &str) -> &'d str {
    let (_, rest) = answer.split_once(tag).unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    rest.split_once('<').unwrap().0
}

fn decoded(answer: &str, tag: &str) -> String {
    String::from_utf8(STANDARD.decode(text_of(answer, tag)).unwrap()).unwrap()
}

/// The KIDs of the header in a PlayReady Object.
fn kids_of(object: &str) -> Vec<KeyId> {
    let object = PlayReadyObject::parse(&STANDARD.decode(object).unwrap()).unwrap();
    let header = object.header().unwrap().unwrap();
    header.key_ids.iter().map(|found| found.kid).collect()
}

#[test]
fn all_but_the_placeholders_stays_byte_for_byte() {
    let text = "\u{feff}<?xml version='1.0'?><!-- a --><CPIX  version='2.3'\n contentId='film' xmlns='urn:dashif:org:cpix' \
        xmlns:x='urn:x'>\n <x:own a='1'><![CDATA[<]]></x:own>\n<ContentKeyList id='k'><!-- b --><ContentKey \
        kid='11111111-1111-4111-8111-111111111111' x:note='\"q\"'  commonEncryptionScheme='cenc'/></ContentKeyList>\
        <DRMSystemList><DRMSystem systemId='9A04F079-9840-4286-AB92-E65BE0885F95' kid='11111111-1111-4111-8111-111111111111'>\
        <x:other>&amp;</x:other><PSSH/></DRMSystem></DRMSystemList></CPIX><?end?>\n";
    let request = read(text, None).unwrap();
    let filled = answer(&request, Scheme::Cenc, &asked()[..1]);
    let (before, rest) = filled.split_once("<cpix:Data ").unwrap();
    let (_, rest) = rest.split_once("</cpix:Data></ContentKey>").unwrap();
    let (middle, rest) = rest.split_once("<PSSH>").unwrap();
    let (_, after) = rest.split_once("</PSSH>").unwrap();
    let restored = format!(
        "\u{feff}{}/>{middle}<PSSH/>{after}",
        before.trim_end_matches('>')
    );
    assert_eq!(restored, text);
}

#[test]
fn keys_go_into_their_elements_and_old_ones_out() {
    let old = "<cpix:Data><pskc:Secret><pskc:PlainValue>AAAAAAAAAAAAAAAAAAAAAA==</pskc:PlainValue></pskc:Secret></cpix:Data>";
    let parts = Parts::default();
    let text = parts.document().replacen(
        "></cpix:ContentKey>",
        &format!(">{old}</cpix:ContentKey>"),
        1,
    );
    let request = read(&text, Some("2.0")).unwrap();
    let filled = answer(&request, Scheme::Cenc, &asked());
    assert!(!filled.contains(old));
    let document = Document::from_bytes(filled.as_bytes()).unwrap();
    for (index, kid) in (1..).zip(asked()) {
        let key = document.content_key(kid).unwrap().key().unwrap();
        assert_eq!(key.as_bytes(), &[index; 16]);
    }
    assert_eq!(document.usage_rules, request.document.usage_rules);
}

#[test]
fn kids_of_the_store_take_the_place_of_others_everywhere() {
    let request = read(&Parts::default().document(), Some("2.0")).unwrap();
    let filled = answer(&request, Scheme::Cenc, &[kid(7), asked()[1]]);
    assert!(!filled.contains(SD));
    assert_eq!(
        filled
            .matches(" kid=\"07070707-0707-0707-0707-070707070707\"")
            .count(),
        3
    );
    assert!(filled.contains(" intendedTrackType=\"SD\""));
    let document = Document::from_bytes(filled.as_bytes()).unwrap();
    for system in &document.drm_systems {
        let pssh = Pssh::from_bytes(system.pssh.as_ref().unwrap()).unwrap();
        assert_eq!(kids_of(&STANDARD.encode(pssh.data)), [system.kid]);
    }
}

#[test]
fn one_key_for_two_of_the_request_stands_once() {
    let request = read(&Parts::default().document(), Some("2.0")).unwrap();
    let filled = answer(&request, Scheme::Cenc, &[kid(7), kid(7)]);
    let document = Document::from_bytes(filled.as_bytes()).unwrap();
    assert_eq!(
        (document.content_keys.len(), document.drm_systems.len()),
        (1, 1)
    );
    let rules = document.usage_rules.iter();
    assert!(rules.map(|rule| rule.kid).eq([kid(7); 2]));
}

#[test]
fn systems_say_what_they_are_asked_and_no_more() {
    let placeholders = "<cpix:PSSH></cpix:PSSH><cpix:ContentProtectionData/><cpix:HLSSignalingData playlist=\"media\"/>\
         <cpix:HLSSignalingData playlist=\"multiVariant\"/><cpix:SmoothStreamingProtectionHeaderData/>";
    let parts = Parts {
        systems: systems(
            &[PLAYREADY, WIDEVINE]
                .map(|id| system(id, SD, placeholders))
                .concat(),
        ),
        ..Parts::default()
    };
    let request = read(&parts.document(), Some("2.0")).unwrap();
    let filled = answer(&request, Scheme::Cenc, &asked());
    let document = Document::from_bytes(filled.as_bytes()).unwrap();
    let [playready, widevine] = document.drm_systems.as_slice() else {
        panic!("two systems")
    };
    let protection = playready.content_protection.as_ref().unwrap();
    assert_eq!(protection.pssh().unwrap(), playready.pssh);
    let object = playready.smooth.as_ref().unwrap();
    assert!(protection.xml.contains(&format!(">{object}</mspr:pro>")));
    assert_eq!(kids_of(object), [asked()[0]]);
    let [media, multivariant] = playready.hls.as_slice() else {
        panic!("two playlists")
    };
    assert!(
        media.lines.starts_with("#EXT-X-KEY:METHOD=SAMPLE-AES-CTR,")
            && media.lines.contains(object)
    );
    assert_eq!(multivariant.playlist, Some(Playlist::MultiVariant));
    assert!(filled.contains("playlist=\"multiVariant\""));
    let (_, all) = multivariant.lines.split_once("base64,").unwrap();
    assert_eq!(kids_of(all.split_once('"').unwrap().0), asked());
    assert_eq!(widevine.smooth, None);
    assert!(
        widevine.hls[0]
            .lines
            .contains("KEYID=0x11111111111141118111111111111111")
    );
}

#[test]
fn elements_of_speke_1_are_filled() {
    let inside = "<cpix:URIExtXKey/><speke:KeyFormat/><speke:KeyFormatVersions/><cpix:PSSH/><speke:ProtectionHeader/>";
    let text = document(
        "id=\"film\"",
        &(keys(&[(SD, "")]) + &systems(&system(FAIRPLAY, SD, inside))),
    );
    let request = read(&text, Some("1.0")).unwrap();
    let filled = answer(&request, Scheme::Cbcs, &asked()[..1]);
    assert_eq!(decoded(&filled, "<cpix:URIExtXKey"), format!("skd://{SD}"));
    assert_eq!(
        decoded(&filled, "<speke:KeyFormat"),
        "com.apple.streamingkeydelivery"
    );
    assert_eq!(decoded(&filled, "<speke:KeyFormatVersions"), "1");
    assert!(!filled.contains("PSSH") && !filled.contains("ProtectionHeader"));
    let smooth = systems(&system(
        PLAYREADY,
        SD,
        "<speke:ProtectionHeader></speke:ProtectionHeader>",
    ));
    let request = read(
        &document("id=\"film\"", &(keys(&[(SD, "")]) + &smooth)),
        None,
    )
    .unwrap();
    let filled = answer(&request, Scheme::Cenc, &asked()[..1]);
    assert_eq!(
        kids_of(text_of(&filled, "<speke:ProtectionHeader")),
        asked()[..1]
    );
}

#[test]
fn signed_requests_are_refused() {
    let signature = "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo/></ds:Signature>";
    let text = Parts::default()
        .document()
        .replace("</cpix:CPIX>", &format!("{signature}</cpix:CPIX>"));
    let refused = read(&text, Some("2.0")).err().unwrap();
    assert_eq!(refused.status(), 422);
    assert!(refused.to_string().contains("xmlsec1"), "{refused}");
}

#[test]
fn places_of_one_key_with_two_keys_are_refused() {
    let named = |name: &str| {
        rule(
            SD,
            &format!(" intendedTrackType=\"{name}\""),
            "<cpix:VideoFilter/>",
        )
    };
    let parts = Parts {
        keys: keys(&[(SD, " commonEncryptionScheme=\"cenc\"")]),
        systems: systems(&system(PLAYREADY, SD, "<cpix:PSSH/>")),
        rules: rules(&(named("SD") + &named("HD"))),
        ..Parts::default()
    };
    let request = read(&parts.document(), Some("2.0")).unwrap();
    assert_eq!(request.slots(Scheme::Cenc).unwrap().len(), 2);
    let (a, b) = (key(1), key(2));
    let given = [
        ResponseKey {
            kid: kid(1),
            key: &a,
        },
        ResponseKey {
            kid: kid(2),
            key: &b,
        },
    ];
    let refused = request.answer(
        Scheme::Cenc,
        &HeaderSettings::default(),
        &given,
        &SystemRandom,
    );
    assert!(matches!(refused, Err(Error::UnsupportedContract)));
}
