// SPDX-License-Identifier: MPL-2.0
//! Keys over time, contents and numbers.

use std::collections::BTreeSet;
use std::time::Duration;

use cenc_types::{CipherMode, Scheme};
use content_key_store::{
    Content, Error, KekSource, KeyFilter, KeySlot, KeyState, KeyStore, NewKey, NewKeySource, Page,
};
use key_server::deliveries::{self, DeliveryState, FailedDelivery};
use key_server::store_health::{self, KekState, KeyCount};
use playready_header::KeySeed;

use super::place::places;
use super::{ALL, new_key, slot};

fn audio(content: &str, period: u64) -> KeySlot {
    KeySlot {
        label: "audio".to_owned(),
        ..slot(content, period)
    }
}

/// A channel whose keys go to two targets, with video of periods 3 to 5 and audio of period 4.
fn channel(store: &KeyStore) {
    let mut content = Content::new("channel", Scheme::Cbcs);
    content.crypto_period = Some(Duration::from_secs(10));
    content.targets = vec!["one".to_owned(), "two".to_owned()];
    store.put_content(&content).unwrap();
    for period in 3..6 {
        store.get_or_create_key(&slot("channel", period)).unwrap();
    }
    store.get_or_create_key(&audio("channel", 4)).unwrap();
}

#[test]
fn timeline_has_each_key_of_its_periods_with_its_deliveries() {
    for place in places("store-timeline") {
        let store = place.open();
        channel(&store);
        store.get_or_create_key(&slot("other", 4)).unwrap();
        let five = store.kid_of(&slot("channel", 5)).unwrap().unwrap();
        store.acknowledge(&five, "two").unwrap();
        let line = deliveries::schedule(&store, "channel", 4..6).unwrap();
        let slots: Vec<_> = line
            .iter()
            .map(|scheduled| scheduled.key.slot.clone())
            .collect();
        let expected = [audio("channel", 4), slot("channel", 4), slot("channel", 5)];
        assert_eq!(slots, expected);
        assert_eq!(line[2].key.info, store.info(&five).unwrap());
        assert_eq!(
            line[2].deliveries,
            deliveries::of_key(&store, &five).unwrap()
        );
        assert_eq!(line[2].deliveries[1].state, DeliveryState::Acknowledged);
        assert_eq!(
            deliveries::schedule(&store, "channel", 0..u64::MAX)
                .unwrap()
                .len(),
            4
        );
        assert!(
            deliveries::schedule(&store, "channel", 6..9)
                .unwrap()
                .is_empty()
        );
        assert!(
            deliveries::schedule(&store, "absent", 0..9)
                .unwrap()
                .is_empty()
        );
        assert_eq!(store.last_period("channel").unwrap(), Some(5));
        assert_eq!(store.last_period("absent").unwrap(), None);
    }
}

#[test]
fn contents_are_listed_with_their_keys_and_removed_without() {
    for place in places("store-content-list") {
        let store = place.open();
        channel(&store);
        // A key that two tracks share counts once.
        let (key, _) = new_key(CipherMode::Ctr);
        store
            .insert(&key, &[slot("film", 0), audio("film", 0)])
            .unwrap();
        store
            .put_content(&Content::new("zero", Scheme::Cens))
            .unwrap();
        let list = store.content_list(&ALL).unwrap();
        let rows: Vec<_> = list
            .iter()
            .map(|c| (c.id.as_str(), c.scheme, c.keys))
            .collect();
        let expected = [
            ("channel", Scheme::Cbcs, 4),
            ("film", Scheme::Cenc, 1),
            ("zero", Scheme::Cens, 0),
        ];
        assert_eq!(rows, expected);
        assert_eq!(list[0].crypto_period, Some(Duration::from_secs(10)));
        let first = store.content_list(&Page::first(1)).unwrap();
        let second = Page {
            limit: 1,
            start: first.next.unwrap(),
        };
        assert_eq!(*store.content_list(&second).unwrap(), list[1..2]);
        let kept = store.remove_content("film");
        assert!(matches!(kept, Err(Error::ContentHasKeys(_))));
        store.remove_content("zero").unwrap();
        assert!(matches!(store.content("zero"), Err(Error::NoContent(_))));
        let absent = store.remove_content("zero");
        assert!(matches!(absent, Err(Error::NoContent(_))));
    }
}

#[test]
fn keys_are_filtered_by_kid_label_and_seed() {
    for place in places("store-filters") {
        let store = place.open();
        channel(&store);
        let seed = KeySeed::from_bytes(&[9; 30]).unwrap();
        store.put_seed("main", &seed).unwrap();
        let (new, _) = new_key(CipherMode::Ctr);
        let derived = NewKey {
            source: NewKeySource::Seed("main".to_owned()),
            ..new
        };
        store.insert(&derived, &[audio("film", 0)]).unwrap();
        let text = |text: &str| Some(text.to_owned());
        let (film, main, audio_track) = (text("film"), text("main"), text("audio"));
        let (planned, active) = (Some(KeyState::Planned), Some(KeyState::Active));
        let sound = store.kid_of(&audio("channel", 4)).unwrap().unwrap();
        let found =
            |content_id: &Option<String>, state, [label, seed]: [&Option<String>; 2], kid| {
                let filter = KeyFilter {
                    content_id: content_id.clone(),
                    state,
                    kid,
                    label: label.clone(),
                    seed: seed.clone(),
                };
                let keys = store.keys(&filter, &ALL).unwrap();
                keys.into_iter().map(|key| key.kid).collect::<BTreeSet<_>>()
            };
        let any = [&None, &None];
        let seeded = [&None, &main];
        assert_eq!(found(&None, None, seeded, None), [derived.kid].into());
        assert_eq!(found(&None, planned, seeded, None), [derived.kid].into());
        assert_eq!(found(&None, active, seeded, None), [].into());
        let labelled = [&audio_track, &None];
        let both = [derived.kid, sound].into();
        assert_eq!(found(&None, None, labelled, None), both);
        assert_eq!(found(&film, None, labelled, None), [derived.kid].into());
        assert_eq!(found(&None, None, any, Some(sound)), [sound].into());
        assert_eq!(found(&film, None, any, Some(sound)), [].into());
        assert_eq!(found(&None, planned, any, None).len(), 5);
    }
}

#[test]
fn health_counts_what_waits() {
    for place in places("store-health") {
        let store = place.open();
        channel(&store);
        let first = store.kid_of(&slot("channel", 3)).unwrap().unwrap();
        store.acknowledge(&first, "one").unwrap();
        store.acknowledge(&first, "two").unwrap();
        let second = store.kid_of(&slot("channel", 4)).unwrap().unwrap();
        let failed = FailedDelivery {
            kid: &second,
            target: "one",
            error: "status 403",
            retry: None,
        };
        deliveries::fail(&store, &failed).unwrap();
        let health = store_health::look(&store).unwrap();
        let expected = [
            (KeyState::Planned, 3),
            (KeyState::Delivered, 1),
            (KeyState::Active, 0),
            (KeyState::Draining, 0),
            (KeyState::Retired, 0),
            (KeyState::Compromised, 0),
        ]
        .map(|(state, count)| KeyCount { state, count });
        assert_eq!(health.keys, expected);
        assert_eq!((health.pending, health.given_up), (5, 1));
        let oldest = store.info(&second).unwrap().created;
        assert_eq!(health.oldest_pending, Some(oldest));
        assert_eq!(health.audit_rows, Some(store.verify_audit().unwrap().rows));
        let states = |store: &KeyStore| {
            let keks = store_health::look(store).unwrap().keks;
            keks.iter().map(|kek| kek.state).collect::<Vec<_>>()
        };
        assert_eq!(states(&store), [KekState::Current]);
        store
            .rewrap(&KekSource::File(place.kek_path("new")))
            .unwrap();
        assert_eq!(states(&store), [KekState::Retired, KekState::Current]);
    }
}
