// SPDX-License-Identifier: MPL-2.0
//! The check of all that is stored: the file of the database, and each wrapped secret.

use super::content_key::KeyRow;
use super::model::info_columns;
use super::transaction::Transaction;
use super::wrap::Subject;
use super::{Error, KeyStore, leaf_licence, seed};

/// The number of keys checked at a time.
const BATCH: i64 = 1000;
const KEYS: &str = concat!(
    "SELECT wrapped, fingerprint, ",
    info_columns!(),
    " FROM content_key WHERE kid > $1 ORDER BY kid LIMIT $2"
);

impl KeyStore {
    /// Checks the pages of a database in a file, and opens all keys, leaf licences, seeds and credentials of targets. Returns their number.
    ///
    /// # Errors
    /// [`Error::DamagedFile`], [`Error::Tampered`], [`Error::Damaged`].
    pub fn verify_secrets(&self) -> Result<u64, Error> {
        self.read(|transaction| {
            transaction.database.check_file()?;
            Ok(open_keys(transaction)?
                + leaf_licence::open_all(transaction)?
                + seed::open_all(transaction)?
                + open_credentials(transaction)?)
        })
    }
}

fn open_keys(transaction: &mut Transaction<'_>) -> Result<u64, Error> {
    let mut opened = 0;
    let mut last = Vec::new();
    loop {
        let rows = transaction.run(KEYS, &[last.as_slice().into(), BATCH.into()])?;
        if rows.is_empty() {
            return Ok(opened);
        }
        for mut row in rows {
            let key = KeyRow::from_row(&mut row)?.open(transaction)?;
            last = key.info.kid.as_bytes().to_vec();
            opened += 1;
        }
    }
}

fn open_credentials(transaction: &mut Transaction<'_>) -> Result<u64, Error> {
    let sql = "SELECT name, wrapped FROM target WHERE wrapped IS NOT NULL";
    let mut opened = 0;
    for mut row in transaction.run(sql, &[])? {
        transaction.unwrap(Subject::Target(&row.text()?), &row.blob()?)?;
        opened += 1;
    }
    Ok(opened)
}
