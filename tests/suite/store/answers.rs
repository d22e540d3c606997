// SPDX-License-Identifier: MPL-2.0
//! Answers to requests that may come again.

use content_key_store::Error;

use super::place::places;

#[test]
fn first_answer_is_given_again_to_the_same_account() {
    for place in places("store-answers") {
        let store = place.open();
        store.remember("adam", "k", &[1; 32], 201, b"made").unwrap();
        store.remember("adam", "k", &[2; 32], 500, b"").unwrap();
        let answer = store.recall("adam", "k").unwrap().unwrap();
        assert_eq!((answer.request, answer.status), ([1; 32], 201));
        assert_eq!(answer.body, b"made");
        assert_eq!(store.recall("eve", "k").unwrap(), None);
        assert_eq!(store.recall("adam", "other").unwrap(), None);
        let key = store.remember("adam", "", &[1; 32], 200, b"");
        assert!(matches!(key, Err(Error::BadName(_))));
        let status = store.remember("adam", "k", &[1; 32], 99, b"");
        assert!(matches!(status, Err(Error::OutOfRange(_))));
    }
}

#[test]
fn answers_of_yesterday_are_forgotten() {
    for place in places("store-old-answers") {
        let store = place.open();
        store.remember("adam", "old", &[1; 32], 200, b"a").unwrap();
        store.remember("adam", "new", &[1; 32], 200, b"b").unwrap();
        let day = 24 * 60 * 60 * 1000;
        let sql = format!("UPDATE idempotency SET created = created - {day} WHERE key = 'old'");
        place.run(&sql).unwrap();
        assert_eq!(store.recall("adam", "old").unwrap(), None);
        store.remember("adam", "more", &[1; 32], 200, b"c").unwrap();
        assert!(store.recall("adam", "new").unwrap().is_some());
        // It is gone, not only hidden.
        let back = format!("UPDATE idempotency SET created = created + {day} WHERE key = 'old'");
        place.run(&back).unwrap();
        assert_eq!(store.recall("adam", "old").unwrap(), None);
    }
}
