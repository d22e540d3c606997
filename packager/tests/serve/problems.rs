// SPDX-License-Identifier: MPL-2.0
//! Errors of requests: in every layer of the server they are RFC 9457 problems, and contain nothing of the request.

use serde_json::json;

use crate::server::Server;

const KEY: &str = "00112233445566778899aabbccddeeff";

#[test]
fn every_refusal_is_a_problem() {
    let server = Server::start("problems");
    let admin = server.admin();
    admin.get("/v1/nothing").problem(404);
    admin.get("/v1").problem(404);
    admin
        .get("/v1/keys/10000000-1000-1000-1000-100000000001")
        .problem(404);
    let other = admin.ask("PATCH", "/v1/keys").send();
    other.problem(405);
    assert_eq!(other.header("allow"), Some("GET,HEAD,POST"));
    for path in [
        "?limit=0",
        "?limit=x",
        "?limit=1001",
        "?unknown=1",
        "?state=gone",
        "?kid=1",
        "?limit=1&limit=2",
    ] {
        admin.get(&format!("/v1/keys{path}")).problem(400);
    }
    admin.get("/v1/keys/none").problem(400);
    admin
        .get(&format!("/v1/contents/{}", "x".repeat(256)))
        .problem(400);
    admin.get("/v1/contents/%ff").problem(400);
    let post = |kind: &str, body: &str| {
        let asking = admin.ask("POST", "/v1/keys").header("content-type", kind);
        asking.body(body.to_owned())
    };
    post("text/plain", "{}").problem(415);
    post("application/json", "{").problem(400);
    post("application/json", "{}").problem(422);
    post(
        "application/json",
        "{\"source\": \"random\", \"scheme\": \"cenc\", \"more\": 1}",
    )
    .problem(422);
}

#[test]
fn fields_that_are_wrong_are_named_and_their_values_are_not() {
    let server = Server::start("fields");
    let admin = server.admin();
    let new = json!({"kid": "none", "scheme": "cenc", "source": {"entered": format!("{KEY}00")}, "label": ""});
    let problem = admin.post("/v1/keys", &new).problem(422);
    let fields: Vec<_> = problem["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["field"].clone())
        .collect();
    assert!(
        fields.contains(&json!("kid")) && fields.contains(&json!("key")),
        "{problem}"
    );
    for wrong in [
        json!({"source": KEY, "scheme": "cenc"}),
        json!({"source": {"entered": [KEY]}, "scheme": "cenc"}),
        json!({"source": "random", "scheme": KEY}),
        json!({"source": "random", "scheme": "cenc", "period": KEY}),
        new,
    ] {
        let answer = admin.post("/v1/keys", &wrong);
        answer.problem(422);
        assert!(!answer.text.contains(KEY), "{}", answer.text);
    }
    assert!(!server.said().contains(KEY));
}

#[test]
fn contents_are_changed_only_as_they_were_seen() {
    let server = Server::start("etag");
    let admin = server.admin();
    let path = "/v1/contents/news%2F1%20%C3%BC";
    let put = |name: &str, value: &str, body: &serde_json::Value| {
        admin.ask("PUT", path).header(name, value).json(body)
    };
    let (cenc, cbcs) = (json!({"scheme": "cenc"}), json!({"scheme": "cbcs"}));
    put("if-match", "*", &cenc).problem(412);
    let added = put("if-none-match", "*", &cenc);
    added.json(201);
    let listed = admin.get("/v1/contents").json(200);
    assert_eq!(listed[0]["id"], "news/1 ü");
    let tag = added.header("etag").unwrap();
    put("if-none-match", "*", &cbcs).problem(412);
    assert_eq!(admin.get(path).header("etag"), Some(tag));
    put("if-match", tag, &cbcs).json(200);
    put("if-match", tag, &cenc).problem(412);
    assert_eq!(admin.get(path).json(200)["scheme"], "cbcs");
    admin
        .post(&format!("{path}/rotate"), &json!({}))
        .problem(409);
    let key = json!({"source": "random", "scheme": "cbcs", "content": "news/1 ü"});
    admin.post("/v1/keys", &key).json(201);
    admin.ask("DELETE", path).send().problem(409);
    for wrong in [
        json!({"scheme": "cbcs", "la_url": "\u{0}"}),
        json!({"scheme": "cbcs", "header_version": "9"}),
        json!({"scheme": "cbcs", "targets": ["nowhere"]}),
        json!({"scheme": "cbcs", "seed": "none"}),
        json!({"scheme": "cbcs", "crypto_period_ms": 0}),
        json!({"scheme": "cbcs", "tracks": [{"selector": "4k", "label": "UHD"}]}),
    ] {
        let answer = admin.put(path, &wrong);
        assert!(
            [404, 422].contains(&answer.status),
            "{wrong}: {}",
            answer.text
        );
    }
    admin.put("/v1/contents/short", &cenc).json(201);
    admin.ask("DELETE", "/v1/contents/short").send().json(204);
    admin.get("/v1/contents/short").problem(404);
}

// The seed and its key for this KID are Microsoft's published test values: keys.md 3.1.
#[test]
fn key_of_a_seed_is_shown_to_who_says_why() {
    let server = Server::start("seed");
    let admin = server.admin();
    let seed = json!({"name": "test server", "seed": "XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I"});
    let added = admin.post("/v1/seeds", &seed);
    assert_eq!(added.json(201)["name"], "test server");
    assert!(!added.text.contains("XVBo"));
    let kid = "bd3c3069-fbcc-4862-9595-64a4d3e1afba";
    let new =
        json!({"kid": kid, "source": {"seed": "test server"}, "scheme": "cenc", "content": "film"});
    let made = admin.post("/v1/keys", &new);
    assert_eq!(made.header("location"), Some(&*format!("/v1/keys/{kid}")));
    assert_eq!(
        made.json(201)["slots"],
        json!([{"content": "film", "label": "ALL", "period": 0}])
    );
    admin
        .post(&format!("/v1/keys/{kid}/reveal"), &json!({}))
        .problem(422);
    admin
        .post(&format!("/v1/keys/{kid}/reveal"), &json!({"reason": ""}))
        .problem(422);
    let reason = json!({"reason": "ticket 4711"});
    let shown = admin
        .post(&format!("/v1/keys/{kid}/reveal"), &reason)
        .json(200);
    assert_eq!(shown["base64"], "PRasCFTVWww5r0MzGt/uUA==", "{shown}");
    let audit = admin.get("/v1/audit?action=read").json(200);
    assert!(audit[0]["result"].as_str().unwrap().contains("ticket 4711"));
    let preview = admin.get("/v1/contents/film/preview").json(200);
    assert_eq!(preview["kids"][0]["uuid"], kid);
    assert_eq!(
        admin
            .post("/v1/keys/aTA8vcz7YkiVlWSk0%2BGvug==/retire", &json!({}))
            .json(200)["state"],
        "retired"
    );
    assert_eq!(admin.get("/v1/audit/verify").json(200)["whole"], true);
}
