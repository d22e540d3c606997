// SPDX-License-Identifier: MPL-2.0
//! The logs and metrics of the server.

use serde_json::json;

use crate::server::{Server, folder};

const KEY: &str = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf";
const KEY_BASE64: &str = "oKGio6SlpqeoqaqrrK2urw==";
const SEED: &str = "XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I";

#[test]
fn log_and_metrics_hold_no_secret() {
    let server = Server::start_with(&folder("secrecy"), &["--log", "json"]);
    let admin = server.admin();
    let first = server.token();
    let made = admin
        .post("/v1/accounts/admin/tokens", &json!({"label": "x"}))
        .json(201);
    let second = made["token"].as_str().unwrap().to_owned();
    admin
        .post("/v1/seeds", &json!({"name": "test server", "seed": SEED}))
        .json(201);
    let new = json!({"source": {"entered": KEY}, "scheme": "cenc", "content": "film"});
    let made = admin.post("/v1/keys", &new).json(201);
    let kid = made["kid"]["uuid"].as_str().unwrap();
    let reason = json!({"reason": "test"});
    let shown = admin
        .post(&format!("/v1/keys/{kid}/reveal"), &reason)
        .json(200);
    assert_eq!(
        (&shown["hex"], &shown["base64"]),
        (&json!(KEY), &json!(KEY_BASE64))
    );
    let clear = json!({"recipient": {"clear": "test"}});
    let document = admin.post("/v1/contents/film/cpix", &clear).json(200);
    let document = json!({"document": document["document"]});
    assert_eq!(
        admin.post("/v1/cpix", &document).json(200)["keys"][0]["was_there"],
        true
    );
    admin
        .get(&format!("/v1/keys?label={KEY}&limit={second}"))
        .problem(400);
    server
        .stranger()
        .with_token(&second[..40])
        .get("/v1/keys")
        .problem(401);
    let metrics = admin.get("/metrics");
    assert_eq!(metrics.status, 200);
    for metric in [
        "playready_packager_requests_total{route=\"/v1/keys\",status=\"201\"} 1",
        "playready_packager_keys{state=\"planned\"} 1",
        "playready_packager_next_boundary_seconds -1",
        "playready_packager_deliveries_pending 0",
    ] {
        assert!(metrics.text.contains(metric), "{metric}: {}", metrics.text);
    }
    let audit = admin.get("/v1/audit").text;
    let said = server.stop();
    let said = said.replacen(&first, "", 1);
    for text in [said, metrics.text, audit] {
        for secret in [KEY, KEY_BASE64, SEED, "prp_", &second[..40]] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}
