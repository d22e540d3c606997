// SPDX-License-Identifier: MPL-2.0
//! The credentials that the REST interface accepts and refuses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::server::Server;

#[test]
fn token_is_taken_as_bearer_and_as_the_password_of_basic() {
    let server = Server::start("basic");
    let pair = STANDARD.encode(format!("anybody:{}", server.token()));
    let stranger = server.stranger();
    let asking = stranger.ask("GET", "/v1/keys");
    asking
        .header("authorization", &format!("Basic {pair}"))
        .send()
        .json(200);
    for wrong in ["Basic !", "Digest x", "Bearer"] {
        let asking = stranger.ask("GET", "/v1/keys");
        asking.header("authorization", wrong).send().problem(400);
    }
    let refused = stranger.get("/v1/keys");
    refused.problem(401);
    assert!(
        refused
            .header("www-authenticate")
            .unwrap()
            .contains("Bearer")
    );
}

#[test]
fn cookie_does_not_open_the_rest_interface() {
    let server = Server::start("cookie");
    let stranger = server.stranger();
    for cookie in [server.token(), "x".to_owned()] {
        let asking = stranger.ask("POST", "/v1/keys");
        let asking = asking.header("cookie", &format!("session={cookie}"));
        asking
            .json(&json!({"source": "random", "scheme": "cenc"}))
            .problem(401);
    }
}

#[test]
fn failures_are_limited_and_recorded() {
    let server = Server::start("failures");
    let stranger = server.stranger();
    let made = server
        .admin()
        .post("/v1/accounts/admin/tokens", &json!({"label": "second"}));
    let second = made.json(201)["token"].as_str().unwrap().to_owned();
    let wrong = stranger.with_token("prp_wrong");
    for _ in 0..10 {
        wrong.get("/v1/keys").problem(401);
    }
    let refused = wrong.get("/v1/keys");
    refused.problem(429);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=61).contains(&wait));
    // Correct tokens are accepted, even a new one: a client of the same address cannot lock others out.
    stranger.with_token(&second).get("/v1/keys").json(200);
    server.admin().get("/v1/keys").json(200);
    assert!(!server.said().contains("prp_wrong"));
}

#[test]
fn tokens_end_at_once_when_they_are_revoked_and_with_their_account() {
    let server = Server::start("revoked");
    let admin = server.admin();
    let viewer = server.member(&["viewer"]);
    viewer.get("/v1/keys").json(200);
    let tokens = admin.get("/v1/accounts/viewer/tokens").json(200);
    let id = tokens[0]["id"].as_str().unwrap().to_owned();
    assert!(tokens[0].get("token").is_none());
    admin
        .ask("DELETE", &format!("/v1/tokens/{id}"))
        .send()
        .json(204);
    viewer.get("/v1/keys").problem(401);
    let auditor = server.member(&["auditor"]);
    auditor.get("/v1/audit").json(200);
    let disable = |name: &str| admin.post(&format!("/v1/accounts/{name}/disable"), &json!({}));
    disable("auditor").json(200);
    auditor.get("/v1/audit").problem(401);
    disable("admin").problem(409);
    let past = json!({"label": "old", "expires": "2020-01-01T00:00:00Z"});
    let old = admin.post("/v1/accounts/viewer/tokens", &past).json(201);
    let old = admin.with_token(old["token"].as_str().unwrap());
    old.get("/v1/keys").problem(401);
}
