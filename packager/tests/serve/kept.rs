// SPDX-License-Identifier: MPL-2.0
//! What is older than the operator keeps: it is removed, and the rest of the audit is still one chain.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::client::{Asking, Client};
use crate::clock::{library, set_clock, start_with_clock};
use crate::receiver::{make_certificate, wait_until};
use crate::server::folder;
use crate::slow_targets::{Licences, add_target, delivery, new_key};
use test_support::tools::skip;

#[test]
fn old_rows_are_removed_and_the_audit_stays_whole() {
    let folder = folder("kept");
    if !library(&folder) {
        return skip(
            "serve::kept::old_rows_are_removed_and_the_audit_stays_whole",
            "no cc",
        );
    }
    make_certificate(&folder);
    // The first part of the audit is 100 days old, and so are the deliveries.
    set_clock(&folder, -100 * 86_400);
    let server = start_with_clock(&folder, &["--allow-private-targets"]);
    let (admin, token) = (server.admin(), server.token());
    let licences = Licences::start(false);
    add_target(&server, &admin, "licences", &licences.url, 30);
    let [used, retired] = [0, 1].map(|label| new_key(&admin, "licences", label));
    for kid in [&used, &retired] {
        wait_until("a key is not delivered", || {
            delivery(&admin, kid)["state"] == "acknowledged"
        });
    }
    let retire = format!("/v1/keys/{}/retire", retired.as_str().unwrap());
    admin.post(&retire, &json!({})).json(200);
    let new = json!({"source": "random", "scheme": "cenc"});
    let first = ask_once(&admin).json(&new).json(201);
    for _ in 0..5 {
        admin.post("/v1/keys", &new).json(201);
    }
    server.stop();
    set_clock(&folder, 0);
    let server = start_with_clock(&folder, &["--keep-audit", "90", "--keep-deliveries", "30"]);
    server.wait_for("rows of the audit");
    let admin = server.stranger().with_token(&token);
    // The delivery of a key that becomes active no more decides nothing; the other one is needed.
    assert!(
        server.said().contains("what=\"deliveries\""),
        "{}",
        server.said()
    );
    assert_eq!(delivery(&admin, &retired), json!(null));
    assert_eq!(delivery(&admin, &used)["state"], "acknowledged");
    check_trimmed(&admin);
    assert_eq!(admin.get("/v1/audit/verify").json(200)["whole"], true);
    // The response of then is gone too: the request runs again.
    assert_ne!(ask_once(&admin).json(&new).json(201), first);
    server.stop();
    verify(&folder);
    // It starts, and is not taken for a backup.
    let server = start_with_clock(&folder, &[]);
    wait_until("the server is not ready", || {
        server.stranger().get("/readyz").status == 200
    });
}

/// Begins a request for a key that is answered once.
fn ask_once(admin: &Client) -> Asking<'_> {
    admin
        .ask("POST", "/v1/keys")
        .header("idempotency-key", "one")
}

/// Checks that the oldest rows of the audit are gone, and that a row says so.
fn check_trimmed(admin: &Client) {
    let rows = admin.get("/v1/audit?limit=100").json(200);
    let texts: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            format!(
                "{} {}",
                row["action"].as_str().unwrap(),
                row["result"].as_str().unwrap()
            )
        })
        .collect();
    assert!(
        texts
            .iter()
            .any(|text| text.starts_with("trim audit rows 1 to ")),
        "{texts:?}"
    );
    assert!(
        !texts.iter().any(|text| text.starts_with("create ")),
        "{texts:?}"
    );
}

/// Checks the audit as an operator does.
fn verify(folder: &Path) {
    let database = folder.join("keys/keys.db");
    let mut verify = Command::new(env!("CARGO_BIN_EXE_playready-packager"));
    let store = format!("sqlite://{}", database.display());
    verify.args(["store", "verify", &store, "--kek-file"]);
    let verified = verify
        .arg(folder.join("keys/keys.db.kek"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(verified.status.success(), "{said}");
    assert!(
        said.contains("earlier rows were removed because they were too old"),
        "{said}"
    );
}
