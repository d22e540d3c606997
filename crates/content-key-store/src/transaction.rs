// SPDX-License-Identifier: MPL-2.0
//! A transaction with the keys that it needs: what is changed and its row in the audit last together or not at all.

use std::sync::{MutexGuard, PoisonError};

use host_access::Host;
use zeroize::Zeroizing;

use super::audit::{self, Event};
use super::database::{Access, Database, Row, Value};
use super::model::milliseconds;
use super::secrets::{self, Secrets};
use super::wrap::Subject;
use super::{Error, KeyStore};

/// A transaction under way.
pub(super) struct Transaction<'a> {
    pub(super) database: &'a mut dyn Database,
    pub(super) secrets: &'a mut Secrets,
    pub(super) host: &'a Host,
}

/// The connection and what opens the wrapped keys in it.
pub(super) struct Shared {
    pub(super) database: Box<dyn Database>,
    pub(super) secrets: Secrets,
    pub(super) host: Host,
}

/// A request's value, and its result as the audit has it.
pub(super) type Recorded<T> = Result<(T, String), Error>;

impl Transaction<'_> {
    /// The time of day in milliseconds since 1970, as the database has it.
    pub(super) fn now(&self) -> i64 {
        milliseconds(self.host.clock.system_time())
    }

    pub(super) fn run(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, Error> {
        self.database.run(sql, values)
    }

    pub(super) fn one(
        &mut self,
        sql: &'static str,
        values: &[Value],
    ) -> Result<Option<Row>, Error> {
        Ok(self.run(sql, values)?.into_iter().next())
    }

    /// Wraps a secret under the current key-encryption key, and says which that is.
    pub(super) fn wrap(
        &mut self,
        subject: Subject<'_>,
        secret: &[u8],
    ) -> Result<(Vec<u8>, String), Error> {
        let id = secrets::current(self.database)?;
        let wrapper = self.secrets.wrapper(self.database, &id)?;
        Ok((wrapper.wrap(subject, secret, &*self.host.random)?, id))
    }

    /// Unwraps what a row has under the key-encryption key that it names.
    pub(super) fn unwrap(
        &mut self,
        subject: Subject<'_>,
        kek_id: &str,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let wrapper = self.secrets.wrapper(self.database, kek_id)?;
        wrapper.unwrap(subject, wrapped)
    }
}

impl KeyStore {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A panic elsewhere left at most an open transaction, which the next one rolls back.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.lock().run(Access::Read, work)
    }

    pub(super) fn claim<T>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.lock().run(Access::Claim, work)
    }

    /// Changes the store by work that records itself.
    pub(super) fn change<T>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.lock().run(Access::Write, work)
    }

    /// Changes the store and records it. What is refused is recorded too.
    pub(super) fn write<T>(
        &self,
        action: &str,
        object: &str,
        work: impl FnOnce(&mut Transaction<'_>) -> Recorded<T>,
    ) -> Result<T, Error> {
        let mut shared = self.lock();
        let event = Event {
            actor: &self.actor,
            action,
            object,
            result: "",
        };
        let done = shared.run(Access::Write, |transaction| {
            let (value, result) = work(transaction)?;
            let result = result.as_str();
            audit::append(transaction, &Event { result, ..event })?;
            Ok(value)
        });
        if let Err(error) = &done
            && !error.is_temporary()
        {
            let refused = format!("refused: {error}");
            let result = refused.as_str();
            // Where even this fails, the request's own error says more.
            let _ = shared.run(Access::Write, |transaction| {
                audit::append(transaction, &Event { result, ..event })
            });
        }
        done
    }
}

impl Shared {
    pub(super) fn run<T>(
        &mut self,
        access: Access,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.database.begin(access)?;
        let mut transaction = Transaction {
            database: &mut *self.database,
            secrets: &mut self.secrets,
            host: &self.host,
        };
        let done = work(&mut transaction).and_then(|value| {
            self.database.commit()?;
            Ok(value)
        });
        if done.is_err() {
            self.database.roll_back();
        }
        done
    }
}
