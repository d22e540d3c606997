// SPDX-License-Identifier: MPL-2.0
//! Answers that the store keeps for repeated requests.

use std::time::Duration;

use content_key_store::{Error, KeyStore};
use key_server::idempotency::{self, NewAnswer};

use super::place::places;

/// The time for which responses are kept.
const DAY: Duration = Duration::from_hours(24);

/// Stores an answer to adam's request with the digest `[request; 32]`.
fn remember(
    store: &KeyStore,
    key: &str,
    request: u8,
    status: u16,
    body: &str,
) -> Result<(), Error> {
    let answer = NewAnswer {
        account: "adam",
        key,
        request: &[request; 32],
        status,
        body: body.as_bytes(),
        kept: DAY,
    };
    idempotency::remember(store, &answer)
}

#[test]
fn first_answer_is_given_again_to_the_same_account() {
    for place in places("store-answers") {
        let store = place.open();
        remember(&store, "k", 1, 201, "made").unwrap();
        remember(&store, "k", 2, 500, "").unwrap();
        let answer = idempotency::recall(&store, "adam", "k", DAY)
            .unwrap()
            .unwrap();
        assert_eq!((answer.request, answer.status), ([1; 32], 201));
        assert_eq!(answer.body, b"made");
        assert_eq!(idempotency::recall(&store, "eve", "k", DAY).unwrap(), None);
        assert_eq!(
            idempotency::recall(&store, "adam", "other", DAY).unwrap(),
            None
        );
        let key = remember(&store, "", 1, 200, "");
        assert!(matches!(key, Err(Error::BadName(_))));
        let status = remember(&store, "k", 1, 99, "");
        assert!(matches!(status, Err(Error::OutOfRange(_))));
    }
}

#[test]
fn answers_of_yesterday_are_forgotten() {
    for place in places("store-old-answers") {
        let store = place.open();
        remember(&store, "old", 1, 200, "a").unwrap();
        remember(&store, "new", 1, 200, "b").unwrap();
        let day = 24 * 60 * 60 * 1000;
        let sql = format!("UPDATE idempotency SET created = created - {day} WHERE key = 'old'");
        place.run(&sql).unwrap();
        assert_eq!(
            idempotency::recall(&store, "adam", "old", DAY).unwrap(),
            None
        );
        remember(&store, "more", 1, 200, "c").unwrap();
        assert!(
            idempotency::recall(&store, "adam", "new", DAY)
                .unwrap()
                .is_some()
        );
        // The answer is deleted, not only hidden.
        let back = format!("UPDATE idempotency SET created = created + {day} WHERE key = 'old'");
        place.run(&back).unwrap();
        assert_eq!(
            idempotency::recall(&store, "adam", "old", DAY).unwrap(),
            None
        );
    }
}
