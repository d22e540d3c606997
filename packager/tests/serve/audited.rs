// SPDX-License-Identifier: MPL-2.0
//! The audit of targets, exports and refusals, and the removal of a target's credentials.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::client::Client;
use crate::receiver::make_certificate;
use crate::server::{Server, folder};

fn results(admin: &Client, action: &str) -> Vec<String> {
    let rows = admin.get(&format!("/v1/audit?action={}", action.replace(' ', "%20")));
    let rows = rows.json(200);
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| row["result"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn credentials_do_not_follow_a_target_to_another_place() {
    let folder = folder("followed");
    make_certificate(&folder);
    let pem = fs::read_to_string(folder.join("certificate.pem")).unwrap();
    let digest = Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
        .arg(folder.join("certificate.pem"))
        .output()
        .unwrap();
    let digest = String::from_utf8(digest.stdout).unwrap();
    let (_, digest) = digest.trim().split_once('=').unwrap();
    let digest = format!("sha256:{}", digest.replace(':', "").to_lowercase());
    let server = Server::start_with(&folder, &[]);
    let admin = server.admin();
    let put = |target: &Value| {
        admin.put("/v1/targets/licences", target).json(200)["has_credentials"].clone()
    };
    let first = json!({"url": "https://a.example.com/keys?token=very-secret", "credentials": "bearer also-secret"});
    assert_eq!(put(&first), true);
    let slower = json!({"url": "https://a.example.com/keys?token=very-secret", "timeout": 20});
    assert_eq!(put(&slower), true);
    let other = json!({"url": "https://b.example.com/keys"});
    assert_eq!(put(&other), false);
    assert_eq!(
        put(&json!({"url": "https://b.example.com/keys", "credentials": "bearer also-secret"})),
        true
    );
    let trusting = json!({"url": "https://b.example.com/keys", "ca": pem, "certificate": pem});
    assert_eq!(put(&trusting), false);
    let rows = results(&admin, "put target");
    let expected = [
        format!(
            "ok: https://b.example.com/keys, keys encrypted to {digest}, ca {digest}, credentials removed"
        ),
        "ok: https://b.example.com/keys, keys in the clear, with new credentials".to_owned(),
        "ok: https://b.example.com/keys, keys in the clear, credentials removed".to_owned(),
        "ok: https://a.example.com/keys?token=***, keys in the clear".to_owned(),
        "ok: https://a.example.com/keys?token=***, keys in the clear, with new credentials"
            .to_owned(),
    ];
    assert_eq!(rows.len(), expected.len());
    for (row, start) in rows.iter().zip(&expected) {
        assert!(row.starts_with(start), "{row}\n{start}");
    }
    let key = json!({"source": "random", "scheme": "cenc", "content": "film"});
    admin.post("/v1/keys", &key).json(201);
    let export = json!({"recipient": {"certificate": pem}});
    admin.post("/v1/contents/film/cpix", &export).json(200);
    let read = results(&admin, "read");
    assert!(read[0].ends_with(&digest), "{read:?}");
    assert!(!admin.get("/v1/audit").text.contains("secret"));
}

#[test]
fn refused_requests_are_recorded_once_a_minute() {
    let server = Server::start("refused");
    let viewer = server.member(&["viewer"]);
    for _ in 0..3 {
        viewer
            .post("/v1/contents/film/rotate", &json!({}))
            .problem(403);
        viewer.get("/v1/audit").problem(403);
    }
    let rows = server
        .admin()
        .get("/v1/audit?action=refused&actor=viewer")
        .json(200);
    let objects: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["object"])
        .collect();
    assert_eq!(objects, ["GET /v1/audit", "POST /v1/contents/{id}/rotate"]);
    let result = rows[0]["result"].as_str().unwrap();
    assert!(
        result.contains("needs the role auditor or admin"),
        "{result}"
    );
    server.admin().get("/v1/audit/verify").json(200);
}
