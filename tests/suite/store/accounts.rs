// SPDX-License-Identifier: MPL-2.0
//! Accounts, their roles and their tokens.

use std::time::{Duration, SystemTime};

use content_key_store::{Error, KeyStore};
use key_server::accounts::{self, AccountError, AccountSettings, Role};
use key_server::audit::{self, AuditFilter};
use key_server::tokens;

use super::ALL;
use super::place::places;

fn put(store: &KeyStore, name: &str, role: Role) {
    accounts::put(store, name, &AccountSettings::with_roles([role])).unwrap();
}

/// The entries of the audit, newest first, as one text.
fn audit(store: &KeyStore) -> String {
    let rows = audit::list(store, &AuditFilter::default(), &ALL).unwrap();
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
    assert!(matches!("root".parse::<Role>(), Err(AccountError::BadRole)));
}

#[test]
fn account_keeps_what_it_was_given() {
    for place in places("store-accounts") {
        let store = place.open().acting_for("setup").unwrap();
        put(&store, "zoe", Role::Admin);
        let both = AccountSettings {
            certificate: Some([7; 32]),
            ..AccountSettings::with_roles([Role::Viewer, Role::Auditor])
        };
        accounts::put(&store, "adam", &both).unwrap();
        let accounts = accounts::list(&store).unwrap();
        let names: Vec<_> = accounts.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, ["adam", "zoe"]);
        let adam = accounts::get(&store, "adam").unwrap();
        assert_eq!(accounts[0], adam);
        assert_eq!(
            (&adam.roles, adam.certificate),
            (&both.roles, Some([7; 32]))
        );
        let found = accounts::by_certificate(&store, &[7; 32]).unwrap();
        assert_eq!(found.as_ref(), Some(&adam));
        assert_eq!(accounts::by_certificate(&store, &[8; 32]).unwrap(), None);

        let taken = accounts::put(&store, "eve", &both);
        assert!(matches!(taken, Err(AccountError::CertificateTaken(name)) if name == "adam"));
        assert!(matches!(
            accounts::get(&store, "eve"),
            Err(AccountError::NoAccount(_))
        ));
        let named = accounts::put(&store, "", &both);
        assert!(matches!(named, Err(AccountError::Store(Error::BadName(_)))));
        accounts::set_disabled(&store, "adam", true).unwrap();
        assert_eq!(accounts::by_certificate(&store, &[7; 32]).unwrap(), None);
        // Accounts of other roles do not enable it.
        put(&store, "adam", Role::Viewer);
        let adam = accounts::get(&store, "adam").unwrap();
        assert!(adam.disabled.is_some() && adam.certificate.is_none());
        accounts::set_disabled(&store, "adam", false).unwrap();
        assert!(accounts::get(&store, "adam").unwrap().disabled.is_none());
        let absent = accounts::set_disabled(&store, "nobody", true);
        assert!(matches!(absent, Err(AccountError::NoAccount(_))));
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
        // The rule does not apply while there is no administrator yet.
        put(&store, "first", Role::Viewer);
        put(&store, "one", Role::Admin);
        let token = tokens::issue(&store, "one", "only", None).unwrap().info;
        let revoked = tokens::revoke(&store, &token.id);
        assert!(matches!(revoked, Err(AccountError::LastAdmin)));
        let disabled = accounts::set_disabled(&store, "one", true);
        assert!(matches!(disabled, Err(AccountError::LastAdmin)));
        let demoted = accounts::put(&store, "one", &AccountSettings::with_roles([Role::Viewer]));
        assert!(matches!(demoted, Err(AccountError::LastAdmin)));
        assert!(
            accounts::get(&store, "one")
                .unwrap()
                .roles
                .contains(&Role::Admin)
        );
        put(&store, "two", Role::Admin);
        let disabled = accounts::set_disabled(&store, "one", true);
        assert!(
            matches!(disabled, Err(AccountError::LastAdmin)),
            "two cannot sign in"
        );
        tokens::issue(&store, "two", "first", None).unwrap();
        accounts::set_disabled(&store, "one", true).unwrap();
        let demoted = accounts::put(&store, "two", &AccountSettings::with_roles([]));
        assert!(
            matches!(demoted, Err(AccountError::LastAdmin)),
            "one is disabled"
        );
        assert!(audit(&store).contains("put account two: refused: no administrator could sign in"));
    }
}

#[test]
fn token_is_shown_once_and_known_until_it_ends() {
    for place in places("store-tokens") {
        let store = place.open();
        put(&store, "adam", Role::Packager);
        let tokens::IssuedToken { info, token } =
            tokens::issue(&store, "adam", "encoder 1", None).unwrap();
        let (head, rest) = token.split_at(4);
        assert_eq!((head, rest.len()), ("prp_", 43));
        assert!(
            rest.bytes()
                .all(|c| c.is_ascii_alphanumeric() || b"-_".contains(&c))
        );
        let known = |token: &str| tokens::account_of(&store, token).unwrap();
        assert_eq!(known(&token).unwrap().name, "adam");
        assert_eq!(
            tokens::list(&store, "adam").unwrap(),
            std::slice::from_ref(&info)
        );
        for other in ["", &token[..46], &format!("{}x", *token), "x"] {
            assert!(known(other).is_none(), "{other}");
        }
        let soon = SystemTime::now() + Duration::from_secs(3600);
        let short = tokens::issue(&store, "adam", "for now", Some(soon))
            .unwrap()
            .token;
        assert!(known(&short).is_some());
        let past = SystemTime::now() - Duration::from_secs(1);
        let expired = tokens::issue(&store, "adam", "over", Some(past)).unwrap();
        assert!(known(&expired.token).is_none() && expired.info.expires.is_some());
        assert_eq!(tokens::list(&store, "adam").unwrap().len(), 3);

        accounts::set_disabled(&store, "adam", true).unwrap();
        assert!(known(&token).is_none());
        accounts::set_disabled(&store, "adam", false).unwrap();
        tokens::revoke(&store, &info.id).unwrap();
        tokens::revoke(&store, &info.id).unwrap();
        assert!(known(&token).is_none() && known(&short).is_some());
        let revoked = tokens::list(&store, "adam").unwrap();
        assert_eq!(revoked.iter().filter(|t| t.revoked.is_some()).count(), 1);
        assert!(matches!(
            tokens::issue(&store, "nobody", "x", None),
            Err(AccountError::NoAccount(_))
        ));
    }
}

#[test]
fn token_from_elsewhere_is_put_once() {
    for place in places("store-put-token") {
        let store = place.open();
        put(&store, "adam", Role::Packager);
        put(&store, "eve", Role::Viewer);
        let token = "0123456789abcdef".repeat(2);
        let first = tokens::add(&store, "adam", "file", &token).unwrap();
        assert_eq!(tokens::add(&store, "adam", "again", &token).unwrap(), first);
        assert_eq!(tokens::list(&store, "adam").unwrap().len(), 1);
        let taken = tokens::add(&store, "eve", "file", &token);
        assert!(matches!(taken, Err(AccountError::TokenTaken)));
        let blank = format!("{token} ");
        for bad in [&token[1..], "", &blank, &"x".repeat(1025)] {
            let refused = tokens::add(&store, "adam", "file", bad);
            assert!(matches!(refused, Err(AccountError::BadToken)), "{bad}");
        }
        tokens::revoke(&store, &first.id).unwrap();
        let revoked = tokens::add(&store, "adam", "file", &token);
        assert!(matches!(revoked, Err(AccountError::TokenEnded)));
    }
}

#[test]
fn no_token_is_in_the_database_or_the_audit() {
    for place in places("store-token-clear") {
        let store = place.open();
        put(&store, "adam", Role::Admin);
        let token = tokens::issue(&store, "adam", "one", None).unwrap().token;
        // By mistake the token is given in place of its id.
        assert!(matches!(
            tokens::revoke(&store, &token),
            Err(AccountError::NoToken)
        ));
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
        put(&store, "adam", Role::Packager);
        let info = tokens::issue(&store, "adam", "one", None).unwrap().info;
        tokens::revoke(&store, &info.id).unwrap();
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
