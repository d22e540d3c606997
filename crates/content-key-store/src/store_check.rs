// SPDX-License-Identifier: MPL-2.0
//! The check of a store while it is open: its files, its id and keys, the record of its last change, and whether it can be written.

use std::time::Duration;

use super::database::{Access, Database, StoreRisk};
use super::generation::{self, Doubt, Generation};
use super::watch::StoreFault;
use super::{Error, KeyStore, Purpose, connect};

/// The checks in a row that find the lock held before the store counts as blocked: somebody may change it for a moment.
const HELD: u32 = 3;
/// The comparisons with the record that must fail, and the time between them.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(20);

/// Checks an open store again and again, on a connection of its own.
pub struct StoreCheck {
    store: KeyStore,
    uri: String,
    probe: Option<Box<dyn Database>>,
    /// The checks in a row that found the lock held.
    held: u32,
}

impl StoreCheck {
    pub(super) const fn new(store: KeyStore, uri: String) -> Self {
        Self {
            store,
            uri,
            probe: None,
            held: 0,
        }
    }

    /// Checks that the store is the one that was opened, and that a change could be written: it writes one and rolls it back. What it
    /// finds holds for all clones of the store: while it fails, they change nothing. Returns what may lose changes all the same.
    ///
    /// # Errors
    /// [`Error::Changed`], [`Error::Locked`], [`Error::Restored`], or if the database fails.
    pub fn check(&mut self) -> Result<Vec<StoreRisk>, Error> {
        let checked = self.run().map_err(|error| match error {
            Error::DamagedFile { .. } => self.store.watch.damaged().unwrap_or(error),
            error => error,
        });
        if matches!(
            checked,
            Err(Error::Changed(_)
                | Error::Unavailable { .. }
                | Error::DamagedFile { .. }
                | Error::Damaged(_))
        ) {
            // It may have been opened before the fault.
            self.probe = None;
        }
        checked
    }

    fn run(&mut self) -> Result<Vec<StoreRisk>, Error> {
        self.store.watch.check()?;
        self.write_and_roll_back()?;
        self.check_identity()?;
        match self.store.doubt() {
            Some(doubt) => Err(Error::Restored(doubt)),
            None => self.probe()?.risks(),
        }
    }

    /// Writes a change without keeping it. While others of this process get the lock, it is not held for long.
    fn write_and_roll_back(&mut self) -> Result<(), Error> {
        let before = self.store.watch.changes();
        let written = self.probe().and_then(|probe| {
            probe.begin(Access::Claim)?;
            let written = write(probe);
            probe.roll_back();
            written
        });
        match written {
            Err(Error::Locked { .. }) if self.store.watch.changes() != before => {
                self.free();
                Ok(())
            }
            Err(error @ Error::Locked { .. }) => {
                self.held += 1;
                self.store.watch.set_blocked(self.held >= HELD);
                match self.held >= HELD {
                    true => Err(error),
                    false => Ok(()),
                }
            }
            written => {
                self.free();
                written
            }
        }
    }

    fn free(&mut self) {
        self.held = 0;
        self.store.watch.set_blocked(false);
    }

    fn probe(&mut self) -> Result<&mut dyn Database, Error> {
        let probe = match self.probe.take() {
            Some(probe) => probe,
            None => connect(&self.uri, Purpose::Probe, &self.store.host)?,
        };
        Ok(&mut **self.probe.insert(probe))
    }

    /// Compares the database with the store that was opened, and with the record of its last change.
    fn check_identity(&mut self) -> Result<(), Error> {
        let watch = &self.store.watch;
        let pages = self.store.read(|transaction| {
            let id = generation::store_id(transaction.database)?;
            match id == watch.store_id && transaction.secrets.fit(transaction.database)? {
                true => transaction.database.size(),
                false => Err(watch.fail(StoreFault::OtherStore)),
            }
        })?;
        watch.set_pages(pages);
        let mut tries = 1..TRIES;
        loop {
            match (self.compare()?, tries.next()) {
                (None, _) => return Ok(()),
                // Another process may be writing the record.
                (Some(_), Some(_)) => self.store.host.clock.sleep(PAUSE),
                (Some(doubt), None) => return self.store.lock().take_doubt(doubt),
            }
        }
    }

    /// Compares the database with its record. The record is read before the state, since other processes go on.
    fn compare(&self) -> Result<Option<Doubt>, Error> {
        let record = Generation::open(self.store.watch.record());
        self.store
            .read(|transaction| Ok(record.compare(transaction.database)?.doubt))
    }
}

/// Writes a row that no request has, up to the log of the database.
fn write(database: &mut dyn Database) -> Result<(), Error> {
    let sql = "INSERT INTO idempotency (account, key, request, status, body, created) VALUES ('', '', $1, 200, $1, 0)";
    database.run(sql, &[vec![0_u8; 32].into()])?;
    database.flush()
}
