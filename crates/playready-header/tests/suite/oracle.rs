// SPDX-License-Identifier: MPL-2.0
//! Checks headers that we write with the strict parser in ../shared/oracles. Its interpreter is PLAYREADY_PYTHON or python3.

use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cenc_types::{CipherMode, ContentKey, KeyId};
use playready_header::{LicenseStore, PlayReadyObject};
use playready_header::{
    header::Header, header::HeaderFields, header::HeaderKeyId, header::HeaderVersion,
    header::KeyIds, header::VersionChoice,
};
use serde_json::Value;

use test_support::launch::Run;
use test_support::tools;

fn parsed_by_oracle(oracles: &Path, object: &PlayReadyObject) -> Value {
    let mut python = Command::new(tools::python());
    python
        .arg(oracles.join("prheader_oracle.py"))
        .args(["parse", &STANDARD.encode(object.to_bytes())]);
    let run = Run::of(&mut python).succeeded();
    serde_json::from_str(&run.stdout).unwrap()
}

fn key(n: u8) -> (KeyId, ContentKey) {
    let key = ContentKey::parse(&format!("{n:02x}").repeat(16)).unwrap();
    (KeyId::from_bytes([n; 16]), key)
}

fn of_mode(mode: CipherMode, count: u8) -> KeyIds {
    let keys: Vec<_> = (1..=count).map(key).collect();
    KeyIds::for_mode(mode, keys.iter().map(|(kid, key)| (*kid, Some(key))))
}

fn cocktail() -> KeyIds {
    let kid = KeyId::from_bytes([1; 16]);
    let key = [1, 2, 3, 4, 5, 6, 7];
    KeyIds::Cocktail(vec![HeaderKeyId::cocktail(kid, Some(&key)).unwrap()])
}

/// A header with every field that its version can have.
fn full(version: HeaderVersion, key_ids: KeyIds) -> HeaderFields {
    HeaderFields {
        version: VersionChoice::Only(version),
        key_ids,
        la_url: "https://la.example/rm.asmx?a=1&b=<2>".parse().ok(),
        lui_url: "https://lui.example/".parse().ok(),
        ds_id: "AH+03juKbUGbHl1V/QIwRA==".parse().ok(),
        custom_attributes: "<p:A xmlns:p='urn:p' z='1' p:b='\"&lt;'/><B>x &amp; y</B>"
            .parse()
            .ok(),
        on_demand: version > HeaderVersion::V4_0,
        license_requested: (version == HeaderVersion::V4_3).then_some(false),
    }
}

#[test]
fn written_headers_pass_the_oracle() {
    let Some(oracles) = tools::oracles() else {
        return tools::skip("written_headers_pass_the_oracle", "../shared is not here");
    };
    let kids = vec![KeyId::from_bytes([1; 16]), KeyId::from_bytes([2; 16])];
    let cases = [
        (HeaderVersion::V4_0, of_mode(CipherMode::Ctr, 1)),
        (HeaderVersion::V4_0, cocktail()),
        (HeaderVersion::V4_1, KeyIds::default()),
        (HeaderVersion::V4_1, of_mode(CipherMode::Ctr, 1)),
        (HeaderVersion::V4_2, of_mode(CipherMode::Ctr, 3)),
        (HeaderVersion::V4_2, cocktail()),
        (HeaderVersion::V4_3, KeyIds::default()),
        (HeaderVersion::V4_3, of_mode(CipherMode::Ctr, 2)),
        (HeaderVersion::V4_3, of_mode(CipherMode::Cbc, 2)),
        (HeaderVersion::V4_3, KeyIds::NoAlgorithm(kids)),
    ];
    for (version, key_ids) in cases {
        let header = Header::new(full(version, key_ids)).unwrap();
        let mut object = PlayReadyObject::with_header(&header).unwrap();
        object
            .push_license_store(LicenseStore::Empty(10 * 1024))
            .unwrap();
        let parsed = parsed_by_oracle(&oracles, &object);
        assert_eq!(
            parsed["records"][1],
            serde_json::json!({"type": 3, "bytes": 10240})
        );
        check(&header, &parsed["records"][0]);
    }
}

fn check(header: &Header, parsed: &Value) {
    let name = header.version();
    assert_eq!(parsed["lint"], serde_json::json!([]), "{name}");
    assert_eq!(parsed["xml"], header.to_xml(), "{name}");
    assert_eq!(parsed["version"], name.attribute());
    assert_eq!(parsed["la_url"], "https://la.example/rm.asmx?a=1&b=<2>");
    assert_eq!(parsed["lui_url"], "https://lui.example/");
    assert_eq!(parsed["ds_id"], "AH+03juKbUGbHl1V/QIwRA==");
    let on_demand = (name > HeaderVersion::V4_0).then_some("ONDEMAND");
    assert_eq!(
        parsed["decryptorsetup"],
        serde_json::json!(on_demand),
        "{name}"
    );
    let requested = (name == HeaderVersion::V4_3).then_some("false");
    assert_eq!(
        parsed["licenserequested"],
        serde_json::json!(requested),
        "{name}"
    );
    let kids = parsed["kids"].as_array().unwrap();
    let theirs: Vec<_> = kids
        .iter()
        .map(|kid| kid["kid"].as_str().unwrap().to_owned())
        .collect();
    let ours = header.fields().key_ids.key_ids().map(|kid| kid.to_string());
    assert!(ours.eq(theirs), "{name}");
    let checksums = kids.iter().filter(|kid| !kid["checksum"].is_null()).count();
    let expected = match &header.fields().key_ids {
        KeyIds::AesCtr(_) | KeyIds::Cocktail(_) => kids.len(),
        KeyIds::AesCbc(_) | KeyIds::NoAlgorithm(_) => 0,
    };
    assert_eq!(checksums, expected, "{name}");
}
