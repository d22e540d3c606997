// SPDX-License-Identifier: MPL-2.0
//! The keys that a store needs for its work. A key-encryption key (KEK) wraps the master key, and the master key wraps everything else:
//! the store's own keys, content keys, seeds and credentials.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use host_access::{Clock, Host, Random};
use zeroize::Zeroizing;

use super::Error;
use super::database::Database;
use super::kek::{self, Kek, KekSource, KnownKek};
use super::mac::MacKey;
use super::passphrase::Stretch;
use super::signed_rows::VerifiedRows;
use super::wrap::{Subject, Wrapper};

/// The name of the audit's key.
const AUDIT: &str = "audit";
/// The name of the fingerprints' key.
const FINGERPRINT: &str = "fingerprint";
/// The name of the key for the MACs of signed rows.
const ROWS: &str = "rows";

/// The keys of an open store for one connection.
pub(super) struct Secrets {
    keyring: Arc<StoreKeyring>,
    /// The signed rows that were found to be intact.
    pub(super) verified: VerifiedRows,
}

/// The keys of an open store, which its connections share, wiped when dropped.
pub(super) struct StoreKeyring {
    pub(super) master: MasterKey,
    /// The file of the KEK, if it is in one.
    pub(super) kek_file: Option<PathBuf>,
    pub(super) audit: MacKey,
    pub(super) rows: MacKey,
    fingerprint: MacKey,
}

impl Deref for Secrets {
    type Target = StoreKeyring;

    fn deref(&self) -> &StoreKeyring {
        &self.keyring
    }
}

/// The key that wraps all other secrets of the store.
pub(super) struct MasterKey {
    /// In one place on the heap, so that moving it leaves no copy.
    key: Box<Zeroizing<[u8; 32]>>,
    pub(super) wrapper: Wrapper,
}

impl Secrets {
    /// Reads the keys of a store with the KEK that wraps its master key.
    pub(super) fn obtain(
        database: &mut dyn Database,
        sources: &[KekSource],
        host: &Host,
    ) -> Result<Self, Error> {
        let kek = find_kek(sources, kek::current(database)?, host)?;
        let master = MasterKey::open(database, &kek)?;
        Self::read(database, master, kek)
    }

    /// Creates the keys of a new store.
    pub(super) fn create(
        database: &mut dyn Database,
        sources: &[KekSource],
        host: &Host,
    ) -> Result<Self, Error> {
        let kek = sources.first().ok_or(Error::NoKek)?.create(host)?;
        add_kek(database, &kek, &*host.clock)?;
        let random = &*host.random;
        let master = MasterKey::generate(random)?;
        master.store(database, &kek, random)?;
        for name in [AUDIT, FINGERPRINT, ROWS] {
            create_key(database, &master, name, random)?;
        }
        Self::read(database, master, kek)
    }

    /// Adds what version 3 needs beyond the secrets of version 2, which `master` wraps already.
    pub(super) fn extend(
        database: &mut dyn Database,
        master: MasterKey,
        kek: Kek,
        random: &dyn Random,
    ) -> Result<Self, Error> {
        master.store(database, &kek, random)?;
        create_key(database, &master, ROWS, random)?;
        Self::read(database, master, kek)
    }

    fn read(database: &mut dyn Database, master: MasterKey, kek: Kek) -> Result<Self, Error> {
        Ok(Self::of(&Arc::new(StoreKeyring {
            audit: load(database, &master, AUDIT)?,
            fingerprint: load(database, &master, FINGERPRINT)?,
            rows: load(database, &master, ROWS)?,
            kek_file: kek.file,
            master,
        })))
    }

    /// Makes the secrets of another connection.
    pub(super) fn of(keyring: &Arc<StoreKeyring>) -> Self {
        Self {
            keyring: Arc::clone(keyring),
            verified: VerifiedRows::default(),
        }
    }

    /// Returns the keys for other connections.
    pub(super) fn keyring(&self) -> Arc<StoreKeyring> {
        Arc::clone(&self.keyring)
    }

    /// True if the master key is that of a database.
    pub(super) fn fit(&self, database: &mut dyn Database) -> Result<bool, Error> {
        match load(database, &self.master, AUDIT) {
            Ok(_) => Ok(true),
            Err(Error::Tampered { .. } | Error::Damaged(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) fn fingerprint(&self, kind: &str, secret: &[u8]) -> [u8; 16] {
        self.fingerprint.fingerprint(kind, secret)
    }
}

impl MasterKey {
    pub(super) fn generate(random: &dyn Random) -> Result<Self, Error> {
        let mut key = Box::new(Zeroizing::new([0; 32]));
        random.fill(key.as_mut_slice())?;
        Ok(Self::new(key))
    }

    fn new(key: Box<Zeroizing<[u8; 32]>>) -> Self {
        Self {
            wrapper: Wrapper::new(&key),
            key,
        }
    }

    fn open(database: &mut dyn Database, kek: &Kek) -> Result<Self, Error> {
        let wrapped = database
            .run("SELECT wrapped FROM master_key", &[])?
            .into_iter()
            .next()
            .ok_or(Error::Damaged("the master key is missing"))?
            .blob()?;
        let clear = kek.wrapper.unwrap(Subject::MasterKey, &wrapped)?;
        let mut key = Box::new(Zeroizing::new([0; 32]));
        match clear.len() == key.len() {
            true => key.copy_from_slice(&clear),
            false => return Err(Error::Damaged("the master key has another length")),
        }
        Ok(Self::new(key))
    }

    /// Wraps it under a KEK, in the only row of its table.
    pub(super) fn store(
        &self,
        database: &mut dyn Database,
        kek: &Kek,
        random: &dyn Random,
    ) -> Result<(), Error> {
        let wrapped = kek
            .wrapper
            .wrap(Subject::MasterKey, self.key.as_slice(), random)?;
        database
            .run(
                "INSERT INTO master_key (one, wrapped, kek_id) VALUES (1, $1, $2)
                    ON CONFLICT (one) DO UPDATE SET wrapped = $1, kek_id = $2",
                &[wrapped.into(), kek.id.as_str().into()],
            )
            .map(|_| ())
    }
}

/// Returns the KEK of the sources that the store knows.
pub(super) fn find_kek(sources: &[KekSource], known: KnownKek, host: &Host) -> Result<Kek, Error> {
    let mut failed = None;
    for source in sources {
        match source.find(std::slice::from_ref(&known), &*host.files) {
            Ok(Some(kek)) => return Ok(kek),
            Ok(None) => (),
            // The file of a later KEK need not exist yet.
            Err(error) => failed = Some(error),
        }
    }
    Err(failed.unwrap_or(Error::WrongKek { needed: known.id }))
}

/// Makes a KEK the current one, and retires the one before.
pub(super) fn add_kek(
    database: &mut dyn Database,
    kek: &Kek,
    clock: &dyn Clock,
) -> Result<(), Error> {
    database.run(
        "UPDATE kek SET state = 'retired' WHERE state = 'current'",
        &[],
    )?;
    let stretch = kek.stretch.as_ref();
    let number = |of: fn(&Stretch) -> u32| stretch.map(|stretch| i64::from(of(stretch)));
    database
        .run(
            "INSERT INTO kek (id, state, created, salt, memory_kib, passes, lanes) VALUES ($1, 'current', $2, $3, $4, $5, $6)
                ON CONFLICT (id) DO UPDATE SET state = 'current'",
            &[
                kek.id.as_str().into(),
                clock.system_time().into(),
                stretch.map(|stretch| stretch.salt.as_slice()).into(),
                number(|stretch| stretch.memory_kib).into(),
                number(|stretch| stretch.passes).into(),
                number(|stretch| stretch.lanes).into(),
            ],
        )
        .map(|_| ())
}

fn create_key(
    database: &mut dyn Database,
    master: &MasterKey,
    name: &str,
    random: &dyn Random,
) -> Result<(), Error> {
    let key = MacKey::generate(random)?;
    let wrapped = master
        .wrapper
        .wrap(Subject::Secret(name), key.as_bytes(), random)?;
    database
        .run(
            "INSERT INTO secret (name, wrapped) VALUES ($1, $2)",
            &[name.into(), wrapped.into()],
        )
        .map(|_| ())
}

fn load(database: &mut dyn Database, master: &MasterKey, name: &str) -> Result<MacKey, Error> {
    let wrapped = database
        .run("SELECT wrapped FROM secret WHERE name = $1", &[name.into()])?
        .into_iter()
        .next()
        .ok_or(Error::Damaged("a key of the store is missing"))?
        .blob()?;
    MacKey::from_bytes(&master.wrapper.unwrap(Subject::Secret(name), &wrapped)?)
}
