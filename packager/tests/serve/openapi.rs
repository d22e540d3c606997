// SPDX-License-Identifier: MPL-2.0
//! The OpenAPI document, with which schemathesis compares the server.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::server::Server;
use test_support::tools::{python, python_has, skip};

#[test]
fn document_is_served_to_everybody_and_names_each_operation_once() {
    let server = Server::start("document");
    let document = server.stranger().get("/openapi.json").json(200);
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = Vec::new();
    for operations in document["paths"].as_object().unwrap().values() {
        for operation in operations.as_object().unwrap().values() {
            assert!(operation["summary"].is_string(), "{operation}");
            assert!(operation["responses"]["default"].is_object(), "{operation}");
            ids.push(operation["operationId"].as_str().unwrap().to_owned());
        }
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

/// Operations that may end the account of the checks: they have a separate server, and few requests without sequences.
const ACCOUNTS: &str = "^/v1/accounts";

/// Runs all checks on some of the operations, or reports them as skipped.
fn check(name: &str, choice: &[&str]) {
    if !python_has("schemathesis") {
        return skip(
            &format!("serve::openapi::{name}"),
            "schemathesis is not here",
        );
    }
    let server = Server::start(name);
    let admin = server.admin();
    let film = json!({"scheme": "cenc"});
    admin.put("/v1/contents/film", &film).json(201);
    let new = json!({"source": "random", "scheme": "cenc", "content": "film"});
    admin.post("/v1/keys", &new).json(201);
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serve/schemathesis.toml");
    let mut check = Command::new(python());
    check.args(["-m", "schemathesis.cli", "--config-file"]);
    check.arg(config).arg("run").args(choice);
    check.arg(format!("{}/openapi.json", server.base()));
    check.args(["--url", &server.base()]);
    check.env("PLAYREADY_TOKEN", server.token());
    // The test keeps the caches of schemathesis in its folder.
    let checked = check.current_dir(&server.folder).output().unwrap();
    let said = String::from_utf8_lossy(&checked.stdout);
    let complaints = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}{complaints}");
}

#[test]
fn server_is_as_its_document_says() {
    check("schemathesis", &["--exclude-path-regex", ACCOUNTS]);
}

#[test]
fn accounts_are_as_their_document_says() {
    let phases = [
        "--phases",
        "examples,coverage,fuzzing",
        "--max-examples",
        "8",
    ];
    let accounts = ["--include-path-regex", ACCOUNTS];
    check(
        "schemathesis-accounts",
        &[phases.as_slice(), &accounts].concat(),
    );
}
