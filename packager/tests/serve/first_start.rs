// SPDX-License-Identifier: MPL-2.0
//! The first start, and settings that the server refuses.

use std::fs;
use std::os::unix::fs::PermissionsExt;

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
