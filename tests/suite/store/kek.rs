// SPDX-License-Identifier: MPL-2.0
//! Key-encryption keys: their sources, wrong keys, and the change to a new key.

use std::os::unix::fs::PermissionsExt;

use cenc_types::CipherMode;
use content_key_store::{Error, KekSource, KeyStore};
use playready_header::KeySeed;
use zeroize::Zeroizing;

use super::place::places;
use super::{new_key, slot};

fn passphrase(text: &str) -> KekSource {
    KekSource::Passphrase(Zeroizing::new(text.to_owned()))
}

#[test]
fn file_is_made_at_first_use_and_needed_then() {
    for place in places("store-kek") {
        let path = place.kek_path("kek");
        let made = place.open().get_or_create_key(&slot("a", 0)).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // No new key is made in its place.
        let away = place.kek_path("away");
        std::fs::rename(&path, &away).unwrap();
        let refused = KeyStore::open(&place.uri, &[place.kek()], &host_access::Host::system())
            .err()
            .unwrap();
        assert!(
            matches!(refused, Error::KekFile(_)) && !path.exists(),
            "{refused}"
        );
        std::fs::rename(&away, &path).unwrap();
        assert_eq!(
            place.open().get_or_create_key(&slot("a", 0)).unwrap().info,
            made.info
        );
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        let refused = KeyStore::open(&place.uri, &[place.kek()], &host_access::Host::system())
            .err()
            .unwrap();
        assert!(refused.to_string().contains("chmod 600"), "{refused}");
    }
}

#[test]
fn wrong_keys_are_refused_by_name() {
    for place in places("store-wrong-kek") {
        place.open().get_or_create_key(&slot("a", 0)).unwrap();
        let other = place.scratch.write_secret("other", &"42".repeat(32));
        for source in [KekSource::File(other), passphrase("correct horse")] {
            let refused = KeyStore::open(&place.uri, &[source], &host_access::Host::system())
                .err()
                .unwrap();
            assert!(matches!(refused, Error::WrongKek { .. }), "{refused}");
            assert!(!refused.to_string().contains("42424242"), "{refused}");
        }
        assert!(matches!(
            KeyStore::open(&place.uri, &[], &host_access::Host::system()),
            Err(Error::NoKek)
        ));
        let short = place.scratch.write_secret("short", "4242");
        let refused = KeyStore::open(
            &place.uri,
            &[KekSource::File(short)],
            &host_access::Host::system(),
        );
        assert!(matches!(refused, Err(Error::BadKek)));
    }
}

#[test]
fn passphrase_opens_what_it_made() {
    for place in places("store-passphrase") {
        let open = |text| {
            KeyStore::open(
                &place.uri,
                &[passphrase(text)],
                &host_access::Host::system(),
            )
        };
        let made = open("correct horse")
            .unwrap()
            .get_or_create_key(&slot("a", 0))
            .unwrap();
        let same = open("correct horse")
            .unwrap()
            .get_or_create_key(&slot("a", 0))
            .unwrap();
        assert_eq!(made.key.as_bytes(), same.key.as_bytes());
        let refused = open("wrong horse").err().unwrap();
        assert!(matches!(refused, Error::WrongKek { .. }));
        assert!(!refused.to_string().contains("horse"));
    }
}

#[test]
fn master_key_is_wrapped_anew_and_the_old_key_is_forgotten() {
    for place in places("store-rewrap") {
        let store = place.open();
        let (inserted, bytes) = new_key(CipherMode::Cbc);
        store.insert(&inserted, &[]).unwrap();
        let seed = KeySeed::from_bytes(&[3; 30]).unwrap();
        store.put_seed("seed", &seed).unwrap();
        let made = store.get_or_create_key(&slot("a", 0)).unwrap();
        let new = || KekSource::File(place.kek_path("new"));
        assert!(store.rewrap(&new()).unwrap());
        assert!(!store.rewrap(&new()).unwrap());
        assert!(
            store.get_or_create_key(&slot("a", 1)).is_ok(),
            "the store goes on"
        );
        let refused = KeyStore::open(&place.uri, &[place.kek()], &host_access::Host::system())
            .err()
            .unwrap();
        assert!(matches!(refused, Error::WrongKek { .. }), "{refused}");
        let store = KeyStore::open(&place.uri, &[new()], &host_access::Host::system()).unwrap();
        for (kid, key) in [
            (&inserted.kid, &bytes),
            (&made.info.kid, made.key.as_bytes()),
        ] {
            assert_eq!(store.key(kid).unwrap().key.as_bytes(), key);
        }
        assert!(store.verify_audit().is_ok());
        // Fingerprints remain valid afterwards.
        assert!(matches!(
            store.put_seed("again", &seed),
            Err(Error::SameSeed(_))
        ));
        store.rewrap(&passphrase("correct horse")).unwrap();
        KeyStore::open(
            &place.uri,
            &[passphrase("correct horse")],
            &host_access::Host::system(),
        )
        .unwrap();
    }
}

#[test]
fn others_go_on_through_a_re_wrap() {
    for place in places("store-others") {
        let new = || KekSource::File(place.kek_path("new"));
        // The file of the new key does not exist yet.
        let other = KeyStore::open(
            &place.uri,
            &[place.kek(), new()],
            &host_access::Host::system(),
        )
        .unwrap();
        let made = other.get_or_create_key(&slot("a", 0)).unwrap();
        let store = place.open();
        store.rewrap(&new()).unwrap();
        let same = other.get_or_create_key(&slot("a", 0)).unwrap();
        assert_eq!(same.key.as_bytes(), made.key.as_bytes());
        let later = other.get_or_create_key(&slot("a", 1)).unwrap();
        let only_new = KeyStore::open(&place.uri, &[new()], &host_access::Host::system()).unwrap();
        let same = only_new.get_or_create_key(&slot("a", 1)).unwrap();
        assert_eq!(same.key.as_bytes(), later.key.as_bytes());
        // Processes that have the store open need no key-encryption key any more.
        let third = KekSource::File(place.kek_path("third"));
        only_new.rewrap(&third).unwrap();
        let same = other.get_or_create_key(&slot("a", 0)).unwrap();
        assert_eq!(same.key.as_bytes(), made.key.as_bytes());
        assert!(matches!(
            KeyStore::open(&place.uri, &[new()], &host_access::Host::system()),
            Err(Error::WrongKek { .. })
        ));
    }
}

#[test]
fn credentials_come_from_the_folder_that_systemd_names() {
    // A separate process gets the variable: this one runs other tests.
    for place in places("store-credential") {
        let hex = place.scratch.write("hex", "42".repeat(32));
        place.scratch.write("raw", [0x42; 32]);
        let folder = hex.parent().unwrap();
        for name in ["hex", "raw"] {
            let job = format!("credential\t{}\t{name}", place.uri);
            let output = super::processes::helper(&job)
                .env("CREDENTIALS_DIRECTORY", folder)
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(text.contains("opened"), "{text}");
        }
        let absent = KekSource::Credential("hex".to_owned());
        let refused = KeyStore::open(&place.uri, &[absent], &host_access::Host::system())
            .err()
            .unwrap();
        assert!(refused.to_string().contains("LoadCredential"), "{refused}");
    }
}
