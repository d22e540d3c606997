// SPDX-License-Identifier: MPL-2.0
//! The first start, and settings that the server refuses.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::server::{Server, command, folder};

#[test]
fn first_token_is_printed_once_and_only_once() {
    let first = Server::start("once");
    let token = first.token();
    assert_eq!(first.said().matches("prp_").count(), 1);
    first.admin().get("/v1/accounts").json(200);
    let folder = first.folder.clone();
    first.stop();
    let second = Server::start_with(&folder, &[]);
    assert!(!second.said().contains("prp_"), "{}", second.said());
    second
        .stranger()
        .with_token(&token)
        .get("/v1/accounts")
        .json(200);
}

#[test]
fn administrators_token_may_come_from_a_file() {
    let folder = folder("token-file");
    let file = folder.join("token");
    let token = "a token of an operator's own, no".replace([' ', ','], "-");
    fs::write(&file, format!("{token}\n")).unwrap();
    let arguments = ["--admin-token-file", file.to_str().unwrap()];
    let readable = fs::Permissions::from_mode(0o644);
    fs::set_permissions(&file, readable).unwrap();
    let refused = command(&folder, &arguments).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let server = Server::start_with(&folder, &arguments);
    server
        .stranger()
        .with_token(&token)
        .get("/v1/accounts")
        .json(200);
    assert!(!server.said().contains(&token) && !server.said().contains("prp_"));
}

#[test]
fn file_of_the_token_is_made_and_always_gives_a_way_back() {
    let folder = folder("way-back");
    let file = folder.join("token");
    let arguments = ["--admin-token-file", file.to_str().unwrap()];
    let server = Server::start_with(&folder, &arguments);
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let token = fs::read_to_string(&file).unwrap().trim().to_owned();
    assert!(!server.said().contains(&token));
    let admin = server.stranger().with_token(&token);
    // The only token of the only administrator cannot be revoked, nor while the other administrators have no token.
    let tokens = admin.get("/v1/accounts/admin/tokens").json(200);
    let revoke = format!("/v1/tokens/{}", tokens[0]["id"].as_str().unwrap());
    admin.ask("DELETE", &revoke).send().problem(409);
    let second = json!({"roles": ["admin"]});
    admin.put("/v1/accounts/second", &second).json(200);
    admin.ask("DELETE", &revoke).send().problem(409);
    let disable = || admin.post("/v1/accounts/admin/disable", &json!({}));
    disable().problem(409);
    let made = admin.post("/v1/accounts/second/tokens", &json!({"label": "x"}));
    let second = admin.with_token(made.json(201)["token"].as_str().unwrap());
    admin.ask("DELETE", &revoke).send().json(204);
    second
        .post("/v1/accounts/admin/disable", &json!({}))
        .json(200);
    let viewer = json!({"roles": ["viewer"]});
    second.put("/v1/accounts/admin", &viewer).json(200);
    admin.get("/v1/accounts").problem(401);
    server.stop();
    // The revoked token stays revoked, and the file gets another one.
    let server = Server::start_with(&folder, &arguments);
    let revoked = server.stranger().with_token(&token);
    revoked.get("/v1/accounts").problem(401);
    let token = fs::read_to_string(&file).unwrap().trim().to_owned();
    let admin = server.stranger().with_token(&token);
    let shown = admin.get("/v1/accounts/admin").json(200);
    assert_eq!(shown["roles"], json!(["viewer", "admin"]));
}

#[test]
fn other_machines_are_served_over_tls_only() {
    let folder = folder("loopback");
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080"] {
        let refused = command(&folder, &["--listen", address]).output().unwrap();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(1), "{said}");
        assert!(said.contains("--tls-self-signed"), "{said}");
    }
    assert!(!folder.join("keys").exists(), "a store was made");
}
