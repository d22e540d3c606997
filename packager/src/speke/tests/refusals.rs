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

#[test]
fn every_text_is_that_of_speke() {
    let of = |parts: Parts, version| refusal(&parts.document(), Some(version));
    let attributes = |attributes| Parts {
        attributes,
        ..Parts::default()
    };
    let with_keys = |first: &str, second: &str| Parts {
        keys: keys(&[(SD, first), (HD, second)]),
        ..Parts::default()
    };
    let with_rules = |first: String, second: String| Parts {
        rules: rules(&(first + &second)),
        ..Parts::default()
    };
    let cenc = " commonEncryptionScheme=\"cenc\"";
    let cbcs = " commonEncryptionScheme=\"cbcs\"";
    let video = "<cpix:VideoFilter/>";
    let both = "<cpix:VideoFilter/><cpix:AudioFilter/>";
    let sd = || rule(SD, " intendedTrackType=\"SD\"", video);
    let hd = |filters| rule(HD, " intendedTrackType=\"HD\"", filters);
    let fairplay = Parts {
        systems: systems(&system(FAIRPLAY, SD, "<cpix:HLSSignalingData/>")),
        ..Parts::default()
    };
    let malformed = "Malformed encryption contract";
    for (parts, version, text) in [
        (
            attributes("version=\"2.3\""),
            "2.0",
            "Missing CPIX@contentId",
        ),
        (
            attributes("id=\"film\" version=\"2.3\""),
            "2.0",
            "Missing CPIX@contentId",
        ),
        (
            attributes("contentId=\"\" version=\"2.3\""),
            "2.0",
            "Missing CPIX@contentId",
        ),
        (
            attributes("contentId=\"film\""),
            "2.0",
            "Missing CPIX@version",
        ),
        (
            attributes("contentId=\"film\" version=\"2.4\""),
            "2.0",
            "Unsupported CPIX@version",
        ),
        (
            attributes("contentId=\"film\" version=\"2.3\""),
            "2.1",
            "Unsupported CPIX@version",
        ),
        (Parts::default(), "3.0", "Unsupported SPEKE version"),
        (
            with_keys(cenc, ""),
            "2.0",
            "Missing ContentKey@commonEncryptionScheme for KID 22222222-2222-4222-8222-222222222222",
        ),
        (
            with_keys(cenc, cbcs),
            "2.0",
            "Non compliant ContentKey@commonEncryptionScheme combination",
        ),
        (
            fairplay,
            "2.0",
            "ContentKey@commonEncryptionScheme non compatible with DRMSystem 94ce86fb-07ff-4f43-adb8-93d2fa968ca2",
        ),
        (with_rules(sd(), String::new()), "2.0", malformed),
        (with_rules(sd(), rule(HD, "", video)), "2.0", malformed),
        (
            with_rules(sd(), rule(HD, " intendedTrackType=\"SD\"", video)),
            "2.0",
            malformed,
        ),
        (
            with_rules(sd(), rule(HD, " intendedTrackType=\"ALL\"", both)),
            "2.0",
            malformed,
        ),
        (
            with_rules(
                sd(),
                hd("<cpix:VideoFilter/><cpix:LabelFilter label=\"x\"/>"),
            ),
            "2.0",
            malformed,
        ),
        (
            with_rules(
                sd(),
                hd("<cpix:KeyPeriodFilter periodId=\"p\"/><cpix:VideoFilter/>"),
            ),
            "2.0",
            malformed,
        ),
        (
            with_rules(
                sd(),
                rule(
                    "33333333-3333-4333-8333-333333333333",
                    " intendedTrackType=\"HD\"",
                    video,
                ),
            ),
            "2.0",
            malformed,
        ),
        (
            with_rules(sd(), hd("<cpix:VideoFilter/><cpix:OtherFilter/>")),
            "2.0",
            "Requested CPIX encryption contract not supported",
        ),
        (
            with_rules(sd(), hd("")),
            "2.0",
            "Missing CPIX encryption contract",
        ),
        (
            Parts {
                rules: String::new(),
                ..Parts::default()
            },
            "2.0",
            "Missing CPIX encryption contract",
        ),
    ] {
        assert_eq!(of(parts, version), (422, text.to_owned()));
    }
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
