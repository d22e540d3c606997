// SPDX-License-Identifier: MPL-2.0
//! Previews of published KIDs and keys.

use cenc_types::{ContentKey, Scheme};
use content_key_store::{NewKey, NewKeySource};

use super::*;
use crate::operations::test_store::TestStore;

// keys.md 3.1: KIDs and checksums of the example of version 4.2 in the PlayReady Header specification; the keys are those that the
// published test seed gives.
const KEYS: [(&str, &str, &str); 2] = [
    (
        "a2c786d0-f9ef-4cb3-b333-cd323a4284a5",
        "Ttt3BM2/A2F/SAC9h4pt8g==",
        "xNvWVxoWk04=",
    ),
    (
        "db06a8fe-ec16-4de2-9228-2c71e9b856ab",
        "MXmSOt88kpiSlR5i+TpRig==",
        "GnKaQIRacPU=",
    ),
];

fn source() -> PackagerKeys {
    PackagerKeys::Speke {
        address: "speke+https://keys.example.com/speke".to_owned(),
        is_self_signed: false,
    }
}

fn keys() -> Vec<HeaderKeyId<8>> {
    let keys = KEYS.iter().map(|(kid, key, _)| {
        let key = ContentKey::parse(key).unwrap();
        HeaderKeyId::aes_ctr(kid.parse().unwrap(), Some(&key))
    });
    keys.collect()
}

#[test]
fn two_typed_keys_make_the_header_of_the_specification() {
    let mut content = Content::new("film", Scheme::Cenc);
    content.la_url = Some("http://rm.contoso.com/rightsmanager.asmx".to_owned());
    let preview = preview(&content, &keys(), &source()).unwrap();
    let entries = "<KIDS><KID ALGID=\"AESCTR\" CHECKSUM=\"xNvWVxoWk04=\" VALUE=\"0IbHou/5s0yzM80yOkKEpQ==\"></KID>\
                   <KID ALGID=\"AESCTR\" CHECKSUM=\"GnKaQIRacPU=\" VALUE=\"/qgG2xbs4k2SKCxx6bhWqw==\"></KID></KIDS>";
    assert!(
        preview.header_xml.contains(entries),
        "{}",
        preview.header_xml
    );
    assert!(preview.header_xml.contains("version=\"4.2.0.0\""));
    for (key, (kid, _, checksum)) in preview.kids.iter().zip(KEYS) {
        assert_eq!(
            (key.forms.uuid.as_str(), key.checksum.as_deref()),
            (kid, Some(checksum))
        );
        assert!(preview.mpd.contains(&format!("default_KID=\"{kid}\"")));
        assert!(!preview.gst_launch.contains(kid));
    }
    for text in [
        &preview.mpd,
        preview.hls_media.as_ref().unwrap(),
        preview.smooth.as_ref().unwrap(),
    ] {
        assert!(text.contains(&preview.object_base64), "{text}");
    }
    assert!(preview.mpd.contains(&preview.pssh_base64));
    assert!(
        preview
            .hls_multivariant
            .unwrap()
            .starts_with("#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES-CTR,")
    );
    assert_eq!(
        preview.gst_launch,
        "gst-launch-1.0 filesrc location=clear.mp4 ! playreadyenc scheme=cenc content-id=film \
         la-url=http://rm.contoso.com/rightsmanager.asmx \
         key-uri='speke+https://keys.example.com/speke?speke-version=2.0&speke-tracks=ALL&speke-auth-file='\"$PWD/packager.auth\" \
         ! filesink location=protected.mp4"
    );
}

#[test]
fn chaining_mode_shows_no_checksum() {
    let content = Content::new("film", Scheme::Cbcs);
    let preview = preview(&content, &keys()[..1], &source()).unwrap();
    assert!(!preview.header_xml.contains("CHECKSUM"));
    assert_eq!(preview.kids[0].checksum, None);
}

#[test]
fn stored_keys_show_their_checksum_and_are_not_handed_out() {
    let of = TestStore::new();
    let missing = of_stored(&of.store, "film", &source());
    assert!(matches!(missing, Err(Error::Store(_))), "{missing:?}");
    of.store
        .put_content(&Content::new("film", Scheme::Cenc))
        .unwrap();
    let empty = of_stored(&of.store, "film", &source());
    assert!(matches!(empty, Err(Error::NoKeys(_))), "{empty:?}");
    let content = of.store.content("film").unwrap();
    for ((kid, key, _), label) in KEYS.iter().zip(["AUDIO", "VIDEO"]) {
        let new = NewKey {
            kid: kid.parse().unwrap(),
            mode: CipherMode::Ctr,
            source: NewKeySource::Entered(ContentKey::parse(key).unwrap()),
        };
        let slot = content::slot(&content, label, 3);
        of.store.insert(&new, &[slot]).unwrap();
    }
    let rows = of.store.verify_audit().unwrap().rows;
    let preview = of_stored(&of.store, "film", &source()).unwrap();
    let checksums: Vec<_> = preview
        .kids
        .iter()
        .map(|kid| kid.checksum.clone().unwrap())
        .collect();
    assert_eq!(checksums, KEYS.map(|(_, _, checksum)| checksum));
    assert_eq!(of.store.verify_audit().unwrap().rows, rows);
}

#[test]
fn settings_that_no_header_can_have_are_named() {
    let mut content = Content::new("film", Scheme::Cenc);
    content.la_url = Some("/rm.asmx".to_owned());
    let refused = preview(&content, &keys(), &source())
        .unwrap_err()
        .to_string();
    assert!(
        refused.starts_with("LA_URL of content 'film': "),
        "{refused}"
    );
}
