// SPDX-License-Identifier: MPL-2.0
//! Rules that the database itself enforces on every writer, and the content of its files.

use cenc_types::CipherMode;
use content_key_store::{Error, KeyState, KeyStore};

use super::place::places;
use super::{hex, new_key, slot};

#[test]
fn kid_keeps_its_key_and_its_cipher_mode_past_the_store_too() {
    for place in places("store-rules") {
        let store = place.open();
        let kid = store.get_or_create_key(&slot("a", 0)).unwrap().info.kid;
        let other = store.get_or_create_key(&slot("a", 1)).unwrap().info.kid;
        let (kid, other) = (
            place.literal(kid.as_bytes()),
            place.literal(other.as_bytes()),
        );
        for statement in [
            format!("INSERT INTO key_slot VALUES ('a', 'audio', 0, 'cbc', {kid})"),
            format!("UPDATE content_key SET mode = 'cbc' WHERE kid = {kid}"),
            format!(
                "UPDATE content_key SET wrapped = (SELECT wrapped FROM content_key WHERE kid = {other}) WHERE kid = {kid}"
            ),
            format!(
                "UPDATE content_key SET fingerprint = (SELECT fingerprint FROM content_key WHERE kid = {other}) WHERE kid = {kid}"
            ),
            format!("DELETE FROM content_key WHERE kid = {kid}"),
            format!(
                "INSERT INTO content_key SELECT kid, 'cbc', wrapped, fingerprint, origin, seed, state, created FROM content_key WHERE kid = {kid}"
            ),
            format!("UPDATE key_slot SET kid = {other} WHERE kid = {kid}"),
            "DELETE FROM key_slot".to_owned(),
        ] {
            assert!(place.run(&statement).is_err(), "{statement}");
        }
        assert!(place.open().get_or_create_key(&slot("a", 0)).is_ok());
    }
}

#[test]
fn replacing_inserts_are_refused_too() {
    let place = super::place::sqlite("store-replace");
    let store = place.open();
    store.get_or_create_key(&slot("a", 0)).unwrap();
    for statement in [
        "INSERT OR REPLACE INTO content_key SELECT * FROM content_key",
        "INSERT OR REPLACE INTO key_slot SELECT * FROM key_slot",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit",
    ] {
        let refused = place.run(statement).unwrap_err();
        assert!(refused.contains("rule: "), "{refused}");
    }
}

#[test]
fn keys_go_forward_only() {
    for place in places("store-states") {
        let store = place.open();
        let kid = store.get_or_create_key(&slot("a", 0)).unwrap().info.kid;
        for (index, state) in KeyState::ALL.into_iter().enumerate() {
            store.set_state(&kid, state).unwrap();
            for earlier in &KeyState::ALL[..index] {
                let refused = store.set_state(&kid, *earlier).err().unwrap();
                assert!(matches!(refused, Error::Rule(_)), "{refused}");
            }
        }
        let info = store.info(&kid).unwrap();
        let times = [
            info.delivered,
            info.activated,
            info.draining,
            info.retired,
            info.compromised,
        ];
        assert!(times.iter().all(Option::is_some), "{times:?}");
    }
}

#[test]
fn swapped_and_changed_keys_are_found() {
    for place in places("store-swapped") {
        let store = place.open();
        let kids = [0, 1].map(|period| {
            store
                .get_or_create_key(&slot("a", period))
                .unwrap()
                .info
                .kid
        });
        let [kid, other] = kids.map(|kid| place.literal(kid.as_bytes()));
        place.drop_triggers("content_key", &["content_key_fixed"]);
        let sql = format!(
            "UPDATE content_key SET wrapped = (SELECT wrapped FROM content_key WHERE kid = {other}) WHERE kid = {kid}"
        );
        place.run(&sql).unwrap();
        assert!(matches!(store.key(&kids[0]), Err(Error::Tampered { .. })));
        assert!(store.key(&kids[1]).is_ok());
    }
}

#[test]
fn no_key_is_in_the_database_in_clear() {
    for place in places("store-clear") {
        let store = place.open();
        let made = store.get_or_create_key(&slot("a", 0)).unwrap();
        let (inserted, bytes) = new_key(CipherMode::Cbc);
        store.insert(&inserted, &[]).unwrap();
        let seed = [0xd7; 30];
        let key_seed = playready_header::KeySeed::from_bytes(&seed).unwrap();
        store.put_seed("seed", &key_seed).unwrap();
        let kek = std::fs::read_to_string(place.kek_path("kek")).unwrap();
        let kek = kek.trim();
        let secrets: [&[u8]; 3] = [made.key.as_bytes(), &bytes, &seed];
        let mut patterns = vec![
            kek.as_bytes().to_vec(),
            cenc_types::decode_hex(kek).unwrap().to_vec(),
        ];
        for secret in secrets {
            patterns.extend([
                secret.to_vec(),
                hex(secret).into_bytes(),
                hex(secret).to_uppercase().into_bytes(),
            ]);
        }
        let files = place.files();
        let has = |pattern: &[u8]| files.iter().any(|file| contains(file, pattern));
        assert!(
            has(made.info.kid.as_bytes()),
            "the files are those of the store"
        );
        assert!(!patterns.iter().any(|pattern| has(pattern)));
    }
}

fn contains(file: &[u8], pattern: &[u8]) -> bool {
    let (first, rest) = pattern.split_first().unwrap();
    let starts = file.iter().enumerate().filter(|(_, byte)| *byte == first);
    starts
        .into_iter()
        .any(|(at, _)| file[at + 1..].starts_with(rest))
}

#[test]
fn file_and_folder_are_the_owners_alone() {
    use std::fs::{metadata, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    let place = super::place::sqlite("store-modes");
    let store = place.open();
    store.get_or_create_key(&slot("a", 0)).unwrap();
    let file = place.sqlite_path();
    let folder = file.parent().unwrap().to_owned();
    let mode = |path: &std::path::Path| metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for entry in std::fs::read_dir(&folder).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
    drop(store);
    for (path, wide, needed) in [
        (&file, 0o640, 0o600),
        (&folder, 0o750, 0o700),
        (&file, 0o604, 0o600),
    ] {
        set_permissions(path, PermissionsExt::from_mode(wide)).unwrap();
        let refused = KeyStore::open(&place.uri, &[place.kek()], &host_access::Host::system())
            .err()
            .unwrap();
        assert!(matches!(refused, Error::TooOpen { .. }), "{refused}");
        assert!(
            refused.to_string().contains(&format!("chmod {needed:04o}")),
            "{refused}"
        );
        set_permissions(path, PermissionsExt::from_mode(needed)).unwrap();
    }
    place.open();
}

#[test]
fn tables_of_a_later_version_are_left_alone() {
    for place in places("store-newer") {
        drop(place.open());
        let sql = match place.is_sqlite() {
            true => "PRAGMA user_version = 99",
            false => "UPDATE key_store_version SET version = 99",
        };
        place.run(sql).unwrap();
        let refused = KeyStore::open(&place.uri, &[place.kek()], &host_access::Host::system())
            .err()
            .unwrap();
        assert!(
            matches!(refused, Error::NewerSchema { found: 99, .. }),
            "{refused}"
        );
    }
}

#[test]
fn file_that_is_no_database_is_refused() {
    let place = super::place::sqlite("store-garbage");
    drop(place.open());
    std::fs::write(place.sqlite_path(), vec![0x55; 8192]).unwrap();
    let refused = KeyStore::open(&place.uri, &[place.kek()], &host_access::Host::system())
        .err()
        .unwrap();
    assert!(
        refused.to_string().contains("restore a backup"),
        "{refused}"
    );
}
