// SPDX-License-Identifier: MPL-2.0
//! What the store asks of a database. All statements but the tables' own are the same for every back end: placeholders are `$1`,
//! `$2`, …, and values are of the four kinds of [`Value`].

use std::time::SystemTime;

use cenc_types::KeyId;

use super::Error;
use super::model::{milliseconds, time_of};

/// A connection to a database.
pub(super) trait Database: Send {
    /// Starts a transaction; one that was left open is rolled back before.
    fn begin(&mut self, access: Access) -> Result<(), Error>;
    /// Runs a statement and collects its rows.
    fn run(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, Error>;
    /// Makes the transaction's changes last: they are on disk when this returns.
    fn commit(&mut self) -> Result<(), Error>;
    /// Undoes the transaction, as far as the connection is still there.
    fn roll_back(&mut self);
    /// The kind of database.
    fn backend(&self) -> Backend;
}

/// The kind of database of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file, with one writer at a time.
    Sqlite,
    /// A server, whose rows are locked one by one.
    Postgres,
}

/// The purpose of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Sees the store as it was at one time.
    Read,
    /// Changes what the audit does not follow, at the same time as others.
    Claim,
    /// Changes the store: one at a time, over all processes, since the audit is one chain.
    Write,
}

/// A value in a row or a statement; secrets are wrapped before they become one.
#[derive(Debug)]
pub enum Value {
    /// None.
    Null,
    /// A number, or a time in milliseconds since 1970.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// The values of a row, taken from left to right.
///
/// Each method takes the next value. It fails with [`Error::Damaged`] where that has another type, or is missing.
pub struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    /// A number.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn int(&mut self) -> Result<i64, Error> {
        self.optional_int()?.ok_or(NULL)
    }

    /// A text.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn text(&mut self) -> Result<String, Error> {
        self.optional_text()?.ok_or(NULL)
    }

    /// Bytes.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn blob(&mut self) -> Result<Vec<u8>, Error> {
        self.optional_blob()?.ok_or(NULL)
    }

    /// A KID.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn key_id(&mut self) -> Result<KeyId, Error> {
        let bytes = self.blob()?.try_into();
        let bytes = bytes.map_err(|_| Error::Damaged("a KID has another length"))?;
        Ok(KeyId::from_bytes(bytes))
    }

    /// A time.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn time(&mut self) -> Result<SystemTime, Error> {
        Ok(time_of(self.int()?))
    }

    /// A time, if there is one.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn optional_time(&mut self) -> Result<Option<SystemTime>, Error> {
        Ok(self.optional_int()?.map(time_of))
    }

    /// A number, if there is one.
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

    /// A text, if there is one.
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

    /// Bytes, if there are some.
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

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
