// SPDX-License-Identifier: MPL-2.0
//! The key store: content keys and key seeds at rest, in SQLite or PostgreSQL.
//!
//! - **One answer for all.** Whoever first asks for a content's track in a crypto period makes its key ([`KeyStore::get_or_create_key`]); all
//!   others, in other processes and on other machines, get the same one.
//! - **Nothing in clear.** Keys and seeds rest wrapped under a key-encryption key that the database never sees ([`KekSource`]).
//!   [`KeyStore::rewrap`] changes it, and goes on where it was interrupted.
//! - **Rules in the database.** One KID means one key in one cipher mode for ever, a key becomes active only when all required
//!   targets have acknowledged it, and the audit only grows: constraints and triggers see to it, whoever writes.
//! - **An account of everything.** Each request that changes the store or hands out a key leaves a row in the audit, in the same
//!   transaction ([`KeyStore::verify_audit`]).
//!
//! # Tables of a program over the store
//!
//! A program may keep what it knows of its users and of its licence servers beside the keys, and change both in one transaction with
//! a row in the audit: [`KeyStore::read`], [`KeyStore::write`] and [`KeyStore::write_unrecorded`] give it a [`Transaction`], which
//! runs statements ([`Value`], [`Row`]), makes fingerprints and wraps credentials. The key server keeps its accounts, tokens,
//! targets, deliveries and answers that way. A `Transaction` gives no key and no seed in clear: those come from the requests of
//! [`KeyStore`] only, which leave their rows in the audit.
//!
//! The definitions of all these tables are with the store (`src/schema`). A database then has one version and one migration, and the
//! rule that a key becomes active only when all required targets have acknowledged it is a trigger over the tables of both sides.
//!
//! # Threads
//!
//! Calls block, and so may the end of the last clone: use a store from threads that may, not from asynchronous tasks. A store is
//! one connection; clones share it.

mod audit;
mod batch;
mod compare;
mod content;
mod content_key;
mod database;
mod error;
mod kek;
mod key_requests;
mod list;
mod location;
mod mac;
mod model;
mod outbox;
mod passphrase;
#[cfg(test)]
#[cfg(feature = "sqlite")]
mod plans;
#[cfg(feature = "postgres")]
mod postgres;
mod rewrap;
mod secrets;
mod seed;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store_address;
mod store_keys;
mod timeline;
mod transaction;
mod wrap;

use std::sync::{Arc, Mutex};

pub use audit::AuditHead;
use audit::Event;
pub use batch::Batcher;
pub use content::ContentSummary;
use database::{Access, Database};
pub use database::{Backend, Row, Value};
pub use error::{AuditFault, Error};
use host_access::Host;
pub use kek::KekSource;
pub use key_requests::{ContentKeys, SlotRequest};
pub use location::Location;
pub use model::{
    AssignedSlot, Content, Inserted, KeyFilter, KeyInfo, KeySlot, KeySource, KeyState, NewKey,
    Origin, Page, StoredKey, check_name,
};
use secrets::Secrets;
pub use seed::SeedInfo;
pub use store_address::store_address;
pub use store_keys::StoreKeys;
pub use timeline::PeriodKey;
use transaction::Shared;
pub use transaction::{RequestError, Transaction, WrappedSecret};

/// A store of content keys.
#[derive(Clone)]
pub struct KeyStore {
    shared: Arc<Mutex<Shared>>,
    host: Host,
    actor: Arc<str>,
}

impl KeyStore {
    /// Opens the store at `sqlite:///path` or `postgresql://…`, and makes it where there is none: then the first of the
    /// key-encryption keys wraps what it will hold. Before and while all is re-wrapped, give both the old and the new one.
    ///
    /// # Errors
    /// [`Error::BadUri`], [`Error::Unavailable`], [`Error::TooOpen`] for a folder or file that others may use,
    /// [`Error::WrongKek`], and those of [`KekSource`].
    pub fn open(uri: &str, keks: Vec<KekSource>, host: &Host) -> Result<Self, Error> {
        let mut database = connect(uri, host)?;
        let secrets = obtain_secrets(&mut *database, keks, host)?;
        let shared = Mutex::new(Shared {
            database,
            secrets,
            host: host.clone(),
        });
        Ok(Self {
            shared: Arc::new(shared),
            host: host.clone(),
            actor: "unnamed".into(),
        })
    }

    /// Where the store takes the time, random bytes and files of secrets from.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The same store for somebody, whom the audit names.
    ///
    /// # Errors
    /// [`Error::BadName`].
    pub fn acting_for(&self, actor: &str) -> Result<Self, Error> {
        model::check_name("actor", actor)?;
        Ok(Self {
            shared: Arc::clone(&self.shared),
            host: self.host.clone(),
            actor: actor.into(),
        })
    }
}

fn connect(uri: &str, host: &Host) -> Result<Box<dyn Database>, Error> {
    match Location::parse(uri)? {
        #[cfg(feature = "sqlite")]
        Location::Sqlite(path) => sqlite::open(&path, &*host.clock),
        #[cfg(feature = "postgres")]
        location @ Location::Postgres(_) => postgres::open(uri, location, &*host.files),
        #[cfg(not(all(feature = "sqlite", feature = "postgres")))]
        _ => Err(Error::BadUri),
    }
}

fn obtain_secrets(
    database: &mut dyn Database,
    keks: Vec<KekSource>,
    host: &Host,
) -> Result<Secrets, Error> {
    if keks.is_empty() {
        return Err(Error::NoKek);
    }
    database.begin(Access::Read)?;
    let found = Secrets::obtain(database, keks, host);
    database.roll_back();
    let keks = match found? {
        Ok(secrets) => return Ok(secrets),
        Err(keks) => keks,
    };
    // Only who finds a new store waits for its turn to write; others may have been faster.
    database.begin(Access::Write)?;
    let made = Secrets::obtain(database, keks, host).and_then(|found| {
        let made = found.or_else(|keks| create_secrets(database, keks, host))?;
        database.commit()?;
        Ok(made)
    });
    if made.is_err() {
        database.roll_back();
    }
    made
}

fn create_secrets(
    database: &mut dyn Database,
    keks: Vec<KekSource>,
    host: &Host,
) -> Result<Secrets, Error> {
    let mut secrets = Secrets::create(database, keks, host)?;
    let mut transaction = Transaction {
        database,
        secrets: &mut secrets,
        host,
    };
    let event = Event {
        actor: "store",
        action: "create",
        object: "store",
        result: "ok",
    };
    audit::append(&mut transaction, &event)?;
    Ok(secrets)
}
