// SPDX-License-Identifier: MPL-2.0
//! Crypto periods that start and end.

use std::time::{Duration, UNIX_EPOCH};

use cenc_types::Scheme;
use content_key_store::TrackLabel;

use super::*;
use crate::deliveries;
use crate::operations::test_store::{ALL, TestStore};
use crate::operations::timeline::{PeriodPhase, timeline};

const MINUTE: Duration = Duration::from_secs(60);

fn channel(of: &TestStore, targets: &[&str]) {
    let mut content = Content::new("news", Scheme::Cbcs);
    content.crypto_period = Some(MINUTE);
    content.tracks = [("video", "VIDEO"), ("audio", "AUDIO")]
        .map(|(selector, label)| TrackLabel {
            selector: selector.to_owned(),
            label: label.to_owned(),
        })
        .into();
    content.targets = targets.iter().map(|&name| name.to_owned()).collect();
    of.store.put_content(&content).unwrap();
}

fn minute(index: u32) -> SystemTime {
    UNIX_EPOCH + MINUTE * index + Duration::from_millis(59_999)
}

#[test]
fn keys_are_made_ahead_once_and_delivered() {
    let of = TestStore::new();
    channel(&of, &["licences"]);
    let made = prepare(&of.store, "news", minute(7), 2).unwrap();
    assert_eq!(made.len(), 6);
    let content = of.store.content("news").unwrap();
    for (period, label) in [(7, "AUDIO"), (9, "VIDEO")] {
        let kid = of
            .store
            .kid_of(&slot(&content, label, period))
            .unwrap()
            .unwrap();
        assert!(kid.is_random());
        assert_eq!(deliveries::of_key(&of.store, &kid).unwrap().len(), 1);
    }
    assert!(prepare(&of.store, "news", minute(7), 2).unwrap().is_empty());
    assert_eq!(prepare(&of.store, "news", minute(8), 2).unwrap().len(), 2);
}

#[test]
fn targets_that_come_later_get_the_keys_too() {
    let of = TestStore::new();
    channel(&of, &["licences"]);
    let made = prepare(&of.store, "news", minute(7), 0).unwrap();
    channel(&of, &["licences", "backup"]);
    prepare(&of.store, "news", minute(7), 0).unwrap();
    let rows = of.store.verify_audit().unwrap().rows;
    prepare(&of.store, "news", minute(7), 0).unwrap();
    assert_eq!(of.store.verify_audit().unwrap().rows, rows);
    let deliveries = deliveries::of_key(&of.store, &made[0].kid).unwrap();
    let targets: Vec<_> = deliveries.iter().map(|of| of.target.as_str()).collect();
    assert_eq!(targets, ["backup", "licences"]);
}

#[test]
fn keys_become_active_when_they_are_delivered_and_drain_when_their_period_is_over() {
    let of = TestStore::new();
    channel(&of, &["licences"]);
    let kids = |infos: &[KeyInfo]| infos.iter().map(|info| info.kid).collect::<Vec<_>>();
    let first = kids(&prepare(&of.store, "news", minute(7), 0).unwrap());
    let rows = of.store.verify_audit().unwrap().rows;
    let waiting = turn(&of.store, "news", minute(7)).unwrap();
    assert_eq!((waiting.waiting.len(), waiting.activated.len()), (2, 0));
    // The worker calls it every second while a target is down.
    assert_eq!(of.store.verify_audit().unwrap().rows, rows);
    for kid in &first {
        of.store.acknowledge(kid, "licences").unwrap();
    }
    let turned = turn(&of.store, "news", minute(7)).unwrap();
    assert_eq!((turned.waiting.len(), turned.activated.len()), (0, 2));
    prepare(&of.store, "news", minute(8), 0).unwrap();
    let mut draining = turn(&of.store, "news", minute(8)).unwrap().draining;
    draining.sort();
    let mut expected = first;
    expected.sort();
    assert_eq!(draining, expected);
    assert!(
        turn(&of.store, "news", minute(8))
            .unwrap()
            .draining
            .is_empty()
    );
    let listed = timeline(&of.store, "news", minute(8), &ALL).unwrap();
    let states = listed
        .periods
        .iter()
        .map(|p| (p.index, p.phase, p.keys[0].info.state));
    assert_eq!(
        states.collect::<Vec<_>>(),
        [
            (8, PeriodPhase::Current, KeyState::Planned),
            (7, PeriodPhase::Past, KeyState::Draining)
        ]
    );
}

#[test]
fn without_a_clock_there_is_no_next_period() {
    let of = TestStore::new();
    of.store
        .put_content(&Content::new("film", Scheme::Cenc))
        .unwrap();
    let refused = prepare(&of.store, "film", minute(7), 1);
    assert!(
        matches!(refused, Err(Error::NoCryptoPeriod(_))),
        "{refused:?}"
    );
    let refused = rotate_now(&of.store, "film");
    assert!(
        matches!(refused, Err(Error::NoCryptoPeriod(_))),
        "{refused:?}"
    );
    let content = of.store.content("film").unwrap();
    for period in 0..3 {
        let slot = slot(&content, "ALL", period);
        of.store.get_or_create_key(&slot).unwrap();
    }
    let listed = timeline(&of.store, "film", minute(1), &ALL).unwrap();
    let periods = listed.periods.iter();
    let places: Vec<_> = periods.map(|p| (p.phase, p.bounds)).collect();
    assert_eq!(
        places,
        [
            (PeriodPhase::Current, None),
            (PeriodPhase::Past, None),
            (PeriodPhase::Past, None)
        ]
    );
}

#[test]
fn rotate_now_by_the_clock_makes_the_next_periods_keys() {
    let of = TestStore::new();
    channel(&of, &[]);
    let made = rotate_now(&of.store, "news").unwrap();
    assert_eq!(made.len(), 2);
    let again = rotate_now(&of.store, "news").unwrap();
    assert!(again.len() == 2);
    let now = SystemTime::now();
    let periods = timeline(&of.store, "news", now, &ALL).unwrap().periods;
    let bounds = periods[0].bounds.unwrap();
    assert_eq!(bounds.end.duration_since(bounds.start).unwrap(), MINUTE);
}
