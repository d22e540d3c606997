// SPDX-License-Identifier: MPL-2.0
//! Keys of several tracks at once, and many requests in one transaction.

use std::collections::BTreeSet;
use std::sync::mpsc;

use cenc_types::{CipherMode, KeyId};
use content_key_store::{
    Actor, Batcher, Content, ContentScope, Error, KeySlot, KeyStore, SlotRequest, TrackLabel,
};
use key_server::audit::{self, AuditFilter};

use super::place::places;
use super::{ALL, new_key, slot};

/// A KID that is random by its form (RFC 9562, 5.4).
fn kid(byte: u8) -> KeyId {
    let mut bytes = [byte; 16];
    bytes[6] = 0x40;
    bytes[8] = 0x80;
    KeyId::from_bytes(bytes)
}

/// The tracks of a content, each with the KID that it requests.
fn wanted(content: &str, kids: &[u8]) -> Vec<SlotRequest> {
    let tracks = (0..).zip(kids);
    let requests = tracks.map(|(period, byte)| request(slot(content, period), kid(*byte)));
    requests.collect()
}

fn request(slot: KeySlot, kid: KeyId) -> SlotRequest {
    let kid = Some(kid);
    SlotRequest { slot, kid }
}

fn actor(name: &str) -> Actor {
    Actor::new(name, ContentScope::default()).unwrap()
}

fn kids(store: &KeyStore, wanted: &[SlotRequest]) -> Result<Vec<KeyId>, Error> {
    let keys = store.get_or_create_keys(wanted)?;
    Ok(keys.iter().map(|key| key.info.kid).collect())
}

#[test]
fn keys_are_made_with_the_kids_that_are_wanted_unless_there_are_some() {
    for place in places("store-wanted") {
        let store = place.open();
        let first = store.get_or_create_key(&slot("a", 1)).unwrap();
        let found = store.get_or_create_keys(&wanted("a", &[1, 2, 3])).unwrap();
        let found: Vec<_> = found.iter().map(|k| (k.info.kid, k.is_new)).collect();
        assert_eq!(
            found,
            [(kid(1), true), (first.info.kid, false), (kid(3), true)]
        );
        let again = kids(&store, &wanted("a", &[4, 5, 6])).unwrap();
        assert_eq!(again, [kid(1), first.info.kid, kid(3)]);
        let rows = audit::list(&store, &AuditFilter::default(), &ALL).unwrap();
        assert_eq!(rows[0].action, "keys of");
        assert!(rows[0].object.contains("a / video / 2 / ctr"));
        assert_eq!(rows[1].result.matches("made").count(), 2);
        assert_eq!(rows.len(), 4);
    }
}

#[test]
fn kid_never_hands_out_the_key_of_another_content() {
    for place in places("store-foreign") {
        let store = place.open();
        kids(&store, &wanted("a", &[1])).unwrap();
        let (loose, _) = new_key(CipherMode::Ctr);
        store.insert(&loose, &[]).unwrap();
        // The content gets keys of its own.
        let own = kids(&store, &wanted("b", &[2, 1])).unwrap();
        assert_eq!(own[0], kid(2));
        assert!(own[1] != kid(1) && own[1].is_random());
        let of_none = kids(&store, &[request(slot("c", 0), loose.kid)]).unwrap();
        assert_ne!(of_none[0], loose.kid);
        let nil = [request(slot("b", 0), KeyId::from_bytes([0; 16]))];
        let refused = kids(&store, &nil).err().unwrap();
        assert!(matches!(refused, Error::NilKeyId));
    }
}

#[test]
fn tracks_of_one_content_may_share_a_key_in_one_cipher_mode() {
    for place in places("store-shared") {
        let store = place.open();
        assert_eq!(kids(&store, &wanted("a", &[1, 1])).unwrap(), [kid(1); 2]);
        let chained = KeySlot {
            mode: CipherMode::Cbc,
            ..slot("a", 0)
        };
        let own = kids(&store, &[request(chained, kid(1))]).unwrap();
        assert_ne!(own[0], kid(1), "the key is not used in both modes");
    }
}

#[test]
fn requests_together_succeed_and_fail_each_by_itself() {
    const REQUESTS: u8 = 100;
    for place in places("store-batch") {
        let store = place.open();
        let mut content = Content::new("a", cenc_types::Scheme::Cenc);
        content.tracks = vec![TrackLabel {
            selector: "video".to_owned(),
            label: "video".to_owned(),
        }];
        store.put_content(&content).unwrap();
        let before = audit::list(&store, &AuditFilter::default(), &ALL)
            .unwrap()
            .len();
        let (answers, answered) = mpsc::channel();
        let batcher = Batcher::start(&store).unwrap();
        for number in 1..=REQUESTS {
            let mut slot = slot("a", number.into());
            // Every fourth asks for a track that the content does not have.
            if number % 4 == 0 {
                slot.label = "audio".to_owned();
            }
            let wanted = vec![request(slot, kid(number))];
            let answers = answers.clone();
            batcher.get_or_create_keys(&actor("packager"), wanted, move |answer| {
                answers.send((number, answer)).unwrap();
            });
        }
        for (number, answer) in answered.iter().take(REQUESTS.into()) {
            match answer {
                Ok(found) => {
                    assert_eq!(found.content.id, "a");
                    assert_eq!(found.keys[0].info.kid, kid(number));
                }
                Err(error) => assert!(number % 4 == 0, "{number}: {error}"),
            }
        }
        drop(batcher);
        let rows = audit::list(&store, &AuditFilter::default(), &ALL).unwrap();
        assert_eq!(rows.len() - before, usize::from(REQUESTS));
        let refused = rows
            .iter()
            .filter(|row| row.result.starts_with("refused: "));
        assert_eq!(refused.count(), usize::from(REQUESTS / 4));
        assert!(rows[0].actor == "packager");
        store.verify_audit().unwrap();
    }
}

#[test]
fn keys_are_read_together_too() {
    for place in places("store-read-together") {
        let store = place.open();
        let made = store.get_or_create_key(&slot("a", 0)).unwrap();
        let batcher = Batcher::start(&store).unwrap();
        let (answers, answered) = mpsc::channel();
        for asked in [made.info.kid, kid(9)] {
            let answers = answers.clone();
            batcher.key(&actor("licence-server"), asked, move |answer| {
                answers.send(answer).unwrap();
            });
        }
        let read = answered.recv().unwrap().unwrap();
        assert_eq!(read.key.as_bytes(), made.key.as_bytes());
        assert!(matches!(answered.recv().unwrap(), Err(Error::NoKey(_))));
        let actors: BTreeSet<_> = audit::list(&store, &AuditFilter::default(), &ALL)
            .unwrap()
            .into_iter()
            .map(|row| row.actor)
            .collect();
        assert!(actors.contains("licence-server"));
    }
}

#[test]
fn panic_of_one_request_leaves_the_others_their_answers() {
    let place = super::place::sqlite("store-panic");
    let batcher = Batcher::start(&place.open()).unwrap();
    let (answers, answered) = mpsc::channel();
    for number in 0..3 {
        let answers = answers.clone();
        batcher.get_or_create_keys(
            &actor("packager"),
            wanted("a", &[number + 1]),
            move |answer| {
                assert!(number != 1, "a fault in an answer");
                answers.send(answer.map(|found| found.keys.len())).unwrap();
            },
        );
    }
    for _ in 0..2 {
        assert!(matches!(answered.recv(), Ok(Ok(1))));
    }
}

#[test]
fn actor_has_a_name() {
    let named = |name| Actor::new(name, ContentScope::default());
    assert!(matches!(named(""), Err(Error::BadName("actor"))));
    assert!(matches!(named("a\nb"), Err(Error::BadName("actor"))));
}
