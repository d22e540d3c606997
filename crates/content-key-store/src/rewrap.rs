// SPDX-License-Identifier: MPL-2.0
//! Wraps all secrets under a new key-encryption key, in batches of one transaction each. Each row names the key that it is wrapped
//! under, so that an interrupted re-wrap continues.

use host_access::Host;

use super::database::Row;
use super::kek::{Kek, KekSource, KnownKek};
use super::model::mode_of;
use super::secrets::{self, add_kek, known_keks};
use super::transaction::{Recorded, Transaction, WrappedSecret};
use super::wrap::Subject;
use super::{Error, KeyStore};

/// Rows of a transaction.
const BATCH: i64 = 200;

impl KeyStore {
    /// Wraps all keys, seeds and credentials under a new key-encryption key, and then retires the old one. The new key is created if its
    /// file does not exist. Processes that opened the store with both keys, even before the new one was created, continue to work.
    /// Returns the number of secrets that were wrapped again. After an interruption, a call with the same key does the rest.
    ///
    /// # Errors
    /// Those of the source, [`Error::WrongKek`] if a row is wrapped under a key that was not given, [`Error::Tampered`],
    /// [`Error::OtherRewrap`].
    pub fn rewrap(&self, new: &KekSource) -> Result<u64, Error> {
        let kek_id = self.begin_rewrap(new)?;
        let mut count = 0;
        loop {
            let done = self.write("re-wrap", &kek_id, |transaction| {
                rewrap_batch(transaction, &kek_id)
            })?;
            count += done;
            if done == 0 {
                return Ok(count);
            }
        }
    }

    /// Makes the new key the one that wraps all secrets from now on.
    fn begin_rewrap(&self, new: &KekSource) -> Result<String, Error> {
        let known = self.read(|transaction| known_keks(transaction.database))?;
        let kek = obtain(new, &known, &self.host)?;
        let id = kek.id.clone();
        self.write("begin re-wrap", &id, |transaction| -> Recorded<()> {
            if secrets::current(transaction.database)? != kek.id {
                add_kek(transaction.database, &kek, &*transaction.host.clock)?;
            }
            transaction.secrets.add(kek);
            Ok(((), "ok".to_owned()))
        })?;
        Ok(id)
    }
}

/// Wraps the next keys. If none is left, it wraps all other secrets, and then retires the old key.
fn rewrap_batch(transaction: &mut Transaction<'_>, kek_id: &str) -> Recorded<u64> {
    check_current(transaction, kek_id)?;
    let mut done = rewrap_keys(transaction, kek_id)?;
    if done == 0 {
        for table in [&SEEDS, &TARGETS, &OWN_KEYS] {
            done += rewrap_named(transaction, table, kek_id)?;
        }
    }
    if done == 0 {
        transaction.run("UPDATE kek SET state = 'retired' WHERE state = 'old'", &[])?;
    }
    Ok((done, format!("{done} keys")))
}

/// Checks that no other re-wrap has begun since the last batch.
fn check_current(transaction: &mut Transaction<'_>, kek_id: &str) -> Result<(), Error> {
    let current = secrets::current(transaction.database)?;
    if current != kek_id {
        return Err(Error::OtherRewrap { current });
    }
    Ok(())
}

/// Returns the key of an interrupted re-wrap, or else a new one.
fn obtain(new: &KekSource, known: &[KnownKek], host: &Host) -> Result<Kek, Error> {
    match new.find(known, &*host.files) {
        Ok(Some(kek)) => Ok(kek),
        // A file that does not exist yet is an error of `find`, but not of `create`.
        Ok(None) | Err(Error::KekFile(_)) => new.create(host),
        Err(error) => Err(error),
    }
}

fn rewrap_keys(transaction: &mut Transaction<'_>, kek_id: &str) -> Result<u64, Error> {
    let rows = transaction.run(
        "SELECT kid, mode, wrapped, kek_id FROM content_key WHERE kek_id <> $1 ORDER BY kid LIMIT $2",
        &[kek_id.into(), BATCH.into()],
    )?;
    let count = rows.len() as u64;
    for mut row in rows {
        let kid = row.key_id()?;
        let subject = Subject::ContentKey(&kid, mode_of(&row.text()?)?);
        let wrapped = wrap_again(transaction, subject, row)?;
        transaction.run(
            "UPDATE content_key SET wrapped = $2, kek_id = $3 WHERE kid = $1",
            &[(&kid).into(), wrapped.bytes.into(), kek_id.into()],
        )?;
    }
    Ok(count)
}

/// The statements of a table with few rows, whose secrets have names.
struct NamedSecrets {
    select: &'static str,
    update: &'static str,
    subject: fn(&str) -> Subject<'_>,
}

const SEEDS: NamedSecrets = NamedSecrets {
    select: "SELECT name, wrapped, kek_id FROM seed WHERE kek_id <> $1",
    update: "UPDATE seed SET wrapped = $2, kek_id = $3 WHERE name = $1",
    subject: |name| Subject::Seed(name),
};

const TARGETS: NamedSecrets = NamedSecrets {
    select: "SELECT name, wrapped, kek_id FROM target WHERE kek_id <> $1",
    update: "UPDATE target SET wrapped = $2, kek_id = $3 WHERE name = $1",
    subject: |name| Subject::Target(name),
};

const OWN_KEYS: NamedSecrets = NamedSecrets {
    select: "SELECT name, wrapped, kek_id FROM secret WHERE kek_id <> $1",
    update: "UPDATE secret SET wrapped = $2, kek_id = $3 WHERE name = $1",
    subject: |name| Subject::Secret(name),
};

fn rewrap_named(
    transaction: &mut Transaction<'_>,
    table: &NamedSecrets,
    kek_id: &str,
) -> Result<u64, Error> {
    let rows = transaction.run(table.select, &[kek_id.into()])?;
    let count = rows.len() as u64;
    for mut row in rows {
        let name = row.text()?;
        let wrapped = wrap_again(transaction, (table.subject)(&name), row)?;
        transaction.run(
            table.update,
            &[name.as_str().into(), wrapped.bytes.into(), kek_id.into()],
        )?;
    }
    Ok(count)
}

/// Wraps the secret in the columns `wrapped, kek_id` of a row under the current key.
fn wrap_again(
    transaction: &mut Transaction<'_>,
    subject: Subject<'_>,
    mut row: Row,
) -> Result<WrappedSecret, Error> {
    let clear = transaction.unwrap(subject, &WrappedSecret::from_row(&mut row)?)?;
    transaction.wrap(subject, &clear)
}
