// SPDX-License-Identifier: MPL-2.0
//! The deliveries to licence servers: none is lost, no two workers send one, and no key is used too early.

use std::time::{Duration, SystemTime};

use cenc_types::{CipherMode, KeyId, Scheme};
use content_key_store::{Content, Error, KeyState, KeyStore};
use key_server::deliveries::{self, Claim, Delivery, DeliveryState, FailedDelivery};

use super::place::{Place, places};
use super::{new_key, slot};

const LEASE: Duration = Duration::from_secs(60);

fn claim(store: &KeyStore, limit: u32, lease: Duration) -> Vec<Delivery> {
    let claim = Claim {
        target: None,
        limit,
        lease,
    };
    deliveries::claim(store, &claim).unwrap()
}

/// Records a failed delivery in the store.
fn fail(store: &KeyStore, kid: &KeyId, target: &str, error: &str, retry: Option<SystemTime>) {
    let failed = FailedDelivery {
        kid,
        target,
        error,
        retry,
    };
    deliveries::fail(store, &failed).unwrap();
}

/// A store with a content whose keys go to two targets, and one of its keys.
fn with_targets(place: &Place) -> (KeyStore, KeyId) {
    let store = place.open();
    let mut content = Content::new("a", Scheme::Cenc);
    content.targets = vec!["one".to_owned(), "two".to_owned()];
    store.put_content(&content).unwrap();
    let kid = store.get_or_create_key(&slot("a", 0)).unwrap().info.kid;
    (store, kid)
}

#[test]
fn key_becomes_active_only_when_all_required_targets_have_it() {
    for place in places("store-barrier") {
        let (store, kid) = with_targets(&place);
        let state = || store.info(&kid).unwrap().state;
        for early in [KeyState::Delivered, KeyState::Active] {
            let refused = store.set_state(&kid, early).err().unwrap();
            assert!(matches!(refused, Error::Rule(_)), "{refused}");
        }
        store.acknowledge(&kid, "one").unwrap();
        assert_eq!(state(), KeyState::Planned);
        assert!(store.set_state(&kid, KeyState::Active).is_err());
        store.acknowledge(&kid, "two").unwrap();
        assert_eq!(state(), KeyState::Delivered);
        store.set_state(&kid, KeyState::Active).unwrap();
        // The acknowledgement comes twice, as after a lost answer.
        store.acknowledge(&kid, "two").unwrap();
        assert_eq!(state(), KeyState::Active);
        assert!(matches!(
            store.acknowledge(&kid, "three"),
            Err(Error::NoDelivery { .. })
        ));
    }
}

#[test]
fn key_that_is_inserted_is_on_its_way_to_the_targets_of_its_contents() {
    for place in places("store-inserted") {
        let (store, _) = with_targets(&place);
        let (new, _) = new_key(CipherMode::Ctr);
        let slots = [slot("a", 1), slot("other", 0)];
        store.insert(&new, &slots).unwrap();
        let targets = || {
            let deliveries = deliveries::of_key(&store, &new.kid).unwrap();
            deliveries
                .into_iter()
                .map(|d| (d.target, d.state))
                .collect::<Vec<_>>()
        };
        let pending = ["one", "two"].map(|name| (name.to_owned(), DeliveryState::Pending));
        assert_eq!(targets(), pending);
        // The same key again changes nothing.
        fail(&store, &new.kid, "one", "no", None);
        store.insert(&new, &slots).unwrap();
        assert_eq!(targets()[0].1, DeliveryState::GivenUp);
    }
}

#[test]
fn keys_are_compared_and_read_for_a_reason_alone() {
    for place in places("store-reason") {
        let store = place.open();
        let (new, bytes) = new_key(CipherMode::Ctr);
        store.insert(&new, &[]).unwrap();
        let stored = store.key_for(&new.kid, "a reason").unwrap();
        assert_eq!(stored.key.as_bytes(), &bytes);
        assert_eq!(store.kids_with(&stored.key).unwrap(), [new.kid]);
        for reason in ["", "two\nlines"] {
            let refused = store.key_for(&new.kid, reason).err().unwrap();
            assert!(matches!(refused, Error::BadName("reason")), "{refused}");
        }
        let rows = store.verify_audit().unwrap().rows;
        let shown = store.header_key_id(&new.kid).unwrap();
        let expected = playready_header::checksum::aes_ctr(&new.kid, &stored.key);
        assert_eq!(shown.checksum, Some(expected));
        assert_eq!(store.verify_audit().unwrap().rows, rows);
    }
}

#[test]
fn claimed_deliveries_are_nobody_elses_until_the_lease_ends() {
    for place in places("store-claims") {
        let (store, kid) = with_targets(&place);
        let other = place.open();
        let first = claim(&store, 1, LEASE);
        let second = claim(&other, 10, LEASE);
        assert_eq!((first.len(), second.len()), (1, 1));
        assert_ne!(first[0].target, second[0].target);
        assert!(
            first
                .iter()
                .chain(&second)
                .all(|delivery| delivery.kid == kid && delivery.attempts == 1)
        );
        assert!(claim(&store, 10, LEASE).is_empty());
    }
}

#[test]
fn delivery_of_a_claimant_that_died_comes_back() {
    for place in places("store-lease") {
        let (store, _) = with_targets(&place);
        assert_eq!(claim(&store, 10, Duration::ZERO).len(), 2);
        let again = claim(&store, 10, LEASE);
        assert!(again.len() == 2 && again.iter().all(|delivery| delivery.attempts == 2));
    }
}

#[test]
fn failed_delivery_waits_or_gives_up() {
    for place in places("store-failures") {
        let (store, kid) = with_targets(&place);
        claim(&store, 10, LEASE);
        let soon = SystemTime::now();
        fail(&store, &kid, "one", "status 503", Some(soon));
        fail(&store, &kid, "two", "status 403", None);
        let due = claim(&store, 10, LEASE);
        assert!(due.len() == 1 && due[0].target == "one", "{due:?}");
        let deliveries = deliveries::of_key(&store, &kid).unwrap();
        let states: Vec<_> = deliveries
            .iter()
            .map(|d| (d.state, d.error.as_deref()))
            .collect();
        let expected = [
            (DeliveryState::Pending, Some("status 503")),
            (DeliveryState::GivenUp, Some("status 403")),
        ];
        assert_eq!(states, expected);
        store
            .enqueue(&kid, &["two".to_owned(), "three".to_owned()])
            .unwrap();
        assert_eq!(claim(&store, 10, LEASE).len(), 2);
        // A late failure does not undo the acknowledgement of the target.
        store.acknowledge(&kid, "two").unwrap();
        fail(&store, &kid, "two", "timeout", None);
        let two = deliveries::of_key(&store, &kid).unwrap().pop().unwrap();
        assert_eq!(
            (two.target.as_str(), two.state),
            ("two", DeliveryState::Acknowledged)
        );
    }
}
