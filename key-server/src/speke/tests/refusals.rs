// SPDX-License-Identifier: MPL-2.0
//! Requests that get no keys. The texts are those of SPEKE 2.

use super::*;

fn refusal(text: &str, version: Option<&str>) -> (u16, String) {
    let request = read(text, version);
    let refused = request.and_then(|request| {
        let scheme = request.scheme().unwrap_or_else(|| request.default_scheme());
        request.slots(scheme).map(|_| ())
    });
    let error = refused.expect_err(text);
    (error.status(), error.to_string())
}

fn check(parts: &Parts, version: &str, text: &str) {
    let refused = refusal(&parts.document(), Some(version));
    assert_eq!(refused, (422, text.to_owned()));
}

#[test]
fn document_without_id_or_with_another_version_is_refused_in_the_words_of_speke() {
    let without_id = "Missing CPIX@contentId";
    for (attributes, version, text) in [
        ("version=\"2.3\"", "2.0", without_id),
        ("id=\"film\" version=\"2.3\"", "2.0", without_id),
        ("contentId=\"\" version=\"2.3\"", "2.0", without_id),
        ("contentId=\"film\"", "2.0", "Missing CPIX@version"),
        (
            "contentId=\"film\" version=\"2.4\"",
            "2.0",
            "Unsupported CPIX@version",
        ),
        (
            "contentId=\"film\" version=\"2.3\"",
            "2.1",
            "Unsupported CPIX@version",
        ),
    ] {
        let parts = Parts {
            attributes,
            ..Parts::default()
        };
        check(&parts, version, text);
    }
    check(&Parts::default(), "3.0", "Unsupported SPEKE version");
}

#[test]
fn schemes_that_do_not_fit_are_refused_in_the_words_of_speke() {
    let cenc = " commonEncryptionScheme=\"cenc\"";
    let cbcs = " commonEncryptionScheme=\"cbcs\"";
    for (second, text) in [
        (
            "",
            "Missing ContentKey@commonEncryptionScheme for KID 22222222-2222-4222-8222-222222222222",
        ),
        (
            cbcs,
            "Non compliant ContentKey@commonEncryptionScheme combination",
        ),
    ] {
        let parts = Parts {
            keys: keys(&[(SD, cenc), (HD, second)]),
            ..Parts::default()
        };
        check(&parts, "2.0", text);
    }
    let fairplay = Parts {
        systems: systems(&system(FAIRPLAY, SD, "<cpix:HLSSignalingData/>")),
        ..Parts::default()
    };
    let text = "ContentKey@commonEncryptionScheme non compatible with DRMSystem 94ce86fb-07ff-4f43-adb8-93d2fa968ca2";
    check(&fairplay, "2.0", text);
}

#[test]
fn contract_that_is_none_is_refused_in_the_words_of_speke() {
    let video = "<cpix:VideoFilter/>";
    let hd = |filters| rule(HD, " intendedTrackType=\"HD\"", filters);
    let other = "33333333-3333-4333-8333-333333333333";
    let both = "<cpix:VideoFilter/><cpix:AudioFilter/>";
    let malformed = "Malformed encryption contract";
    let missing = "Missing CPIX encryption contract";
    let unknown = "Requested CPIX encryption contract not supported";
    for (second, text) in [
        (String::new(), malformed),
        (rule(HD, "", video), malformed),
        (rule(HD, " intendedTrackType=\"SD\"", video), malformed),
        (rule(HD, " intendedTrackType=\"ALL\"", both), malformed),
        (
            hd("<cpix:VideoFilter/><cpix:LabelFilter label=\"x\"/>"),
            malformed,
        ),
        (
            hd("<cpix:KeyPeriodFilter periodId=\"p\"/><cpix:VideoFilter/>"),
            malformed,
        ),
        (rule(other, " intendedTrackType=\"HD\"", video), malformed),
        (hd("<cpix:VideoFilter/><cpix:OtherFilter/>"), unknown),
        (hd(""), missing),
    ] {
        let first = rule(SD, " intendedTrackType=\"SD\"", video);
        let parts = Parts {
            rules: rules(&(first + &second)),
            ..Parts::default()
        };
        check(&parts, "2.0", text);
    }
    let without_rules = Parts {
        rules: String::new(),
        ..Parts::default()
    };
    check(&without_rules, "2.0", missing);
}

#[test]
fn what_is_no_document_is_a_bad_request() {
    for text in [
        "",
        "<",
        "<a/>",
        "<CPIX/>",
        "<!DOCTYPE cpix:CPIX><cpix:CPIX xmlns:cpix=\"urn:dashif:org:cpix\"/>",
        &format!("{}<", Parts::default().document()),
    ] {
        assert_eq!(refusal(text, Some("2.0")).0, 400, "{text}");
    }
    let large = " ".repeat(1 << 20) + &Parts::default().document();
    assert_eq!(refusal(&large, Some("2.0")).0, 413);
}

#[test]
fn what_cannot_be_signaled_is_refused() {
    let other = "00000000-0000-4000-8000-000000000007";
    let parts = Parts {
        systems: systems(&system(other, SD, "<cpix:PSSH/>")),
        ..Parts::default()
    };
    let refused = refusal(&parts.document(), Some("2.0"));
    assert_eq!(refused, (422, format!("Unsupported DRMSystem {other}")));
    let leaf = format!(" commonEncryptionScheme=\"cenc\" dependsOnKey=\"{SD}\"");
    let parts = Parts {
        keys: keys(&[(SD, " commonEncryptionScheme=\"cenc\""), (HD, &leaf)]),
        ..Parts::default()
    };
    assert_eq!(refusal(&parts.document(), Some("2.0")).0, 422);
}
