// SPDX-License-Identifier: MPL-2.0
//! Settings and keys with a wrong outcome: REST and the page refuse them, or warn of them.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::receiver::make_certificate_of;
use crate::server::{Server, folder};

/// The key seed that Microsoft published for its test server.
const TEST_SEED: &str = "XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I";
/// A KID in UUID order and, as Microsoft's "MPEG-DASH for PlayReady" has it, in GUID order.
const KID: &str = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
const GUID: &str = "rk8d+Ox90BGnZQCgyR5r9g==";

/// Checks that the one warning of an answer contains a text.
fn assert_warns(answer: &Value, text: &str) {
    let warnings = answer["warnings"].as_array().unwrap();
    assert!(
        warnings.len() == 1 && warnings[0].to_string().contains(text),
        "{answer}"
    );
}

#[test]
fn content_whose_keys_would_be_hidden_is_warned_of() {
    let server = Server::start("hidden");
    let admin = server.admin();
    let settings =
        |scheme: &str| json!({"scheme": scheme, "tracks": [{"selector": "*", "label": "ALL"}]});
    admin.put("/v1/contents/film", &settings("cenc")).json(201);
    assert!(admin.put("/v1/contents/film", &settings("cbcs")).json(200)["warnings"].is_null());
    let key = json!({"source": "random", "scheme": "cbcs", "content": "film"});
    admin.post("/v1/keys", &key).json(201);
    // cbc1 has the same cipher mode.
    assert!(admin.put("/v1/contents/film", &settings("cbc1")).json(200)["warnings"].is_null());
    let browser = Browser::sign_in(&server);
    let fields = [("scheme", "cenc"), ("tracks", "* = ALL")];
    let shown = browser.post("/contents/film/settings", &fields);
    assert_eq!(shown.status, 422);
    assert!(
        shown.text.contains("the content has keys of cbc1"),
        "{}",
        shown.text
    );
    assert_eq!(admin.get("/v1/contents/film").json(200)["scheme"], "cbc1");
    let nevertheless = [fields.as_slice(), &[("anyway", "yes")]].concat();
    assert_eq!(
        browser
            .post("/contents/film/settings", &nevertheless)
            .status,
        303
    );
    assert_eq!(admin.get("/v1/contents/film").json(200)["scheme"], "cenc");
    let changed = admin.put("/v1/contents/film", &settings("cbcs")).json(200);
    assert_warns(&changed, "the content has keys of cenc");
    // The response of GET can be sent back.
    admin
        .put(
            "/v1/contents/film",
            &admin.get("/v1/contents/film").json(200),
        )
        .json(200);
}

#[test]
fn labels_that_no_packager_requests_are_warned_of() {
    let server = Server::start("unmapped");
    let admin = server.admin();
    let odd = json!({"scheme": "cenc", "tracks": [{"selector": "video", "label": "MAIN"}]});
    assert_warns(&admin.put("/v1/contents/odd", &odd).json(201), "MAIN");
    let film = json!({"scheme": "cenc", "tracks": [{"selector": "video", "label": "VIDEO"}]});
    assert!(admin.put("/v1/contents/film", &film).json(201)["warnings"].is_null());
    let key = |label: &str, period: u64| {
        let key = json!({"source": "random", "scheme": "cenc", "content": "film", "label": label, "period": period});
        admin.post("/v1/keys", &key).json(201)
    };
    assert!(key("VIDEO", 0)["warnings"].is_null());
    assert_warns(&key("AUDIO", 0), "its labels are VIDEO");
    assert_warns(&key("VIDEO", 1), "no crypto period");
    let browser = Browser::sign_in(&server);
    let shown = browser.post(
        "/new-content",
        &[
            ("id", "page"),
            ("scheme", "cenc"),
            ("tracks", "video = MAIN"),
        ],
    );
    assert!(
        shown.status == 422 && shown.text.contains("MAIN"),
        "{}",
        shown.text
    );
    admin.get("/v1/contents/page").problem(404);
}

#[test]
fn keys_that_anybody_can_guess_are_refused() {
    let server = Server::start("guessable");
    let admin = server.admin();
    let entered = |kid: &str, key: &str, scheme: &str| {
        let key = json!({"kid": kid, "source": {"entered": key}, "scheme": scheme, "label": "ALL"});
        admin.post("/v1/keys", &key)
    };
    let as_hex = KID.replace('-', "");
    for key in ["00".repeat(16).as_str(), &as_hex, GUID] {
        let problem = entered(KID, key, "cenc").problem(422);
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .contains("anybody can guess it"),
            "{problem}"
        );
    }
    // A key that Microsoft published for its Big Buck Bunny.
    let key = "W31bfVt9W31bfVt9W31bfQ==";
    entered(KID, key, "cenc").json(201);
    let other = "10000000-1000-1000-1000-100000000001";
    let problem = entered(other, key, "cbcs").problem(422);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("forbids one key in CTR and CBC"),
        "{problem}"
    );
    assert_warns(&entered(other, key, "cenc").json(201), "same key");
    // Documents are checked by the same rules.
    for (kid, value, scheme) in [
        (
            "10000000-1000-1000-1000-100000000002",
            "AAAAAAAAAAAAAAAAAAAAAA==",
            "cenc",
        ),
        ("10000000-1000-1000-1000-100000000003", key, "cbcs"),
    ] {
        let document = format!(
            "<CPIX xmlns=\"urn:dashif:org:cpix\" xmlns:pskc=\"urn:ietf:params:xml:ns:keyprov:pskc\" version=\"2.3\"><ContentKeyList>\
             <ContentKey kid=\"{kid}\" commonEncryptionScheme=\"{scheme}\"><Data><pskc:Secret><pskc:PlainValue>{value}</pskc:PlainValue>\
             </pskc:Secret></Data></ContentKey></ContentKeyList></CPIX>"
        );
        let refused = admin.post("/v1/cpix", &json!({"document": document}));
        assert!([409, 422].contains(&refused.status), "{}", refused.text);
        admin.get(&format!("/v1/keys/{kid}")).problem(404);
    }
}

#[test]
fn signed_documents_are_refused_and_public_seeds_are_warned_of() {
    let server = Server::start("signed");
    let admin = server.admin();
    // Published: another key of Microsoft's test contents.
    let signed = "<CPIX xmlns=\"urn:dashif:org:cpix\" xmlns:pskc=\"urn:ietf:params:xml:ns:keyprov:pskc\" version=\"2.3\"><ContentKeyList>\
         <ContentKey kid=\"10000000-1000-1000-1000-100000000004\" commonEncryptionScheme=\"cenc\"><Data><pskc:Secret><pskc:PlainValue>\
         OiobaN0r2bLusl6ExHdmaA==</pskc:PlainValue></pskc:Secret></Data></ContentKey></ContentKeyList>\
         <Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/></CPIX>";
    let problem = admin
        .post("/v1/cpix", &json!({"document": signed}))
        .problem(422);
    assert!(
        problem["detail"].as_str().unwrap().contains("is signed"),
        "{problem}"
    );
    let seed = json!({"name": "test", "seed": TEST_SEED});
    assert_warns(
        &admin.post("/v1/seeds", &seed).json(201),
        "public one of Microsoft",
    );
}

#[test]
fn targets_to_which_nothing_is_delivered_are_refused_or_warned_of() {
    let folder = folder("unreachable");
    make_certificate_of(&folder, "rsa:3072");
    let certificate = std::fs::read_to_string(folder.join("certificate.pem")).unwrap();
    let server = Server::start_with(&folder, &[]);
    let admin = server.admin();
    let browser = Browser::sign_in(&server);
    let open = "http://license.example.com/keys";
    admin
        .put("/v1/targets/open", &json!({"url": open}))
        .problem(422);
    let shown = browser.post("/new-target", &[("name", "open"), ("url", open)]);
    assert!(
        shown.status == 422 && shown.text.contains("cross the network in the clear"),
        "{}",
        shown.text
    );
    for (url, warning) in [
        (open, "unencrypted"),
        ("https://10.0.0.1/keys", "--allow-private-targets"),
        ("https://[fd00::1]/keys", "--allow-private-targets"),
    ] {
        let target = json!({"url": url, "certificate": certificate});
        assert_warns(&admin.put("/v1/targets/rest", &target).json(200), warning);
        let fields = [
            ("name", "page"),
            ("url", url),
            ("certificate", &certificate),
        ];
        let shown = browser.post("/new-target", &fields);
        assert!(
            shown.status == 422 && shown.text.contains(warning),
            "{}",
            shown.text
        );
    }
    admin.get("/v1/targets/page").problem(404);
    let public = json!({"url": "https://license.example.com/keys", "certificate": certificate});
    assert_eq!(
        admin.put("/v1/targets/rest", &public).json(200)["warnings"],
        json!([])
    );
}
