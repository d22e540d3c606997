// SPDX-License-Identifier: MPL-2.0
//! Settings, seeds, lists and notes.

use std::time::Duration;

use cenc_types::{CipherMode, KeyId, Scheme};
use content_key_store::{
    Content, Error, KeyFilter, KeyState, NewKey, NewKeySource, Origin, Page, PageStart, TrackLabel,
};
use playready_header::KeySeed;

use super::place::places;
use super::{ALL, imported, new_key, slot};

#[test]
fn first_request_makes_the_key_and_later_ones_get_it() {
    for place in places("store-slots") {
        let store = place.open();
        let made = store.get_or_create_key(&slot("a", 3)).unwrap();
        assert!(made.is_new);
        assert_eq!(
            (made.info.origin, made.info.state),
            (Origin::Random, KeyState::Planned)
        );
        let again = place.open().get_or_create_key(&slot("a", 3)).unwrap();
        assert!(!again.is_new);
        assert_eq!(again.info, made.info);
        assert_eq!(again.key.as_bytes(), made.key.as_bytes());
        let by_kid = store.key(&made.info.kid).unwrap();
        assert_eq!(by_kid.key.as_bytes(), made.key.as_bytes());
        // Any other track, crypto period, content or cipher mode has its own key.
        let mut others = [slot("a", 3), slot("a", 4), slot("b", 3), slot("a", 3)];
        others[0].label = "audio".to_owned();
        others[3].mode = CipherMode::Cbc;
        for other in others {
            let key = store.get_or_create_key(&other).unwrap();
            assert!(
                key.is_new && key.key.as_bytes() != made.key.as_bytes(),
                "{other:?}"
            );
        }
        assert_eq!(store.content("a").unwrap(), Content::new("a", Scheme::Cenc));
        assert_eq!(store.slots("a", &ALL).unwrap().len(), 4);
    }
}

/// The last millisecond of the year 9999. No period is shorter than a millisecond.
const LAST_PERIOD: u64 = 253_402_300_799_999;

#[test]
fn names_and_periods_out_of_range_are_refused() {
    for place in places("store-names") {
        let store = place.open();
        for name in ["", "a\nb", "a\0b", &"x".repeat(256)] {
            let refused = store.get_or_create_key(&slot(name, 0)).err().unwrap();
            assert!(matches!(refused, Error::BadName(_)), "{refused}");
        }
        assert!(
            store
                .get_or_create_key(&slot(&"ü".repeat(255), LAST_PERIOD))
                .is_ok()
        );
        for period in [LAST_PERIOD + 1, i64::MAX as u64, u64::MAX] {
            let refused = store.get_or_create_key(&slot("a", period)).err().unwrap();
            assert!(matches!(refused, Error::OutOfRange(_)), "{refused}");
        }
    }
}

#[test]
fn content_bound_to_a_seed_has_keys_derived_from_it() {
    for place in places("store-seeds") {
        let store = place.open();
        let seed = KeySeed::from_bytes(&[9; 30]).unwrap();
        let info = store.put_seed("main", &seed).unwrap();
        assert_eq!(store.seeds().unwrap(), [info]);
        let mut content = Content::new("a", Scheme::Cenc);
        content.seed = Some("main".to_owned());
        store.put_content(&content).unwrap();
        let made = store.get_or_create_key(&slot("a", 0)).unwrap();
        assert_eq!(
            (made.info.origin, made.info.seed.as_deref()),
            (Origin::Seed, Some("main"))
        );
        assert_eq!(
            made.key.as_bytes(),
            seed.content_key(&made.info.kid).as_bytes()
        );

        assert!(matches!(
            store.put_seed("main", &seed),
            Err(Error::SeedNameTaken(_))
        ));
        assert!(matches!(
            store.put_seed("other", &seed),
            Err(Error::SameSeed(_))
        ));
        store.retire_seed("main").unwrap();
        assert!(matches!(
            store.get_or_create_key(&slot("a", 1)),
            Err(Error::NoSeed(_))
        ));
        assert!(store.get_or_create_key(&slot("a", 0)).is_ok());
        assert!(matches!(store.put_content(&content), Err(Error::NoSeed(_))));
    }
}

#[test]
fn inserted_key_keeps_its_meaning() {
    for place in places("store-insert") {
        let store = place.open();
        let (key, bytes) = new_key(CipherMode::Cbc);
        let mut taken = slot("a", 0);
        taken.mode = CipherMode::Cbc;
        let inserted = store.insert(&key, &[taken.clone()]).unwrap();
        assert!(!inserted.was_there && inserted.same_key.is_empty());
        assert!(store.insert(&key, &[taken.clone()]).unwrap().was_there);
        assert_eq!(store.get_or_create_key(&taken).unwrap().info.kid, key.kid);
        assert_eq!(store.info(&key.kid).unwrap().origin, Origin::Imported);

        let (mut other, _) = new_key(CipherMode::Cbc);
        let refused = store.insert(&other, &[taken]);
        assert!(matches!(refused, Err(Error::SlotTaken(kid)) if kid == key.kid));
        assert!(
            matches!(store.info(&other.kid), Err(Error::NoKey(_))),
            "nothing is kept"
        );
        other.kid = key.kid;
        for source in [other.source, NewKeySource::Random] {
            other.source = source;
            assert!(matches!(store.insert(&other, &[]), Err(Error::OtherKey(_))));
        }
        (other.source, other.mode) = (imported(bytes), CipherMode::Ctr);
        let refused = store.insert(&other, &[]);
        assert!(matches!(refused, Err(Error::OtherMode { .. })));
        other.mode = CipherMode::Cbc;
        let refused = store.insert(&other, &[slot("a", 1)]);
        assert!(matches!(refused, Err(Error::OtherMode { .. })));
        other.kid = KeyId::from_bytes([0; 16]);
        assert!(matches!(store.insert(&other, &[]), Err(Error::NilKeyId)));
    }
}

#[test]
fn key_can_be_made_for_a_kid() {
    for place in places("store-for-kid") {
        let store = place.open();
        let seed = KeySeed::from_bytes(&[9; 30]).unwrap();
        store.put_seed("main", &seed).unwrap();
        let insert = |source| {
            let (new, _) = new_key(CipherMode::Ctr);
            let new = NewKey { source, ..new };
            store
                .insert(&new, &[])
                .map(|_| store.key(&new.kid).unwrap())
        };
        let derived = insert(NewKeySource::Seed("main".to_owned())).unwrap();
        let expected = seed.content_key(&derived.info.kid);
        assert_eq!(derived.key.as_bytes(), expected.as_bytes());
        assert_eq!(derived.info.seed.as_deref(), Some("main"));
        let random = insert(NewKeySource::Random).unwrap();
        assert_eq!(random.info.origin, Origin::Random);
        let refused = insert(NewKeySource::Seed("absent".to_owned()));
        assert!(matches!(refused, Err(Error::NoSeed(_))));
    }
}

#[test]
fn second_kid_with_the_same_key_is_noted() {
    for place in places("store-same") {
        let store = place.open();
        let (first, bytes) = new_key(CipherMode::Ctr);
        store.insert(&first, &[]).unwrap();
        let (mut second, _) = new_key(CipherMode::Ctr);
        second.source = imported(bytes);
        assert_eq!(store.insert(&second, &[]).unwrap().same_key, [first.kid]);
    }
}

#[test]
fn settings_of_a_content_come_back() {
    for place in places("store-contents") {
        let store = place.open();
        let content = Content {
            header_version: Some("4.3".to_owned()),
            la_url: Some("https://la.example/?a&b".to_owned()),
            lui_url: Some("https://lui.example/".to_owned()),
            ds_id: Some("AAAA".to_owned()),
            custom_attributes: Some("<a xmlns=\"\">ü</a>".to_owned()),
            crypto_period: Some(Duration::from_secs(10)),
            seed: None,
            tracks: [("audio", "AUDIO"), ("hd", "HD")]
                .map(|(selector, label)| TrackLabel {
                    selector: selector.to_owned(),
                    label: label.to_owned(),
                })
                .into(),
            targets: vec!["one".to_owned(), "two".to_owned()],
            ..Content::new("a", Scheme::Cbcs)
        };
        store.put_content(&content).unwrap();
        assert_eq!(store.content("a").unwrap(), content);
        let changed = Content::new("a", Scheme::Cenc);
        store.put_content(&changed).unwrap();
        assert_eq!(store.content("a").unwrap(), changed);
        assert!(matches!(store.content("b"), Err(Error::NoContent(_))));
        store.put_content(&Content::new("b", Scheme::Cenc)).unwrap();
        let mut page = Page::first(1);
        for id in ["a", "b"] {
            let listed = store.contents(&page).unwrap();
            assert_eq!(*listed, [id]);
            page.start = listed.next.unwrap_or(PageStart::First);
        }
        assert_eq!(page.start, PageStart::First);
        let mut endless = changed;
        endless.crypto_period = Some(Duration::ZERO);
        assert!(matches!(
            store.put_content(&endless),
            Err(Error::OutOfRange(_))
        ));
    }
}

#[test]
fn lists_are_filtered_by_content_and_state() {
    for place in places("store-lists") {
        let store = place.open();
        let first = store.get_or_create_key(&slot("a", 0)).unwrap().info.kid;
        let second = store.get_or_create_key(&slot("a", 1)).unwrap().info.kid;
        let other = store.get_or_create_key(&slot("b", 0)).unwrap().info.kid;
        store.set_state(&first, KeyState::Active).unwrap();
        let kids = |content: Option<&str>, state| {
            let filter = KeyFilter {
                content_id: content.map(str::to_owned),
                state,
                ..KeyFilter::default()
            };
            let keys = store.keys(&filter, &ALL).unwrap();
            let mut kids: Vec<_> = keys.into_iter().map(|key| key.kid).collect();
            kids.sort();
            kids
        };
        let sorted = |mut kids: Vec<_>| {
            kids.sort();
            kids
        };
        assert_eq!(kids(None, None), sorted(vec![first, second, other]));
        assert_eq!(kids(Some("a"), None), sorted(vec![first, second]));
        assert_eq!(kids(Some("a"), Some(KeyState::Active)), [first]);
        assert!(kids(Some("c"), None).is_empty());
        assert!(store.info(&first).unwrap().activated.is_some());
    }
}
