// SPDX-License-Identifier: MPL-2.0
//! Rows that another program changes in the database.

use std::time::Duration;

use content_key_store::{Error, KeyStore};
use key_server::accounts::{self, AccountError, AccountSettings, Role};
use key_server::targets::{self, TargetSettings};
use key_server::tokens;

use super::place::{Place, places};

const TOKEN: &str = "a-token-of-the-operator-for-the-tests-0001";

fn with_certificate(role: Option<Role>, certificate: [u8; 32]) -> AccountSettings {
    AccountSettings {
        certificate: Some(certificate),
        ..AccountSettings::with_roles(role)
    }
}

fn prepare(place: &Place) -> KeyStore {
    let store = place.open();
    accounts::put(&store, "admin", &AccountSettings::with_roles(Role::ALL)).unwrap();
    accounts::put(&store, "op", &with_certificate(Some(Role::Viewer), [7; 32])).unwrap();
    accounts::put(
        &store,
        "gone",
        &with_certificate(Some(Role::KeyAdmin), [8; 32]),
    )
    .unwrap();
    tokens::add(&store, "op", "desk", TOKEN).unwrap();
    tokens::add(
        &store,
        "admin",
        "desk",
        "a-token-of-the-administrator-for-tests-01",
    )
    .unwrap();
    accounts::set_disabled(&store, "gone", true).unwrap();
    let target = TargetSettings {
        name: "licences".to_owned(),
        url: "https://drm.example/keys".to_owned(),
        certificate: None,
        ca: None,
        timeout: Duration::from_secs(1),
        has_credentials: false,
    };
    targets::put(&store, &target, Some("bearer x")).unwrap();
    store.verify_rows().unwrap();
    store
}

fn is_found<T>(result: &Result<T, AccountError>) -> bool {
    matches!(
        result,
        Err(AccountError::Store(
            Error::RowChanged { .. } | Error::RowsChanged
        ))
    )
}

/// What somebody may do who can write the database and does not have the key-encryption key.
#[test]
fn rows_that_another_program_changes_give_nobody_a_key() {
    for place in places("store-signed") {
        for change in [
            "INSERT INTO account_role (account, role) VALUES ('op', 'key-admin')",
            "UPDATE account_role SET role = 'admin' WHERE account = 'op'",
            "DELETE FROM account_role WHERE account = 'op'",
            "INSERT INTO account_content (account, pattern) VALUES ('op', '*')",
            "UPDATE account SET certificate = NULL WHERE name = 'op'",
            "UPDATE account SET disabled = 5 WHERE name = 'op'",
            "UPDATE account SET row_version = row_version + 1 WHERE name = 'op'",
        ] {
            let store = prepare(&place);
            place.run(change).unwrap();
            assert!(is_found(&tokens::account_of(&store, TOKEN)), "{change}");
            assert!(is_found(&accounts::get(&store, "op")), "{change}");
            assert!(store.verify_rows().is_err(), "{change}");
            assert!(place.open().verify_rows().is_err(), "{change}");
            reset(&place);
        }
    }
}

#[test]
fn other_accounts_tokens_and_targets_are_found_too() {
    for place in places("store-signed-others") {
        for change in [
            "UPDATE account SET disabled = NULL WHERE name = 'gone'",
            "INSERT INTO account (name, created) VALUES ('new', 5)",
            "INSERT INTO token (id, account, label, mac, created) VALUES ('x', 'admin', 'mine', {mac}, 5)",
            "UPDATE target SET url = 'https://evil.example/'",
            "UPDATE target SET wrapped = NULL",
            "DELETE FROM target",
        ] {
            let store = prepare(&place);
            let mac = place.literal(&[9; 16]);
            place.run(&change.replace("{mac}", &mac)).unwrap();
            assert!(store.verify_rows().is_err(), "{change}");
            assert!(targets::list(&store).is_err(), "{change}");
            reset(&place);
        }
    }
}

#[test]
fn rows_that_are_put_back_are_found() {
    for place in places("store-replayed") {
        let store = prepare(&place);
        place
            .run("CREATE TABLE earlier AS SELECT * FROM account; CREATE TABLE earlier_role AS SELECT * FROM account_role")
            .unwrap();
        // The administrator takes the role away, and somebody puts the rows of before back.
        accounts::put(&store, "op", &with_certificate(None, [7; 32])).unwrap();
        assert!(
            tokens::account_of(&store, TOKEN)
                .unwrap()
                .unwrap()
                .roles
                .is_empty()
        );
        place
            .run(
                "UPDATE account SET row_version = e.row_version, row_mac = e.row_mac FROM earlier e WHERE e.name = account.name;
                INSERT INTO account_role (account, role) SELECT account, role FROM earlier_role WHERE account = 'op'",
            )
            .unwrap();
        assert!(is_found(&tokens::account_of(&store, TOKEN)));
        assert!(is_found(&tokens::account_of(&place.open(), TOKEN)));
        // The end of the audit is sealed together with the rows.
        place
            .run("UPDATE audit_head SET row_changes = row_changes - 1")
            .unwrap();
        assert!(place.open().verify_rows().is_err());
    }
}

/// Removes the store, so that the next change meets a new one.
fn reset(place: &Place) {
    if place.is_sqlite() {
        return std::fs::remove_dir_all(place.scratch.join("store")).unwrap();
    }
    place
        .run("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        .unwrap();
}
