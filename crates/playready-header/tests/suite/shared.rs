// SPDX-License-Identifier: MPL-2.0
//! Reads every entry of the PlayReady vectors and samples in ../shared, and writes it from the same facts.

use std::path::PathBuf;

use cenc_types::ContentKey;
use playready_header::{
    Deviation, FoundHeader, KeySeed, PlayReadyObject, RecordKind, checksum, guid,
};
use playready_header::{
    header::FoundKeyId, header::Header, header::HeaderFields, header::VersionChoice,
};
use serde_json::Value;

use super::{KeyFacts, decode, key_ids, kid_of_hex};
use test_support::tools;

/// A file of ../shared/oracles.
fn oracle(test: &str, file: &str) -> Option<Value> {
    json(test, tools::oracles(), file)
}

/// A file of ../shared/vectors.
fn vector(test: &str, file: &str) -> Option<Value> {
    json(test, tools::vectors(), file)
}

fn json(test: &str, folder: Option<PathBuf>, file: &str) -> Option<Value> {
    let Some(folder) = folder else {
        tools::skip(test, "../shared is not here");
        return None;
    };
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

/// A text field. A field that is null counts as absent.
fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    let list = value[name].as_array().unwrap();
    assert!(!list.is_empty(), "{name}");
    list
}

#[test]
fn oracle_vectors_agree() {
    let Some(file) = oracle("oracle_vectors_agree", "playready_vectors.json") else {
        return;
    };
    for vector in list(&file, "key_seed_vectors") {
        let kid = kid_of_hex(text(vector, "kid").unwrap());
        let seed = KeySeed::parse(text(vector, "seed_b64").unwrap()).unwrap();
        let key = seed.content_key(&kid);
        assert_eq!(
            key.as_bytes().as_slice(),
            decode(text(vector, "key_b64").unwrap())
        );
        check_kid_and_checksum(vector, &key);
    }
    for vector in list(&file, "explicit_key_vectors") {
        let key = ContentKey::parse(text(vector, "key_b64").unwrap()).unwrap();
        check_kid_and_checksum(vector, &key);
    }
    for vector in list(&file, "cocktail_vectors") {
        let hex = text(vector, "key_hex").unwrap();
        let number = u64::from_str_radix(hex, 16).unwrap().to_be_bytes();
        let key = &number[8 - hex.len() / 2..];
        let expected = decode(text(vector, "checksum_b64").unwrap());
        assert_eq!(
            checksum::cocktail(key).unwrap().as_slice(),
            expected,
            "{hex}"
        );
    }
    for name in ["seed_b64", "seed_hex"] {
        let seed = KeySeed::parse(text(&file, name).unwrap()).unwrap();
        assert!(seed.is_public_test_seed());
    }
}

fn check_kid_and_checksum(vector: &Value, key: &ContentKey) {
    let kid = kid_of_hex(text(vector, "kid").unwrap());
    let guid = text(vector, "kid_le_b64").unwrap();
    assert_eq!(guid::to_base64(&kid), guid);
    assert_eq!(guid::from_base64(guid), Ok(kid));
    let expected = decode(text(vector, "checksum_aesctr_b64").unwrap());
    assert_eq!(checksum::aes_ctr(&kid, key).as_slice(), expected, "{kid}");
}

#[test]
fn published_key_seed_vectors_agree() {
    let test = "published_key_seed_vectors_agree";
    let Some(file) = vector(test, "playready/keyseed.json") else {
        return;
    };
    let seed = KeySeed::parse(text(&file, "key_seed_b64").unwrap()).unwrap();
    for vector in list(&file, "vectors") {
        let kid = kid_of_hex(text(vector, "kid").unwrap());
        assert_eq!(guid::to_base64(&kid), text(vector, "kid_le_b64").unwrap());
        let key = seed.content_key(&kid);
        let expected = ContentKey::parse(text(vector, "content_key").unwrap()).unwrap();
        assert_eq!(key.as_bytes(), expected.as_bytes());
        let sum = decode(text(vector, "published_checksum").unwrap());
        assert_eq!(checksum::aes_ctr(&kid, &key).as_slice(), sum);
    }
}

#[test]
fn oracle_headers_are_read_and_written_byte_for_byte() {
    let test = "oracle_headers_are_read_and_written_byte_for_byte";
    let Some(file) = oracle(test, "playready_headers.json") else {
        return;
    };
    for (name, sample) in file.as_object().unwrap() {
        let bytes = decode(text(sample, "pro_b64").unwrap());
        let object = PlayReadyObject::parse(&bytes).unwrap();
        assert_eq!(object.to_bytes(), bytes, "{name}");
        for pssh in ["pssh_v0_b64", "pssh_v1_b64"] {
            if let Some(pssh) = text(sample, pssh) {
                assert_eq!(pssh_data(&decode(pssh)), bytes, "{name}");
            }
        }
        match object.header().unwrap() {
            Some(found) => check_oracle_header(name, sample, &found),
            None => assert!(sample["version"].is_null(), "{name}"),
        }
    }
}

/// The checksums of the oracle come from Microsoft's test key seed.
fn check_oracle_header(name: &str, sample: &Value, found: &FoundHeader) {
    assert_eq!(found.deviations, [], "{name}");
    assert_eq!(found.version.attribute(), text(sample, "version").unwrap());
    let kids: Vec<_> = found
        .key_ids
        .iter()
        .map(|key| key.kid.to_string())
        .collect();
    assert_eq!(serde_json::json!(kids), sample["kids"], "{name}");
    let seed = KeySeed::parse("XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I").unwrap();
    for FoundKeyId { kid, checksum, .. } in &found.key_ids {
        if let Some(checksum) = checksum {
            let expected = checksum::aes_ctr(kid, &seed.content_key(kid));
            assert_eq!(decode(checksum), expected, "{name}");
        }
    }
    let header = found.to_header().unwrap();
    if let Some(xml) = text(sample, "xml") {
        assert_eq!(header.to_xml(), xml, "{name}");
        let object = PlayReadyObject::with_header(&header).unwrap();
        assert_eq!(object.to_bytes(), decode(text(sample, "pro_b64").unwrap()));
    }
}

/// The data of a `pssh` box: ISO/IEC 23001-7, 8.1.
fn pssh_data(pssh: &[u8]) -> Vec<u8> {
    let number = |at: usize| u32::from_be_bytes(pssh[at..at + 4].try_into().unwrap());
    let kids = match pssh[8] {
        0 => 0,
        _ => 4 + 16 * usize::try_from(number(28)).unwrap(),
    };
    let data = &pssh[28 + kids + 4..];
    assert_eq!(usize::try_from(number(28 + kids)), Ok(data.len()));
    data.to_vec()
}

#[test]
fn headers_of_the_field_are_read_and_written() {
    let test = "headers_of_the_field_are_read_and_written";
    let Some(file) = vector(test, "playready/playready.json") else {
        return;
    };
    for entry in file.as_array().unwrap() {
        let id = text(entry, "id").unwrap();
        let found = found_header(entry);
        check_read(id, entry, &found);
        check_written(id, entry, &found);
    }
}

/// The entry's header, read from its XML, PlayReady Object or `pssh`.
fn found_header(entry: &Value) -> FoundHeader {
    let xml = text(entry, "xml").unwrap();
    let Some(object) = object_bytes(entry) else {
        return FoundHeader::from_xml(xml).unwrap();
    };
    let object = PlayReadyObject::parse(&object).unwrap();
    let records = object.records().iter();
    let records: Vec<_> = records.map(|r| (r.kind.number(), r.value.len())).collect();
    assert_eq!(serde_json::json!(records), entry["pro"]["records"]);
    assert!(
        object
            .records()
            .iter()
            .all(|r| r.kind == RecordKind::Header)
    );
    let found = object.header().unwrap().unwrap();
    assert_eq!(Ok(&found), FoundHeader::from_xml(xml).as_ref());
    found
}

fn object_bytes(entry: &Value) -> Option<Vec<u8>> {
    let bytes = decode(text(entry, "base64")?);
    match text(entry, "kind") {
        Some("pssh") => Some(pssh_data(&bytes)),
        _ => Some(bytes),
    }
}

fn check_read(id: &str, entry: &Value, found: &FoundHeader) {
    assert_eq!(
        found.version.attribute(),
        text(entry, "version").unwrap(),
        "{id}"
    );
    let keys = entry["kids"].as_array().unwrap();
    assert_eq!(found.key_ids.len(), keys.len(), "{id}");
    for (key, expected) in found.key_ids.iter().zip(keys) {
        assert_eq!(key.kid, kid_of_hex(text(expected, "kid").unwrap()), "{id}");
        assert_eq!(
            guid::to_base64(&key.kid),
            text(expected, "kid_b64").unwrap()
        );
        assert_eq!(key.algorithm.as_deref(), text(expected, "algid"), "{id}");
        assert_eq!(key.checksum.as_deref(), text(expected, "checksum"), "{id}");
    }
    let fields = [
        (&found.key_length, "keylen"),
        (&found.decryptor_setup, "decryptorsetup"),
        (&found.lui_url, "lui_url"),
        (&found.ds_id, "ds_id"),
    ];
    for (field, name) in fields {
        assert_eq!(field.as_deref(), text(entry, name), "{id} {name}");
    }
    assert_eq!(found.la_url, la_url(entry), "{id}");
    let custom = text(entry, "customattributes").map(unindented);
    assert_eq!(found.custom_attributes, custom, "{id}");
    let odd = |deviation: &&Deviation| {
        !matches!(
            deviation,
            Deviation::WhiteSpace | Deviation::ElementOrder | Deviation::LongHeader(_)
        )
    };
    assert_eq!(found.deviations.iter().find(odd), None, "{id}");
}

/// Canonical headers are reproduced byte for byte. Those with another order of elements have the same characters.
fn check_written(id: &str, entry: &Value, found: &FoundHeader) {
    let header = header_of_facts(entry);
    assert_eq!(found.to_header().as_ref(), Ok(&header), "{id}");
    let (written, theirs) = (header.to_xml(), unindented(text(entry, "xml").unwrap()));
    if found.deviations.contains(&Deviation::ElementOrder) {
        assert_ne!(written, theirs, "{id}");
        assert_eq!(sorted(&written), sorted(&theirs), "{id}");
        return;
    }
    assert_eq!(written, theirs, "{id}");
    if let Some(bytes) = object_bytes(entry) {
        let object = PlayReadyObject::with_header(&header).unwrap();
        assert_eq!(object.to_bytes(), bytes, "{id}");
    }
}

fn header_of_facts(entry: &Value) -> Header {
    let keys: Vec<_> = entry["kids"]
        .as_array()
        .unwrap()
        .iter()
        .map(key_facts)
        .collect();
    Header::new(HeaderFields {
        version: VersionChoice::Only(text(entry, "version").unwrap().parse().unwrap()),
        key_ids: key_ids(&keys),
        la_url: la_url(entry).map(|url| url.parse().unwrap()),
        lui_url: text(entry, "lui_url").map(|url| url.parse().unwrap()),
        ds_id: text(entry, "ds_id").map(|id| id.parse().unwrap()),
        custom_attributes: text(entry, "customattributes").map(|xml| xml.parse().unwrap()),
        on_demand: text(entry, "decryptorsetup").is_some(),
        license_requested: None,
    })
    .unwrap()
}

fn key_facts(key: &Value) -> KeyFacts {
    KeyFacts {
        kid: kid_of_hex(text(key, "kid").unwrap()),
        algorithm: text(key, "algid").map(str::to_owned),
        key: text(key, "key").map(|key| ContentKey::parse(key).unwrap()),
        checksum: text(key, "checksum").map(str::to_owned),
    }
}

/// The value of LA_URL with the escapes of the XML, as the entries give it.
fn la_url(entry: &Value) -> Option<String> {
    text(entry, "la_url").map(|url| url.replace("&amp;", "&"))
}

/// The XML without white space between elements.
fn unindented(xml: &str) -> String {
    let mut parts = xml.split('>').map(str::trim_start);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |before, part| before + ">" + part)
}

fn sorted(text: &str) -> Vec<char> {
    let mut chars: Vec<_> = text.chars().collect();
    chars.sort_unstable();
    chars
}
