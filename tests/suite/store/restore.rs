// SPDX-License-Identifier: MPL-2.0
//! Backups and copies of a store, and databases that are missing.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use content_key_store::{Doubt, Error, KekSource, KeyStore};
use host_access::{Clock, Host, SystemClock};

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

/// A clock whose pauses give another process the time to finish what it writes.
struct Finishing {
    record: PathBuf,
    whole: String,
    pauses_before: AtomicU32,
}

impl Clock for Finishing {
    fn since_1970(&self) -> Duration {
        SystemClock::default().since_1970()
    }

    fn monotonic(&self) -> Duration {
        SystemClock::default().monotonic()
    }

    fn sleep(&self, _: Duration) {
        if self.pauses_before.fetch_sub(1, Ordering::Relaxed) == 1 {
            fs::write(&self.record, &self.whole).unwrap();
        }
    }
}

/// Opens a store at whose record another process writes, which finishes after some pauses.
fn open_while_written(place: &Place, record: &Path, torn: &str, pauses: u32) -> Option<Doubt> {
    let whole = fs::read_to_string(record).unwrap();
    fs::write(record, torn).unwrap();
    let clock = Finishing {
        record: record.to_owned(),
        whole: whole.clone(),
        pauses_before: AtomicU32::new(pauses),
    };
    let host = Host {
        clock: Arc::new(clock),
        ..Host::system()
    };
    let store = KeyStore::open(&place.uri, &[place.kek()], &host).unwrap();
    let doubt = store.doubt();
    fs::write(record, whole).unwrap();
    doubt
}

#[test]
fn record_that_another_process_is_writing_is_read_again() {
    let place = sqlite("store-torn");
    let store = place.open();
    let record = PathBuf::from(format!("{}.generation", place.sqlite_path().display()));
    let earlier = fs::read_to_string(&record).unwrap();
    store.get_or_create_key(&slot("live", 1)).unwrap();
    drop(store);
    let whole = fs::read_to_string(&record).unwrap();
    assert_eq!(whole.len(), earlier.len());
    for cut in [0, 1, 20, 50, 60, 69, 80, 100, whole.len() - 1] {
        // The start of the new record before the end of the old one, and alone.
        let mixed = format!("{}{}", &whole[..cut], &earlier[cut..]);
        for torn in [mixed.as_str(), &whole[..cut]] {
            for pauses in [1, 3] {
                let doubt = open_while_written(&place, &record, torn, pauses);
                assert_eq!(doubt, None, "{torn}");
            }
        }
    }
    // What stays torn is in doubt.
    assert_eq!(
        open_while_written(&place, &record, &whole[..50], 9),
        Some(Doubt::Unreadable)
    );
}

#[test]
fn stores_open_without_doubt_while_another_one_writes() {
    let place = sqlite("store-busy-record");
    let store = place.open();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for period in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                store.get_or_create_key(&slot("live", period)).unwrap();
            }
        });
        let doubts: Vec<_> = (0..100).map(|_| place.open().doubt()).collect();
        stop.store(true, Ordering::Relaxed);
        assert!(doubts.iter().all(Option::is_none), "{doubts:?}");
    });
}
