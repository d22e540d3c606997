// SPDX-License-Identifier: MPL-2.0
//! Stores of earlier versions: the first opening updates them, and loses nothing in them.

use std::os::unix::fs::PermissionsExt;

use cenc_types::{CipherMode, Scheme};
use content_key_store::{Content, KeyFilter, TrackLabel};
use key_server::accounts::{self, Role};
use key_server::deliveries;
use playready_header::KeySeed;

use super::place::{Place, places};
use super::{ALL, new_key, slot};

/// The statements with which version 1 made its tables.
const SQLITE: &str = include_str!("../../../crates/content-key-store/src/schema/sqlite.sql");
const POSTGRES: &str = include_str!("../../../crates/content-key-store/src/schema/postgres.sql");

/// The tables in an order that satisfies the references between them.
const TABLES: [&str; 10] = [
    "kek",
    "secret",
    "seed",
    "content",
    "content_track",
    "content_target",
    "content_key",
    "key_slot",
    "delivery",
    "audit",
];

/// Moves the rows of the store into a database that the statements of version 1 made.
fn go_back(place: &Place) {
    let copies = TABLES.map(|table| format!("INSERT INTO {table} SELECT * FROM later.{table};"));
    let head =
        "UPDATE audit_head SET seq = l.seq, mac = l.mac, seal = l.seal FROM later.audit_head l;";
    let rows = format!("{}{head}", copies.concat());
    if !place.is_sqlite() {
        let statements = format!(
            "ALTER SCHEMA public RENAME TO later; CREATE SCHEMA public; SET search_path TO public;
            {POSTGRES} {rows} DROP SCHEMA later CASCADE;
            CREATE TABLE key_store_version (version BIGINT NOT NULL); INSERT INTO key_store_version VALUES (1)"
        );
        return place.run(&statements).unwrap();
    }
    let later = place.scratch.join("later.db");
    std::fs::rename(place.sqlite_path(), &later).unwrap();
    let statements = format!(
        "{SQLITE} ATTACH '{}' AS later; {rows} PRAGMA user_version = 1",
        later.display()
    );
    place.run(&statements).unwrap();
    std::fs::set_permissions(place.sqlite_path(), PermissionsExt::from_mode(0o600)).unwrap();
}

#[test]
fn store_of_version_1_keeps_its_keys() {
    for place in places("store-version-1") {
        let store = place.open();
        let seed = KeySeed::from_bytes(&[9; 30]).unwrap();
        store.put_seed("main", &seed).unwrap();
        let mut content = Content::new("film", Scheme::Cenc);
        content.targets = vec!["one".to_owned()];
        content.tracks = vec![TrackLabel {
            selector: "audio".to_owned(),
            label: "AUDIO".to_owned(),
        }];
        store.put_content(&content).unwrap();
        let made = store.get_or_create_key(&slot("film", 7)).unwrap();
        let (inserted, bytes) = new_key(CipherMode::Cbc);
        store.insert(&inserted, &[]).unwrap();
        let keys = store.keys(&KeyFilter::default(), ALL).unwrap();
        let rows = store.verify_audit().unwrap().rows;
        drop(store);
        go_back(&place);

        let store = place.open();
        assert_eq!(store.verify_audit().unwrap().rows, rows);
        assert_eq!(store.keys(&KeyFilter::default(), ALL).unwrap(), keys);
        assert_eq!(store.content("film").unwrap(), content);
        let same = store.get_or_create_key(&slot("film", 7)).unwrap();
        assert!(!same.is_new);
        assert_eq!(same.key.as_bytes(), made.key.as_bytes());
        assert_eq!(store.key(&inserted.kid).unwrap().key.as_bytes(), &bytes);
        assert_eq!(deliveries::of_key(&store, &made.info.kid).unwrap().len(), 1);
        let admin = [Role::Admin].into_iter().collect();
        accounts::put(&store, "adam", &admin, None).unwrap();
        // The second opening has nothing to update.
        assert_eq!(accounts::list(&place.open()).unwrap().len(), 1);
    }
}
