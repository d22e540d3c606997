// SPDX-License-Identifier: MPL-2.0
//! The interface to a database. All statements except those that create the tables are the same for every back end: placeholders
//! are `$1`, `$2`, …, and values have the kinds of [`Value`].

use std::time::SystemTime;

use cenc_types::KeyId;

use super::Error;
use super::model::{milliseconds, time_of};
use super::new_row::NewRow;

/// A connection to a database.
pub(super) trait Database: Send {
    /// Starts a transaction, after rolling back one that is still open.
    fn begin(&mut self, access: Access) -> Result<(), Error>;
    /// Runs a statement and collects its rows.
    fn run(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, Error>;
    /// Runs statements that do not need each other's rows, and returns the rows of each.
    fn run_all(&mut self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Error> {
        statements
            .into_iter()
            .map(|Statement { sql, values }| self.run(sql, &values))
            .collect()
    }
    /// Runs a statement whose rows nobody needs, at the latest before the next one with rows or the commit. Its error may come only then.
    fn run_later(&mut self, sql: &'static str, values: Vec<Value>) -> Result<(), Error> {
        self.run(sql, &values).map(drop)
    }
    /// Inserts a row, as [`Self::run_later`] runs a statement.
    fn insert(&mut self, row: NewRow, values: Vec<Value>) -> Result<(), Error> {
        self.run_later(row.one(), values)
    }
    /// Runs the statements of [`Self::run_later`] and [`Self::insert`] that did not run yet.
    fn run_pending(&mut self) -> Result<(), Error> {
        Ok(())
    }
    /// Marks the place to which [`Self::undo_savepoint`] returns. There is one at a time.
    fn set_savepoint(&mut self) -> Result<(), Error> {
        self.run("SAVEPOINT request", &[]).map(drop)
    }
    /// Keeps the changes since the savepoint, and forgets it.
    fn keep_savepoint(&mut self) -> Result<(), Error> {
        self.run("RELEASE SAVEPOINT request", &[]).map(drop)
    }
    /// Undoes the changes since the savepoint, and forgets it.
    fn undo_savepoint(&mut self) -> Result<(), Error> {
        self.run("ROLLBACK TO SAVEPOINT request", &[])?;
        self.keep_savepoint()
    }
    /// True if a statement has failed, so that no other can run in the transaction.
    fn is_aborted(&self) -> bool {
        false
    }
    /// True if the last transaction has failed because a divisor was 0, by which a statement finds that the store has changed.
    fn found_changes(&self) -> bool {
        false
    }
    /// Commits the transaction. Its changes are on disk when this returns.
    fn commit(&mut self) -> Result<(), Error>;
    /// Rolls the transaction back, if the connection still exists.
    fn roll_back(&mut self);
    /// Returns the kind of database.
    fn backend(&self) -> Backend;
    /// Returns the version of the tables; 0 if there are none.
    fn version(&mut self) -> Result<i64, Error>;
    /// Writes the changes of the transaction to disk as far as this is possible before they are committed.
    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
    /// Returns the bytes of the pages in use; 0 if the database has no file.
    fn size(&mut self) -> Result<u64, Error> {
        Ok(0)
    }
    /// Checks the pages of the database's file, if it has one.
    fn check_file(&mut self) -> Result<(), Error> {
        Ok(())
    }
    /// True if a statement has found the database's file damaged.
    fn found_damage(&self) -> bool {
        false
    }
    /// Returns what may lose changes that were committed.
    fn risks(&mut self) -> Result<Vec<StoreRisk>, Error> {
        Ok(Vec::new())
    }
    /// Returns the steps that statements have taken since the last call; 0 if the database does not count them.
    fn take_steps(&mut self) -> u64 {
        0
    }
    /// Starts a transaction that changes tables. Afterwards the connection must be opened again.
    fn begin_upgrade(&mut self) -> Result<(), Error>;
    /// Changes the tables to the next version.
    fn apply_next(&mut self) -> Result<(), Error>;
}

/// A statement with the values of `$1`, `$2` and so on.
pub(super) struct Statement {
    pub(super) sql: &'static str,
    pub(super) values: Vec<Value>,
}

/// The version of the tables that this program uses.
pub(super) const VERSION: i64 = 3;

/// The kind of database of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file, with one writer at a time.
    Sqlite,
    /// A server, whose rows are locked one by one.
    Postgres,
}

/// A setting of the database by which keys that were acknowledged may be lost, though the store works.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreRisk {
    /// PostgreSQL waits for no standby.
    #[error(
        "synchronous_standby_names of PostgreSQL is empty: if its machine is lost, the last acknowledged keys are lost too; name a standby"
    )]
    NoStandby,
    /// PostgreSQL does not wait for the disk, or not for the standby.
    #[error(
        "synchronous_commit of PostgreSQL is {setting}: acknowledged keys may be lost; set it to on"
    )]
    EarlyCommit {
        /// The setting: `off` or `local`.
        setting: String,
    },
}

/// The purpose of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Reads a consistent snapshot of the store.
    Read,
    /// Changes rows that the audit does not record. Several run at the same time.
    Claim,
    /// Changes the store. Only one runs at a time in all processes, because the audit is one chain.
    Write,
}

/// A value in a row or a statement. Secrets are wrapped before they become values.
#[derive(Debug, Clone)]
pub enum Value {
    /// None.
    Null,
    /// A number, or a time in milliseconds since 1970.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
    /// Values of one kind, at least one, in statements of PostgreSQL alone.
    List(Vec<Self>),
}

/// The values of a row, taken from left to right.
///
/// Each method takes the next value. It fails with [`Error::Damaged`] if the value has another type or is missing.
pub struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    /// Takes all values that are left.
    pub(super) fn rest(self) -> impl Iterator<Item = Value> {
        self.0
    }

    /// Takes a number.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn int(&mut self) -> Result<i64, Error> {
        self.optional_int()?.ok_or(NULL)
    }

    /// Takes a text.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn text(&mut self) -> Result<String, Error> {
        self.optional_text()?.ok_or(NULL)
    }

    /// Takes bytes.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn blob(&mut self) -> Result<Vec<u8>, Error> {
        self.optional_blob()?.ok_or(NULL)
    }

    /// Takes a KID.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn key_id(&mut self) -> Result<KeyId, Error> {
        self.blob()?
            .try_into()
            .map(KeyId::from_bytes)
            .map_err(|_| Error::Damaged("a KID has another length"))
    }

    /// Takes a time.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn time(&mut self) -> Result<SystemTime, Error> {
        Ok(time_of(self.int()?))
    }

    /// Takes a time, or NULL.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn optional_time(&mut self) -> Result<Option<SystemTime>, Error> {
        Ok(self.optional_int()?.map(time_of))
    }

    /// Takes a number, or NULL.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn optional_int(&mut self) -> Result<Option<i64>, Error> {
        match self.0.next() {
            Some(Value::Int(int)) => Ok(Some(int)),
            Some(Value::Null) => Ok(None),
            _ => Err(OTHER_TYPE),
        }
    }

    /// Takes a text, or NULL.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn optional_text(&mut self) -> Result<Option<String>, Error> {
        match self.0.next() {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            _ => Err(OTHER_TYPE),
        }
    }

    /// Takes bytes, or NULL.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn optional_blob(&mut self) -> Result<Option<Vec<u8>>, Error> {
        match self.0.next() {
            Some(Value::Blob(blob)) => Ok(Some(blob)),
            Some(Value::Null) => Ok(None),
            _ => Err(OTHER_TYPE),
        }
    }
}

const NULL: Error = Error::Damaged("a value is missing");
const OTHER_TYPE: Error = Error::Damaged("a value has another type");

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<u32> for Value {
    fn from(int: u32) -> Self {
        Self::Int(int.into())
    }
}

impl From<SystemTime> for Value {
    fn from(time: SystemTime) -> Self {
        Self::Int(milliseconds(time))
    }
}

impl From<&KeyId> for Value {
    fn from(kid: &KeyId) -> Self {
        kid.as_bytes().as_slice().into()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Blob(bytes.to_owned())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(bytes)
    }
}

impl<T: Into<Self>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
