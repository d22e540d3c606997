// SPDX-License-Identifier: MPL-2.0
//! Brings a store of an earlier version up to date, in one transaction. It is an explicit command, because it signs rows for the first
//! time: the person who runs it vouches for the accounts, tokens and targets that the store has.

use host_access::Host;

use super::audit::{self, Event};
use super::audit_head;
use super::database::{Database, Row, VERSION};
use super::kek::{self, Kek, KekSource, KnownKek};
use super::location::Location;
use super::model::mode_of;
use super::secrets::{MasterKey, Secrets, find_kek};
use super::transaction::Transaction;
use super::wrap::Subject;
use super::{Error, KeyStore, Purpose, connect, create_identity, signed_rows};

/// The last version whose secrets are wrapped under key-encryption keys, without a master key.
const WITHOUT_MASTER_KEY: i64 = 2;
/// The rows that are read at a time.
const BATCH: i64 = 1000;

/// The result of an upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upgraded {
    /// The version that was found.
    pub from: i64,
    /// The number of secrets that the master key wraps now.
    pub secrets: u64,
}

impl KeyStore {
    /// Brings the store at `uri` up to date: wraps all its secrets under a master key, and signs its accounts, tokens and targets.
    /// Nothing changes if it fails. After an interrupted re-wrap of version 2, both key-encryption keys are needed. Returns None if the
    /// store is of the present version.
    ///
    /// # Errors
    /// Those of [`KeyStore::open`], [`Error::NoStore`], [`Error::Tampered`], [`Error::AuditBroken`].
    pub fn upgrade(uri: &str, keks: &[KekSource], host: &Host) -> Result<Option<Upgraded>, Error> {
        let mut database = connect(uri, Purpose::Write, host)?;
        database.begin_upgrade()?;
        let done = match database.version()? {
            0 => Err(Error::NoStore),
            VERSION => Ok(None),
            found if found > VERSION => Err(Error::NewerSchema {
                found,
                known: VERSION,
            }),
            _ => upgrade(&mut *database, &Location::parse(uri)?, keks, host).map(Some),
        };
        match done {
            Ok(Some(_)) => database.commit()?,
            Ok(None) | Err(_) => database.roll_back(),
        }
        done
    }
}

fn upgrade(
    database: &mut dyn Database,
    location: &Location,
    sources: &[KekSource],
    host: &Host,
) -> Result<Upgraded, Error> {
    let from = database.version()?;
    while database.version()? < WITHOUT_MASTER_KEY {
        database.apply_next()?;
    }
    let keks = find_keks(database, sources, host)?;
    let master = MasterKey::generate(&*host.random)?;
    let secrets = Conversion {
        keks: &keks,
        master: &master,
        host,
    }
    .run(database)?;
    database.apply_next()?;
    let kek = find_kek(sources, kek::current(database)?, host)?;
    let mut keys = Secrets::extend(database, master, kek, &*host.random)?;
    let mut transaction = Transaction::of_all(database, &mut keys, host);
    create_identity(&mut transaction, location)?;
    audit_head::replace_seal(&mut transaction)?;
    signed_rows::sign_all(&mut transaction)?;
    audit::append(&mut transaction, &Event::of_store("upgrade"))?;
    audit_head::finish(&mut transaction)?;
    Ok(Upgraded { from, secrets })
}

/// Returns all key-encryption keys that rows of version 2 may name.
fn find_keks(
    database: &mut dyn Database,
    sources: &[KekSource],
    host: &Host,
) -> Result<Vec<Kek>, Error> {
    database
        .run(
            "SELECT id, salt, memory_kib, passes, lanes FROM kek WHERE state <> 'retired' ORDER BY created",
            &[],
        )?
        .into_iter()
        .map(|mut row| find_kek(sources, KnownKek::from_row(&mut row)?, host))
        .collect()
}

/// Wraps the secrets of version 2 under the master key. The tables of version 2 let a secret be wrapped again only under a key of another
/// id, so the master key has the id `master` in them.
struct Conversion<'a> {
    keks: &'a [Kek],
    master: &'a MasterKey,
    host: &'a Host,
}

/// The statements of a table whose secrets have names.
struct NamedSecrets {
    select: &'static str,
    update: &'static str,
    subject: fn(&str) -> Subject<'_>,
}

const NAMED_SECRETS: [NamedSecrets; 3] = [
    NamedSecrets {
        select: "SELECT name, wrapped, kek_id FROM seed",
        update: "UPDATE seed SET wrapped = $2, kek_id = 'master' WHERE name = $1",
        subject: |name| Subject::Seed(name),
    },
    NamedSecrets {
        select: "SELECT name, wrapped, kek_id FROM target WHERE wrapped IS NOT NULL",
        update: "UPDATE target SET wrapped = $2, kek_id = 'master' WHERE name = $1",
        subject: |name| Subject::Target(name),
    },
    NamedSecrets {
        select: "SELECT name, wrapped, kek_id FROM secret",
        update: "UPDATE secret SET wrapped = $2, kek_id = 'master' WHERE name = $1",
        subject: |name| Subject::Secret(name),
    },
];

impl Conversion<'_> {
    /// Wraps all secrets again, and returns their number.
    fn run(&self, database: &mut dyn Database) -> Result<u64, Error> {
        database.run(
            "INSERT INTO kek (id, state, created) VALUES ('master', 'old', 0)",
            &[],
        )?;
        let mut count = 0;
        while let batch @ 1.. = self.wrap_content_keys(database)? {
            count += batch;
        }
        for table in NAMED_SECRETS {
            for mut row in database.run(table.select, &[])? {
                let name = row.text()?;
                let wrapped = self.wrap_again((table.subject)(&name), row)?;
                database.run(table.update, &[name.as_str().into(), wrapped.into()])?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// Wraps the next content keys again, and returns their number.
    fn wrap_content_keys(&self, database: &mut dyn Database) -> Result<u64, Error> {
        let mut count = 0;
        for mut row in database.run(
            "SELECT kid, mode, wrapped, kek_id FROM content_key WHERE kek_id <> 'master' LIMIT $1",
            &[BATCH.into()],
        )? {
            let kid = row.key_id()?;
            let subject = Subject::ContentKey(&kid, mode_of(&row.text()?)?);
            database.run(
                "UPDATE content_key SET wrapped = $2, kek_id = 'master' WHERE kid = $1",
                &[(&kid).into(), self.wrap_again(subject, row)?.into()],
            )?;
            count += 1;
        }
        Ok(count)
    }

    /// Wraps the secret in the columns `wrapped, kek_id` of a row under the master key.
    fn wrap_again(&self, subject: Subject<'_>, mut row: Row) -> Result<Vec<u8>, Error> {
        let wrapped = row.blob()?;
        let kek_id = row.text()?;
        let kek = self
            .keks
            .iter()
            .find(|kek| kek.id == kek_id)
            .ok_or(Error::WrongKek { needed: kek_id })?;
        let clear = kek.wrapper.unwrap(subject, &wrapped)?;
        self.master
            .wrapper
            .wrap(subject, &clear, &*self.host.random)
    }
}
