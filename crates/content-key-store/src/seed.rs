// SPDX-License-Identifier: MPL-2.0
//! Key seeds: secrets that a licence server shares, from which the keys of a content are derived. They are never shown again.

use std::time::SystemTime;

use playready_header::KeySeed;

use super::database::Row;
use super::model::check_name;
use super::transaction::Transaction;
use super::wrap::Subject;
use super::{Error, KeyStore};

/// All of a seed but the seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedInfo {
    /// Its name.
    pub name: String,
    /// 32 hexadecimal digits that tell it from the store's other seeds and say nothing of it.
    pub fingerprint: String,
    /// The time at which it was added.
    pub created: SystemTime,
    /// Since when no more keys are derived from it.
    pub retired: Option<SystemTime>,
}

impl KeyStore {
    /// Adds a seed by a new name.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::SeedNameTaken`], [`Error::SameSeed`].
    pub fn put_seed(&self, name: &str, seed: &KeySeed) -> Result<SeedInfo, Error> {
        check_name("seed's name", name)?;
        self.write("put seed", name, |transaction| {
            let info = store(transaction, name, seed)?;
            let result = format!("fingerprint {}", info.fingerprint);
            Ok((info, result))
        })
    }

    /// Derives no more keys from a seed. Keys that came from it stay.
    ///
    /// # Errors
    /// [`Error::NoSeed`].
    pub fn retire_seed(&self, name: &str) -> Result<(), Error> {
        self.write("retire seed", name, |transaction| {
            let sql =
                "UPDATE seed SET retired = $2 WHERE name = $1 AND retired IS NULL RETURNING name";
            let now = transaction.now();
            let changed = transaction.one(sql, &[name.into(), now.into()])?;
            changed.ok_or_else(|| Error::NoSeed(name.to_owned()))?;
            Ok(((), "ok".to_owned()))
        })
    }

    /// All seeds, in alphabetical order.
    ///
    /// # Errors
    /// If the database fails.
    pub fn seeds(&self) -> Result<Vec<SeedInfo>, Error> {
        let sql = "SELECT name, fingerprint, created, retired FROM seed ORDER BY name";
        let rows = self.read(|transaction| transaction.run(sql, &[]))?;
        let read = |mut row: Row| {
            Ok(SeedInfo {
                name: row.text()?,
                fingerprint: hex(&row.blob()?),
                created: row.time()?,
                retired: row.optional_time()?,
            })
        };
        rows.into_iter().map(read).collect()
    }
}

/// A seed that is in use.
pub(super) fn load(transaction: &mut Transaction<'_>, name: &str) -> Result<KeySeed, Error> {
    let sql = "SELECT wrapped, kek_id FROM seed WHERE name = $1 AND retired IS NULL";
    let row = transaction.one(sql, &[name.into()])?;
    let mut row = row.ok_or_else(|| Error::NoSeed(name.to_owned()))?;
    let (wrapped, kek_id) = (row.blob()?, row.text()?);
    let clear = transaction.unwrap(Subject::Seed(name), &kek_id, &wrapped)?;
    Ok(KeySeed::from_bytes(&clear)?)
}

fn store(transaction: &mut Transaction<'_>, name: &str, seed: &KeySeed) -> Result<SeedInfo, Error> {
    let fingerprint = transaction.secrets.fingerprint("key seed", seed.as_bytes());
    let fingerprint = fingerprint.as_slice();
    let taken = transaction.one("SELECT name FROM seed WHERE name = $1", &[name.into()])?;
    if taken.is_some() {
        return Err(Error::SeedNameTaken(name.to_owned()));
    }
    let sql = "SELECT name FROM seed WHERE fingerprint = $1";
    if let Some(mut row) = transaction.one(sql, &[fingerprint.into()])? {
        return Err(Error::SameSeed(row.text()?));
    }
    let (wrapped, kek_id) = transaction.wrap(Subject::Seed(name), seed.as_bytes())?;
    let sql = "INSERT INTO seed (name, wrapped, kek_id, fingerprint, created) VALUES ($1, $2, $3, $4, $5)";
    let created = transaction.now();
    let values = [
        name.into(),
        wrapped.into(),
        kek_id.as_str().into(),
        fingerprint.into(),
        created.into(),
    ];
    transaction.run(sql, &values)?;
    Ok(SeedInfo {
        name: name.to_owned(),
        fingerprint: hex(fingerprint),
        created,
        retired: None,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
