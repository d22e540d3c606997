// SPDX-License-Identifier: MPL-2.0
//! Accounts, their roles and their tokens.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use content_key_store::{AuditFilter, Error, KeyStore, Role};

use super::ALL;
use super::place::places;

fn roles(roles: &[Role]) -> BTreeSet<Role> {
    roles.iter().copied().collect()
}

fn put(store: &KeyStore, name: &str, role: Role) {
    store.put_account(name, &roles(&[role]), None).unwrap();
}

/// What the audit shows, newest first, as one text.
fn audit(store: &KeyStore) -> String {
    let rows = store.audit(&AuditFilter::default(), ALL).unwrap();
    let texts = rows
        .iter()
        .map(|e| format!("{} {} {}: {}", e.actor, e.action, e.object, e.result));
    texts.collect::<Vec<_>>().join("\n")
}

#[test]
fn roles_have_names_and_an_order() {
    let names: Vec<_> = Role::ALL.map(Role::name).into();
    let expected = [
        "viewer",
        "operator",
        "key-admin",
        "auditor",
        "license-server",
        "packager",
        "admin",
    ];
    assert_eq!(names, expected);
    assert!(Role::ALL.is_sorted());
    for role in Role::ALL {
        assert_eq!(role.name().parse::<Role>().unwrap(), role);
    }
    assert!(matches!("root".parse::<Role>(), Err(Error::BadRole)));
}

#[test]
fn account_keeps_what_it_was_given() {
    for place in places("store-accounts") {
        let store = place.open().acting_for("setup").unwrap();
        put(&store, "zoe", Role::Admin);
        let both = roles(&[Role::Viewer, Role::Auditor]);
        store.put_account("adam", &both, Some([7; 32])).unwrap();
        let accounts = store.accounts().unwrap();
        let names: Vec<_> = accounts.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, ["adam", "zoe"]);
        let adam = store.account("adam").unwrap();
        assert_eq!(accounts[0], adam);
        assert_eq!((&adam.roles, adam.certificate), (&both, Some([7; 32])));
        let found = store.account_of_certificate(&[7; 32]).unwrap();
        assert_eq!(found.as_ref(), Some(&adam));
        assert_eq!(store.account_of_certificate(&[8; 32]).unwrap(), None);

        let taken = store.put_account("eve", &both, Some([7; 32]));
        assert!(matches!(taken, Err(Error::CertificateTaken(name)) if name == "adam"));
        assert!(matches!(store.account("eve"), Err(Error::NoAccount(_))));
        let named = store.put_account("", &both, None);
        assert!(matches!(named, Err(Error::BadName(_))));
        store.set_account_disabled("adam", true).unwrap();
        assert_eq!(store.account_of_certificate(&[7; 32]).unwrap(), None);
        // Other roles do not enable it.
        put(&store, "adam", Role::Viewer);
        let adam = store.account("adam").unwrap();
        assert!(adam.disabled.is_some() && adam.certificate.is_none());
        store.set_account_disabled("adam", false).unwrap();
        assert!(store.account("adam").unwrap().disabled.is_none());
        let absent = store.set_account_disabled("nobody", true);
        assert!(matches!(absent, Err(Error::NoAccount(_))));
        let audit = audit(&store);
        assert!(
            audit.contains("setup put account adam: roles: viewer, auditor with a certificate"),
            "{audit}"
        );
        assert!(audit.contains("setup disable account adam: ok"), "{audit}");
        store.verify_audit().unwrap();
    }
}

#[test]
fn last_administrator_stays() {
    for place in places("store-last-admin") {
        let store = place.open();
        // Before there is one, nothing is kept.
        put(&store, "first", Role::Viewer);
        put(&store, "one", Role::Admin);
        let disabled = store.set_account_disabled("one", true);
        assert!(matches!(disabled, Err(Error::LastAdmin)));
        let demoted = store.put_account("one", &roles(&[Role::Viewer]), None);
        assert!(matches!(demoted, Err(Error::LastAdmin)));
        assert!(store.account("one").unwrap().roles.contains(&Role::Admin));
        put(&store, "two", Role::Admin);
        store.set_account_disabled("one", true).unwrap();
        let demoted = store.put_account("two", &roles(&[]), None);
        assert!(matches!(demoted, Err(Error::LastAdmin)), "one is disabled");
        assert!(audit(&store).contains("put account two: refused: this is the last"));
    }
}

#[test]
fn token_is_shown_once_and_known_until_it_ends() {
    for place in places("store-tokens") {
        let store = place.open();
        put(&store, "adam", Role::Packager);
        let (info, token) = store.new_token("adam", "encoder 1", None).unwrap();
        let (head, rest) = token.split_at(4);
        assert_eq!((head, rest.len()), ("prp_", 43));
        assert!(
            rest.bytes()
                .all(|c| c.is_ascii_alphanumeric() || b"-_".contains(&c))
        );
        let known = |token: &str| store.account_of_token(token).unwrap();
        let (account, found) = known(&token).unwrap();
        assert_eq!((account.name.as_str(), &found), ("adam", &info));
        for other in ["", &token[..46], &format!("{}x", *token), "x"] {
            assert!(known(other).is_none(), "{other}");
        }
        let soon = SystemTime::now() + Duration::from_secs(3600);
        let (_, short) = store.new_token("adam", "for now", Some(soon)).unwrap();
        assert!(known(&short).is_some());
        let past = SystemTime::now() - Duration::from_secs(1);
        let (over, late) = store.new_token("adam", "over", Some(past)).unwrap();
        assert!(known(&late).is_none() && over.expires.is_some());
        assert_eq!(store.tokens("adam").unwrap().len(), 3);

        store.set_account_disabled("adam", true).unwrap();
        assert!(known(&token).is_none());
        store.set_account_disabled("adam", false).unwrap();
        store.revoke_token(&info.id).unwrap();
        store.revoke_token(&info.id).unwrap();
        assert!(known(&token).is_none() && known(&short).is_some());
        let revoked = store.tokens("adam").unwrap();
        assert_eq!(revoked.iter().filter(|t| t.revoked.is_some()).count(), 1);
        assert!(matches!(
            store.new_token("nobody", "x", None),
            Err(Error::NoAccount(_))
        ));
    }
}

#[test]
fn token_from_elsewhere_is_put_once() {
    for place in places("store-put-token") {
        let store = place.open();
        put(&store, "adam", Role::Admin);
        put(&store, "eve", Role::Viewer);
        let token = "0123456789abcdef".repeat(2);
        let first = store.put_token("adam", "file", &token).unwrap();
        assert_eq!(store.put_token("adam", "again", &token).unwrap(), first);
        assert_eq!(store.tokens("adam").unwrap().len(), 1);
        let taken = store.put_token("eve", "file", &token);
        assert!(matches!(taken, Err(Error::TokenTaken)));
        let blank = format!("{token} ");
        for bad in [&token[1..], "", &blank, &"x".repeat(1025)] {
            let refused = store.put_token("adam", "file", bad);
            assert!(matches!(refused, Err(Error::BadToken)), "{bad}");
        }
        store.revoke_token(&first.id).unwrap();
        let revoked = store.put_token("adam", "file", &token);
        assert!(matches!(revoked, Err(Error::TokenTaken)));
    }
}

#[test]
fn no_token_is_in_the_database_or_the_audit() {
    for place in places("store-token-clear") {
        let store = place.open();
        put(&store, "adam", Role::Admin);
        let (_, token) = store.new_token("adam", "one", None).unwrap();
        // Given where its id belongs, by mistake.
        assert!(matches!(store.revoke_token(&token), Err(Error::NoToken)));
        assert!(!audit(&store).contains(token.as_str()));
        let needle = token.as_bytes();
        let holds = |file: &Vec<u8>| file.windows(needle.len()).any(|part| part == needle);
        assert!(!place.files().iter().any(holds));
    }
}

#[test]
fn accounts_and_tokens_stay_known_past_the_store_too() {
    for place in places("store-account-rules") {
        let store = place.open();
        put(&store, "adam", Role::Admin);
        let (info, _) = store.new_token("adam", "one", None).unwrap();
        store.revoke_token(&info.id).unwrap();
        for statement in [
            "DELETE FROM account",
            "UPDATE account SET name = 'eve'",
            "DELETE FROM token",
            "UPDATE token SET revoked = NULL",
            "UPDATE token SET expires = 1",
            "INSERT INTO account_role VALUES ('adam', 'root')",
            "INSERT INTO account_role VALUES ('nobody', 'admin')",
        ] {
            assert!(place.run(statement).is_err(), "{statement}");
        }
    }
}
