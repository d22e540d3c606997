// SPDX-License-Identifier: MPL-2.0
//! Settings that are refused, and warnings.

use super::*;

#[test]
fn pattern_must_encrypt_and_fit() {
    assert_eq!(Config::pattern(1, 9).unwrap(), Pattern::ONE_IN_TEN);
    assert!(Config::pattern(15, 15).is_ok());
    assert!(Config::pattern(1, 0).is_ok());
    for (crypt, skip) in [(0, 9), (0, 0), (16, 1), (1, 16), (u32::MAX, 0)] {
        assert!(Config::pattern(crypt, skip).is_err(), "{crypt}:{skip}");
    }
}

// Schemes of the systems: PlayReady's list of MP4-based formats, FairPlay Streaming overview.
#[test]
fn unsupported_schemes_cause_warnings() {
    let warnings = |scheme, systems: &[System]| {
        let mut config = Config::new(scheme, Host::system());
        config.systems = systems.iter().copied().collect();
        config.warnings().len()
    };
    let both = [System::PlayReady, System::FairPlay];
    assert_eq!(warnings(Scheme::Cbcs, &both), 0);
    assert_eq!(warnings(Scheme::Cenc, &both[..1]), 0);
    assert_eq!(warnings(Scheme::Cenc, &both), 1);
    assert_eq!(warnings(Scheme::Cens, &both), 2);
}

// Made by Shaka Packager 3.8.0.
#[test]
fn given_box_is_kept_byte_for_byte() {
    let text = "AAAANHBzc2gBAAAAEHfv7MCyTQKs4zweUuL7SwAAAAEQAAAAEAAQABAAEAAAAACqAAAAAA==";
    let drm = Config::pssh_from_base64(text).unwrap();
    assert_eq!(drm.system_id(), System::Common.id());
    assert_eq!(STANDARD.encode(drm.pssh().unwrap()), text);
}

#[test]
fn incomplete_box_is_refused() {
    let error = |text| Config::pssh_from_base64(text).unwrap_err();
    assert!(matches!(error("no-base64"), Error::PsshBase64));
    for text in ["", "AAAADHBzc2g=", "AAAADGZyZWVAAAAA"] {
        assert!(matches!(error(text), Error::ExtraPssh(_)), "{text}");
    }
}
