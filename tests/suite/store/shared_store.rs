// SPDX-License-Identifier: MPL-2.0
//! Several servers of one store: what one has found in it counts only until another changes it.

use std::sync::mpsc;

use cenc_types::{KeyId, Scheme};
use content_key_store::{
    Actor, Batcher, Content, ContentKeys, ContentScope, Error, KeyState, SlotRequest, TrackLabel,
};

use super::place::{Place, places};
use super::slot;

/// A server of the store, as far as it answers requests for keys.
pub struct KeyService {
    batcher: Batcher,
    actor: Actor,
}

impl KeyService {
    pub fn start(place: &Place) -> Self {
        Self::of(Batcher::start(&place.open()).unwrap())
    }

    pub fn of(batcher: Batcher) -> Self {
        Self {
            batcher,
            actor: Actor::new("packager", ContentScope::default()).unwrap(),
        }
    }

    /// Requests the key of a content.
    pub fn request(&self, content: &str) -> Result<ContentKeys, Error> {
        let (answer, answered) = mpsc::channel();
        self.send(content, &answer);
        answered.recv().unwrap()
    }

    pub fn send(&self, content: &str, answer: &mpsc::Sender<Result<ContentKeys, Error>>) {
        let wanted = vec![SlotRequest {
            slot: slot(content, 0),
            kid: None,
        }];
        let answer = answer.clone();
        self.batcher
            .get_or_create_keys(&self.actor, wanted, move |found| {
                answer.send(found).unwrap();
            });
    }

    /// Requests a key until the server relies on what it has found, and returns the KID.
    pub fn learn(&self, content: &str) -> KeyId {
        let kids = [(); 4].map(|()| self.request(content).unwrap().keys.remove(0).info.kid);
        assert_eq!(kids, [kids[0]; 4]);
        kids[0]
    }
}

#[test]
fn key_that_one_server_retires_is_refused_by_the_others_at_once() {
    for place in places("store-retired-elsewhere") {
        let (here, elsewhere) = (KeyService::start(&place), place.open());
        let kid = here.learn("a");
        elsewhere.set_state(&kid, KeyState::Retired).unwrap();
        assert!(matches!(here.request("a"), Err(Error::Retired(refused)) if refused == kid));
        let (first, second) = (here.learn("b"), KeyService::start(&place));
        assert_eq!(second.learn("b"), first);
        // Other programs count too.
        place
            .run("UPDATE content_key SET state = 'compromised' WHERE state = 'planned'")
            .unwrap();
        for service in [here, second] {
            assert!(
                matches!(service.request("b"), Err(Error::Compromised(refused)) if refused == first)
            );
        }
        elsewhere.verify_audit().unwrap();
    }
}

#[test]
fn content_that_one_server_changes_is_changed_for_the_others_at_once() {
    for place in places("store-changed-elsewhere") {
        let (here, elsewhere) = (KeyService::start(&place), place.open());
        here.learn("a");
        let mut content = Content::new("a", Scheme::Cbcs);
        content.la_url = Some("https://licences.example/".to_owned());
        elsewhere.put_content(&content).unwrap();
        let found = here.request("a").unwrap().content;
        assert_eq!(found, content);
        content.targets = vec!["one".to_owned(), "two".to_owned()];
        elsewhere.put_content(&content).unwrap();
        assert_eq!(here.request("a").unwrap().content, content);
        place.run("DELETE FROM content_target").unwrap();
        assert!(here.request("a").unwrap().content.targets.is_empty());
        content.tracks = vec![TrackLabel {
            selector: "audio".to_owned(),
            label: "audio".to_owned(),
        }];
        elsewhere.put_content(&content).unwrap();
        assert!(matches!(here.request("a"), Err(Error::UnknownLabel { .. })));
    }
}

#[test]
fn servers_that_take_turns_give_the_same_keys() {
    for place in places("store-turns") {
        let services = [(); 3].map(|()| KeyService::start(&place));
        for content in ["a", "b", "c", "a", "b"] {
            let kids = services.each_ref().map(|service| {
                let found = service.request(content).unwrap();
                found.keys[0].info.kid
            });
            assert_eq!(kids, [kids[0]; 3], "{content}");
        }
        // Each request has its row, and one more made the store.
        assert_eq!(place.open().verify_audit().unwrap().rows, 16);
    }
}
