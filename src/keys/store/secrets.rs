// SPDX-License-Identifier: MPL-2.0
//! The keys that a store needs for its work: the key-encryption keys that its rows name, and its own two keys.

use std::time::SystemTime;

use super::Error;
use super::database::{Database, Row};
use super::kek::{Kek, KekSource, KnownKek};
use super::mac::MacKey;
use super::model::milliseconds;
use super::passphrase::Stretch;
use super::wrap::{Subject, Wrapper};

/// The name of the audit's key.
const AUDIT: &str = "audit";
/// The name of the fingerprints' key.
const FINGERPRINT: &str = "fingerprint";

/// What a store needs to work, wiped on drop.
pub(super) struct Secrets {
    keks: Vec<Kek>,
    pub(super) audit: MacKey,
    pub(super) fingerprint: MacKey,
}

impl Secrets {
    /// Those of a store, in a transaction that may write where the store is new.
    pub(super) fn obtain(
        database: &mut dyn Database,
        sources: &[KekSource],
    ) -> Result<Option<Self>, Error> {
        let known = known_keks(database)?;
        if known.is_empty() {
            return Ok(None);
        }
        let mut keks = Vec::new();
        for source in sources {
            keks.extend(source.find(&known)?);
        }
        // All of them, so that no request fails half way through a re-wrap.
        if let Some(missing) = known
            .iter()
            .find(|known| !keks.iter().any(|kek| kek.id == known.id))
        {
            let needed = missing.id.clone();
            return Err(Error::WrongKek { needed });
        }
        let (audit, fingerprint) = (
            load(database, &keks, AUDIT)?,
            load(database, &keks, FINGERPRINT)?,
        );
        Ok(Some(Self {
            keks,
            audit,
            fingerprint,
        }))
    }

    /// Makes those of a new store.
    pub(super) fn create(
        database: &mut dyn Database,
        sources: &[KekSource],
    ) -> Result<Self, Error> {
        let kek = sources.first().ok_or(Error::NoKek)?.create()?;
        add_kek(database, &kek)?;
        let secrets = Self {
            audit: MacKey::generate()?,
            fingerprint: MacKey::generate()?,
            keks: vec![kek],
        };
        for (name, key) in [(AUDIT, &secrets.audit), (FINGERPRINT, &secrets.fingerprint)] {
            let (wrapped, kek_id) =
                secrets.wrap(database, Subject::Secret(name), key.as_bytes())?;
            let sql = "INSERT INTO secret (name, wrapped, kek_id) VALUES ($1, $2, $3)";
            database.run(sql, &[name.into(), wrapped.into(), kek_id.as_str().into()])?;
        }
        Ok(secrets)
    }

    /// Wraps a secret under the store's current key-encryption key, and says which that is.
    pub(super) fn wrap(
        &self,
        database: &mut dyn Database,
        subject: Subject<'_>,
        secret: &[u8],
    ) -> Result<(Vec<u8>, String), Error> {
        let rows = database.run("SELECT id FROM kek WHERE state = 'current'", &[])?;
        let mut row = rows
            .into_iter()
            .next()
            .ok_or(Error::Damaged("no key-encryption key is current"))?;
        let id = row.text()?;
        Ok((self.wrapper(&id)?.wrap(subject, secret)?, id))
    }

    /// The wrapper that a row names.
    pub(super) fn wrapper(&self, kek_id: &str) -> Result<&Wrapper, Error> {
        wrapper(&self.keks, kek_id)
    }

    pub(super) fn add(&mut self, kek: Kek) {
        if !self.keks.iter().any(|other| other.id == kek.id) {
            self.keks.push(kek);
        }
    }
}

/// The key-encryption keys that rows may still name.
pub(super) fn known_keks(database: &mut dyn Database) -> Result<Vec<KnownKek>, Error> {
    let sql = "SELECT id, salt, memory_kib, passes, lanes FROM kek WHERE state <> 'retired' ORDER BY created";
    let read = |mut row: Row| {
        Ok(KnownKek {
            id: row.text()?,
            stretch: Stretch::from_row(&mut row)?,
        })
    };
    database.run(sql, &[])?.into_iter().map(read).collect()
}

/// Makes a key-encryption key the current one.
pub(super) fn add_kek(database: &mut dyn Database, kek: &Kek) -> Result<(), Error> {
    database.run("UPDATE kek SET state = 'old' WHERE state = 'current'", &[])?;
    let stretch = kek.stretch.as_ref();
    let number = |of: fn(&Stretch) -> u32| stretch.map(|stretch| i64::from(of(stretch)));
    let sql = "INSERT INTO kek (id, state, created, salt, memory_kib, passes, lanes) VALUES ($1, 'current', $2, $3, $4, $5, $6)
        ON CONFLICT (id) DO UPDATE SET state = 'current'";
    let values = [
        kek.id.as_str().into(),
        milliseconds(SystemTime::now()).into(),
        stretch.map(|stretch| stretch.salt.as_slice()).into(),
        number(|stretch| stretch.memory_kib).into(),
        number(|stretch| stretch.passes).into(),
        number(|stretch| stretch.lanes).into(),
    ];
    database.run(sql, &values).map(|_| ())
}

fn load(database: &mut dyn Database, keks: &[Kek], name: &str) -> Result<MacKey, Error> {
    let sql = "SELECT wrapped, kek_id FROM secret WHERE name = $1";
    let rows = database.run(sql, &[name.into()])?;
    let mut row = rows
        .into_iter()
        .next()
        .ok_or(Error::Damaged("a key of the store is missing"))?;
    let (wrapped, kek_id) = (row.blob()?, row.text()?);
    let key = wrapper(keks, &kek_id)?.unwrap(Subject::Secret(name), &wrapped)?;
    MacKey::from_bytes(&key)
}

fn wrapper<'a>(keks: &'a [Kek], kek_id: &str) -> Result<&'a Wrapper, Error> {
    let kek = keks.iter().find(|kek| kek.id == kek_id);
    let kek = kek.ok_or_else(|| Error::WrongKek {
        needed: kek_id.to_owned(),
    })?;
    Ok(&kek.wrapper)
}
