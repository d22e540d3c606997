// SPDX-License-Identifier: MPL-2.0
//! Re-wrapping: everything under a new key-encryption key, in batches of one transaction each. Rows name the key that they are
//! wrapped under, so that one that was interrupted goes on where it was.

use cenc_types::KeyId;
use host_access::Host;

use super::database::Row;
use super::kek::{Kek, KekSource, KnownKek};
use super::model::mode_of;
use super::secrets::{self, add_kek, known_keks};
use super::transaction::{Recorded, Transaction};
use super::wrap::Subject;
use super::{Error, KeyStore};

/// Rows of a transaction.
const BATCH: i64 = 200;

impl KeyStore {
    /// Wraps all keys, seeds and credentials under a new key-encryption key, which is made where its file does not exist, and then forgets the
    /// old one. Others go on meanwhile if they were opened with both, be it before the new one was made. Says how many were wrapped anew; once more with the same
    /// key, after an interruption, does the rest.
    ///
    /// # Errors
    /// Those of the source, [`Error::WrongKek`] when a row is wrapped under a key that was not given, [`Error::Tampered`],
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

    /// Makes the new key the one under which all that comes from now on is wrapped.
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

/// Wraps the next keys; where none is left, all else, and then forgets the old key.
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

/// Another re-wrap may have begun since the last batch.
fn check_current(transaction: &mut Transaction<'_>, kek_id: &str) -> Result<(), Error> {
    let current = secrets::current(transaction.database)?;
    if current != kek_id {
        return Err(Error::OtherRewrap { current });
    }
    Ok(())
}

/// The key of an interrupted re-wrap, or else a new one.
fn obtain(new: &KekSource, known: &[KnownKek], host: &Host) -> Result<Kek, Error> {
    match new.find(known, &*host.files) {
        Ok(Some(kek)) => Ok(kek),
        // A file that does not exist yet is an error of the first, not of the second.
        Ok(None) | Err(Error::KekFile(_)) => new.create(host),
        Err(error) => Err(error),
    }
}

fn rewrap_keys(transaction: &mut Transaction<'_>, kek_id: &str) -> Result<u64, Error> {
    let sql = "SELECT kid, mode, wrapped, kek_id FROM content_key WHERE kek_id <> $1 ORDER BY kid LIMIT $2";
    let rows = transaction.run(sql, &[kek_id.into(), BATCH.into()])?;
    let count = rows.len() as u64;
    for mut row in rows {
        let kid: KeyId = row.key_id()?;
        let subject = Subject::ContentKey(&kid, mode_of(&row.text()?)?);
        let wrapped = wrap_anew(transaction, subject, row)?;
        let sql = "UPDATE content_key SET wrapped = $2, kek_id = $3 WHERE kid = $1";
        let values = [(&kid).into(), wrapped.into(), kek_id.into()];
        transaction.run(sql, &values)?;
    }
    Ok(count)
}

/// A table of few rows that are told by their names.
struct Named {
    select: &'static str,
    update: &'static str,
    subject: fn(&str) -> Subject<'_>,
}

const SEEDS: Named = Named {
    select: "SELECT name, wrapped, kek_id FROM seed WHERE kek_id <> $1",
    update: "UPDATE seed SET wrapped = $2, kek_id = $3 WHERE name = $1",
    subject: |name| Subject::Seed(name),
};

const TARGETS: Named = Named {
    select: "SELECT name, wrapped, kek_id FROM target WHERE kek_id <> $1",
    update: "UPDATE target SET wrapped = $2, kek_id = $3 WHERE name = $1",
    subject: |name| Subject::Target(name),
};

const OWN_KEYS: Named = Named {
    select: "SELECT name, wrapped, kek_id FROM secret WHERE kek_id <> $1",
    update: "UPDATE secret SET wrapped = $2, kek_id = $3 WHERE name = $1",
    subject: |name| Subject::Secret(name),
};

fn rewrap_named(
    transaction: &mut Transaction<'_>,
    table: &Named,
    kek_id: &str,
) -> Result<u64, Error> {
    let rows = transaction.run(table.select, &[kek_id.into()])?;
    let count = rows.len() as u64;
    for mut row in rows {
        let name = row.text()?;
        let wrapped = wrap_anew(transaction, (table.subject)(&name), row)?;
        let values = [name.as_str().into(), wrapped.into(), kek_id.into()];
        transaction.run(table.update, &values)?;
    }
    Ok(count)
}

/// Wraps what a row has as `wrapped, kek_id` under the current key.
fn wrap_anew(
    transaction: &mut Transaction<'_>,
    subject: Subject<'_>,
    mut row: Row,
) -> Result<Vec<u8>, Error> {
    let (wrapped, kek_id) = (row.blob()?, row.text()?);
    let clear = transaction.unwrap(subject, &kek_id, &wrapped)?;
    Ok(transaction.wrap(subject, &clear)?.0)
}
