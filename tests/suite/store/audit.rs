// SPDX-License-Identifier: MPL-2.0
//! The audit: the events that it records, and the detection of every change by hand.

use std::time::{Duration, SystemTime};

use content_key_store::{AuditFault, Error, KeyStore};
use key_server::audit::{self, AuditFilter};

use super::place::{Place, places};
use super::{ALL, hex, slot};

const TRIGGERS: [&str; 3] = ["audit_update", "audit_delete", "audit_head_delete"];

/// A store with some rows of audit, and without the triggers that protect them.
fn unguarded(place: &Place) -> KeyStore {
    let store = place.open();
    for period in 0..5 {
        store.get_or_create_key(&slot("a", period)).unwrap();
    }
    assert!(store.verify_audit().is_ok());
    place.drop_triggers("audit", &TRIGGERS[..2]);
    store
}

fn fault(store: &KeyStore) -> (u64, AuditFault) {
    match store.verify_audit() {
        Err(Error::AuditBroken { seq, what }) => (seq, what),
        Err(error) => panic!("{error}"),
        Ok(head) => panic!("whole, with {} rows", head.rows),
    }
}

#[test]
fn who_did_what_is_recorded_and_keys_are_not() {
    for place in places("store-audit") {
        let store = place.open().acting_for("alice").unwrap();
        let made = store.get_or_create_key(&slot("a", 7)).unwrap();
        store.key(&made.info.kid).unwrap();
        let absent = "00000000-0000-0000-0000-000000000001".parse().unwrap();
        assert!(store.key(&absent).is_err());
        let entries = audit::list(&store, &AuditFilter::default(), &ALL).unwrap();
        let texts: Vec<_> = entries
            .iter()
            .map(|e| format!("{} {} {}: {}", e.actor, e.action, e.object, e.result))
            .collect();
        let kid = made.info.kid;
        let expected = [
            format!(
                "alice read {absent}: refused: no key with KID {absent} in the store: check the KID, or insert the key"
            ),
            format!("alice read {kid}: ok"),
            format!("alice key of a / video / 7 / ctr: made {kid}"),
            "store create store: ok".to_owned(),
        ];
        assert_eq!(texts, expected);
        assert!(!texts.concat().contains(&hex(made.key.as_bytes())));
        assert_eq!(store.verify_audit().unwrap().rows, 4);
    }
}

#[test]
fn rows_cannot_be_changed_or_removed() {
    for place in places("store-audit-rules") {
        let store = place.open();
        store.get_or_create_key(&slot("a", 0)).unwrap();
        for statement in [
            "UPDATE audit SET actor = 'x'",
            "DELETE FROM audit",
            "DELETE FROM audit WHERE seq = 1",
            "DELETE FROM audit_head",
        ] {
            let refused = place.run(statement).unwrap_err();
            assert!(refused.contains("rule: "), "{refused}");
        }
        if !place.is_sqlite() {
            assert!(place.run("TRUNCATE audit").is_err());
        }
    }
}

#[test]
fn changed_row_is_found() {
    for place in places("store-audit-changed") {
        let store = unguarded(&place);
        for (column, value) in [
            ("actor", "'x'"),
            ("time", "time + 1"),
            ("action", "'x'"),
            ("object", "'x'"),
            ("result", "'x'"),
        ] {
            let place = places("store-audit-changed")
                .into_iter()
                .find(|p| p.is_sqlite() == place.is_sqlite());
            let place = place.unwrap();
            let store = unguarded(&place);
            place
                .run(&format!(
                    "UPDATE audit SET {column} = {value} WHERE seq = 3"
                ))
                .unwrap();
            assert_eq!(fault(&store), (3, AuditFault::Changed), "{column}");
        }
        place
            .run("UPDATE audit SET mac = (SELECT mac FROM audit WHERE seq = 2) WHERE seq = 3")
            .unwrap();
        assert_eq!(fault(&store), (3, AuditFault::Changed));
    }
}

#[test]
fn removed_rows_are_found_at_the_end_too() {
    for place in places("store-audit-removed") {
        let store = unguarded(&place);
        place.run("DELETE FROM audit WHERE seq = 6").unwrap();
        assert_eq!(fault(&store), (6, AuditFault::Removed));
        // An attacker who removes the last row and puts the head back cannot seal the head.
        let head = "UPDATE audit_head SET seq = 5, mac = (SELECT mac FROM audit WHERE seq = 5)";
        place.run(head).unwrap();
        assert_eq!(fault(&store), (5, AuditFault::Changed));
        place.run("DELETE FROM audit WHERE seq = 2").unwrap();
        assert_eq!(fault(&store), (2, AuditFault::Removed));
        place.run("DELETE FROM audit").unwrap();
        place.run("UPDATE audit_head SET seq = 0").unwrap();
        assert!(store.verify_audit().is_err(), "all of it");
    }
}

#[test]
fn reordered_and_added_rows_are_found() {
    for place in places("store-audit-moved") {
        let store = unguarded(&place);
        for (from, to) in [(2, -1), (3, 2), (-1, 3)] {
            place
                .run(&format!("UPDATE audit SET seq = {to} WHERE seq = {from}"))
                .unwrap();
        }
        assert_eq!(fault(&store), (2, AuditFault::Changed));
    }
    for place in places("store-audit-added") {
        let store = unguarded(&place);
        place.run("INSERT INTO audit SELECT 7, time, actor, action, object, result, mac FROM audit WHERE seq = 6").unwrap();
        assert_eq!(fault(&store), (7, AuditFault::Changed));
    }
}

#[test]
fn broken_end_stops_the_store() {
    for place in places("store-audit-head") {
        let store = unguarded(&place);
        place.run("UPDATE audit_head SET seq = 3").unwrap();
        let refused = store.get_or_create_key(&slot("a", 9)).err().unwrap();
        assert!(matches!(refused, Error::AuditBroken { .. }), "{refused}");
    }
}

#[test]
fn events_outside_the_tables_are_recorded_as_plain_text() {
    for place in places("store-audit-events") {
        let store = place.open().acting_for("page").unwrap();
        let name = format!("ev\n\0il{}", "x".repeat(2000));
        audit::record(&store, "sign in", &name, "refused").unwrap();
        let rows = audit::list(&store, &AuditFilter::default(), &ALL).unwrap();
        assert_eq!(
            (rows[0].actor.as_str(), rows[0].action.as_str()),
            ("page", "sign in")
        );
        assert!(rows[0].object.starts_with("ev  ilxxx"), "{:?}", rows[0]);
        assert_eq!(rows[0].object.len(), 1000);
        store.verify_audit().unwrap();
    }
}

/// Three events of each of two users.
fn with_events(place: &Place) -> KeyStore {
    let store = place.open();
    for actor in ["alice", "bob"] {
        let store = store.acting_for(actor).unwrap();
        for (action, object) in [
            ("test", "film 100%"),
            ("test", "Film_2"),
            ("show", "film_2"),
        ] {
            audit::record(&store, action, object, "ok").unwrap();
        }
    }
    store
}

fn seqs(store: &KeyStore, change: impl FnOnce(&mut AuditFilter)) -> Vec<u64> {
    let mut filter = AuditFilter::default();
    change(&mut filter);
    let rows = audit::list(store, &filter, &ALL).unwrap();
    rows.iter().map(|row| row.seq).collect()
}

#[test]
fn rows_are_found_by_who_and_what() {
    for place in places("store-audit-filter") {
        let store = with_events(&place);
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(seqs(&store, |_| ()), [7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(seqs(&store, |f| f.actor = text("alice")), [4, 3, 2]);
        assert_eq!(seqs(&store, |f| f.action = text("show")), [7, 4]);
        let both = |f: &mut AuditFilter| (f.actor, f.action) = (text("bob"), text("show"));
        assert_eq!(seqs(&store, both), [7]);
        for (part, found) in [
            ("m_2", &[7, 6, 4, 3][..]),
            ("film", &[7, 5, 4, 2]),
            ("0%", &[5, 2]),
        ] {
            assert_eq!(seqs(&store, |f| f.object = text(part)), found, "{part}");
        }
    }
}

#[test]
fn rows_are_found_by_time() {
    for place in places("store-audit-times") {
        let store = with_events(&place);
        let all = audit::list(&store, &AuditFilter::default(), &ALL).unwrap();
        // Times are whole milliseconds: rows with the same time appear together or not at all.
        let time = Some(all[3].time);
        let (later, earlier) = (
            seqs(&store, |f| f.since = time),
            seqs(&store, |f| f.until = time),
        );
        assert!(later.contains(&4) && !earlier.contains(&4));
        assert_eq!([later, earlier].concat(), [7, 6, 5, 4, 3, 2, 1]);
        assert!(seqs(&store, |f| (f.since, f.until) = (time, time)).is_empty());
        let alice = |f: &mut AuditFilter| (f.since, f.actor) = (time, Some("alice".to_owned()));
        assert!(seqs(&store, alice).iter().all(|seq| (2..=4).contains(seq)));
    }
}

#[test]
fn old_rows_are_removed_and_the_rest_stays_one_chain() {
    for place in places("store-audit-trimmed") {
        let store = place.open();
        for period in 0..4 {
            store.get_or_create_key(&slot("a", period)).unwrap();
        }
        let later = SystemTime::now() + Duration::from_hours(1);
        assert_eq!(store.trim_audit(SystemTime::UNIX_EPOCH).unwrap(), 0);
        assert_eq!(store.verify_audit().unwrap().rows, 5);
        // The newest row stays, and a row about the removal is added.
        assert_eq!(store.trim_audit(later).unwrap(), 4);
        let head = store.verify_audit().unwrap();
        assert_eq!((head.rows, head.removed), (2, 4));
        let refused = place.run("DELETE FROM audit WHERE seq = 5").unwrap_err();
        assert!(refused.contains("rule: "), "{refused}");
        let refused = place.run("UPDATE audit_start SET seq = 3").unwrap_err();
        assert!(refused.contains("rule: "), "{refused}");
        assert_eq!(store.trim_audit(later).unwrap(), 1);
        store.get_or_create_key(&slot("a", 9)).unwrap();
        // Somebody who can write the database moves the start, and removes rows: the start has no seal then.
        let next = "UPDATE audit_start SET seq = 6, mac = (SELECT mac FROM audit WHERE seq = 6)";
        place.run(next).unwrap();
        place.run("DELETE FROM audit WHERE seq = 6").unwrap();
        assert_eq!(fault(&store), (6, AuditFault::Changed));
        assert!(store.trim_audit(later).is_err());
    }
}

#[test]
fn changed_row_is_not_removed_as_an_old_one() {
    for place in places("store-audit-trim-changed") {
        let store = unguarded(&place);
        place
            .run("UPDATE audit SET actor = 'x' WHERE seq = 3")
            .unwrap();
        let later = SystemTime::now() + Duration::from_hours(1);
        let refused = store.trim_audit(later).err().unwrap();
        assert!(
            matches!(refused, Error::AuditBroken { seq: 3, .. }),
            "{refused}"
        );
        assert_eq!(fault(&store), (3, AuditFault::Changed));
    }
}
