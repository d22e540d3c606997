// SPDX-License-Identifier: MPL-2.0
//! What the store asks of a database. All statements but the tables' own are the same for every back end: placeholders are `$1`,
//! `$2`, …, and values are of the four kinds of [`Value`].

use super::Error;

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
    /// The statement that takes deliveries: `claim_sql!` with what keeps its rows from others until the transaction ends.
    fn claim_sql(&self) -> &'static str;
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Sees the store as it was at one time.
    Read,
    /// Takes deliveries from the outbox, at the same time as others.
    Claim,
    /// Changes the store: one at a time, over all processes, since the audit is one chain.
    Write,
}

/// A value in a row or a statement; secrets are wrapped before they become one.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

/// The values of a row, taken from left to right.
pub(super) struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    pub(super) fn int(&mut self) -> Result<i64, Error> {
        self.optional_int()?.ok_or(NULL)
    }

    pub(super) fn text(&mut self) -> Result<String, Error> {
        self.optional_text()?.ok_or(NULL)
    }

    pub(super) fn blob(&mut self) -> Result<Vec<u8>, Error> {
        self.optional_blob()?.ok_or(NULL)
    }

    pub(super) fn optional_int(&mut self) -> Result<Option<i64>, Error> {
        match self.0.next() {
            Some(Value::Int(int)) => Ok(Some(int)),
            Some(Value::Null) => Ok(None),
            _ => Err(OTHER_TYPE),
        }
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<String>, Error> {
        match self.0.next() {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            _ => Err(OTHER_TYPE),
        }
    }

    pub(super) fn optional_blob(&mut self) -> Result<Option<Vec<u8>>, Error> {
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
