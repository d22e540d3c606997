// SPDX-License-Identifier: MPL-2.0
//! Backups and copies of a store, and databases that are missing.

use std::fs;
use std::path::Path;

use content_key_store::{Doubt, Error, KekSource, KeyStore};
use host_access::Host;

use super::place::{Place, places, sqlite};
use super::slot;

/// Copies the database of a store that nobody has open.
fn copy(place: &Place, to: &Path) {
    let vacuum = format!("VACUUM INTO '{}'", to.display());
    place.run(&vacuum).unwrap();
}

#[test]
fn restored_store_makes_no_keys_until_somebody_accepts_it() {
    let place = sqlite("store-restored");
    let store = place.open();
    assert_eq!(store.doubt(), None);
    let before = store.get_or_create_key(&slot("live", 1)).unwrap().info.kid;
    let backup = place.scratch.join("backup.db");
    copy(&place, &backup);
    let lost = store.get_or_create_key(&slot("live", 2)).unwrap().info.kid;
    drop(store);
    assert_eq!(place.open().doubt(), None, "it was closed and opened again");

    // As the documents say: the database is replaced, and what lies beside the key-encryption key stays.
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{ending}", place.sqlite_path().display()));
    }
    fs::copy(&backup, place.sqlite_path()).unwrap();
    let mode: fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(place.sqlite_path(), mode).unwrap();
    let store = place.open();
    assert_eq!(store.doubt(), Some(Doubt::Earlier));
    let refused = store.get_or_create_key(&slot("live", 2)).err().unwrap();
    assert!(refused.to_string().contains("accept-restore"), "{refused}");
    // Licence servers and packagers get the keys that are there.
    assert!(store.key(&before).is_ok());
    assert!(store.get_or_create_key(&slot("live", 1)).is_ok());
    // It stays in doubt, however often it is opened and used: by now it has other rows in place of those that are missing.
    assert!(matches!(
        place.open().doubt(),
        Some(Doubt::Earlier | Doubt::Diverged)
    ));

    assert!(place.open().accept_restore().unwrap());
    let store = place.open();
    assert_eq!(store.doubt(), None);
    assert!(!store.accept_restore().unwrap());
    // The key of the lost period has another KID, so that licence servers do not take it for the lost one.
    let made = store.get_or_create_key(&slot("live", 2)).unwrap().info.kid;
    assert_ne!(made, lost);
    store.verify_audit().unwrap();
}

#[test]
fn copies_and_stores_that_went_apart_are_recognised() {
    let place = sqlite("store-copied");
    let store = place.open();
    store.get_or_create_key(&slot("live", 1)).unwrap();
    let copied = place.scratch.join("copy");
    fs::create_dir(&copied).unwrap();
    copy(&place, &copied.join("keys.db"));
    fs::copy(place.kek_path("kek"), copied.join("kek")).unwrap();
    let mode: fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs::set_permissions(&copied, mode).unwrap();
    let mode: fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(copied.join("keys.db"), mode).unwrap();
    let open = || {
        let uri = format!("sqlite://{}", copied.join("keys.db").display());
        let kek = KekSource::File(copied.join("kek"));
        KeyStore::open(&uri, &[kek], &Host::system()).unwrap()
    };
    assert_eq!(open().doubt(), Some(Doubt::NoRecord));
    open().accept_restore().unwrap();
    assert_eq!(open().doubt(), None);
    // Both have made rows of their own since.
    for period in 2..5 {
        store.get_or_create_key(&slot("live", period)).unwrap();
        open().get_or_create_key(&slot("live", period)).unwrap();
    }
    let record = copied.join("keys.db.generation");
    fs::copy(place.scratch.join("store/keys.db.generation"), &record).unwrap();
    assert!(matches!(
        open().doubt(),
        Some(Doubt::Diverged | Doubt::Earlier)
    ));
    fs::write(&record, "something else").unwrap();
    assert_eq!(open().doubt(), Some(Doubt::Unreadable));
    let other = sqlite("store-copied-other");
    other.open();
    fs::copy(other.scratch.join("store/keys.db.generation"), &record).unwrap();
    assert_eq!(open().doubt(), Some(Doubt::OtherStore));
}

#[test]
fn missing_database_is_not_replaced_by_an_empty_one() {
    let place = sqlite("store-gone");
    place.open().get_or_create_key(&slot("live", 1)).unwrap();
    for damage in ["removed", "emptied"] {
        for ending in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{ending}", place.sqlite_path().display()));
        }
        match damage {
            "removed" => fs::remove_file(place.sqlite_path()).unwrap(),
            _ => fs::write(place.sqlite_path(), "").unwrap(),
        }
        let refused = KeyStore::open(&place.uri, &[place.kek()], &Host::system())
            .err()
            .unwrap();
        assert!(
            matches!(refused, Error::StoreMissing { .. }),
            "{damage}: {refused}"
        );
        assert!(
            refused.to_string().contains("keys.db.generation"),
            "{refused}"
        );
    }
    // Whoever removes the record starts a new store.
    fs::remove_file(place.scratch.join("store/keys.db.generation")).unwrap();
    assert_eq!(place.open().doubt(), None);
}

#[test]
fn record_follows_the_key_encryption_key() {
    for place in places("store-record-rewrap") {
        let store = place.open();
        store.get_or_create_key(&slot("live", 1)).unwrap();
        let new = || KekSource::File(place.kek_path("new"));
        store.rewrap(&new()).unwrap();
        store.get_or_create_key(&slot("live", 2)).unwrap();
        let again = KeyStore::open(&place.uri, &[new()], &Host::system()).unwrap();
        assert_eq!(again.doubt(), None);
        // Several processes write the record.
        again.get_or_create_key(&slot("live", 3)).unwrap();
        store.get_or_create_key(&slot("live", 4)).unwrap();
        let third = KeyStore::open(&place.uri, &[new()], &Host::system()).unwrap();
        assert_eq!(third.doubt(), None);
    }
}
