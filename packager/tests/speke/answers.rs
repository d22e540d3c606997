// SPDX-License-Identifier: MPL-2.0
//! The answers to packagers and licence servers.

use cenc_types::{CipherMode, KeyId};
use content_key_store::{Content, KeyFilter, KeySlot, Page};
use content_keys::speke::KeyPeriod;
use cpix::Bounds;
use serde_json::Value;

use super::*;

const ALL: Page = Page::first(100);

#[test]
fn each_version_gives_the_keys_that_are_asked_for() {
    let server = Server::start("versions", &[]);
    for (version, labels) in [
        ("1.0", ["ALL"].as_slice()),
        ("2.0", &["SD", "HD", "AUDIO"]),
        ("2.1", &["SD+HD1", "UHD", "STEREO_AUDIO"]),
    ] {
        let request = request(&format!("film & {version}"), labels);
        let answer = keys(&server, version, &request);
        // The packager proposes KIDs that anybody can compute, so that the server has its own.
        assert!(answer.keys.iter().all(|key| key.kid.is_random()));
        assert_eq!(answer.systems.len(), 2 * labels.len());
        let again = keys(&server, version, &request);
        assert_eq!(bytes(&answer), bytes(&again), "{version}");
    }
    server.store().verify_audit().unwrap();
}

#[test]
fn keys_change_with_the_period_and_the_mode() {
    let server = Server::start("rotation", &[]);
    let start = "2026-11-22T00:00:00Z".parse().unwrap();
    let end = "2026-11-22T01:00:00Z".parse().unwrap();
    for version in ["1.0", "2.0", "2.1"] {
        let of = |index, scheme| {
            let bounds = Some(Bounds::Time { start, end });
            let request = KeyRequest {
                period: Some(KeyPeriod { index, bounds }),
                scheme,
                ..request(version, &["ALL"])
            };
            let answer = keys(&server, version, &request);
            (answer.keys[0].kid, bytes(&answer)[0])
        };
        let (first, second) = (of(1, Scheme::Cenc), of(2, Scheme::Cenc));
        assert!(first.0 != second.0 && first.1 != second.1, "{version}");
        assert_eq!(first, of(1, Scheme::Cenc), "{version}");
        if version != "1.0" {
            let chained = of(1, Scheme::Cbcs);
            assert!(first.0 != chained.0 && first.1 != chained.1, "{version}");
        }
    }
}

#[test]
fn key_of_the_store_is_given_under_its_own_kid() {
    let server = Server::start("override", &[]);
    let slot = KeySlot {
        content_id: "film".to_owned(),
        label: "SD".to_owned(),
        period: 0,
        mode: CipherMode::Ctr,
    };
    let made = server.store().get_or_create_key(&slot).unwrap();
    let answer = keys(&server, "2.0", &request("film", &["SD", "HD"]));
    assert_eq!(answer.keys[0].kid, made.info.kid);
    assert_eq!(answer.keys[0].key.as_bytes(), made.key.as_bytes());
    assert_ne!(answer.keys[1].kid, made.info.kid);
}

#[test]
fn packagers_that_ask_at_once_get_the_same_keys() {
    let server = Server::start("at-once", &[]);
    let request = request("channel", &["VIDEO", "AUDIO"]);
    let all: Vec<_> = std::thread::scope(|scope| {
        let asking = (0..8).map(|_| scope.spawn(|| bytes(&keys(&server, "2.0", &request))));
        let asking: Vec<_> = asking.collect();
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(all.iter().all(|keys| *keys == all[0]));
    let made = server.store().keys(&KeyFilter::default(), &ALL).unwrap();
    assert_eq!(made.len(), 2);
}

#[test]
fn key_that_licence_servers_do_not_have_yet_is_not_given() {
    let server = Server::start("barrier", &[]);
    let store = server.store();
    let mut content = Content::new("channel", Scheme::Cenc);
    content.targets.push("licences".to_owned());
    content.la_url = Some("https://la.example/rm.asmx".to_owned());
    store.put_content(&content).unwrap();
    let request = request("channel", &["ALL"]);
    let refused = client(&server, "2.0").request_keys(&request).err().unwrap();
    assert!(
        refused.is_temporary() && refused.to_string().contains("503"),
        "{refused}"
    );
    let made = store.keys(&KeyFilter::default(), &ALL).unwrap();
    store.acknowledge(&made[0].kid, "licences").unwrap();
    assert_eq!(keys(&server, "2.0", &request).keys.len(), 1);
}

#[test]
fn licence_servers_get_one_key_by_its_kid() {
    let server = Server::start("value", &[]);
    let request = request("film", &["ALL"]);
    let answer = keys(&server, "2.0", &request);
    let kid: KeyId = answer.keys[0].kid;
    let path = format!("/v1/keys/{kid}/value");
    let reply = server.get(&server.license_server, &path);
    assert_eq!(
        (reply.status, reply.kind.as_str()),
        (200, "application/json")
    );
    let value: Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(value["kid"], kid.to_string());
    assert_eq!(value["scheme"], "cenc");
    let key = cenc_types::ContentKey::parse(value["key"].as_str().unwrap()).unwrap();
    assert_eq!(key.as_bytes(), answer.keys[0].key.as_bytes());
    assert_eq!(server.get(&server.packager, &path).status, 403);
    let unknown = "/v1/keys/77777777-7777-4777-8777-777777777777/value";
    assert_eq!(server.get(&server.license_server, unknown).status, 404);
    assert_eq!(
        server
            .get(&server.license_server, "/v1/keys/film/value")
            .status,
        400
    );
    let request = server.post_as(Some(&server.license_server), "", Some("2.0"));
    assert_eq!(request.status, 403);
    assert_eq!(server.post_as(None, "", Some("2.0")).status, 401);
    let rows = server.store().verify_audit().unwrap();
    assert!(rows.rows >= 3);
}
