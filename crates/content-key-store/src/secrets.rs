// SPDX-License-Identifier: MPL-2.0
//! The keys that a store needs for its work: the key-encryption keys that its rows name, and its own two keys.

use std::sync::Arc;

use host_access::{Clock, Host, SecretFiles};

use super::Error;
use super::database::Database;
use super::kek::{Kek, KekSource, KnownKek};
use super::mac::MacKey;
use super::passphrase::Stretch;
use super::transaction::WrappedSecret;
use super::wrap::{Subject, Wrapper};

/// The name of the audit's key.
const AUDIT: &str = "audit";
/// The name of the fingerprints' key.
const FINGERPRINT: &str = "fingerprint";

/// The keys of an open store, wiped when dropped.
pub(super) struct Secrets {
    sources: Vec<KekSource>,
    files: Arc<dyn SecretFiles>,
    keks: Vec<Kek>,
    pub(super) audit: MacKey,
    fingerprint: MacKey,
}

impl Secrets {
    /// Reads the keys of a store. Returns the sources if the store is new.
    pub(super) fn obtain(
        database: &mut dyn Database,
        sources: Vec<KekSource>,
        host: &Host,
    ) -> Result<Result<Self, Vec<KekSource>>, Error> {
        let mut keks = Vec::new();
        if !learn(database, &sources, &*host.files, &mut keks)? {
            return Ok(Err(sources));
        }
        Ok(Ok(Self {
            audit: load(database, &keks, AUDIT)?,
            fingerprint: load(database, &keks, FINGERPRINT)?,
            sources,
            files: Arc::clone(&host.files),
            keks,
        }))
    }

    /// Creates the keys of a new store.
    pub(super) fn create(
        database: &mut dyn Database,
        sources: Vec<KekSource>,
        host: &Host,
    ) -> Result<Self, Error> {
        let kek = sources.first().ok_or(Error::NoKek)?.create(host)?;
        add_kek(database, &kek, &*host.clock)?;
        let random = &*host.random;
        let (audit, fingerprint) = (MacKey::generate(random)?, MacKey::generate(random)?);
        for (name, key) in [(AUDIT, &audit), (FINGERPRINT, &fingerprint)] {
            let wrapped = kek
                .wrapper
                .wrap(Subject::Secret(name), key.as_bytes(), random)?;
            database.run(
                "INSERT INTO secret (name, wrapped, kek_id) VALUES ($1, $2, $3)",
                &[name.into(), wrapped.into(), kek.id.as_str().into()],
            )?;
        }
        Ok(Self {
            keks: vec![kek],
            sources,
            files: Arc::clone(&host.files),
            audit,
            fingerprint,
        })
    }

    /// Returns the wrapper of a key-encryption key. An unknown key is looked up again, because a re-wrap may have begun.
    pub(super) fn wrapper(
        &mut self,
        database: &mut dyn Database,
        kek_id: &str,
    ) -> Result<&Wrapper, Error> {
        if !self.keks.iter().any(|kek| kek.id == kek_id) {
            learn(database, &self.sources, &*self.files, &mut self.keks)?;
        }
        wrapper(&self.keks, kek_id)
    }

    pub(super) fn fingerprint(&self, kind: &str, secret: &[u8]) -> [u8; 16] {
        self.fingerprint.fingerprint(kind, secret)
    }

    pub(super) fn add(&mut self, kek: Kek) {
        if !self.keks.iter().any(|other| other.id == kek.id) {
            self.keks.push(kek);
        }
    }
}

/// Adds the key-encryption keys of the store that the sources have. Returns false if the store has none yet.
fn learn(
    database: &mut dyn Database,
    sources: &[KekSource],
    files: &dyn SecretFiles,
    keks: &mut Vec<Kek>,
) -> Result<bool, Error> {
    let is_missing = |keks: &[Kek], known: &KnownKek| !keks.iter().any(|kek| kek.id == known.id);
    let mut known = known_keks(database)?;
    let is_made = !known.is_empty();
    known.retain(|known| is_missing(keks, known));
    let mut failed = None;
    for source in sources {
        match source.find(&known, files) {
            Ok(found) => keks.extend(found),
            // The key of a future re-wrap need not exist yet.
            Err(error) => failed = Some(error),
        }
    }
    // All keys must be found, so that no request fails half way through a re-wrap.
    match known.into_iter().find(|known| is_missing(keks, known)) {
        Some(missing) => Err(failed.unwrap_or(Error::WrongKek { needed: missing.id })),
        None => Ok(is_made),
    }
}

/// Returns the id of the key-encryption key that wraps new secrets.
pub(super) fn current(database: &mut dyn Database) -> Result<String, Error> {
    database
        .run("SELECT id FROM kek WHERE state = 'current'", &[])?
        .into_iter()
        .next()
        .ok_or(Error::Damaged("no key-encryption key is current"))?
        .text()
}

/// Returns the key-encryption keys that rows may still name.
pub(super) fn known_keks(database: &mut dyn Database) -> Result<Vec<KnownKek>, Error> {
    let sql = "SELECT id, salt, memory_kib, passes, lanes FROM kek WHERE state <> 'retired' ORDER BY created";
    database
        .run(sql, &[])?
        .into_iter()
        .map(|mut row| {
            Ok(KnownKek {
                id: row.text()?,
                stretch: Stretch::from_row(&mut row)?,
            })
        })
        .collect()
}

/// Makes a key-encryption key the current one.
pub(super) fn add_kek(
    database: &mut dyn Database,
    kek: &Kek,
    clock: &dyn Clock,
) -> Result<(), Error> {
    database.run("UPDATE kek SET state = 'old' WHERE state = 'current'", &[])?;
    let stretch = kek.stretch.as_ref();
    let number = |of: fn(&Stretch) -> u32| stretch.map(|stretch| i64::from(of(stretch)));
    let sql = "INSERT INTO kek (id, state, created, salt, memory_kib, passes, lanes) VALUES ($1, 'current', $2, $3, $4, $5, $6)
        ON CONFLICT (id) DO UPDATE SET state = 'current'";
    let values = [
        kek.id.as_str().into(),
        clock.system_time().into(),
        stretch.map(|stretch| stretch.salt.as_slice()).into(),
        number(|stretch| stretch.memory_kib).into(),
        number(|stretch| stretch.passes).into(),
        number(|stretch| stretch.lanes).into(),
    ];
    database.run(sql, &values).map(|_| ())
}

fn load(database: &mut dyn Database, keks: &[Kek], name: &str) -> Result<MacKey, Error> {
    let sql = "SELECT wrapped, kek_id FROM secret WHERE name = $1";
    let mut row = database
        .run(sql, &[name.into()])?
        .into_iter()
        .next()
        .ok_or(Error::Damaged("a key of the store is missing"))?;
    let wrapped = WrappedSecret::from_row(&mut row)?;
    MacKey::from_bytes(
        &wrapper(keks, &wrapped.kek_id)?.unwrap(Subject::Secret(name), &wrapped.bytes)?,
    )
}

fn wrapper<'a>(keks: &'a [Kek], kek_id: &str) -> Result<&'a Wrapper, Error> {
    keks.iter()
        .find(|kek| kek.id == kek_id)
        .map(|kek| &kek.wrapper)
        .ok_or_else(|| Error::WrongKek {
            needed: kek_id.to_owned(),
        })
}
