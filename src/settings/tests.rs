// SPDX-License-Identifier: MPL-2.0
//! Reads properties into a configuration.

use gst::prelude::*;

use super::enums::SystemsProperty;
use super::*;

const KID: &str = "10000000-1000-1000-1000-100000000001";
const KEY: &str = "5b7d5b7d5b7d5b7d5b7d5b7d5b7d5b7d";

fn settings(values: &[(&str, &str)]) -> Settings {
    let mut settings = Settings::default();
    for (name, value) in values {
        settings.set(name, &value.to_value());
    }
    settings
}

/// Returns the first content key that the settings give for a track.
fn key(settings: &Settings, track: &cenc_types::Track) -> [u8; 16] {
    let GivenSource::Keys(mut provider) = settings.source().unwrap() else {
        panic!("the keys are in the properties");
    };
    let keys = provider.period_keys(0).unwrap();
    *keys.select(track, 0).unwrap().unwrap().key.as_bytes()
}

fn error(values: &[(&str, &str)]) -> String {
    let settings = settings(values);
    let keys = settings
        .config(Host::system())
        .and_then(|_| settings.source());
    keys.err().unwrap().to_string()
}

#[test]
fn each_missing_or_surplus_key_part_is_named() {
    let key = ("key", KEY);
    for (values, remedy) in [
        ([].as_slice(), "set key-uri=file:///"),
        (&[key], "set key-id"),
        (&[("key-id", KID)], "set key or key-seed"),
        (
            &[("key-id", KID), key, ("key-uri", "file:///x")],
            "several sources",
        ),
        (
            &[("key-id", KID), key, ("key-seed", KEY)],
            "several sources",
        ),
    ] {
        assert!(error(values).contains(remedy), "{}", error(values));
    }
}

#[test]
fn malformed_values_are_named_and_not_repeated() {
    for (name, value) in [
        ("key", "0123456789"),
        ("key", "secret words"),
        ("key-id", "no-uuid"),
        ("iv", "0123"),
        ("la-url", "relative/path"),
        ("ds-id", "short"),
        ("custom-attributes", "<open>"),
        ("pssh", "no-base64"),
    ] {
        let error = error(&[("key-id", KID), ("key", KEY), (name, value)]);
        assert!(error.starts_with(&format!("property {name}:")), "{error}");
        assert!(!error.contains(value), "{error}");
    }
}

// The key seed and KID are those of a Microsoft test content; its published checksum confirms the key.
#[test]
fn key_comes_from_key_or_seed() {
    let kid = ("key-id", "09e091ab-f838-41d2-9e35-58531fd19ec7");
    let seed = ("key-seed", "XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I");
    let track = cenc_types::Track {
        track_id: 1,
        media: cenc_types::Media::Audio,
    };
    let seeded = settings(&[kid, seed]);
    assert!(seeded.has_public_seed());
    let given = settings(&[kid, ("key", "nLBhFktwE+rvzH1tGEJMLA==")]);
    assert!(!given.has_public_seed());
    assert_eq!(key(&seeded, &track), key(&given, &track));
}

// Shaka Packager 3.8.0 made the boxes.
#[test]
fn systems_and_boxes_are_in_the_configuration() {
    let key = [("key-id", KID), ("key", KEY)];
    let config = settings(&key).config(Host::system()).unwrap();
    assert!(config.systems.into_iter().eq([System::PlayReady]));
    assert!(config.extra_pssh.is_empty());

    let common = "AAAANHBzc2gBAAAAEHfv7MCyTQKs4zweUuL7SwAAAAEQAAAAEAAQABAAEAAAAACqAAAAAA==";
    let widevine = "AAAAOHBzc2gAAAAA7e+LqXnWSs6jyCfc1R0h7QAAABgSEBAAAAAQABAAEAAQAAAAAKpI49yVmwY=";
    let mut settings = settings(&key);
    let chosen = SystemsProperty::MARLIN | SystemsProperty::WIDEVINE;
    settings.set("systems", &chosen.to_value());
    settings.set("pssh", &format!("{common}, {widevine},").to_value());
    let config = settings.config(Host::system()).unwrap();
    let systems = [System::Widevine, System::Marlin];
    assert!(config.systems.into_iter().eq(systems));
    let systems = [System::Common, System::Widevine].map(System::id);
    assert!(config.extra_pssh.iter().map(Drm::system_id).eq(systems));
}

#[test]
fn caps_name_the_first_system_that_has_a_box() {
    let common = "AAAANHBzc2gBAAAAEHfv7MCyTQKs4zweUuL7SwAAAAEQAAAAEAAQABAAEAAAAACqAAAAAA==";
    for (systems, pssh, first) in [
        (SystemsProperty::default(), "", Some(System::PlayReady)),
        (SystemsProperty::all(), "", Some(System::PlayReady)),
        (
            SystemsProperty::MARLIN | SystemsProperty::WIDEVINE,
            common,
            Some(System::Widevine),
        ),
        (SystemsProperty::FAIRPLAY, common, Some(System::Common)),
        (SystemsProperty::FAIRPLAY, "", None),
        (SystemsProperty::empty(), "no box", None),
    ] {
        let mut settings = settings(&[("pssh", pssh)]);
        settings.set("systems", &systems.to_value());
        let named = settings.caps_protection().system;
        assert_eq!(named, first.map(System::id), "{systems:?}");
    }
}
