// SPDX-License-Identifier: MPL-2.0
//! The connections that only read. A reader sees the last committed state and waits for no writer.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use host_access::Host;

use super::actor::Actor;
use super::database::{Access, Database};
use super::secrets::{Secrets, StoreKeyring};
use super::transaction::Transaction;
use super::watch::Watch;
use super::{Error, Purpose, connect};

/// The most connections that read at the same time; more requests wait for one of them.
const MOST: usize = 4;

/// The readers of a store, opened when they are needed first.
pub(super) struct Readers {
    uri: String,
    keyring: Arc<StoreKeyring>,
    watch: Arc<Watch>,
    pool: Mutex<Pool>,
    returned: Condvar,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Reader>,
    open: usize,
}

struct Reader {
    database: Box<dyn Database>,
    secrets: Secrets,
}

/// The place of a reader in use. If its reader is not returned, after a panic or an error, the place is free for another one.
struct Lent<'a> {
    readers: &'a Readers,
    is_returned: bool,
}

impl Readers {
    pub(super) fn new(uri: &str, keyring: Arc<StoreKeyring>, watch: Arc<Watch>) -> Self {
        Self {
            uri: uri.to_owned(),
            keyring,
            watch,
            pool: Mutex::default(),
            returned: Condvar::new(),
        }
    }

    /// Reads the store as it is at one time.
    pub(super) fn read<T, E: From<Error>>(
        &self,
        host: &Host,
        actor: &Actor,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let (mut lent, idle) = self.lend();
        let mut reader = match idle {
            Some(reader) => reader,
            None => self.open(host)?,
        };
        reader.database.begin(Access::Read)?;
        let done = work(&mut Transaction {
            actor: actor.clone(),
            doubt: self.watch.doubt(),
            ..Transaction::of_all(&mut *reader.database, &mut reader.secrets, host)
        });
        reader.database.roll_back();
        self.watch.count_steps(reader.database.take_steps());
        if reader.database.found_damage() {
            self.watch.damaged();
        }
        lent.is_returned = true;
        self.lock().idle.push(reader);
        self.returned.notify_one();
        done
    }

    /// Waits for a place, and returns it with a reader that is open already.
    fn lend(&self) -> (Lent<'_>, Option<Reader>) {
        let mut pool = self.lock();
        let idle = loop {
            match pool.idle.pop() {
                Some(reader) => break Some(reader),
                None if pool.open < MOST => break None,
                None => {
                    pool = self
                        .returned
                        .wait(pool)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        if idle.is_none() {
            pool.open += 1;
        }
        let lent = Lent {
            readers: self,
            is_returned: false,
        };
        (lent, idle)
    }

    /// Opens a connection, to the same files as the others.
    fn open(&self, host: &Host) -> Result<Reader, Error> {
        self.watch.check()?;
        let database = connect(&self.uri, Purpose::Read, host)?;
        self.watch.check()?;
        Ok(Reader {
            database,
            secrets: Secrets::of(&self.keyring),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if !self.is_returned {
            self.readers.lock().open -= 1;
            self.readers.returned.notify_one();
        }
    }
}
