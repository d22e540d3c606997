// SPDX-License-Identifier: MPL-2.0
//! The key store: content keys and key seeds at rest, in SQLite or PostgreSQL.
//!
//! ```no_run
//! use cenc_types::CipherMode;
//! use content_key_store::{KekSource, KeySlot, KeyStore};
//! use host_access::Host;
//!
//! let kek = KekSource::File("/var/lib/keys/keys.db.kek".into());
//! let store = KeyStore::open("sqlite:///var/lib/keys/keys.db", &[kek], &Host::system())?;
//! let slot = KeySlot {
//!     content_id: "film".to_owned(),
//!     label: "VIDEO".to_owned(),
//!     period: 0,
//!     mode: CipherMode::Ctr,
//! };
//! let created = store.acting_for("packager")?.get_or_create_key(&slot)?;
//! // Every other request for the slot gets the same key.
//! assert_eq!(store.get_or_create_key(&slot)?.info.kid, created.info.kid);
//! # Ok::<(), content_key_store::Error>(())
//! ```
//!
//! - **One key for all.** The first request for a content's track in a crypto period creates its key
//!   ([`KeyStore::get_or_create_key`]); all others, from other processes and machines too, get the same key.
//! - **Nothing in clear.** Keys and seeds are stored wrapped under the store's master key, and that under a key-encryption key that the
//!   database never sees ([`KekSource`]). [`KeyStore::rewrap`] changes it.
//! - **Rules in the database.** Constraints and triggers enforce, for all writers, that a KID means one key in one cipher mode for
//!   ever, that a key becomes active only when all required targets have acknowledged it, and that the audit only grows.
//! - **A complete audit.** Each request that changes the store or hands out a key adds a row to the audit, in the same
//!   transaction ([`KeyStore::verify_audit`]).
//! - **Signed rows.** Accounts, tokens and targets decide who gets keys. Somebody who can write the database, but lacks the
//!   key-encryption key, cannot change them without being noticed ([`SignedRow`]).
//!
//! # Tables of a program over the store
//!
//! A program may keep tables of its users and licence servers in the same database, and change them and the keys in one transaction with
//! a row in the audit: [`KeyStore::read`], [`KeyStore::write`] and [`KeyStore::write_unrecorded`] give it a [`Transaction`], which
//! runs statements ([`Value`], [`Row`]), makes fingerprints and wraps credentials. The key server keeps its accounts, tokens,
//! targets, deliveries and answers that way. A `Transaction` gives no key and no seed in clear: only the requests of
//! [`KeyStore`] do, which add rows to the audit.
//!
//! The store defines all these tables (`src/schema`). So a database has one version and one migration, and a trigger over the tables of
//! both sides enforces that a key becomes active only when all required targets have acknowledged it.
//!
//! # Threads
//!
//! Calls block, and so may dropping the last clone: use a store from threads that may block, not from asynchronous tasks. The clones of
//! a store share one connection that writes and, with SQLite or where a program asks for them, a few that read, so that reading waits for
//! no change.

mod actor;
mod audit;
mod audit_fault;
mod audit_head;
mod audit_start;
mod batch;
mod compare;
mod content;
mod content_key;
mod content_list;
mod content_rows;
mod database;
mod error;
mod error_answers;
mod facts;
mod generation;
mod insert;
mod kek;
mod key_requests;
mod leaf_licence;
mod list;
mod location;
mod mac;
mod model;
mod new_row;
mod outbox;
mod page;
mod passphrase;
#[cfg(test)]
#[cfg(feature = "sqlite")]
mod plans;
#[cfg(feature = "postgres")]
mod postgres;
mod readers;
mod rewrap;
mod secrets;
mod seed;
mod shared;
mod signed_rows;
mod slot_list;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store_address;
mod store_check;
mod store_keys;
mod timeline;
mod transaction;
mod upgrade;
mod verify;
mod watch;
mod wrap;

use std::cmp::Ordering;
use std::sync::{Arc, Mutex};

pub use actor::{Actor, ContentPattern, ContentScope, Outside};
pub use audit::AuditHead;
use audit::Event;
pub use audit_fault::AuditFault;
pub use batch::Batcher;
use cenc_types::KeyId;
pub use compare::is_guessable;
pub use content::crypto_period_column;
pub use content_list::{ContentSummary, RotatingContent};
pub use database::{Backend, Row, StoreRisk, Value};
use database::{Database, VERSION};
pub use error::Error;
pub use generation::Doubt;
use host_access::Host;
pub use kek::KekSource;
pub use key_requests::{ContentKeys, SlotRequest};
pub use location::Location;
pub use model::{
    AssignedSlot, Content, Inserted, KeyFilter, KeyInfo, KeySlot, KeyState, NewKey, NewKeySource,
    Origin, StoredKey, TrackLabel, check_name, milliseconds,
};
pub use page::{BothWays, Cursor, Found, Listed, Page, PageStart, Place, SEARCHED, Stretch};
use readers::Readers;
use secrets::Secrets;
pub use seed::SeedInfo;
use shared::Shared;
pub use signed_rows::SignedRow;
pub use store_address::StoreAddress;
pub use store_check::StoreCheck;
pub use store_keys::StoreKeys;
pub use timeline::PeriodKey;
pub use transaction::{RequestError, Transaction};
pub use upgrade::Upgraded;
pub use watch::StoreFault;
use watch::Watch;

/// A store of content keys.
#[derive(Clone)]
pub struct KeyStore {
    shared: Arc<Mutex<Shared>>,
    watch: Arc<Watch>,
    /// None where reading takes the connection that writes.
    readers: Option<Arc<Readers>>,
    host: Host,
    actor: Actor,
}

impl KeyStore {
    /// Opens the store at `sqlite:///path` or `postgresql://…`, and creates it if there is none. The first of the key-encryption keys
    /// then wraps its secrets. While a re-wrap may happen, give both the old and the new key.
    ///
    /// # Errors
    /// [`Error::BadUri`], [`Error::Unavailable`], [`Error::TooOpen`] for a folder or file that others may use, [`Error::WrongKek`],
    /// [`Error::OlderSchema`] for a store that [`Self::upgrade`] must bring up to date first, and those of [`KekSource`].
    pub fn open(uri: &str, keks: &[KekSource], host: &Host) -> Result<Self, Error> {
        if keks.is_empty() {
            return Err(Error::NoKek);
        }
        let location = Location::parse(uri)?;
        let mut database = connect(uri, Purpose::Write, host)?;
        if database.version()? == 0 {
            create(&mut *database, &location, keks, host)?;
            database = connect(uri, Purpose::Write, host)?;
        }
        check_version(&mut *database)?;
        let opened = Shared::open(database, &location, keks, host)?;
        let store = Self {
            readers: None,
            watch: Arc::clone(&opened.watch),
            shared: Arc::new(Mutex::new(opened)),
            host: host.clone(),
            actor: Actor::unnamed(),
        };
        Ok(match location {
            Location::Sqlite(_) => store.with_readers(uri),
            Location::Postgres(_) => store,
        })
    }

    /// Returns this store, which was opened at `uri`, with up to four more connections that only read, so that reading waits for no change. A
    /// store in SQLite has them always; one in PostgreSQL has one connection otherwise, since many programs share the server.
    #[must_use]
    pub fn with_readers(self, uri: &str) -> Self {
        let keyring = self.lock().secrets.keyring();
        Self {
            readers: Some(Arc::new(Readers::new(
                uri,
                keyring,
                Arc::clone(&self.watch),
            ))),
            ..self
        }
    }

    /// Returns the clock, random bytes and files of secrets that the store uses.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Returns the same store for an actor, whom the audit names.
    ///
    /// # Errors
    /// [`Error::BadName`].
    pub fn acting_for(&self, actor: &str) -> Result<Self, Error> {
        Ok(self.acting_as(&Actor::new(actor, self.actor.scope().clone())?))
    }

    /// Returns the check of this store, which was opened at `uri`.
    pub fn checked_at(&self, uri: &str) -> StoreCheck {
        StoreCheck::new(self.clone(), uri.to_owned())
    }
}

/// The purpose of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Creates the database if it is missing, and changes it.
    Write,
    /// Only reads.
    Read,
    /// Tries whether a change can be written, and does not wait long for others.
    Probe,
}

fn connect(uri: &str, purpose: Purpose, host: &Host) -> Result<Box<dyn Database>, Error> {
    match Location::parse(uri)? {
        #[cfg(feature = "sqlite")]
        Location::Sqlite(path) => sqlite::open(&path, purpose, &*host.clock),
        #[cfg(feature = "postgres")]
        location @ Location::Postgres(_) => postgres::open(uri, location, &*host.files),
        #[cfg(not(feature = "sqlite"))]
        Location::Sqlite(_) => Err(Error::NoSqlite),
        #[cfg(not(feature = "postgres"))]
        Location::Postgres(_) => Err(Error::NoPostgres),
    }
}

/// Creates the tables and keys of a new store, unless another process has created them meanwhile.
fn create(
    database: &mut dyn Database,
    location: &Location,
    keks: &[KekSource],
    host: &Host,
) -> Result<(), Error> {
    database.begin_upgrade()?;
    let created = match database.version() {
        Ok(0) => fill(database, location, keks, host),
        version => version.map(|_| ()),
    };
    match created.is_ok() {
        true => database.commit()?,
        false => database.roll_back(),
    }
    created
}

fn fill(
    database: &mut dyn Database,
    location: &Location,
    keks: &[KekSource],
    host: &Host,
) -> Result<(), Error> {
    while database.version()? < VERSION {
        database.apply_next()?;
    }
    let mut secrets = Secrets::create(database, keks, host)?;
    let mut transaction = Transaction::of_all(database, &mut secrets, host);
    create_identity(&mut transaction, location)?;
    signed_rows::sign_all(&mut transaction)?;
    audit::append(&mut transaction, &Event::of_store("create"))?;
    audit_head::finish(&mut transaction)
}

/// Gives the store an id, and begins its record, so that its backups and copies are recognised.
fn create_identity(transaction: &mut Transaction<'_>, location: &Location) -> Result<(), Error> {
    let id = KeyId::generate(&*transaction.host.random)?.to_string();
    transaction.run(
        "INSERT INTO store_identity (one, id) VALUES (1, $1)",
        &[id.as_str().into()],
    )?;
    match generation::path(transaction.secrets.kek_file.as_deref(), location, &id) {
        Some(path) => generation::begin(&path, &id),
        None => Ok(()),
    }
}

fn check_version(database: &mut dyn Database) -> Result<(), Error> {
    let found = database.version()?;
    match found.cmp(&VERSION) {
        Ordering::Less => Err(Error::OlderSchema { found }),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(Error::NewerSchema {
            found,
            known: VERSION,
        }),
    }
}
