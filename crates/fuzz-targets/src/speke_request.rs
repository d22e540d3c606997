// SPDX-License-Identifier: MPL-2.0
//! Requests of any bytes to a SPEKE server, and the answers to them.

use cenc_types::{ContentKey, KeyId};
use cpix::Document;
use host_access::SystemRandom;
use key_server::speke::{HeaderSettings, ResponseKey, SpekeRequest};

/// The header X-Speke-Version of each version.
const VERSIONS: [Option<&str>; 4] = [None, Some("1.0"), Some("2.0"), Some("2.1")];
/// The factor by which an answer may be longer than its request, since it has the signaling of each system.
const LONGER: usize = 64;

/// Reads `data` as a request of each version and answers it: the answer is a document with the keys of the request.
pub fn speke_request(data: &[u8]) {
    let key = ContentKey::from_bytes((*b"a key for tests.").into());
    for version in VERSIONS {
        let Ok(request) = SpekeRequest::read(data, version) else {
            continue;
        };
        let scheme = request.scheme().unwrap_or_else(|| request.default_scheme());
        let Ok(slots) = request.slots(scheme) else {
            continue;
        };
        let given: Vec<_> = slots
            .iter()
            .map(|request| ResponseKey {
                kid: request
                    .kid
                    .unwrap_or(KeyId::from_bytes(*b"a KID for tests.")),
                key: &key,
            })
            .collect();
        let Ok(answer) = request.answer(scheme, &HeaderSettings::default(), &given, &SystemRandom)
        else {
            continue;
        };
        let answer = Document::from_bytes_within(answer.as_bytes(), LONGER * Document::MAX_LEN)
            .expect("an answer is a document");
        for ResponseKey { kid, .. } in given {
            assert!(answer.content_keys.iter().any(|key| key.kid == kid));
        }
    }
}
