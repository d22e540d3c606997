// SPDX-License-Identifier: MPL-2.0
//! The essential facts, from the text files in tests/vectors: their `#` lines state the source.

use cenc_types::ContentKey;
use playready_header::{FoundHeader, KeySeed, PlayReadyObject, checksum, guid};
use playready_header::{header::Header, header::HeaderFields, header::VersionChoice};

use super::{KeyFacts, decode, key_ids, kid_of_hex, own_vectors};

/// The lines of a vector file without its comments, split into words.
fn rows(name: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(own_vectors().join(name)).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let rows: Vec<Vec<_>> = lines
        .map(|line| line.split_whitespace().map(str::to_owned).collect())
        .collect();
    assert!(!rows.is_empty(), "{name}");
    rows
}

#[test]
fn key_seed_and_checksum_agree_with_published_values() {
    for row in rows("key_seed.txt") {
        let [seed, kid, key, sum] = row.as_slice() else {
            panic!("{row:?}")
        };
        let kid = kid_of_hex(kid);
        let derived = KeySeed::parse(seed).unwrap().content_key(&kid);
        assert_eq!(derived.as_bytes().as_slice(), decode(key), "{kid}");
        assert_eq!(
            checksum::aes_ctr(&kid, &derived).as_slice(),
            decode(sum),
            "{kid}"
        );
    }
}

#[test]
fn guid_order_agrees_with_published_values() {
    for row in rows("guid.txt") {
        let [uuid, base64] = row.as_slice() else {
            panic!("{row:?}")
        };
        let kid = kid_of_hex(uuid);
        assert_eq!(guid::to_base64(&kid), *base64);
        assert_eq!(guid::from_base64(base64), Ok(kid));
    }
}

#[test]
fn cocktail_checksum_agrees_with_other_implementations() {
    for row in rows("cocktail.txt") {
        let [key, sum] = row.as_slice() else {
            panic!("{row:?}")
        };
        assert_eq!(
            checksum::cocktail(&decode(key)).unwrap().as_slice(),
            decode(sum)
        );
    }
}

/// A header file, which consists of `name value` lines.
#[derive(Default)]
struct HeaderFile {
    fields: HeaderFields,
    keys: Vec<KeyFacts>,
    xml: String,
    object: Option<Vec<u8>>,
}

impl HeaderFile {
    fn read(name: &str) -> Self {
        let mut file = Self::default();
        let text = std::fs::read_to_string(own_vectors().join(name)).unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.split_once(' ').unwrap();
            file.take(name, value);
        }
        file.fields.key_ids = key_ids(&file.keys);
        file
    }

    fn take(&mut self, name: &str, value: &str) {
        let fields = &mut self.fields;
        match name {
            "version" => fields.version = VersionChoice::Only(value.parse().unwrap()),
            "kid" => self.keys.push(key_facts(value)),
            "la_url" => fields.la_url = Some(value.parse().unwrap()),
            "ds_id" => fields.ds_id = Some(value.parse().unwrap()),
            "custom" => fields.custom_attributes = Some(value.parse().unwrap()),
            "xml" => self.xml = value.to_owned(),
            "object" => self.object = Some(decode(value)),
            other => panic!("unknown line {other}"),
        }
    }
}

/// Reads a line `UUID ALGID key`. The key is base64 or `-`.
fn key_facts(value: &str) -> KeyFacts {
    let words: Vec<_> = value.split(' ').collect();
    let [kid, algorithm, key] = words.as_slice() else {
        panic!("{value}")
    };
    KeyFacts {
        kid: kid_of_hex(kid),
        algorithm: Some((*algorithm).to_owned()),
        key: (*key != "-").then(|| ContentKey::parse(key).unwrap()),
        checksum: None,
    }
}

#[test]
fn one_canonical_header_per_version_is_written_and_read() {
    for name in [
        "header_4_0.txt",
        "header_4_1.txt",
        "header_4_2.txt",
        "header_4_3.txt",
    ] {
        let file = HeaderFile::read(name);
        let header = Header::new(file.fields.clone()).unwrap();
        assert_eq!(header.to_xml(), file.xml, "{name}");

        let found = FoundHeader::from_bytes(&header.to_bytes()).unwrap();
        assert_eq!(found.deviations, [], "{name}");
        assert_eq!(found.to_header(), Ok(header.clone()), "{name}");

        let lowest = HeaderFields {
            version: VersionChoice::Auto,
            ..file.fields
        };
        let lowest = Header::new(lowest).unwrap();
        assert!(lowest.version() <= header.version(), "{name}");

        if let Some(bytes) = file.object {
            let object = PlayReadyObject::with_header(&header).unwrap();
            assert_eq!(object.to_bytes(), bytes, "{name}");
            assert_eq!(PlayReadyObject::parse(&bytes), Ok(object), "{name}");
        }
    }
}

#[test]
fn damaged_objects_are_refused_or_read_but_never_panic() {
    let whole = HeaderFile::read("header_4_0.txt").object.unwrap();
    for end in 0..whole.len() {
        assert!(PlayReadyObject::parse(&whole[..end]).is_err(), "{end}");
    }
    let mut read = 0;
    for (at, value) in (0..whole.len()).flat_map(|at| [(at, 0), (at, b'<'), (at, 0xff)]) {
        let mut damaged = whole.clone();
        damaged[at] = value;
        let object = PlayReadyObject::parse(&damaged);
        read += usize::from(object.is_ok_and(|object| object.header().is_ok()));
    }
    assert!(read < 3 * whole.len());
}
