// SPDX-License-Identifier: MPL-2.0
//! Key seeds: secrets shared with a licence server, from which the keys of a content are derived. They are never shown again.

use std::time::SystemTime;

use playready_header::KeySeed;

use super::database::Row;
use super::model::{check_name, hex};
use super::transaction::Transaction;
use super::wrap::Subject;
use super::{Error, KeyStore};

/// The properties of a seed, without the seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedInfo {
    /// Its name.
    pub name: String,
    /// 32 hexadecimal digits that identify the seed in this store and reveal nothing of it.
    pub fingerprint: String,
    /// The time at which it was added.
    pub created: SystemTime,
    /// The time since which no more keys are derived from it.
    pub retired: Option<SystemTime>,
}

impl KeyStore {
    /// Adds a seed with a new name.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::SeedNameTaken`], [`Error::SameSeed`].
    pub fn put_seed(&self, name: &str, seed: &KeySeed) -> Result<SeedInfo, Error> {
        check_name("seed's name", name)?;
        self.actor.check_all_contents()?;
        self.write("put seed", name, |transaction| {
            let info = store(transaction, name, seed)?;
            let result = format!("fingerprint {}", info.fingerprint);
            Ok((info, result))
        })
    }

    /// Retires a seed, so that no more keys are derived from it. Keys that were derived stay.
    ///
    /// # Errors
    /// [`Error::NoSeed`].
    pub fn retire_seed(&self, name: &str) -> Result<(), Error> {
        self.actor.check_all_contents()?;
        self.write("retire seed", name, |transaction| {
            let values = [name.into(), transaction.now().into()];
            transaction
                .one(
                    "UPDATE seed SET retired = $2 WHERE name = $1 AND retired IS NULL RETURNING name",
                    &values,
                )?
                .ok_or_else(|| Error::NoSeed(name.to_owned()))?;
            Ok(((), "ok".to_owned()))
        })
    }

    /// Lists all seeds, sorted by name.
    ///
    /// # Errors
    /// If the database fails.
    pub fn seeds(&self) -> Result<Vec<SeedInfo>, Error> {
        self.read(|transaction| {
            transaction.run(
                "SELECT name, fingerprint, created, retired FROM seed ORDER BY name",
                &[],
            )
        })?
        .into_iter()
        .map(SeedInfo::from_row)
        .collect()
    }
}

impl SeedInfo {
    fn from_row(mut row: Row) -> Result<Self, Error> {
        Ok(Self {
            name: row.text()?,
            fingerprint: hex(&row.blob()?),
            created: row.time()?,
            retired: row.optional_time()?,
        })
    }
}

/// The kind of secret for which fingerprints of seeds are computed.
const KIND: &str = "key seed";

/// Reads a seed that is not retired.
pub(super) fn load(transaction: &mut Transaction<'_>, name: &str) -> Result<KeySeed, Error> {
    let wrapped = transaction
        .one(
            "SELECT wrapped FROM seed WHERE name = $1 AND retired IS NULL",
            &[name.into()],
        )?
        .ok_or_else(|| Error::NoSeed(name.to_owned()))?
        .blob()?;
    Ok(KeySeed::from_bytes(
        &transaction.unwrap(Subject::Seed(name), &wrapped)?,
    )?)
}

/// Opens all seeds, and returns their number.
pub(super) fn open_all(transaction: &mut Transaction<'_>) -> Result<u64, Error> {
    let mut opened = 0;
    for mut row in transaction.run("SELECT name, wrapped, fingerprint FROM seed", &[])? {
        let name = row.text()?;
        let seed = transaction.unwrap(Subject::Seed(&name), &row.blob()?)?;
        if transaction.secrets.fingerprint(KIND, &seed).as_slice() != row.blob()? {
            return Err(Error::Tampered {
                what: format!("key seed '{name}'"),
            });
        }
        opened += 1;
    }
    Ok(opened)
}

fn store(transaction: &mut Transaction<'_>, name: &str, seed: &KeySeed) -> Result<SeedInfo, Error> {
    let fingerprint = transaction.secrets.fingerprint(KIND, seed.as_bytes());
    if transaction
        .one("SELECT name FROM seed WHERE name = $1", &[name.into()])?
        .is_some()
    {
        return Err(Error::SeedNameTaken(name.to_owned()));
    }
    if let Some(mut row) = transaction.one(
        "SELECT name FROM seed WHERE fingerprint = $1",
        &[fingerprint.as_slice().into()],
    )? {
        return Err(Error::SameSeed(row.text()?));
    }
    let wrapped = transaction.wrap(Subject::Seed(name), seed.as_bytes())?;
    let created = transaction.now();
    transaction.run(
        "INSERT INTO seed (name, wrapped, fingerprint, created) VALUES ($1, $2, $3, $4)",
        &[
            name.into(),
            wrapped.into(),
            fingerprint.as_slice().into(),
            created.into(),
        ],
    )?;
    Ok(SeedInfo {
        name: name.to_owned(),
        fingerprint: hex(&fingerprint),
        created,
        retired: None,
    })
}
