// SPDX-License-Identifier: MPL-2.0
//! `kill -9` while many packagers request new keys: every acknowledged key is in the store afterwards.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cenc_types::KeyId;

use super::*;

/// The keys that packagers received, by KID.
type Acknowledged = Vec<(KeyId, [u8; 16])>;

/// Requests the keys of one new content after another, until the server is killed.
fn ask(server: &Server, round: usize, packager: usize, stop: &AtomicBool) -> Acknowledged {
    let client = client(server, "2.0");
    let mut acknowledged = Vec::new();
    for number in 0.. {
        let content = format!("content {round} {packager} {number}");
        match client.request_keys(&request(&content, &["VIDEO", "AUDIO"])) {
            Ok(answer) => {
                let keys = answer.keys.iter().map(|key| (key.kid, *key.key.as_bytes()));
                acknowledged.extend(keys);
            }
            Err(_) => break,
        }
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
    acknowledged
}

#[test]
fn killed_server_loses_no_key_that_it_gave() {
    const ROUNDS: usize = 4;
    const PACKAGERS: usize = 8;
    let mut server = Server::start("killed", &[]);
    let mut acknowledged = Acknowledged::new();
    for round in 0..ROUNDS {
        let stop = AtomicBool::new(false);
        let given = std::thread::scope(|scope| {
            let (server, stop) = (&server, &stop);
            let asking =
                (0..PACKAGERS).map(|number| scope.spawn(move || ask(server, round, number, stop)));
            let asking: Vec<_> = asking.collect();
            std::thread::sleep(Duration::from_millis(200 + 130 * round as u64));
            server.kill();
            stop.store(true, Ordering::Relaxed);
            let given = asking.into_iter().flat_map(|one| one.join().unwrap());
            given.collect::<Acknowledged>()
        });
        assert!(!given.is_empty(), "nobody got a key in round {round}");
        acknowledged.extend(given);
        server.start_again();
    }
    let store = server.store();
    for (kid, key) in &acknowledged {
        let found = store
            .key(kid)
            .unwrap_or_else(|error| panic!("{kid}: {error}"));
        assert!(found.key.as_bytes() == key, "{kid} has another key");
    }
    store.verify_audit().unwrap();
    let (kid, _) = acknowledged[0];
    let path = format!("/v1/keys/{kid}/value");
    assert_eq!(server.get(&server.license_server, &path).status, 200);
}
