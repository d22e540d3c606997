// SPDX-License-Identifier: MPL-2.0
//! The SPEKE client against the key server of ../shared/oracles, with and without faults.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod faults;

use cenc_types::{CipherMode, Media, Pssh, Scheme, Track};
use content_keys::{
    key_id_for, speke::KeyPeriod, speke::KeyRequest, speke::KeyResponse, speke::SpekeClient,
    speke::TrackRule,
};
use cpix::{Bounds, Playlist};
use playready_header::{PlayReadyObject, SYSTEM_ID};

use test_support::scratch::Scratch;
use test_support::speke_peer::{ABSENT, Peer, shared};
use test_support::tools;

const WIDEVINE: [u8; 16] = 0xedef8ba9_79d6_4ace_a3c8_27dcd51d21ed_u128.to_be_bytes();

fn request(labels: &[&str]) -> KeyRequest {
    let tracks = labels
        .iter()
        .map(|label| TrackRule::from_label(label).unwrap());
    KeyRequest {
        content_id: "film & more".into(),
        scheme: Scheme::Cenc,
        tracks: tracks.collect(),
        systems: vec![SYSTEM_ID, WIDEVINE],
        period: None,
    }
}

fn keys(peer: &Peer, target: &str, request: &KeyRequest) -> KeyResponse {
    let client = SpekeClient::open(&peer.uri(target), &host_access::Host::system()).unwrap();
    client
        .request_keys(request)
        .unwrap_or_else(|error| panic!("{target}: {error}"))
}

fn bytes(answer: &KeyResponse) -> Vec<[u8; 16]> {
    answer.keys.iter().map(|key| *key.key.as_bytes()).collect()
}

#[test]
fn each_version_returns_the_requested_keys() {
    let Some(peer) = shared("each_version_returns_the_requested_keys") else {
        return;
    };
    for (version, labels) in [
        ("1.0", ["ALL"].as_slice()),
        ("2.0", &["SD", "HD", "AUDIO"]),
        ("2.1", &["SD+HD1", "UHD", "STEREO_AUDIO"]),
    ] {
        let target = format!("/?speke-version={version}");
        let answer = keys(peer, &target, &request(labels));
        assert_eq!(answer.keys.len(), labels.len());
        for (key, label) in answer.keys.iter().zip(labels) {
            assert_eq!(key.tracks.label, *label);
            assert_eq!(
                key.kid,
                key_id_for("film & more", CipherMode::Ctr, label, None)
            );
        }
        assert_eq!(
            bytes(&answer),
            bytes(&keys(peer, &target, &request(labels))),
            "{version}"
        );
        assert_eq!(answer.systems.len(), 2 * labels.len());
        let pssh = Pssh::from_bytes(answer.systems[0].pssh.as_ref().unwrap()).unwrap();
        let object = PlayReadyObject::parse(&pssh.data).unwrap();
        assert_eq!(answer.systems[0].smooth.as_ref(), Some(&object.to_base64()));
    }
}

#[test]
fn signaling_is_returned_unchanged() {
    let Some(peer) = shared("signaling_is_returned_unchanged") else {
        return;
    };
    for version in ["2.0", "2.1"] {
        let answer = keys(
            peer,
            &format!("/?speke-version={version}"),
            &request(&["ALL"]),
        );
        let [playready, widevine] = answer.systems.as_slice() else {
            panic!("two systems")
        };
        let protection = playready.content_protection.as_ref().unwrap();
        assert!(protection.xml.contains("<mspr:pro"), "{}", protection.xml);
        assert_eq!(protection.pssh().unwrap(), playready.pssh);
        assert_eq!(playready.hls[0].playlist, Some(Playlist::Media));
        assert!(
            playready.hls[0]
                .lines
                .starts_with("#EXT-X-KEY:METHOD=SAMPLE-AES-CTR,")
        );
        assert_eq!(playready.hls[1].playlist, Some(Playlist::MultiVariant));
        assert!(playready.hls[1].lines.starts_with("#EXT-X-SESSION-KEY:"));
        assert_eq!(widevine.system_id, WIDEVINE);
        assert_eq!(widevine.smooth, None);
    }
}

#[test]
fn keys_change_with_the_period_and_the_mode() {
    let Some(peer) = shared("keys_change_with_the_period_and_the_mode") else {
        return;
    };
    let start = "2026-11-22T00:00:00Z".parse().unwrap();
    let end = "2026-11-22T01:00:00Z".parse().unwrap();
    for version in ["1.0", "2.0", "2.1"] {
        let of = |index, scheme| {
            let bounds = Some(Bounds::Time { start, end });
            let period = Some(KeyPeriod { index, bounds });
            let request = KeyRequest {
                period,
                scheme,
                ..request(&["ALL"])
            };
            let answer = keys(peer, &format!("/?speke-version={version}"), &request);
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
fn kids_that_the_server_chose_are_found_by_usage_rule() {
    let Some(peer) = shared("kids_that_the_server_chose_are_found_by_usage_rule") else {
        return;
    };
    for (version, labels) in [("1.0", ["ALL"].as_slice()), ("2.0", &["VIDEO", "AUDIO"])] {
        let request = request(labels);
        let answer = keys(
            peer,
            &format!("/other-kids?speke-version={version}"),
            &request,
        );
        for (key, tracks) in answer.keys.iter().zip(&request.tracks) {
            assert_ne!(key.kid, request.key_id(tracks));
            assert!(answer.systems.iter().any(|system| system.kid == key.kid));
        }
    }
}

#[test]
fn answers_serve_as_key_rings() {
    let Some(peer) = shared("answers_serve_as_key_rings") else {
        return;
    };
    let answer = keys(peer, "/", &request(&["SD", "UHD", "AUDIO"]));
    let ring = answer.to_ring().unwrap();
    let kid = |media| {
        let track = Track { track_id: 1, media };
        ring.select(&track, 0).ok().flatten().map(|entry| entry.kid)
    };
    let video = |width, height| Media::Video { width, height };
    let kids: Vec<_> = answer.keys.iter().map(|key| Some(key.kid)).collect();
    assert_eq!(
        [
            kid(video(1024, 576)),
            kid(video(3840, 2160)),
            kid(Media::Audio)
        ],
        *kids
    );
    assert_eq!(kid(video(7680, 4320)), kids[1]);
    assert_eq!(kid(video(1280, 720)), None);
}

#[test]
fn only_leaf_licences_have_a_leaf_pssh() {
    let Some(peer) = shared("only_leaf_licences_have_a_leaf_pssh") else {
        return;
    };
    let answer = keys(peer, "/leaf", &request(&["VIDEO", "AUDIO"]));
    let [leaf, other] = answer.keys.as_slice() else {
        panic!("two keys")
    };
    let root = leaf.depends_on_key.unwrap();
    assert_eq!(root.as_bytes(), &[0x11; 16]);
    let own = answer.systems[0].pssh.as_deref();
    assert_eq!(answer.leaf_pssh(leaf.kid, SYSTEM_ID), own);
    assert_eq!(answer.leaf_pssh(other.kid, SYSTEM_ID), None);
    assert_eq!(answer.leaf_pssh(root, SYSTEM_ID), None);
}

#[test]
fn explicit_ivs_are_for_cbcs_only() {
    let Some(peer) = shared("explicit_ivs_are_for_cbcs_only") else {
        return;
    };
    for (scheme, iv) in [(Scheme::Cbcs, Some([0x22; 16])), (Scheme::Cenc, None)] {
        let request = KeyRequest {
            scheme,
            ..request(&["ALL"])
        };
        let answer = keys(peer, "/explicit-iv", &request);
        assert_eq!(answer.keys[0].explicit_iv, Some([0x22; 16]));
        let ring = answer.to_ring().unwrap();
        let given = ring.entries()[0].iv.map(|iv| *iv.block());
        assert_eq!(given, iv, "{scheme}");
    }
}

#[test]
fn signaling_is_not_needed() {
    let Some(peer) = shared("signaling_is_not_needed") else {
        return;
    };
    let answer = keys(peer, "/no-signaling", &request(&["ALL"]));
    assert_eq!((answer.keys.len(), answer.systems.len()), (1, 0));
}

#[test]
fn every_kind_of_credentials_is_sent() {
    let Some(peer) = shared("every_kind_of_credentials_is_sent") else {
        return;
    };
    let folder = Scratch::new("speke-credentials");
    let cases = [
        ("basic", "basic user:pass word"),
        ("digest", "digest user:pass word"),
        ("bearer", "bearer t0ken"),
        ("header", "header X-Api-Key: s3cret"),
        ("query", "query token=s3cret"),
    ];
    for (name, line) in cases {
        let file = folder.write_secret(name, line);
        let target = format!("/{name}?a=1&speke-auth-file={}", file.display());
        assert_eq!(
            keys(peer, &target, &request(&["ALL"])).keys.len(),
            1,
            "{name}"
        );
    }
    let in_address = peer
        .uri("/basic")
        .replace("127.0.0.1", "user:pass%20word@127.0.0.1");
    let client = SpekeClient::open(&in_address, &host_access::Host::system()).unwrap();
    assert!(client.request_keys(&request(&["ALL"])).is_ok());
    assert!(!client.endpoint().to_string().contains("pass"));
}

#[test]
fn tls_checks_both_sides() {
    let folder = Scratch::new("speke-tls");
    let Some(peer) = Peer::start(Some(folder.path())) else {
        return tools::skip("tls_checks_both_sides", ABSENT);
    };
    let at = |name: &str| folder.join(name).display().to_string();
    let lines = format!(
        "client-certificate {}\nclient-key {}",
        at("client.pem"),
        at("client-key.pem")
    );
    let login = folder.write_secret("login", &lines);
    let trusted = format!("/?speke-attempts=1&speke-ca-file={}", at("server.pem"));
    let both = format!("{trusted}&speke-auth-file={}", login.display());
    assert_eq!(keys(&peer, &both, &request(&["ALL"])).keys.len(), 1);
    let failure = |target: &str| {
        let client = SpekeClient::open(&peer.uri(target), &host_access::Host::system()).unwrap();
        client
            .request_keys(&request(&["ALL"]))
            .err()
            .unwrap()
            .to_string()
    };
    let untrusted = failure("/?speke-attempts=1");
    assert!(untrusted.contains("UnknownIssuer"), "{untrusted}");
    // The server may close the connection before the client reads its alert.
    let stranger = failure(&trusted);
    let causes = ["CertificateRequired", "Broken pipe", "reset"];
    assert!(
        causes.iter().any(|cause| stranger.contains(cause)),
        "{stranger}"
    );
}

#[test]
fn keys_come_encrypted_where_a_certificate_is_given() {
    use cpix::{RsaPrivateKey, RsaRecipient};
    let Some(peer) = shared("keys_come_encrypted_where_a_certificate_is_given") else {
        return;
    };
    let folder = Scratch::new("speke-recipient");
    let (certificate, key) = test_support::certificate::certificate(&folder, "rsa:2048").unwrap();
    RsaRecipient::from_certificate(certificate.clone()).unwrap();
    for version in ["2.0", "2.1"] {
        let target = format!("/?speke-version={version}");
        let private = Box::new(RsaPrivateKey::from_pkcs8(&key).unwrap());
        let client = SpekeClient::open(&peer.uri(&target), &host_access::Host::system()).unwrap();
        let client = client.with_recipient(certificate.clone(), private);
        let answer = client.request_keys(&request(&["VIDEO", "AUDIO"])).unwrap();
        assert_eq!(
            bytes(&answer),
            bytes(&keys(peer, &target, &request(&["VIDEO", "AUDIO"])))
        );
    }
}
