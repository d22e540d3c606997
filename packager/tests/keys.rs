// SPDX-License-Identifier: MPL-2.0
//! `playready-packager keys` with published keys, compared with the CPIX oracle and with `protect` on the same store.

#![cfg(feature = "serve")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod place;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use cenc_types::Scheme;
use content_key_store::Content;
use key_server::audit::{self, AuditFilter};
use place::{KEY, KEY_HEX, Place};
use playready_header::KeySeed;
use serde_json::Value;

use test_support::tools;

/// Microsoft published these: a KID in two notations, and the checksum of its key from the test seed (keys.md 3.1).
const KID: &str = "8ba94ade-6eb9-449d-b44f-a5beefaf43b0";
const KID_PLAYREADY: &str = "3kqpi7lunUS0T6W+769DsA==";
const CHECKSUM: &str = "Me48z71nuqY=";
const TEST_SEED: &str = "XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I";

#[test]
fn keys_of_all_sources_are_made_and_seen_for_a_reason_only() {
    let place = Place::new("sources");
    let seed = KeySeed::parse(TEST_SEED).unwrap();
    place.store().put_seed("tenant", &seed).unwrap();
    let film = ["--content", "film", "--kid", KID_PLAYREADY];
    let made = place.json("new", &[&film[..], &["--seed", "tenant"]].concat(), "");
    assert_eq!(
        (&made["uuid"], &made["origin"]),
        (&KID.into(), &"seed".into())
    );
    let shown = place.json("show", &[KID], "");
    assert_eq!(shown["checksum"], CHECKSUM);
    assert_eq!(shown["tracks"][0]["content"], "film");
    assert!(shown.get("clear_key").is_none());
    place.refused("show", &[KID, "--clear-key"], (2, "--reason"));
    place.refused(
        "show",
        &[KID, "--reason", "ticket 4711"],
        (2, "--clear-key"),
    );
    let clear = ["--clear-key", "--reason", "ticket 4711"];
    let shown = place.json("show", &[&[KID], &clear[..]].concat(), "");
    assert_eq!(shown["clear_key"], KEY_HEX);
    let page = content_key_store::Page::first(1);
    let rows = audit::list(&place.store(), &AuditFilter::default(), &page);
    let row = rows.unwrap().entries.remove(0);
    assert_eq!(
        (row.object.as_str(), row.result.as_str()),
        (KID, "shown: ticket 4711")
    );
    assert_eq!(row.actor, "playready-packager");
    // The same key is entered again, and then with another KID.
    let file = place.file("film.key", KEY_HEX, 0o600);
    place.text("new", &[&film[..], &["--key-file", &file]].concat(), "");
    let other = [
        "--kid",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "--key-file",
        "-",
    ];
    let twice = place.run("new", &other, KEY);
    assert!(String::from_utf8_lossy(&twice.stderr).contains("has the same key"));
    let random = place.json(
        "new",
        &["--content", "film", "--period", "1", "--scheme", "cbcs"],
        "",
    );
    assert_eq!(
        (&random["origin"], &random["mode"]),
        (&"random".into(), &"cbc".into())
    );
    assert_eq!(place.json("list", &[], "").as_array().unwrap().len(), 3);
}

#[test]
fn drafts_that_cannot_be_keys_are_refused_with_what_is_wrong() {
    let place = Place::new("drafts");
    let open = place.file("open.key", KEY, 0o644);
    let short = place.file("short.key", "0011", 0o600);
    let nil = "00000000-0000-0000-0000-000000000000";
    for (arguments, code, why) in [
        (&["--key", KEY][..], 2, "unexpected argument"),
        (&["--kid", KID, "--key-file", &open], 2, "chmod"),
        (&["--kid", KID, "--key-file", &short], 1, "16 bytes, not 2"),
        (&["--key-file", "-"], 2, "--kid"),
        (&["--kid", nil], 1, "nil key id"),
        (&["--kid", "film"], 1, "not a KID"),
        (&["--seed", "none"], 1, "no key seed 'none'"),
        (&["--label", "VIDEO"], 2, "--content"),
        (&["--seed", "none", "--dry-run"], 1, "no key seed 'none'"),
    ] {
        place.refused("new", arguments, (code, why));
    }
    let draft = ["--kid", KID, "--key-file", "-", "--dry-run"];
    let told = place.text("new", &draft, KEY);
    assert!(
        told.contains("none was created") && told.contains(CHECKSUM),
        "{told}"
    );
    assert_eq!(place.json("list", &[], ""), Value::Array(vec![]));
    place.refused("show", &[KID], (1, "no key with KID"));
    place.refused("show", &["film"], (2, "not a KID"));
    place.refused("retire", &[KID], (1, "no key with KID"));
    place.refused(
        "export",
        &["film", "--clear", "--reason", "test"],
        (1, "no content 'film'"),
    );
}

#[test]
fn packagers_take_the_keys_from_the_same_store() {
    let Some(vectors) = tools::vectors_for("keys::packagers_take_the_keys_from_the_same_store")
    else {
        return;
    };
    let place = Place::new("protect");
    place.json(
        "new",
        &["--content", "film", "--kid", KID, "--key-file", "-"],
        KEY,
    );
    let uri = format!("{}?kek-file={}", place.uri(), place.kek().display());
    let output = Command::new(env!("CARGO_BIN_EXE_playready-packager"))
        .args([
            "protect",
            "--json",
            "--content-id",
            "film",
            "--key-uri",
            &uri,
        ])
        .arg(vectors.join("clear/o-avaac-prog/prog_8s.mp4"))
        .arg(place.path("film.mp4"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["kids"], Value::from(vec![KID]));
    // The preview shows the signaling that is written later, and the command line contains the store's address.
    let preview = place.json("show", &["--content", "film"], "");
    let launch = preview["gst_launch"].as_str().unwrap();
    assert!(launch.contains("/store/keys.db?kek-file=%2F"), "{launch}");
    assert_eq!(
        preview["object_base64"],
        report["signaling"]["playready_object"]
    );
    assert_eq!(preview["mpd"], report["signaling"]["content_protection"]);
    assert_eq!(preview["hls_media"], report["signaling"]["hls_key"]);
    assert_eq!(preview["smooth"], report["signaling"]["smooth_protection"]);
}

/// Returns the output of the oracle; None if it or its libraries are missing.
fn oracle(arguments: &[&str]) -> Option<String> {
    let vectors = tools::vectors_for("keys: the CPIX oracle")?;
    let script = vectors.join("../oracles/cpix_oracle.py");
    let python = std::env::var_os("PLAYREADY_PYTHON").unwrap_or_else(|| "python3".into());
    let imports = Command::new(&python)
        .args(["-c", "import lxml, cryptography, xmlsec"])
        .output();
    if !script.is_file() || !imports.is_ok_and(|run| run.status.success()) {
        tools::skip("keys: the CPIX oracle", "no lxml, cryptography or xmlsec");
        return None;
    }
    let run = Command::new(python)
        .arg(script)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    Some(String::from_utf8(run.stdout).unwrap())
}

/// Creates an RSA certificate and its private key as PEM files; None if OpenSSL is missing.
fn certificate(place: &Place) -> Option<[String; 2]> {
    let [key, pem] =
        ["private.pem", "certificate.pem"].map(|name| place.path(name).display().to_string());
    let made = Command::new("openssl")
        .args([
            "req", "-x509", "-nodes", "-subj", "/CN=test", "-newkey", "rsa:3072",
        ])
        .args(["-keyout", &key, "-out", &pem])
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        tools::skip("keys: exported keys", "no openssl");
        return None;
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    Some([pem, key])
}

#[test]
fn exported_keys_are_for_the_certificates_owner() {
    let place = Place::new("export");
    let Some([pem, private]) = certificate(&place) else {
        return;
    };
    place.json(
        "new",
        &[
            "--content",
            "film",
            "--label",
            "VIDEO",
            "--kid",
            KID,
            "--key-file",
            "-",
        ],
        KEY,
    );
    place.json("new", &["--content", "film", "--label", "AUDIO"], "");
    for version in ["2.3", "2.4"] {
        let document = place.path("film.cpix").display().to_string();
        let arguments = [
            "film",
            "--to",
            &pem,
            "--cpix-version",
            version,
            "--output",
            &document,
        ];
        assert_eq!(
            place.json("export", &arguments, "")["kids"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
        let mode = fs::metadata(&document).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!fs::read_to_string(&document).unwrap().contains(KEY));
        oracle(&["validate", &document, version]);
        if let Some(keys) = oracle(&["decrypt", &document, &private]) {
            let keys: Value = serde_json::from_str(&keys).unwrap();
            assert_eq!(keys[KID], KEY_HEX);
        }
        let other = Place::new("import");
        other.refused("import", &[&document], (1, "encrypted"));
        let imported = other.json("import", &[&document, "--private-key-file", &private], "");
        assert_eq!(imported["content"], "film");
        let listed = other.json("list", &["--content", "film"], "");
        assert_eq!(listed.as_array().unwrap().len(), 2);
        assert_eq!(other.json("show", &[KID], "")["checksum"], CHECKSUM);
        assert_eq!(
            other.json("show", &[KID], "")["tracks"][0]["label"],
            "VIDEO"
        );
    }
}

#[test]
fn keys_in_the_clear_leave_with_a_reason() {
    let place = Place::new("clear");
    place.json(
        "new",
        &["--content", "film", "--kid", KID, "--key-file", "-"],
        KEY,
    );
    place.refused("export", &["film"], (2, "--to"));
    place.refused("export", &["film", "--clear"], (2, "--reason"));
    let document = place.text("export", &["film", "--clear", "--reason", "new server"], "");
    assert!(document.contains(KEY));
    let other = Place::new("clear-import");
    let open = other.file("open.cpix", &document, 0o644);
    other.refused("import", &[&open], (2, "chmod"));
    assert!(
        other
            .text("import", &["-"], &document)
            .contains("1 keys, for content 'film'")
    );
    other.refused("import", &["-"], (1, "cpix"));
    assert_eq!(other.json("show", &[KID], "")["checksum"], CHECKSUM);
}

#[test]
fn key_encryption_key_behind_a_link_is_refused() {
    let place = Place::new("link");
    place.text("new", &["--content", "film"], "");
    let elsewhere = place.path("elsewhere.kek");
    std::fs::rename(place.kek(), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, place.kek()).unwrap();
    place.refused("list", &[], (1, "symbolic link"));
}

#[test]
fn keys_change_and_retire() {
    let place = Place::new("rotate");
    for period in 0..2 {
        let rotated = place.json(
            "new",
            &["--content", "film", "--period", &period.to_string()],
            "",
        );
        assert_eq!(rotated["tracks"][0]["period"], period);
    }
    let before = place.json("list", &["--content", "film"], "");
    place.refused("rotate", &["film"], (1, "give it a crypto period"));
    place.refused("rotate", &["film", "--ahead", "2"], (1, "crypto period"));
    assert_eq!(place.json("list", &["--content", "film"], ""), before);
    let kid = before[0]["uuid"].as_str().unwrap();
    assert!(place.text("retire", &[kid], "").contains("is retired"));
    let retired = place.json("list", &["--state", "retired"], "");
    assert_eq!(retired[0]["uuid"], kid);
    let mut content = Content::new("news", Scheme::Cenc);
    content.crypto_period = Some(Duration::from_secs(86_400 * 100));
    content.targets = vec!["licences".to_owned()];
    place.store().put_content(&content).unwrap();
    let rotated = place.run("rotate", &["news", "--ahead", "2", "--json"], "");
    assert!(
        String::from_utf8_lossy(&rotated.stderr).contains("not all targets have acknowledged it")
    );
    let rotated: Value = serde_json::from_slice(&rotated.stdout).unwrap();
    assert_eq!(rotated["keys"].as_array().unwrap().len(), 3);
    let periods = place.json("list", &["--content", "news", "--periods"], "");
    let places: Vec<_> = periods
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["place"])
        .collect();
    assert_eq!(places, ["next", "next", "current"]);
    assert_eq!(periods[2]["keys"][0]["deliveries"][0][0], "licences");
    let table = place.text("list", &["--content", "news", "--periods"], "");
    assert!(
        table.starts_with("PERIOD") && table.contains("licences pending"),
        "{table}"
    );
}
