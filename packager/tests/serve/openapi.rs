// SPDX-License-Identifier: MPL-2.0
//! The OpenAPI document, and the server held against it by schemathesis.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::server::Server;
use crate::vectors::skip;

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

#[test]
fn server_is_as_its_document_says() {
    let name = "serve::openapi::server_is_as_its_document_says";
    let python =
        std::env::var_os("PLAYREADY_PYTHON").map_or_else(|| "python3".into(), PathBuf::from);
    let has = Command::new(&python)
        .args(["-c", "import schemathesis"])
        .output();
    if !has.is_ok_and(|has| has.status.success()) {
        return skip(name, "schemathesis is not here");
    }
    let server = Server::start("schemathesis");
    let admin = server.admin();
    admin
        .put("/v1/contents/film", &json!({"scheme": "cenc"}))
        .json(201);
    let new = json!({"source": "random", "scheme": "cenc", "content": "film"});
    admin.post("/v1/keys", &new).json(201);
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serve/schemathesis.toml");
    let mut check = Command::new(python);
    check
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(config);
    check.args(["run", &format!("{}/openapi.json", server.base())]);
    check.args(["--url", &server.base()]);
    check.env("PLAYREADY_TOKEN", server.token());
    // Its caches belong to the test.
    check.current_dir(&server.folder);
    let checked = check.output().unwrap();
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&checked.stderr);
    assert!(
        checked.status.success(),
        "{said}{complaints}{}",
        server.said()
    );
}
