// SPDX-License-Identifier: MPL-2.0
//! Actors that are limited to contents: the store's functions refuse the rest, and its lists leave it out.

use std::collections::BTreeSet;

use cenc_types::{CipherMode, ContentKey, KeyId, Scheme};
use content_key_store::{
    Actor, Content, ContentScope, Error, KeyFilter, KeyState, KeyStore, NewKey, NewKeySource,
    Outside, SlotRequest,
};
use key_server::accounts::{self, AccountError, AccountSettings, Role};
use key_server::audit::{self, AuditFilter};
use key_server::{deliveries, store_health};

use super::place::places;
use super::{ALL, slot};

/// Ids that differ by what databases treat specially: case, wildcards, other forms of a letter, and separators.
const IDS: [&str; 14] = [
    "news",
    "news/",
    "news/1",
    "news/1/hd",
    "News/1",
    "newsy",
    "new%",
    "new_",
    "n*ws",
    "sport/1",
    "é1",
    "e\u{301}1",
    "新闻/1",
    "'; --",
];
const PATTERNS: [&str; 16] = [
    "news", "news/*", "news*", "News*", "new%", "new_", "new%*", "new_*", "*", "é*", "e*",
    "新闻/*", "'*", "sport/1", "n*", "none",
];

fn put(store: &KeyStore, name: &str, patterns: &[&str]) -> Actor {
    let contents = ContentScope::parse(patterns.iter().copied()).unwrap();
    let settings = AccountSettings {
        contents: Some(contents.clone()),
        ..AccountSettings::with_roles([Role::KeyAdmin])
    };
    accounts::put(store, name, &settings).unwrap();
    Actor::new(name, contents).unwrap()
}

fn new_key(byte: u8) -> NewKey {
    NewKey {
        kid: KeyId::from_bytes([byte; 16]),
        mode: CipherMode::Ctr,
        source: NewKeySource::Random,
    }
}

fn is_outside<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::OutsideContents { .. }))
}

#[test]
fn lists_and_functions_agree_on_the_contents_of_patterns() {
    for place in places("store-limited-lists") {
        let store = place.open();
        for id in IDS {
            store.get_or_create_key(&slot(id, 0)).unwrap();
        }
        for pattern in PATTERNS {
            let actor = put(&store, "limited", &[pattern]);
            let limited = store.acting_as(&actor);
            let inside: BTreeSet<_> = IDS
                .iter()
                .filter(|id| actor.scope().includes(id))
                .map(|id| (*id).to_owned())
                .collect();
            let listed = limited.contents(&ALL).unwrap();
            assert_eq!(BTreeSet::from_iter(listed), inside, "{pattern}");
            let keys = limited.keys(&KeyFilter::default(), &ALL).unwrap();
            assert_eq!(keys.len(), inside.len(), "{pattern}");
            let health = store_health::look(&limited).unwrap();
            let counted: u64 = health.keys.iter().map(|of| of.count).sum();
            assert_eq!(counted, inside.len() as u64, "{pattern}");
            assert_eq!(health.audit_rows, None);
            for id in IDS {
                let found = limited.content(id);
                assert_eq!(found.is_ok(), inside.contains(id), "{pattern}: {id}");
                assert_eq!(is_outside(&found), !inside.contains(id), "{pattern}: {id}");
            }
        }
    }
}

#[test]
fn pages_of_lists_hold_what_the_actor_may_see() {
    for place in places("store-limited-pages") {
        let store = place.open();
        for number in 0..6 {
            store.get_or_create_key(&slot("news/1", number)).unwrap();
            store.get_or_create_key(&slot("sport/1", number)).unwrap();
        }
        let limited = store.acting_as(&put(&store, "limited", &["news/*"]));
        let mut page = content_key_store::Page::first(4);
        for (length, has_next) in [(4, true), (2, false)] {
            let listed = limited.keys(&KeyFilter::default(), &page).unwrap();
            assert_eq!((listed.len(), listed.next.is_some()), (length, has_next));
            page.start = listed.next.unwrap_or(page.start);
        }
    }
}

/// A store with a key of `news/1`, one of `sport/1`, one of both, and one of no content.
struct Keys {
    own: KeyId,
    foreign: KeyId,
    shared: KeyId,
    loose: KeyId,
}

fn prepare(store: &KeyStore) -> Keys {
    let kid = |content: &str| store.get_or_create_key(&slot(content, 0)).unwrap().info.kid;
    let (own, foreign) = (kid("news/1"), kid("sport/1"));
    let (shared, loose) = (new_key(3), new_key(4));
    store
        .insert(&shared, &[slot("news/1", 3), slot("sport/1", 3)])
        .unwrap();
    store.insert(&loose, &[]).unwrap();
    Keys {
        own,
        foreign,
        shared: shared.kid,
        loose: loose.kid,
    }
}

#[test]
fn keys_of_other_contents_look_like_keys_that_are_not_there() {
    for place in places("store-limited-keys") {
        let store = place.open();
        let keys = prepare(&store);
        let limited = store.acting_as(&put(&store, "limited", &["news/*"]));
        for kid in [keys.own, keys.shared] {
            limited.info(&kid).unwrap();
            limited.key(&kid).unwrap();
            limited.key_for(&kid, "test").unwrap();
            deliveries::of_key(&limited, &kid).unwrap();
        }
        let slots = limited.slots_of(&keys.shared).unwrap();
        assert_eq!(slots, [slot("news/1", 3)]);
        let nowhere = KeyId::from_bytes([77; 16]);
        for kid in [keys.foreign, keys.loose, nowhere] {
            let text = |error: Error| error.to_string().replace(&kid.to_string(), "KID");
            let expected = "account 'limited' is limited to contents news/*: KID KID is of no key of theirs; use one of them, or let an \
                administrator change the account's contents";
            assert_eq!(text(limited.info(&kid).unwrap_err()), expected);
            assert_eq!(text(limited.key(&kid).err().unwrap()), expected);
            assert!(is_outside(&limited.key_for(&kid, "test")));
            assert!(is_outside(&limited.header_key_id(&kid)));
            assert!(is_outside(&deliveries::of_key(&limited, &kid)));
            assert!(is_outside(&limited.enqueue(&kid, &[])));
            assert!(is_outside(&limited.set_state(&kid, KeyState::Retired)));
        }
        // What ends the use of a key in another content is refused, too.
        assert!(matches!(
            limited.set_state(&keys.shared, KeyState::Compromised),
            Err(Error::OutsideContents {
                what: Outside::SharedKey(_),
                ..
            })
        ));
        limited.set_state(&keys.own, KeyState::Compromised).unwrap();
        assert_eq!(store.info(&keys.foreign).unwrap().state, KeyState::Planned);
    }
}

#[test]
fn contents_outside_are_neither_read_nor_made_nor_changed() {
    for place in places("store-limited-contents") {
        let store = place.open();
        prepare(&store);
        let limited = store.acting_as(&put(&store, "limited", &["news/*"]));
        for id in ["sport/1", "sport/new"] {
            assert!(is_outside(&limited.content(id)));
            assert!(is_outside(
                &limited.put_content(&Content::new(id, Scheme::Cbcs))
            ));
            assert!(is_outside(&limited.remove_content(id)));
            assert!(is_outside(&limited.get_or_create_key(&slot(id, 0))));
            assert!(is_outside(&limited.kid_of(&slot(id, 0))));
            assert!(is_outside(&limited.slots(id, &ALL)));
            assert!(is_outside(&limited.periods(id, 0..9)));
            assert!(is_outside(&limited.last_period(id)));
            assert!(is_outside(&deliveries::schedule(&limited, id, 0..9)));
            let request = SlotRequest {
                slot: slot(id, 0),
                kid: None,
            };
            assert!(is_outside(&limited.get_or_create_keys(&[request])));
            let filter = KeyFilter {
                content_id: Some(id.to_owned()),
                ..KeyFilter::default()
            };
            assert!(is_outside(&limited.keys(&filter, &ALL)));
            assert!(is_outside(&limited.insert(&new_key(9), &[slot(id, 9)])));
            assert!(is_outside(
                &limited.insert(&new_key(9), &[slot("news/1", 9), slot(id, 9)])
            ));
        }
        assert!(matches!(
            store.content("sport/new"),
            Err(Error::NoContent(_))
        ));
        limited
            .put_content(&Content::new("news/2", Scheme::Cenc))
            .unwrap();
        limited.insert(&new_key(9), &[slot("news/2", 0)]).unwrap();
    }
}

#[test]
fn keys_of_other_contents_cannot_be_taken_over() {
    for place in places("store-limited-claims") {
        let store = place.open();
        let keys = prepare(&store);
        let seed = playready_header::KeySeed::from_bytes(&[7; 30]).unwrap();
        store.put_seed("seed", &seed).unwrap();
        let limited = store.acting_as(&put(&store, "limited", &["news/*"]));
        let insert = |kid, source, slots: &[_]| {
            let mode = CipherMode::Ctr;
            limited.insert(&NewKey { kid, mode, source }, slots)
        };
        let own = [slot("news/1", 9)];
        // By its KID, with a new key and with the key itself.
        assert!(is_outside(&insert(
            keys.foreign,
            NewKeySource::Random,
            &own
        )));
        let key = store.key(&keys.foreign).unwrap().key;
        let copy = || ContentKey::copy_of(key.as_bytes());
        assert!(is_outside(&insert(
            keys.foreign,
            NewKeySource::Entered(copy()),
            &own
        )));
        let request = SlotRequest {
            slot: own[0].clone(),
            kid: Some(keys.foreign),
        };
        let given = limited.get_or_create_keys(&[request]).unwrap();
        assert_ne!(given[0].info.kid, keys.foreign);
        // By a seed, whose keys anybody who has it can compute for any KID.
        let other = KeyId::from_bytes([78; 16]);
        assert!(is_outside(&insert(
            other,
            NewKeySource::Seed("seed".to_owned()),
            &own
        )));
        assert!(is_outside(&insert(other, NewKeySource::Random, &[])));
        assert!(is_outside(&limited.put_seed("mine", &seed)));
        assert!(is_outside(&limited.retire_seed("seed")));
        // An answer names no KID of another content.
        let again = insert(other, NewKeySource::Entered(copy()), &[slot("news/1", 10)]).unwrap();
        assert_eq!(again.same_key, []);
        assert_eq!(limited.kids_with(&key).unwrap(), [other]);
        let mode = CipherMode::Cbc;
        let new = NewKey {
            kid: KeyId::from_bytes([79; 16]),
            mode,
            source: NewKeySource::Entered(copy()),
        };
        let mut cbc = slot("news/1", 11);
        cbc.mode = mode;
        let text = limited.insert(&new, &[cbc]).unwrap_err().to_string();
        assert!(!text.contains(&keys.foreign.to_string()), "{text}");
    }
}

#[test]
fn accounts_keep_their_contents_and_the_audit_has_each_change() {
    for place in places("store-limited-accounts") {
        let store = place.open().acting_for("adam").unwrap();
        put(&store, "op", &["news/*", "sport/1"]);
        let contents = |store: &KeyStore| accounts::get(store, "op").unwrap().contents.to_string();
        assert_eq!(contents(&place.open()), "news/*, sport/1");
        // New roles without contents leave the contents as they are.
        accounts::put(&store, "op", &AccountSettings::with_roles([Role::Viewer])).unwrap();
        assert_eq!(contents(&store), "news/*, sport/1");
        assert_eq!(
            accounts::list(&store).unwrap()[0].contents.to_string(),
            "news/*, sport/1"
        );
        put(&store, "op", &[]);
        assert_eq!(contents(&store), "all");
        let filter = AuditFilter {
            object: Some("op".to_owned()),
            ..AuditFilter::default()
        };
        let rows = audit::list(&store, &filter, &ALL).unwrap();
        let results: Vec<_> = rows.iter().map(|row| row.result.as_str()).collect();
        assert_eq!(
            results,
            [
                "roles: key-admin; contents: all, before: news/*, sport/1",
                "roles: viewer; contents: news/*, sport/1",
                "roles: key-admin; contents: news/*, sport/1, before: all",
            ]
        );
    }
}

#[test]
fn administrators_and_auditors_are_not_limited() {
    for place in places("store-limited-roles") {
        let store = place.open();
        for role in [Role::Admin, Role::Auditor] {
            let settings = AccountSettings {
                contents: Some(ContentScope::parse(["news/*"]).unwrap()),
                ..AccountSettings::with_roles([role, Role::Viewer])
            };
            let refused = accounts::put(&store, "op", &settings);
            assert!(matches!(refused, Err(AccountError::WholeStore(of)) if of == role));
        }
        put(&store, "op", &["news/*"]);
        let promoted = accounts::put(&store, "op", &AccountSettings::with_roles([Role::Admin]));
        assert!(matches!(
            promoted,
            Err(AccountError::WholeStore(Role::Admin))
        ));
        // The way back for an administrator lifts the limit, too.
        accounts::restore_admin(&store, "op").unwrap();
        let restored = accounts::get(&store, "op").unwrap();
        assert!(restored.roles.contains(&Role::Admin) && !restored.contents.is_limited());
    }
}

#[test]
fn patterns_that_another_program_changes_show_nothing() {
    for place in places("store-limited-signed") {
        let store = place.open();
        prepare(&store);
        let limited = store.acting_as(&put(&store, "limited", &["news/*"]));
        place
            .run("UPDATE account_content SET pattern = '*'")
            .unwrap();
        assert!(limited.contents(&ALL).is_err());
        assert!(limited.keys(&KeyFilter::default(), &ALL).is_err());
        assert!(store_health::look(&limited).is_err());
    }
}
