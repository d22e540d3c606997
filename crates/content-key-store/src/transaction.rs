// SPDX-License-Identifier: MPL-2.0
//! A transaction with the keys that it needs: what is changed and its row in the audit last together or not at all.

use std::fmt::Display;
use std::mem::replace;
use std::sync::{MutexGuard, PoisonError};
use std::time::SystemTime;

use host_access::Host;
use zeroize::Zeroizing;

use super::actor::Actor;
use super::audit::{self, Event};
use super::audit_head::Head;
use super::database::{Backend, Database, Row, Value};
use super::facts::Facts;
use super::generation::{Doubt, RecordedRow};
use super::model::{milliseconds, time_of};
use super::new_row::NewRow;
use super::secrets::Secrets;
use super::shared::{Begin, Shared};
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
    /// The end of the audit, once it was read.
    pub(super) head: Option<Head>,
    /// The last row of the audit, if this transaction added one.
    pub(super) last_row: Option<RecordedRow>,
    /// What was found in the store.
    pub(super) facts: Facts,
    pub(super) savepoint: RequestSavepoint,
}

/// The savepoint before a request that may be refused without the others of its transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestSavepoint {
    /// There is no such request.
    None,
    /// The request has changed nothing yet.
    Due,
    Set,
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
            head: None,
            last_row: None,
            facts: Facts::default(),
            savepoint: RequestSavepoint::None,
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
        if !sql.starts_with("SELECT") {
            self.prepare_change()?;
            // It may change what was found.
            self.facts.forget();
        }
        self.database.run(sql, values)
    }

    /// Inserts a row, which changes nothing that was found, at the latest before the next statement with rows or the commit.
    pub(super) fn insert(&mut self, row: NewRow, values: Vec<Value>) -> Result<(), Error> {
        self.prepare_change()?;
        self.database.insert(row, values)
    }

    fn prepare_change(&mut self) -> Result<(), Error> {
        if self.savepoint == RequestSavepoint::Due {
            self.database.set_savepoint()?;
            self.savepoint = RequestSavepoint::Set;
        }
        Ok(())
    }

    /// Begins a request of several in the transaction, which [`Self::keep_request`] or [`Self::undo_request`] ends.
    pub(super) const fn begin_request(&mut self) {
        self.savepoint = RequestSavepoint::Due;
    }

    /// Keeps the changes of a request.
    pub(super) fn keep_request(&mut self) -> Result<(), Error> {
        match self.end_request() {
            RequestSavepoint::Set => self.database.keep_savepoint(),
            RequestSavepoint::None | RequestSavepoint::Due => Ok(()),
        }
    }

    /// Undoes the changes of a request.
    pub(super) fn undo_request(&mut self) -> Result<(), Error> {
        match self.end_request() {
            RequestSavepoint::Set => {
                self.facts.forget();
                self.database.undo_savepoint()
            }
            RequestSavepoint::None | RequestSavepoint::Due => Ok(()),
        }
    }

    const fn end_request(&mut self) -> RequestSavepoint {
        replace(&mut self.savepoint, RequestSavepoint::None)
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
    /// Returns the steps that SQLite's virtual machine has taken for this store in this process, a measure of the work of its statements
    /// that does not depend on the machine; 0 with PostgreSQL.
    pub fn steps(&self) -> u64 {
        self.watch.steps()
    }

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
            None => self.lock().run(&self.actor, Begin::Read, work),
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
        self.lock().run(&self.actor, Begin::Claim, work)
    }

    /// Changes the store by work that adds its own rows to the audit.
    pub(super) fn change<T>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.lock().run(&self.actor, Begin::write(), work)
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
        let done = shared.run(&self.actor, Begin::write(), |transaction| {
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
            let _ = shared.run(&self.actor, Begin::write(), |transaction| {
                audit::append(transaction, &Event { result, ..event })
            });
        }
        done
    }
}
