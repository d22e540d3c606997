// SPDX-License-Identifier: MPL-2.0
//! `playready-packager store` on a store that the library created.

#![cfg(feature = "serve")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cenc_types::CipherMode;
use content_key_store::{KekSource, KeySlot, KeyStore};

const SLOTS: u64 = 300;

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("store");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn run(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_playready-packager"));
    program.arg("store").args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn keys(uri: &str, kek: &str) -> Vec<[u8; 16]> {
    let store = KeyStore::open(
        uri,
        &[KekSource::File(kek.into())],
        &host_access::Host::system(),
    )
    .unwrap();
    let slot = |period| KeySlot {
        content_id: "channel".into(),
        label: "ALL".into(),
        period,
        mode: CipherMode::Ctr,
    };
    let keys = (0..SLOTS).map(|period| store.get_or_create_key(&slot(period)).unwrap());
    keys.map(|key| *key.key.as_bytes()).collect()
}

#[test]
fn keys_are_wrapped_anew_and_the_audit_is_checked() {
    let folder = folder();
    let [old, new, database] =
        ["old.kek", "new.kek", "store/keys.db"].map(|name| folder.join(name).display().to_string());
    let uri = format!("sqlite://{database}");
    let before = keys(&uri, &old);

    let rewrapped = run(&["rewrap", &uri, "--kek-file", &old, "--to-kek-file", &new]);
    assert!(rewrapped.status.success(), "{}", text(&rewrapped.stderr));
    assert!(
        text(&rewrapped.stdout).contains("wrapped with the new key-encryption key"),
        "{}",
        text(&rewrapped.stdout)
    );
    assert!(keys(&uri, &new) == before, "other keys");
    let refused = run(&["verify-audit", &uri, "--kek-file", &old]);
    assert_eq!(refused.status.code(), Some(1));

    let verified = run(&["verify-audit", &uri, "--kek-file", &new]);
    assert!(verified.status.success(), "{}", text(&verified.stderr));
    let found = text(&verified.stdout);
    for part in [
        &format!("{SLOTS} keys, seeds and credentials, all whole"),
        "all unchanged",
    ] {
        assert!(found.contains(part), "{found}");
    }
    let none = run(&["verify-audit", &uri]);
    assert_eq!(none.status.code(), Some(2), "{}", text(&none.stderr));
}
