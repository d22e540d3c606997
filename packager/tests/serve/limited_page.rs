// SPDX-License-Identifier: MPL-2.0
//! Accounts that are limited to contents, at every route of the page.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::browser::{Answer, Browser};
use crate::limited::{Stored, add, state};
use crate::server::Server;

/// The routes of the page, and the fields of the form that is posted to each; None for a route without a form.
const ROUTES: [(&str, Option<&str>); 34] = [
    ("/", None),
    ("/accounts", None),
    ("/accounts/{name}", Some("role=viewer")),
    ("/accounts/{name}/disable", Some("")),
    ("/accounts/{name}/enable", Some("")),
    ("/accounts/{name}/revoke", Some("id=x")),
    ("/accounts/{name}/token", Some("label=x")),
    ("/audit", None),
    ("/audit.csv", None),
    ("/audit/verify", Some("")),
    ("/contents", None),
    ("/contents/{id}", None),
    ("/contents/{id}/cpix", Some("to=clear&reason=a test")),
    ("/contents/{id}/preview", None),
    ("/contents/{id}/remove", Some("")),
    ("/contents/{id}/rotate", Some("")),
    ("/contents/{id}/settings", Some("scheme=cenc&anyway=yes")),
    ("/import", Some("content={id}&cpix=DOCUMENT")),
    ("/keys", None),
    ("/keys/{kid}", None),
    ("/keys/{kid}/again", Some("target=licences")),
    ("/keys/{kid}/clear", Some("reason=a test")),
    ("/keys/{kid}/compromise", Some("")),
    ("/keys/{kid}/retire", Some("")),
    ("/new-account", Some("name=x")),
    ("/new-content", Some("id={id}&scheme=cenc")),
    (
        "/new-key",
        Some("source=random&scheme=cenc&content={id}&label=ALL&period=0&anyway=yes"),
    ),
    (
        "/new-key/check",
        Some("source=random&scheme=cenc&content={id}&label=ALL&period=0"),
    ),
    ("/new-target", Some("name=x&url=https://drm.example.com/")),
    (
        "/seeds",
        Some("name=x&seed=MVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I"),
    ),
    ("/seeds/retire", Some("name=x")),
    ("/store", None),
    ("/targets", None),
    ("/targets/{name}", Some("url=https://drm.example.com/")),
];
/// Routes that are not of contents.
const OTHERS: [&str; 4] = [
    "/login",
    "/logout",
    "/targets/{name}/remove",
    "/targets/{name}/test",
];

const DOCUMENT: &str = "<CPIX xmlns='urn:dashif:org:cpix' xmlns:pskc='urn:ietf:params:xml:ns:keyprov:pskc'><ContentKeyList><ContentKey \
    kid='3f000000-0000-4000-8000-000000000001' commonEncryptionScheme='cenc'><Data><pskc:Secret><pskc:PlainValue>AAECAwQFBgcICQoLDA0ODw==\
    </pskc:PlainValue></pskc:Secret></Data></ContentKey></ContentKeyList></CPIX>";

/// The routes in the sources of the page.
fn routes_of_sources() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../key-server/src/server/page");
    let mut routes = BTreeSet::new();
    for file in fs::read_dir(folder).unwrap() {
        let source = fs::read_to_string(file.unwrap().path()).unwrap();
        let source = source.split("#[cfg(test)]").next().unwrap();
        for part in source.split(".route(").skip(1) {
            let path = part.trim_start().strip_prefix('"');
            routes.extend(path.map(|path| path.split('"').next().unwrap().to_owned()));
        }
    }
    routes
}

#[test]
fn no_route_of_the_page_is_missing_from_the_table() {
    let known: BTreeSet<_> = ROUTES.iter().map(|(path, _)| *path).chain(OTHERS).collect();
    for route in routes_of_sources() {
        assert!(
            known.contains(&*route) || route.contains('.') && route != "/audit.csv",
            "{route}"
        );
    }
}

fn send(browser: &Browser, path: &str, form: &str, of: &Stored) -> Answer {
    let form = form.replace("{id}", of.id).replace("DOCUMENT", DOCUMENT);
    let fields: Vec<_> = form
        .split('&')
        .filter_map(|field| field.split_once('='))
        .collect();
    browser.post(path, &fields)
}

#[test]
fn no_page_shows_or_changes_another_content() {
    let server = Server::start("limited-page");
    let admin = server.admin();
    let (news, sport) = (add(&admin, "news/1"), add(&admin, "sport/1"));
    let roles = ["viewer", "operator", "key-admin"];
    let settings = json!({"roles": roles, "contents": ["news/*"]});
    let token = server.account_token("lim", &settings);
    let browser = Browser::sign_in_with(&server, "limited", &token);
    let settings =
        || ["/v1/accounts/lim", "/v1/seeds", "/v1/targets"].map(|path| admin.get(path).json(200));
    let before = (state(&admin, &sport), settings());
    let mut refused = BTreeSet::new();
    for (route, form) in ROUTES {
        for of in [&news, &sport] {
            let path = route
                .replace("{id}", &of.id.replace('/', "%2F"))
                .replace("{kid}", &of.kid)
                .replace("{name}", "none");
            // A route may have a form, and no page of its own.
            let mut answers = vec![browser.load(&path)];
            answers.extend(form.map(|form| send(&browser, &path, form, of)));
            for answer in answers {
                assert!(answer.status < 500, "{path}: {}", answer.text);
                let names_other = route.contains("{id}")
                    || route.contains("{kid}")
                    || form.is_some_and(|form| form.contains("{id}"));
                let is_shown = ["sport/1", "SPORT", &sport.kid]
                    .iter()
                    .any(|text| answer.text.contains(text));
                let is_named = of.id == "sport/1" && names_other && answer.status == 403;
                assert!(
                    !is_shown || is_named,
                    "{path}: {} {}",
                    answer.status,
                    answer.text
                );
                if answer.status == 403 {
                    refused.insert(format!("{route} {}", of.id));
                }
            }
        }
    }
    assert_eq!(before, (state(&admin, &sport), settings()));
    for (route, form) in ROUTES {
        let names_content = route.contains("{id}")
            || route.contains("{kid}")
            || form.is_some_and(|form| form.contains("{id}"));
        if names_content {
            assert!(refused.contains(&format!("{route} sport/1")), "{route}");
            assert!(!refused.contains(&format!("{route} news/1")), "{route}");
        }
    }
}

#[test]
fn patterns_are_entered_and_shown_at_the_page() {
    let server = Server::start("limited-form");
    let browser = Browser::sign_in(&server);
    let fields = [
        ("name", "rack"),
        ("role", "packager"),
        ("contents", "news/*\r\n\r\n sport/1 "),
    ];
    assert_eq!(browser.post("/new-account", &fields).status, 303);
    let admin = server.admin();
    let stored = || admin.get("/v1/accounts/rack").json(200)["contents"].clone();
    assert_eq!(stored(), json!(["news/*", "sport/1"]));
    let page = browser.get("/accounts/rack");
    assert!(page.contains("news/*\nsport/1</textarea>"), "{page}");
    assert!(
        browser
            .get("/accounts")
            .contains("<td>news/*, sport/1</td>")
    );
    let bad = browser.post(
        "/accounts/rack",
        &[("role", "packager"), ("contents", "*/hd")],
    );
    assert_eq!(bad.status, 422);
    assert!(
        bad.text.contains("is no pattern of contents"),
        "{}",
        bad.text
    );
    let promoted = browser.post(
        "/accounts/rack",
        &[("role", "admin"), ("contents", "news/*")],
    );
    assert!(
        promoted.text.contains("cannot be limited"),
        "{}",
        promoted.text
    );
    // A form that was loaded before the field was there changes no patterns.
    assert_eq!(
        browser
            .post("/accounts/rack", &[("role", "packager")])
            .status,
        303
    );
    assert_eq!(stored(), json!(["news/*", "sport/1"]));
    let lifted = [("role", "packager"), ("contents", "")];
    assert_eq!(browser.post("/accounts/rack", &lifted).status, 303);
    assert_eq!(stored(), json!([]));
}
