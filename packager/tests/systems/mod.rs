// SPDX-License-Identifier: MPL-2.0
//! The `pssh` boxes of other systems than PlayReady.

use cenc_types::{ContentKey, KeyId, Media, Scheme, Track};
use common_encryption::Protector;
use content_keys::{FixedKeys, KeyRing};
use drm_signaling::System;
use protection_policy::{Config, Packaging};
use serde_json::Value;

use crate::film::{self, Film};
use crate::{inspect, report, written};

/// A Widevine box of version 0. Google's protobuf 7.36 for Python encoded its data, except for the KID.
pub fn widevine(kid: &[u8]) -> Vec<u8> {
    const SYSTEM_ID: &[u8] = b"\xed\xef\x8b\xa9\x79\xd6\x4a\xce\xa3\xc8\x27\xdc\xd5\x1d\x21\xed";
    let rest = b"\x1a\x0dwidevine_test\x22\x06film 1\x48\xe3\xdc\x95\x9b\x06";
    let data = [b"\x12\x10", kid, rest].concat();
    let size = u32::try_from(data.len()).unwrap().to_be_bytes();
    film::leaf(b"pssh", &[&[0; 4], SYSTEM_ID, &size, &data])
}

#[test]
fn widevine_data_is_shown() {
    let mut film = Film::default();
    film.other_pssh = widevine(&film.tenc[8..24]);
    let file = written("widevine.mp4", &film.to_bytes());
    let output = inspect(&[], std::slice::from_ref(&file));
    let shown = String::from_utf8(output.stdout).unwrap();
    let shown = shown.split("Widevine, version 0").nth(1).unwrap();
    for line in [
        "KID          f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "scheme       cenc",
        "provider     widevine_test",
        "content ID   66696c6d2031",
        "No findings",
    ] {
        assert!(shown.contains(line), "{line} in\n{shown}");
    }
    let (_, report) = report(&[file]);
    let widevine = &report["pssh"][1]["widevine"];
    assert_eq!(widevine["kids"][0], "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
    assert_eq!(widevine["scheme"], "cenc");
    assert_eq!(widevine["provider"], "widevine_test");
    assert_eq!(widevine["content_id"], "66696c6d2031");
}

#[test]
fn boxes_of_all_systems_are_read_as_they_were_written() {
    let kid: KeyId = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6".parse().unwrap();
    let config = Config {
        systems: System::ALL.into(),
        extra_pssh: vec![
            Config::pssh_from_base64("AAAAIHBzc2gAAAAAq6urq6urq6urq6urq6urqwAAAAA=").unwrap(),
        ],
        ..Config::new(Scheme::Cenc, host_access::Host::system())
    };
    let audio = Track {
        track_id: 1,
        media: Media::Audio,
    };
    let keys = KeyRing::single(
        kid,
        ContentKey::generate(&host_access::SystemRandom).unwrap(),
    );
    let keys = Box::new(FixedKeys::new(keys));
    let mut packaging =
        Packaging::open(config, keys, Default::default(), Default::default()).unwrap();
    let boxes = packaging.protect(&[audio]).unwrap().pssh;
    let mut film = Film::default();
    film.other_pssh = boxes.concat();
    let (code, report) = report(&[written("systems.mp4", &film.to_bytes())]);
    assert_eq!((code, report["findings"].as_array().unwrap().len()), (0, 0));
    let kid = Value::from(kid.to_string());
    let [_, playready, widevine, common, other] = report["pssh"].as_array().unwrap().as_slice()
    else {
        panic!("{report}");
    };
    assert_eq!(playready["playready"]["header"]["key_ids"][0]["kid"], kid);
    assert_eq!(widevine["widevine"]["kids"], Value::from(vec![kid.clone()]));
    assert_eq!(widevine["widevine"]["scheme"], "cenc");
    assert_eq!(
        (&common["version"], &common["kids"][0]),
        (&Value::from(1), &kid)
    );
    assert_eq!(other["system_id"], "abababab-abab-abab-abab-abababababab");
}
