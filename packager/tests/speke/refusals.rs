// SPDX-License-Identifier: MPL-2.0
//! Refused requests: the texts are those of SPEKE 2, with status 422 and as plain text.

use super::*;

const FAIRPLAY: &str = "94ce86fb-07ff-4f43-adb8-93d2fa968ca2";
const PLAYREADY: &str = "9a04f079-9840-4286-ab92-e65be0885f95";

/// A SPEKE 2.0 request that asks for one key for SD and another for audio.
fn document() -> String {
    let key = |kid| format!("<cpix:ContentKey kid=\"{kid}\" commonEncryptionScheme=\"cenc\"/>");
    let system = |kid| {
        format!(
            "<cpix:DRMSystem systemId=\"{PLAYREADY}\" kid=\"{kid}\"><cpix:PSSH/></cpix:DRMSystem>"
        )
    };
    let rule = |kid, label, filter| {
        format!(
            "<cpix:ContentKeyUsageRule kid=\"{kid}\" intendedTrackType=\"{label}\"><cpix:{filter}/></cpix:ContentKeyUsageRule>"
        )
    };
    let (first, second) = (
        "11111111-1111-4111-8111-111111111111",
        "22222222-2222-4222-8222-222222222222",
    );
    format!(
        "<cpix:CPIX contentId=\"film\" version=\"2.3\" xmlns:cpix=\"urn:dashif:org:cpix\"><cpix:ContentKeyList>{}{}\
         </cpix:ContentKeyList><cpix:DRMSystemList>{}{}</cpix:DRMSystemList><cpix:ContentKeyUsageRuleList>{}{}\
         </cpix:ContentKeyUsageRuleList></cpix:CPIX>",
        key(first),
        key(second),
        system(first),
        system(second),
        rule(first, "SD", "VideoFilter"),
        rule(second, "AUDIO", "AudioFilter"),
    )
}

#[test]
fn every_text_of_speke_is_sent_as_it_is() {
    let server = Server::start("refusals", &[]);
    assert_eq!(server.post(&document(), Some("2.0")).status, 200);
    for (from, to, version, text) in [
        (" contentId=\"film\"", "", "2.0", "Missing CPIX@contentId"),
        (" version=\"2.3\"", "", "2.0", "Missing CPIX@version"),
        (
            "version=\"2.3\"",
            "version=\"2.2\"",
            "2.0",
            "Unsupported CPIX@version",
        ),
        ("", "", "2.2", "Unsupported SPEKE version"),
        (
            "1\" commonEncryptionScheme=\"cenc\"",
            "1\"",
            "2.0",
            "Missing ContentKey@commonEncryptionScheme for KID 11111111-1111-4111-8111-111111111111",
        ),
        (
            "1\" commonEncryptionScheme=\"cenc\"",
            "1\" commonEncryptionScheme=\"cbcs\"",
            "2.0",
            "Non compliant ContentKey@commonEncryptionScheme combination",
        ),
        (
            PLAYREADY,
            FAIRPLAY,
            "2.0",
            "ContentKey@commonEncryptionScheme non compatible with DRMSystem 94ce86fb-07ff-4f43-adb8-93d2fa968ca2",
        ),
        (
            "=\"AUDIO\"",
            "=\"SD\"",
            "2.0",
            "Malformed encryption contract",
        ),
        (
            "<cpix:AudioFilter/>",
            "<cpix:AudioFilter/><cpix:Other/>",
            "2.0",
            "Requested CPIX encryption contract not supported",
        ),
        (
            "<cpix:AudioFilter/>",
            "",
            "2.0",
            "Missing CPIX encryption contract",
        ),
    ] {
        let reply = server.post(&document().replace(from, to), Some(version));
        assert_eq!((reply.status, reply.body.as_str()), (422, text));
        assert!(reply.kind.starts_with("text/plain"), "{}", reply.kind);
    }
}

#[test]
fn what_is_no_cpix_is_a_bad_request() {
    let server = Server::start("bad-requests", &[]);
    for body in ["", "keys, please", "<CPIX/>", "<!DOCTYPE x><x/>"] {
        assert_eq!(server.post(body, Some("2.0")).status, 400, "{body}");
    }
    let large = document().replace(
        "></cpix:CPIX",
        &format!("><!--{}--></cpix:CPIX", "x".repeat(1 << 20)),
    );
    assert_eq!(server.post(&large, Some("2.0")).status, 413);
}

#[test]
fn kid_of_another_content_gives_no_key() {
    let server = Server::start("foreign", &[]);
    let keys = |document: &str| {
        let reply = server.post(document, Some("2.0"));
        assert_eq!(reply.status, 200, "{}", reply.body);
        let values = reply.body.split("PlainValue>").skip(1).step_by(2);
        values.map(str::to_owned).collect::<Vec<_>>()
    };
    let first = keys(&document());
    assert!(!first.is_empty());
    // Another content and another scheme name the same KIDs, and get keys of their own.
    for (from, to) in [("\"film\"", "\"other\""), ("\"cenc\"", "\"cbcs\"")] {
        let others = keys(&document().replace(from, to));
        assert_eq!(others.len(), first.len());
        assert!(others.iter().all(|key| !first.contains(key)), "{to}");
    }
    assert_eq!(keys(&document()), first);
}

#[test]
fn contents_that_nobody_set_up_get_no_keys_where_that_is_asked_for() {
    let server = Server::start("known", &["--known-contents-only"]);
    assert_eq!(server.post(&document(), Some("2.0")).status, 422);
    let content = content_key_store::Content::new("film", Scheme::Cenc);
    server.store().put_content(&content).unwrap();
    assert_eq!(server.post(&document(), Some("2.0")).status, 200);
}

#[test]
fn labels_that_the_content_does_not_have_are_refused_with_the_remedy() {
    let server = Server::start("labels", &[]);
    let store = server.store();
    let mut content = content_key_store::Content::new("film", Scheme::Cenc);
    content.tracks = [("sd", "SD"), ("audio", "AUDIO")]
        .map(|(selector, label)| content_key_store::TrackLabel {
            selector: selector.to_owned(),
            label: label.to_owned(),
        })
        .into();
    store.put_content(&content).unwrap();
    assert_eq!(server.post(&document(), Some("2.0")).status, 200);
    let before = store.keys(&Default::default(), &ALL).unwrap();
    // A key without a rule is one for all tracks, in SPEKE 1.0 and in plain CPIX.
    let lone = "<CPIX id=\"film\" xmlns=\"urn:dashif:org:cpix\"><ContentKeyList>\
        <ContentKey kid=\"11111111-1111-4111-8111-111111111111\"/></ContentKeyList></CPIX>";
    let plain = lone.replace(" id=", " contentId=");
    let unmapped = document().replace("\"SD\"", "\"UHD\"");
    for (body, version, label) in [
        (lone, Some("1.0"), "ALL"),
        (&plain, None, "ALL"),
        (&unmapped, Some("2.0"), "UHD"),
    ] {
        let reply = server.post(body, version);
        let text = format!(
            "content 'film' has no tracks with the label {label}: its labels are AUDIO,SD; request these (speke-version=2.0 and \
             speke-tracks=AUDIO,SD), or add the label to the content's tracks"
        );
        assert_eq!((reply.status, reply.body), (422, text));
    }
    assert_eq!(store.keys(&Default::default(), &ALL).unwrap(), before);
}

/// All keys of a store of a test.
const ALL: content_key_store::Page = content_key_store::Page::first(100);

#[test]
fn versions_are_told_apart_by_header_and_attributes() {
    let server = Server::start("told-apart", &[]);
    let reply = server.post(&document(), Some("2.0"));
    assert_eq!(reply.speke_version.as_deref(), Some("2.0"));
    let plain = server.post(&document(), None);
    assert_eq!((plain.status, plain.speke_version), (200, None));
    assert_eq!(server.get(&server.packager, "/speke/heartbeat").status, 200);
}
