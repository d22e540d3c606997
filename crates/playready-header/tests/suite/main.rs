// SPDX-License-Identifier: MPL-2.0
//! Compares PlayReady headers, objects, checksums and the key seed with values that others published or computed.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod facts;
mod oracle;
mod shared;

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cenc_types::{ContentKey, KeyId};
use playready_header::{header::HeaderKeyId, header::KeyIds};

/// A KID as a vector states it.
struct KeyFacts {
    kid: KeyId,
    algorithm: Option<String>,
    key: Option<ContentKey>,
    checksum: Option<String>,
}

/// The KIDs of a header from these facts. The checksum is computed if the key is known.
fn key_ids(keys: &[KeyFacts]) -> KeyIds {
    let kids = || keys.iter().map(|key| key.kid).collect();
    match keys.first().and_then(|key| key.algorithm.as_deref()) {
        Some("AESCTR") => KeyIds::AesCtr(keys.iter().map(ctr_key_id).collect()),
        Some("AESCBC") => KeyIds::AesCbc(kids()),
        Some(other) => panic!("no vector has ALGID {other}"),
        None if keys.is_empty() => KeyIds::default(),
        None => KeyIds::NoAlgorithm(kids()),
    }
}

fn ctr_key_id(facts: &KeyFacts) -> HeaderKeyId<8> {
    let stated = facts
        .checksum
        .as_deref()
        .map(|text| decode(text).try_into().unwrap());
    let computed = HeaderKeyId::aes_ctr(facts.kid, facts.key.as_ref());
    HeaderKeyId {
        checksum: computed.checksum.or(stated),
        ..computed
    }
}

fn decode(base64: &str) -> Vec<u8> {
    STANDARD.decode(base64).unwrap()
}

/// The KID of 32 hexadecimal digits, which may be the nil KID.
fn kid_of_hex(hex: &str) -> KeyId {
    let number = u128::from_str_radix(&hex.replace('-', ""), 16).unwrap();
    KeyId::from_bytes(number.to_be_bytes())
}

fn own_vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}
