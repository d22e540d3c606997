// SPDX-License-Identifier: MPL-2.0
//! Random writes of all kinds: each acknowledged write is described on a line, and the store must still have it later.

use cenc_types::{CipherMode, KeyId, Scheme};
use content_key_store::{Content, Error, KeyState, KeyStore};
use key_server::deliveries;
use playready_header::KeySeed;

use super::{ALL, hex, new_key, slot};

/// Makes a random write and returns the line that describes it once the store has acknowledged it.
pub fn write(store: &KeyStore) -> String {
    let (new, key) = new_key(CipherMode::Ctr);
    let kid = new.kid;
    let name = format!("name {kid}").replace(' ', "-");
    let insert = || store.insert(&new, &[]).map(drop).unwrap();
    let mut random = [0; 1];
    getrandom::fill(&mut random).unwrap();
    match random[0] % 6 {
        0 => {
            insert();
            format!("key {kid} {}", hex(&key))
        }
        1 => {
            let made = store.get_or_create_key(&slot(&name, 0)).unwrap();
            format!("key {} {}", made.info.kid, hex(made.key.as_bytes()))
        }
        2 => {
            let mut content = Content::new(&name, Scheme::Cbcs);
            content.la_url = Some(hex(&key));
            content.targets = vec!["one".to_owned(), "two".to_owned()];
            store.put_content(&content).unwrap();
            format!("content {name} {}", hex(&key))
        }
        3 => {
            let seed = seed(&hex(&key));
            store.put_seed(&name, &seed).unwrap();
            format!("seed {name} {}", hex(&key))
        }
        4 => {
            insert();
            store.set_state(&kid, KeyState::Active).unwrap();
            format!("state {kid} active")
        }
        _ => {
            insert();
            store.enqueue(&kid, &["one".to_owned()]).unwrap();
            store.acknowledge(&kid, "one").unwrap();
            format!("delivery {kid} one")
        }
    }
}

/// Checks that the store still has the write that a line describes.
pub fn check(store: &KeyStore, line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    let [kind, name, value] = *words.as_slice() else {
        panic!("{line}");
    };
    let kid = || name.parse::<KeyId>().unwrap();
    let found = match kind {
        "key" => hex(store.key(&kid()).unwrap().key.as_bytes()),
        "content" => {
            let content = store.content(name).unwrap();
            assert_eq!(content.targets.len(), 2);
            content.la_url.unwrap()
        }
        "seed" => match store.put_seed(&format!("{name}-2"), &seed(value)) {
            Err(Error::SameSeed(found)) if found == name => value.to_owned(),
            other => panic!("{line}: {other:?}"),
        },
        "state" => store.info(&kid()).unwrap().state.name().to_owned(),
        "delivery" => {
            let delivery = deliveries::of_key(store, &kid()).unwrap().pop().unwrap();
            assert!(delivery.acknowledged.is_some(), "{line}");
            delivery.target
        }
        _ => panic!("{line}"),
    };
    assert_eq!(found, value, "{line}");
}

/// Checks that the write during which the writer was killed is in the store as a whole or not at all.
pub fn check_whole(store: &KeyStore) {
    for key in store.keys(&Default::default(), &ALL).unwrap() {
        store.key(&key.kid).unwrap();
    }
    for content in store.contents(&ALL).unwrap() {
        store.content(&content).unwrap();
    }
}

fn seed(text: &str) -> KeySeed {
    let bytes = text.as_bytes().first_chunk::<30>().unwrap();
    KeySeed::from_bytes(bytes).unwrap()
}
