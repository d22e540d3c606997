// SPDX-License-Identifier: MPL-2.0
//! Key states, and the packagers and licence servers that get a key in each.

use std::time::Duration;

use cenc_types::{CipherMode, KeyId, Scheme};
use content_key_store::{Content, Error, KeyState, KeyStore, SlotRequest};
use content_keys::key_id_for;
use key_server::deliveries::{self, DeliveryState};
use playready_header::KeySeed;

use super::place::places;
use super::slot;

#[test]
fn packagers_and_licence_servers_get_a_key_by_its_state() {
    for place in places("store-key-states") {
        let store = place.open();
        let kid = store.get_or_create_key(&slot("film", 0)).unwrap().info.kid;
        // State, whether packagers get it, whether licence servers do.
        for (state, packagers, licence_servers) in [
            (KeyState::Planned, true, true),
            (KeyState::Delivered, true, true),
            (KeyState::Active, true, true),
            (KeyState::Draining, true, true),
            (KeyState::Retired, false, true),
            (KeyState::Compromised, false, false),
        ] {
            store.set_state(&kid, state).unwrap();
            let given = store.get_or_create_key(&slot("film", 0));
            assert_eq!(given.is_ok(), packagers, "{state:?}");
            let together = store.get_or_create_keys(&[SlotRequest {
                slot: slot("film", 0),
                kid: None,
            }]);
            assert_eq!(together.is_ok(), packagers, "{state:?}");
            // A new track of the content does not get it either.
            let mut other = slot("film", 0);
            other.label = state.name().to_owned();
            let shared = store.get_or_create_keys(&[SlotRequest {
                slot: other,
                kid: Some(kid),
            }]);
            assert_eq!(shared.is_ok(), packagers, "{state:?}");
            assert_eq!(store.key(&kid).is_ok(), licence_servers, "{state:?}");
            assert!(store.key_for(&kid, "asked").is_ok(), "{state:?}");
        }
        let refused = store.get_or_create_key(&slot("film", 0)).err().unwrap();
        assert!(matches!(refused, Error::Compromised(_)), "{refused}");
    }
}

#[test]
fn compromised_key_is_delivered_no_more() {
    for place in places("store-compromised") {
        let store = place.open();
        let mut content = Content::new("film", Scheme::Cenc);
        content.targets = vec!["licences".to_owned()];
        store.put_content(&content).unwrap();
        let kid = store.get_or_create_key(&slot("film", 0)).unwrap().info.kid;
        let state = || deliveries::of_key(&store, &kid).unwrap()[0].state;
        assert_eq!(state(), DeliveryState::Pending);
        store.set_state(&kid, KeyState::Compromised).unwrap();
        assert_eq!(state(), DeliveryState::GivenUp);
        let again = store.enqueue(&kid, &content.targets).err().unwrap();
        assert!(matches!(again, Error::Compromised(_)), "{again}");
    }
}

#[test]
fn draining_key_is_given_for_some_periods_only() {
    for place in places("store-grace") {
        let store = place.open();
        let mut content = Content::new("live", Scheme::Cenc);
        content.crypto_period = Some(Duration::from_millis(20));
        store.put_content(&content).unwrap();
        let drains = |period| {
            let kid = store
                .get_or_create_key(&slot("live", period))
                .unwrap()
                .info
                .kid;
            store.set_state(&kid, KeyState::Draining).unwrap();
        };
        drains(1);
        std::thread::sleep(Duration::from_millis(100));
        let late = store.get_or_create_key(&slot("live", 1)).err().unwrap();
        assert!(matches!(late, Error::Superseded(_)), "{late}");
        // An hour's grace is not over.
        content.crypto_period = Some(Duration::from_secs(1200));
        store.put_content(&content).unwrap();
        assert!(store.get_or_create_key(&slot("live", 1)).is_ok());
        // Without crypto periods in the store nobody knows how late it is.
        content.crypto_period = None;
        store.put_content(&content).unwrap();
        assert!(store.get_or_create_key(&slot("live", 1)).is_ok());
    }
}

/// Requests the key of a content with a proposed KID, and returns the one that the store chose.
fn propose(store: &KeyStore, content: &str, kid: KeyId) -> KeyId {
    let request = SlotRequest {
        slot: slot(content, 0),
        kid: Some(kid),
    };
    store.get_or_create_keys(&[request]).unwrap()[0].info.kid
}

#[test]
fn nobody_can_claim_the_kid_of_another_content() {
    for place in places("store-claims") {
        let store = place.open();
        // RFC 9562, 5.4: version 4.
        let random: KeyId = "919108f7-52d1-4320-9bac-f847db4148a8".parse().unwrap();
        assert_eq!(propose(&store, "a", random), random, "free and random");
        let own = propose(&store, "b", random);
        assert_ne!(own, random, "it is of another content");
        assert!(own.is_random());
        assert_eq!(propose(&store, "b", random), own, "the slot keeps its KID");
        // A KID that others can compute.
        let computed = key_id_for("victim", CipherMode::Ctr, "video", Some(7));
        assert_ne!(propose(&store, "c", computed), computed);
        assert!(
            store
                .get_or_create_key(&slot("victim", 7))
                .unwrap()
                .info
                .kid
                .is_random()
        );
    }
}

#[test]
fn contents_with_a_seed_have_the_kids_that_all_can_compute() {
    for place in places("store-seeded-kids") {
        let store = place.open();
        let seed = KeySeed::from_bytes(&[7; 30]).unwrap();
        store.put_seed("main", &seed).unwrap();
        let mut content = Content::new("seeded", Scheme::Cenc);
        content.seed = Some("main".to_owned());
        store.put_content(&content).unwrap();
        let random: KeyId = "919108f7-52d1-4320-9bac-f847db4148a8".parse().unwrap();
        let derived = key_id_for("seeded", CipherMode::Ctr, "video", None);
        assert_eq!(propose(&store, "seeded", random), derived);
        let key = store.key(&derived).unwrap();
        assert_eq!(key.key.as_bytes(), seed.content_key(&derived).as_bytes());
    }
}
