// SPDX-License-Identifier: MPL-2.0
//! Faults of a key server. No part of a wrong answer is used.

use std::net::TcpListener;

use content_keys::speke::Error;
use key_http_client::Error as HttpError;

use super::*;

fn error_of(uri: &str, request: &KeyRequest) -> Error {
    let client = SpekeClient::open(uri, &host_access::Host::system()).unwrap();
    client
        .request_keys(request)
        .err()
        .unwrap_or_else(|| panic!("{uri} gives keys"))
}

#[test]
fn each_wrong_answer_is_refused_by_its_cause() {
    let Some(peer) = shared("each_wrong_answer_is_refused_by_its_cause") else {
        return;
    };
    let cases = [
        ("malformed", "not well-formed"),
        ("not-cpix", "not cpix"),
        ("dtd", "document type definition"),
        ("huge", "larger than 1 MiB"),
        ("wrong-content", "its content id differs"),
        ("wrong-cpix-version", "its CPIX version differs"),
        ("wrong-speke-version", "its X-Speke-Version header differs"),
        ("wrong-scheme", "set scheme="),
        ("wrong-period", "its crypto period differs"),
        ("no-key", "no key for the tracks 'VIDEO'"),
        ("no-rule", "no key for the tracks 'VIDEO'"),
        ("two-rules", "number of usage rules differs"),
        ("swapped-pssh", "does not name the KID"),
        ("swapped-smooth", "does not name the KID"),
        (
            "swapped-protection",
            "PSSH is not the one in ContentProtectionData",
        ),
        (
            "swapped-keys",
            "CHECKSUM of the PlayReady Header is that of another key",
        ),
        ("not-a-box", "PSSH is not one whole pssh box"),
    ];
    let period = Some(KeyPeriod {
        index: 1,
        bounds: None,
    });
    let systems = vec![SYSTEM_ID];
    let request = KeyRequest {
        period,
        systems,
        ..request(&["VIDEO", "AUDIO"])
    };
    for (fault, cause) in cases {
        for version in ["2.0", "2.1"] {
            let target = format!("/{fault}?speke-version={version}");
            let error = error_of(&peer.uri(&target), &request);
            assert!(error.to_string().contains(cause), "{fault}: {error}");
            assert!(!error.is_temporary(), "{fault}");
        }
    }
}

#[test]
fn faults_that_pass_are_tried_again() {
    let Some(peer) = shared("faults_that_pass_are_tried_again") else {
        return;
    };
    for target in ["/busy/1", "/hangs-up/1", "/slow/1?speke-timeout=1"] {
        assert_eq!(
            keys(peer, target, &request(&["ALL"])).keys.len(),
            1,
            "{target}"
        );
    }
}

#[test]
fn faults_that_stay_are_reported_with_their_attempts() {
    let Some(peer) = shared("faults_that_stay_are_reported_with_their_attempts") else {
        return;
    };
    let error = error_of(&peer.uri("/down?speke-attempts=2"), &request(&["ALL"]));
    assert!(error.is_temporary());
    let text = error.to_string();
    assert!(
        text.contains("status 500 (attempts: 2): down down"),
        "{text}"
    );
    assert!(text.len() < 500, "{text}");
    let error = error_of(
        &peer.uri("/slow/2?speke-timeout=1&speke-attempts=1"),
        &request(&["ALL"]),
    );
    assert!(
        error.is_temporary() && error.to_string().contains("timeout"),
        "{error}"
    );
}

#[test]
fn refusals_are_final_and_repeat_what_the_server_says() {
    let Some(peer) = shared("refusals_are_final_and_repeat_what_the_server_says") else {
        return;
    };
    let error = error_of(&peer.uri("/moved"), &request(&["ALL"]));
    assert!(
        matches!(
            error,
            Error::Http(HttpError::Refused {
                status: 307,
                attempts: 1,
                ..
            })
        ),
        "{error}"
    );
    let mut fairplay = request(&["ALL"]);
    fairplay.systems = vec![0x94ce86fb_07ff_4f43_adb8_93d2fa968ca2_u128.to_be_bytes()];
    let error = error_of(&peer.uri("/"), &fairplay);
    let text = "status 422 (attempts: 1): ContentKey@commonEncryptionScheme non compatible";
    assert!(error.to_string().contains(text), "{error}");
    assert!(!error.is_temporary());
}

#[test]
fn credentials_are_in_no_error() {
    let Some(peer) = shared("credentials_are_in_no_error") else {
        return;
    };
    let folder = Scratch::new("speke-masked");
    let file = folder.write_secret(
        "login",
        "digest user:pass word\nquery token=t0ken\nheader A: user\n",
    );
    let target = format!("/bearer?x=t0ken&speke-auth-file={}", file.display());
    let error = error_of(&peer.uri(&target), &request(&["ALL"]));
    assert!(
        matches!(error, Error::Http(HttpError::Refused { status: 401, .. })),
        "{error}"
    );
    let text = format!("{error} {error:?}");
    for secret in ["pass word", "t0ken", "user:"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("/bearer?x=***&token=***"), "{text}");
}

#[test]
fn nobody_at_the_address_is_temporary() {
    // The port was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = error_of(
        &format!("speke+http://{address}/?speke-attempts=2"),
        &request(&["ALL"]),
    );
    assert!(
        matches!(
            error,
            Error::Http(HttpError::Unreachable { attempts: 2, .. })
        ),
        "{error}"
    );
    assert!(error.is_temporary());
}

#[test]
fn files_that_others_may_read_are_refused() {
    let folder = Scratch::new("speke-open");
    let file = folder.write("login", "bearer x");
    let uri = format!("speke+http://127.0.0.1/?speke-auth-file={}", file.display());
    let error = SpekeClient::open(&uri, &host_access::Host::system())
        .err()
        .unwrap();
    assert!(error.to_string().contains("others may read"), "{error}");
}
