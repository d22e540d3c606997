// SPDX-License-Identifier: MPL-2.0
//! Stores of earlier versions are upgraded by an explicit command, and nothing in them is lost. `version_2` holds stores that
//! `playready-packager serve` of that version wrote.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use cenc_types::KeyId;
use content_key_store::{Error, KeyFilter, KeyState, KeyStore};
use host_access::Host;
use key_server::accounts::{self, AccountSettings, Role};
use key_server::{deliveries, targets, tokens};

use super::place::{Place, places};
use super::{ALL, slot};

const TOKEN: &str = "admin-token-of-the-version-2-fixture-0001";

/// The tables of version 1, in the order that references need.
const TABLES_OF_VERSION_1: [&str; 10] = [
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

/// Writes the store of version 2 to the place, with its key-encryption key.
fn write_version_2(place: &Place) {
    let (statements, kek) = match place.is_sqlite() {
        true => (
            include_str!("version_2/sqlite.sql"),
            include_str!("version_2/sqlite.kek"),
        ),
        false => (
            include_str!("version_2/postgres.sql"),
            include_str!("version_2/postgres.kek"),
        ),
    };
    if place.is_sqlite() {
        let folder = place.scratch.join("store");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
        fs::write(place.sqlite_path(), "").unwrap();
        fs::set_permissions(place.sqlite_path(), PermissionsExt::from_mode(0o600)).unwrap();
    }
    place.run(statements).unwrap();
    fs::write(place.kek_path("kek"), kek).unwrap();
    fs::set_permissions(place.kek_path("kek"), PermissionsExt::from_mode(0o600)).unwrap();
}

/// Moves the rows of the store of version 2 to the tables of version 1.
fn go_back_to_version_1(place: &Place) {
    let copies = TABLES_OF_VERSION_1
        .map(|table| format!("INSERT INTO {table} SELECT * FROM later.{table};"))
        .concat();
    let rows = format!(
        "{copies} UPDATE audit_head SET seq = l.seq, mac = l.mac, seal = l.seal FROM later.audit_head l;"
    );
    if !place.is_sqlite() {
        let tables = include_str!("../../../crates/content-key-store/src/schema/postgres.sql");
        let statements = format!(
            "ALTER SCHEMA public RENAME TO later; CREATE SCHEMA public; SET search_path TO public;
            {tables} {rows} DROP SCHEMA later CASCADE;
            CREATE TABLE key_store_version (version BIGINT NOT NULL); INSERT INTO key_store_version VALUES (1)"
        );
        return place.run(&statements).unwrap();
    }
    let tables = include_str!("../../../crates/content-key-store/src/schema/sqlite.sql");
    let later = place.scratch.join("later.db");
    fs::rename(place.sqlite_path(), &later).unwrap();
    let statements = format!(
        "{tables} ATTACH '{}' AS later; {rows} PRAGMA user_version = 1",
        later.display()
    );
    place.run(&statements).unwrap();
    fs::set_permissions(place.sqlite_path(), PermissionsExt::from_mode(0o600)).unwrap();
}

fn upgrade(place: &Place) -> Result<Option<content_key_store::Upgraded>, Error> {
    KeyStore::upgrade(&place.uri, &[place.kek()], &Host::system())
}

fn kid(text: &str) -> KeyId {
    text.parse().unwrap()
}

#[test]
fn store_of_version_2_is_upgraded_by_command_only_and_loses_nothing() {
    for place in places("store-version-2") {
        write_version_2(&place);
        let refused = KeyStore::open(&place.uri, &[place.kek()], &Host::system())
            .err()
            .unwrap();
        assert!(refused.to_string().contains("store upgrade"), "{refused}");

        let done = upgrade(&place).unwrap().unwrap();
        // Six keys, the seed, the credentials of a target, and the store's own two.
        assert_eq!((done.from, done.secrets), (2, 10));
        assert_eq!(upgrade(&place).unwrap(), None);

        let store = place.open();
        store.verify_audit().unwrap();
        // Five accounts, three tokens and two targets.
        assert_eq!(store.verify_rows().unwrap(), 10);
        let entered = store
            .key(&kid("11112222-3333-4444-5555-666677778888"))
            .unwrap();
        // As it was entered.
        assert_eq!(
            super::hex(entered.key.as_bytes()),
            "00112233445566778899aabbccddeeff"
        );
        // An operator retired it.
        let retired = store
            .info(&kid("21112222-3333-4444-5555-666677778888"))
            .unwrap();
        assert_eq!(retired.state, KeyState::Retired);
        assert!(retired.retired.is_some());
        assert_eq!(store.keys(&KeyFilter::default(), &ALL).unwrap().len(), 6);
        assert_eq!(store.seeds().unwrap().len(), 1);
        assert_eq!(
            store.content("film").unwrap().targets,
            [String::from("licences")]
        );
        let admin = tokens::account_of(&store, TOKEN).unwrap().unwrap();
        assert_eq!(
            (admin.name.as_str(), admin.roles),
            ("admin", Role::ALL.into())
        );
        assert_eq!(accounts::list(&store).unwrap().len(), 5);
        let credentials = targets::credentials(&store, "licences").unwrap().unwrap();
        assert_eq!(credentials.as_str(), "bearer of-the-target");
        assert!(targets::credentials(&store, "plain").unwrap().is_none());
        // The seed derives keys still.
        assert!(store.get_or_create_key(&slot("seeded", 0)).is_ok());
        assert!(store.get_or_create_key(&slot("film", 1)).unwrap().is_new);
    }
}

#[test]
fn keys_that_their_period_retired_drain() {
    for place in places("store-drains") {
        write_version_2(&place);
        let superseded = place.literal(kid("ca52f13d-5c08-574b-b8cb-2d4cb8dab90c").as_bytes());
        if place.is_sqlite() {
            let sql = format!(
                "UPDATE content_key SET state = 'retired', retired = 5 WHERE kid = {superseded}"
            );
            place.run(&sql).unwrap();
        } else {
            let sql = "UPDATE public.content_key SET state = 'retired', retired = 5 WHERE state = 'active'";
            place.run(sql).unwrap();
        }
        upgrade(&place).unwrap();
        let draining = KeyFilter {
            state: Some(KeyState::Draining),
            ..KeyFilter::default()
        };
        let keys = place.open().keys(&draining, &ALL).unwrap();
        assert_eq!(keys.len(), 1);
        assert!(
            keys.iter()
                .all(|key| key.draining.is_some() && key.retired.is_none())
        );
    }
}

#[test]
fn store_of_version_1_keeps_its_keys() {
    for place in places("store-version-1") {
        write_version_2(&place);
        go_back_to_version_1(&place);
        assert_eq!(upgrade(&place).unwrap().unwrap().from, 1);
        let store = place.open();
        store.verify_audit().unwrap();
        let keys = store.keys(&KeyFilter::default(), &ALL).unwrap();
        assert_eq!(keys.len(), 6);
        for key in &keys.entries {
            store.key(&key.kid).unwrap();
        }
        let to_targets: usize = keys
            .iter()
            .map(|key| deliveries::of_key(&store, &key.kid).unwrap().len())
            .sum();
        assert_eq!(to_targets, 1);
        accounts::put(&store, "adam", &AccountSettings::with_roles([Role::Admin])).unwrap();
        assert_eq!(accounts::list(&place.open()).unwrap().len(), 1);
    }
}

#[test]
fn upgrade_that_fails_changes_nothing() {
    for place in places("store-upgrade-fails") {
        let refused = upgrade(&place).err().unwrap();
        assert!(matches!(refused, Error::NoStore), "{refused}");
        if place.is_sqlite() {
            fs::remove_dir_all(place.scratch.join("store")).unwrap();
        }
        write_version_2(&place);
        let kek = fs::read(place.kek_path("kek")).unwrap();
        fs::write(place.kek_path("kek"), "42".repeat(32)).unwrap();
        let refused = upgrade(&place).err().unwrap();
        assert!(matches!(refused, Error::WrongKek { .. }), "{refused}");
        fs::write(place.kek_path("kek"), kek).unwrap();
        // A key of another row does not open in this one.
        let table = if place.is_sqlite() { "" } else { "public." };
        place.drop_triggers(&format!("{table}content_key"), &["content_key_fixed"]);
        let swap = format!(
            "UPDATE {table}content_key SET wrapped = (SELECT wrapped FROM {table}content_key ORDER BY kid LIMIT 1)"
        );
        place.run(&swap).unwrap();
        let refused = upgrade(&place).err().unwrap();
        assert!(matches!(refused, Error::Tampered { .. }), "{refused}");
        let refused = KeyStore::open(&place.uri, &[place.kek()], &Host::system())
            .err()
            .unwrap();
        assert!(
            matches!(refused, Error::OlderSchema { found: 2 }),
            "{refused}"
        );
    }
}
