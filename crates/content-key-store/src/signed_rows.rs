// SPDX-License-Identifier: MPL-2.0
//! Signed rows: accounts with their roles and contents, tokens, and targets. They decide who gets keys, so each has a MAC over its values
//! and its version, under a key that is not in the database. A second MAC covers the MACs of all rows and the number of their changes,
//! and the audit's seal covers that. So a row that was changed, added, removed or put back to an earlier version is found.

use std::collections::HashSet;

use super::audit_head::{Head, read_head, set_head};
use super::database::{Row, Value};
use super::transaction::Transaction;
use super::{Error, KeyStore};

/// A signed row, by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedRow<'a> {
    /// An account with its roles and contents, by its name.
    Account(&'a str),
    /// A token, by its id.
    Token(&'a str),
    /// A target, by its name.
    Target(&'a str),
}

/// The MACs of the rows that were found to be intact at one state of the store.
#[derive(Default)]
pub(super) struct VerifiedRows {
    /// The MAC over all rows.
    all: Vec<u8>,
    each: HashSet<Vec<u8>>,
}

/// The statements for a table of signed rows. Rows start with key, version and MAC. Parts belong to a row and start with its key.
struct SignedTable {
    kind: &'static str,
    one: &'static str,
    every: &'static str,
    parts_of_one: Option<&'static str>,
    parts_of_every: Option<&'static str>,
    sign: &'static str,
}

macro_rules! account_columns {
    () => {
        "SELECT name, row_version, row_mac, certificate, created, disabled FROM account "
    };
}
macro_rules! token_columns {
    () => {
        "SELECT id, row_version, row_mac, account, label, mac, created, expires, revoked FROM token "
    };
}
macro_rules! target_columns {
    () => {
        "SELECT name, row_version, row_mac, url, certificate, ca, timeout, wrapped FROM target "
    };
}

const ACCOUNTS: SignedTable = SignedTable {
    kind: "account",
    one: concat!(account_columns!(), "WHERE name = $1"),
    every: concat!(account_columns!(), "ORDER BY name"),
    parts_of_one: Some(
        "SELECT account, 'role ' || role AS part FROM account_role WHERE account = $1
        UNION ALL SELECT account, 'content ' || pattern FROM account_content WHERE account = $1",
    ),
    parts_of_every: Some(
        "SELECT account, 'role ' || role AS part FROM account_role
        UNION ALL SELECT account, 'content ' || pattern FROM account_content",
    ),
    sign: "UPDATE account SET row_version = $2, row_mac = $3 WHERE name = $1",
};
const TOKENS: SignedTable = SignedTable {
    kind: "token",
    one: concat!(token_columns!(), "WHERE id = $1"),
    every: concat!(token_columns!(), "ORDER BY id"),
    parts_of_one: None,
    parts_of_every: None,
    sign: "UPDATE token SET row_version = $2, row_mac = $3 WHERE id = $1",
};
const TARGETS: SignedTable = SignedTable {
    kind: "target",
    one: concat!(target_columns!(), "WHERE name = $1"),
    every: concat!(target_columns!(), "ORDER BY name"),
    parts_of_one: None,
    parts_of_every: None,
    sign: "UPDATE target SET row_version = $2, row_mac = $3 WHERE name = $1",
};
const TABLES: [&SignedTable; 3] = [&ACCOUNTS, &TOKENS, &TARGETS];

/// A row with its parts, as its MAC covers it.
struct Content {
    key: String,
    version: i64,
    mac: Vec<u8>,
    values: Vec<Value>,
    /// In order.
    parts: Vec<String>,
}

impl KeyStore {
    /// Checks all signed rows, and returns their number.
    ///
    /// # Errors
    /// [`Error::RowChanged`], [`Error::RowsChanged`].
    pub fn verify_rows(&self) -> Result<u64, Error> {
        self.read(|transaction| {
            transaction.verify_rows()?;
            Ok(transaction.secrets.verified.each.len() as u64)
        })
    }
}

impl Transaction<'_> {
    /// Signs a row that was added, changed or removed in this transaction.
    ///
    /// # Errors
    /// If the database fails, or [`Error::RowsChanged`].
    pub fn sign(&mut self, row: SignedRow<'_>) -> Result<(), Error> {
        if let Some(content) = row.table().load(self, row.key())? {
            sign_content(self, row.table(), &content)?;
        }
        seal(self)
    }

    /// Checks that all rows are as they were signed last.
    ///
    /// # Errors
    /// [`Error::RowChanged`], [`Error::RowsChanged`].
    pub fn verify_rows(&mut self) -> Result<(), Error> {
        read_head(self).and_then(|head| verify_all(self, &head))
    }

    /// Checks that a row is as it was signed last. A row that is missing passes.
    ///
    /// # Errors
    /// [`Error::RowChanged`], [`Error::RowsChanged`].
    pub fn verify(&mut self, row: SignedRow<'_>) -> Result<(), Error> {
        let head = read_head(self)?;
        if head.row_mac != self.secrets.verified.all {
            verify_all(self, &head)?;
        }
        let table = row.table();
        match table.load(self, row.key())? {
            Some(content) if !self.secrets.verified.each.contains(&content.mac) => {
                Err(table.changed(&content.key))
            }
            Some(content) => table.check(self, &content),
            None => Ok(()),
        }
    }
}

/// Signs all rows, in a store that is new or of an earlier version.
pub(super) fn sign_all(transaction: &mut Transaction<'_>) -> Result<(), Error> {
    for table in TABLES {
        for content in table.load_all(transaction)? {
            sign_content(transaction, table, &content)?;
        }
    }
    seal(transaction)
}

fn sign_content(
    transaction: &mut Transaction<'_>,
    table: &SignedTable,
    content: &Content,
) -> Result<(), Error> {
    let version = content.version + 1;
    transaction
        .run(
            table.sign,
            &[
                content.key.as_str().into(),
                version.into(),
                table.mac(transaction, content, version).as_slice().into(),
            ],
        )
        .map(|_| ())
}

/// Counts a change, and covers the MACs of all rows.
fn seal(transaction: &mut Transaction<'_>) -> Result<(), Error> {
    let mut head = read_head(transaction)?;
    head.row_changes += 1;
    let macs = TABLES
        .iter()
        .map(|table| table.load_all(transaction))
        .collect::<Result<Vec<_>, _>>()?;
    head.row_mac = mac_of_all(transaction, head.row_changes, macs.iter().flatten());
    set_head(transaction, head);
    Ok(())
}

/// Checks all rows, and remembers their MACs.
fn verify_all(transaction: &mut Transaction<'_>, head: &Head) -> Result<(), Error> {
    let mut contents = Vec::new();
    for table in TABLES {
        let rows = table.load_all(transaction)?;
        rows.iter()
            .try_for_each(|content| table.check(transaction, content))?;
        contents.extend(rows);
    }
    if mac_of_all(transaction, head.row_changes, contents.iter()) != head.row_mac {
        return Err(Error::RowsChanged);
    }
    transaction.secrets.verified = VerifiedRows {
        all: head.row_mac.clone(),
        each: contents.into_iter().map(|content| content.mac).collect(),
    };
    Ok(())
}

fn mac_of_all<'c>(
    transaction: &Transaction<'_>,
    changes: i64,
    contents: impl Iterator<Item = &'c Content>,
) -> Vec<u8> {
    let count = changes.to_be_bytes();
    let fields: Vec<&[u8]> = [b"signed rows".as_slice(), &count]
        .into_iter()
        .chain(contents.map(|content| content.mac.as_slice()))
        .collect();
    transaction.secrets.rows.mac(&fields).into()
}

impl<'a> SignedRow<'a> {
    const fn table(self) -> &'static SignedTable {
        match self {
            Self::Account(_) => &ACCOUNTS,
            Self::Token(_) => &TOKENS,
            Self::Target(_) => &TARGETS,
        }
    }

    const fn key(self) -> &'a str {
        match self {
            Self::Account(key) | Self::Token(key) | Self::Target(key) => key,
        }
    }
}

impl SignedTable {
    fn load(&self, transaction: &mut Transaction<'_>, key: &str) -> Result<Option<Content>, Error> {
        let Some(row) = transaction.one(self.one, &[key.into()])? else {
            return Ok(None);
        };
        let mut content = Content::from_row(row)?;
        if let Some(sql) = self.parts_of_one {
            for mut part in transaction.run(sql, &[key.into()])? {
                part.text()?;
                content.parts.push(part.text()?);
            }
            content.parts.sort_unstable();
        }
        Ok(Some(content))
    }

    /// Returns all rows in the order of their keys.
    fn load_all(&self, transaction: &mut Transaction<'_>) -> Result<Vec<Content>, Error> {
        let mut contents = transaction
            .run(self.every, &[])?
            .into_iter()
            .map(Content::from_row)
            .collect::<Result<Vec<_>, _>>()?;
        // Databases sort texts differently.
        contents.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        if let Some(sql) = self.parts_of_every {
            for mut part in transaction.run(sql, &[])? {
                let key = part.text()?;
                let index = contents
                    .binary_search_by(|content| content.key.cmp(&key))
                    .map_err(|_| Error::Damaged("a row refers to one that is missing"))?;
                if let Some(content) = contents.get_mut(index) {
                    content.parts.push(part.text()?);
                }
            }
            for content in &mut contents {
                content.parts.sort_unstable();
            }
        }
        Ok(contents)
    }

    fn check(&self, transaction: &Transaction<'_>, content: &Content) -> Result<(), Error> {
        match self.mac(transaction, content, content.version).as_slice() == content.mac {
            true => Ok(()),
            false => Err(self.changed(&content.key)),
        }
    }

    fn changed(&self, key: &str) -> Error {
        Error::RowChanged {
            kind: self.kind,
            name: key.to_owned(),
        }
    }

    fn mac(&self, transaction: &Transaction<'_>, content: &Content, version: i64) -> [u8; 32] {
        let mut values = vec![
            self.kind.as_bytes().to_vec(),
            version.to_be_bytes().to_vec(),
            content.key.as_bytes().to_vec(),
        ];
        values.extend(content.values.iter().map(bytes_of));
        values.extend(content.parts.iter().map(|part| part.as_bytes().to_vec()));
        let fields: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        transaction.secrets.rows.mac(&fields)
    }
}

impl Content {
    fn from_row(mut row: Row) -> Result<Self, Error> {
        Ok(Self {
            key: row.text()?,
            version: row.int()?,
            mac: row.blob()?,
            values: row.rest().collect(),
            parts: Vec::new(),
        })
    }
}

/// Returns the kind of a value and its bytes.
fn bytes_of(value: &Value) -> Vec<u8> {
    match value {
        Value::Null => vec![0],
        Value::Int(int) => [[1].as_slice(), &int.to_be_bytes()].concat(),
        Value::Text(text) => [[2].as_slice(), text.as_bytes()].concat(),
        Value::Blob(bytes) => [[3].as_slice(), bytes].concat(),
        // No column has a list.
        Value::List(values) => values.iter().flat_map(bytes_of).collect(),
    }
}
