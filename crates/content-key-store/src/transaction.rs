// SPDX-License-Identifier: MPL-2.0
//! A transaction with the keys that it needs: what is changed and its row in the audit last together or not at all.

use std::fmt::Display;
use std::path::Path;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use host_access::Host;
use zeroize::Zeroizing;

use super::actor::Actor;
use super::audit::{self, Event};
use super::database::{Access, Backend, Database, Row, Value};
use super::generation::{self, Doubt, Generation, RecordedRow};
use super::kek::KekSource;
use super::location::Location;
use super::model::{milliseconds, time_of};
use super::secrets::Secrets;
use super::watch::Watch;
use super::wrap::Subject;
use super::{Error, KeyStore};

/// An open transaction, for programs that keep their own tables in the store's database.
///
/// It runs any statement, but gives no access to keys and seeds: only the store's own requests unwrap them, and the audit records
/// each.
pub struct Transaction<'a> {
    pub(super) database: &'a mut dyn Database,
    pub(super) secrets: &'a mut Secrets,
    pub(super) host: &'a Host,
    pub(super) actor: Actor,
    /// The reason why the store makes no keys.
    pub(super) doubt: Option<Doubt>,
    /// The last row of the audit, if this transaction wrote one.
    pub(super) last_row: Option<RecordedRow>,
}

/// The connection, with the secrets that unwrap its keys.
pub(super) struct Shared {
    pub(super) database: Box<dyn Database>,
    pub(super) secrets: Secrets,
    pub(super) host: Host,
    pub(super) generation: Generation,
    pub(super) watch: Arc<Watch>,
    location: Location,
}

/// The keys and the id of a store.
struct OpenedKeys {
    secrets: Secrets,
    store_id: String,
}

/// Reads the store as it is at one time.
fn read_only<T>(
    database: &mut dyn Database,
    work: impl FnOnce(&mut dyn Database) -> Result<T, Error>,
) -> Result<T, Error> {
    database.begin(Access::Read)?;
    let done = work(database);
    database.roll_back();
    done
}

/// The number of times that a record in doubt is read again, since another process may just be writing it.
const READ_AGAIN: u32 = 3;
/// The pause before it is read again.
const PAUSE: Duration = Duration::from_millis(50);

/// Compares the store with its record.
fn generation_of(
    database: &mut dyn Database,
    path: Option<&Path>,
    host: &Host,
) -> Result<Generation, Error> {
    let mut compare = || {
        // The record is read before the state with which it is compared, since other processes go on.
        let record = Generation::open(path.map(Path::to_owned));
        read_only(database, |database| record.compare(database))
    };
    for _ in 0..READ_AGAIN {
        let found = compare()?;
        if matches!(found.doubt, None | Some(Doubt::NoRecord)) {
            return Ok(found);
        }
        host.clock.sleep(PAUSE);
    }
    compare()
}

/// The error of a request on the store: the store's errors, and possibly others of the caller.
pub trait RequestError: From<Error> + Display {
    /// True if the same request may succeed later. Otherwise it counts as refused, which the audit records.
    fn is_temporary(&self) -> bool;
}

impl RequestError for Error {
    fn is_temporary(&self) -> bool {
        Self::is_temporary(self)
    }
}

/// A request's value, and its result as the audit has it.
pub(super) type Recorded<T> = Result<(T, String), Error>;

impl<'a> Transaction<'a> {
    /// Makes a transaction of a store that nobody can have copied yet.
    pub(super) fn of_all(
        database: &'a mut dyn Database,
        secrets: &'a mut Secrets,
        host: &'a Host,
    ) -> Self {
        Self {
            database,
            secrets,
            host,
            actor: Actor::unnamed(),
            doubt: None,
            last_row: None,
        }
    }

    /// Returns the current time in whole milliseconds, as the database stores it.
    pub fn now(&self) -> SystemTime {
        time_of(milliseconds(self.host.clock.system_time()))
    }

    /// Returns the clock, random bytes and files of secrets that the store uses.
    pub fn host(&self) -> &Host {
        self.host
    }

    /// Returns the kind of database, for statements that differ.
    pub fn backend(&self) -> Backend {
        self.database.backend()
    }

    /// Runs a statement with the values of `$1`, `$2` and so on, and returns its rows.
    ///
    /// # Errors
    /// If the database fails, or [`Error::Rule`] when it refuses the statement.
    pub fn run(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, Error> {
        self.database.run(sql, values)
    }

    /// Runs a statement that has one row or none.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn one(&mut self, sql: &'static str, values: &[Value]) -> Result<Option<Row>, Error> {
        Ok(self.run(sql, values)?.into_iter().next())
    }

    /// Returns the fingerprint of a secret of some kind, under a key that is not in the database. Equal secrets have equal fingerprints.
    pub fn fingerprint(&self, kind: &str, secret: &[u8]) -> [u8; 16] {
        self.secrets.fingerprint(kind, secret)
    }

    /// Wraps the credentials for a target.
    ///
    /// # Errors
    /// [`Error::Generator`].
    pub fn wrap_credentials(&self, target: &str, credentials: &[u8]) -> Result<Vec<u8>, Error> {
        self.wrap(Subject::Target(target), credentials)
    }

    /// Unwraps the credentials for a target.
    ///
    /// # Errors
    /// [`Error::Tampered`].
    pub fn unwrap_credentials(
        &self,
        target: &str,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.unwrap(Subject::Target(target), wrapped)
    }

    /// Wraps a secret under the master key.
    pub(super) fn wrap(&self, subject: Subject<'_>, secret: &[u8]) -> Result<Vec<u8>, Error> {
        self.secrets
            .master
            .wrapper
            .wrap(subject, secret, &*self.host.random)
    }

    /// Unwraps a secret with the master key.
    pub(super) fn unwrap(
        &self,
        subject: Subject<'_>,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.secrets.master.wrapper.unwrap(subject, wrapped)
    }
}

impl KeyStore {
    pub(super) fn lock(&self) -> MutexGuard<'_, Shared> {
        // A panic elsewhere left at most an open transaction, which the next one rolls back.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the store as it is at one time.
    ///
    /// # Errors
    /// The errors of the work, and of the database.
    pub fn read<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match &self.readers {
            Some(readers) => readers.read(&self.host, &self.actor, work),
            None => self.lock().run(&self.actor, Access::Read, work),
        }
    }

    /// Changes rows that the audit does not record, such as claimed deliveries. Several of these run at the same time, so the work must
    /// not wait for rows that another one has locked.
    ///
    /// # Errors
    /// The errors of the work, and of the database.
    pub fn write_unrecorded<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.lock().run(&self.actor, Access::Claim, work)
    }

    /// Changes the store by work that adds its own rows to the audit.
    pub(super) fn change<T>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.lock().run(&self.actor, Access::Write, work)
    }

    /// Changes the store, and records in the audit that the actor did `action` to `object`, with the result that the work returns after
    /// its value. Refused changes are recorded too. None of the texts may hold a secret.
    ///
    /// # Errors
    /// The errors of the work, and of the database.
    pub fn write<T, E: RequestError>(
        &self,
        action: &str,
        object: &str,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<(T, String), E>,
    ) -> Result<T, E> {
        let mut shared = self.lock();
        let event = Event {
            actor: self.actor.name(),
            action,
            object,
            result: "",
        };
        let done = shared.run(&self.actor, Access::Write, |transaction| {
            let (value, result) = work(transaction)?;
            audit::append(
                transaction,
                &Event {
                    result: &result,
                    ..event
                },
            )?;
            Ok::<_, E>(value)
        });
        if let Err(error) = &done
            && !error.is_temporary()
        {
            let refused = format!("refused: {error}");
            let result = refused.as_str();
            // If this fails too, the error of the request says more.
            let _ = shared.run(&self.actor, Access::Write, |transaction| {
                audit::append(transaction, &Event { result, ..event })
            });
        }
        done
    }
}

impl Shared {
    /// Reads the keys of a store, and compares it with its record.
    pub(super) fn open(
        mut database: Box<dyn Database>,
        location: &Location,
        keks: &[KekSource],
        host: &Host,
    ) -> Result<Self, Error> {
        let keys = read_only(&mut *database, |database| {
            Ok(OpenedKeys {
                secrets: Secrets::obtain(database, keks, host)?,
                store_id: generation::store_id(database)?,
            })
        })?;
        let OpenedKeys { secrets, store_id } = keys;
        let path = generation::path(secrets.kek_file.as_deref(), location, &store_id);
        let generation = generation_of(&mut *database, path.as_deref(), host)?;
        let watch = Watch::begin(location, store_id);
        watch.take_record(&generation);
        Ok(Self {
            generation,
            database,
            secrets,
            host: host.clone(),
            watch: Arc::new(watch),
            location: location.clone(),
        })
    }

    /// Begins a new record, for a store that somebody has accepted.
    pub(super) fn accept(&mut self) -> Result<(), Error> {
        let row = self.run(&Actor::unnamed(), Access::Read, audit::last_row)?;
        self.generation.accept(&self.watch.store_id, &row)?;
        self.watch.take_record(&self.generation);
        Ok(())
    }

    /// Takes the doubt of a comparison while the store is open. A record that is gone is written anew: the store is the one that was
    /// opened.
    pub(super) fn take_doubt(&mut self, doubt: Doubt) -> Result<(), Error> {
        if self.generation.doubt.is_none() && matches!(doubt, Doubt::NoRecord | Doubt::Unreadable) {
            return self.accept();
        }
        self.generation.doubt = Some(doubt);
        self.watch.take_record(&self.generation);
        Ok(())
    }

    /// Begins a new record beside a new key-encryption key, unless the store is in doubt.
    pub(super) fn move_record(&mut self, kek_file: Option<&Path>) -> Result<(), Error> {
        if self.generation.doubt.is_some() {
            return Ok(());
        }
        self.generation = Generation::at(generation::path(
            kek_file,
            &self.location,
            &self.watch.store_id,
        ));
        self.accept()
    }

    fn run<T, E: From<Error>>(
        &mut self,
        actor: &Actor,
        access: Access,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let changes = access != Access::Read;
        if changes {
            self.check_writable()?;
        }
        self.database.begin(access)?;
        let mut transaction = Transaction {
            actor: actor.clone(),
            doubt: self.generation.doubt,
            ..Transaction::of_all(&mut *self.database, &mut self.secrets, &self.host)
        };
        let done = work(&mut transaction);
        let last_row = transaction.last_row;
        let done = done.and_then(|value| {
            self.database.commit()?;
            Ok(value)
        });
        if done.is_err() {
            self.database.roll_back();
            return done;
        }
        if changes {
            // SQLite would have written to a file that is gone.
            self.watch.check()?;
            self.watch.changed();
        }
        if let Some(row) = last_row {
            self.generation.record(&self.watch.store_id, &row);
        }
        done
    }

    /// Refuses changes that would be lost, or would wait in vain.
    fn check_writable(&self) -> Result<(), Error> {
        self.watch.check()?;
        match self.watch.is_blocked() {
            true => Err(Error::Locked {
                location: self.location.clone(),
            }),
            false => Ok(()),
        }
    }
}
