// SPDX-License-Identifier: MPL-2.0
//! The connection that all clones of a store share, and the transactions on it.

use std::mem::take;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use host_access::Host;

use super::Error;
use super::actor::Actor;
use super::audit_head::{self, ExpectedHead, Head};
use super::database::{Access, Backend, Database};
use super::facts::{Facts, NOTHING, Wanted};
use super::generation::{self, Doubt, Generation, RecordedRow};
use super::kek::KekSource;
use super::location::Location;
use super::secrets::Secrets;
use super::transaction::Transaction;
use super::watch::Watch;

/// The connection, with the secrets that unwrap its keys.
pub(super) struct Shared {
    pub(super) database: Box<dyn Database>,
    pub(super) secrets: Secrets,
    pub(super) host: Host,
    pub(super) generation: Generation,
    pub(super) watch: Arc<Watch>,
    location: Location,
    known: Known,
}

/// The knowledge of the store from the last transaction that changed it.
#[derive(Default)]
struct Known {
    facts: Facts,
    /// The end of the audit.
    head: Option<Head>,
    /// True if that transaction found the end as the one before had left it, so that other processes write little.
    is_alone: bool,
}

/// A transaction whose work is done.
struct Done<T> {
    value: T,
    known: Known,
    /// The last row of the audit, if it added one.
    last_row: Option<RecordedRow>,
}

/// The start of a transaction.
#[derive(Clone, Copy)]
pub(super) enum Begin<'a> {
    /// To read.
    Read,
    /// To change rows that the audit does not record.
    Claim,
    /// To change the store, with what the work will look for.
    Write(&'a Wanted),
    /// To change the store if nobody else has changed it since the last transaction. Otherwise it fails.
    Expect,
}

impl Begin<'_> {
    /// Begins to change the store. Nothing is known of the work.
    pub(super) fn write() -> Self {
        Self::Write(&NOTHING)
    }

    const fn access(self) -> Access {
        match self {
            Self::Read => Access::Read,
            Self::Claim => Access::Claim,
            Self::Write(_) | Self::Expect => Access::Write,
        }
    }
}

impl Known {
    /// True if a transaction need not look for what it will want.
    fn has(&self, wanted: &Wanted) -> bool {
        self.is_alone && self.expected().is_some() && self.facts.missing(wanted).is_empty()
    }

    fn expected(&self) -> Option<ExpectedHead> {
        Some(ExpectedHead {
            head: self.head.clone()?,
            revision: self.facts.revision()?,
        })
    }
}

/// The keys and the id of a store.
struct OpenedKeys {
    secrets: Secrets,
    store_id: String,
}

/// Reads the store as it is at one time.
fn read_only<T>(
    database: &mut dyn Database,
    work: impl FnOnce(&mut dyn Database) -> Result<T, Error>,
) -> Result<T, Error> {
    database.begin(Access::Read)?;
    let done = work(database);
    database.roll_back();
    done
}

/// The number of times that a record in doubt is read again, since another process may just be writing it.
const READ_AGAIN: u32 = 3;
/// The pause before it is read again.
const PAUSE: Duration = Duration::from_millis(50);

/// Compares the store with its record.
fn generation_of(
    database: &mut dyn Database,
    path: Option<&Path>,
    host: &Host,
) -> Result<Generation, Error> {
    let mut compare = || {
        // The record is read before the state with which it is compared, since other processes go on.
        let record = Generation::open(path.map(Path::to_owned));
        read_only(database, |database| record.compare(database))
    };
    for _ in 0..READ_AGAIN {
        let found = compare()?;
        if matches!(found.doubt, None | Some(Doubt::NoRecord)) {
            return Ok(found);
        }
        host.clock.sleep(PAUSE);
    }
    compare()
}

impl Shared {
    /// Reads the keys of a store, and compares it with its record.
    pub(super) fn open(
        mut database: Box<dyn Database>,
        location: &Location,
        keks: &[KekSource],
        host: &Host,
    ) -> Result<Self, Error> {
        let keys = read_only(&mut *database, |database| {
            Ok(OpenedKeys {
                secrets: Secrets::obtain(database, keks, host)?,
                store_id: generation::store_id(database)?,
            })
        })?;
        let OpenedKeys { secrets, store_id } = keys;
        let path = generation::path(secrets.kek_file.as_deref(), location, &store_id);
        let generation = generation_of(&mut *database, path.as_deref(), host)?;
        let watch = Watch::begin(location, store_id);
        watch.take_record(&generation);
        Ok(Self {
            generation,
            database,
            secrets,
            host: host.clone(),
            watch: Arc::new(watch),
            location: location.clone(),
            known: Known::default(),
        })
    }

    /// Begins a new record, for a store that somebody has accepted.
    pub(super) fn accept(&mut self) -> Result<(), Error> {
        let row = self.run(&Actor::unnamed(), Begin::Read, audit_head::last_row)?;
        self.generation.accept(&self.watch.store_id, &row)?;
        self.watch.take_record(&self.generation);
        Ok(())
    }

    /// Takes the doubt of a comparison while the store is open. A record that is gone is written anew: the store is the one that was
    /// opened.
    pub(super) fn take_doubt(&mut self, doubt: Doubt) -> Result<(), Error> {
        if self.generation.doubt.is_none() && matches!(doubt, Doubt::NoRecord | Doubt::Unreadable) {
            return self.accept();
        }
        self.generation.doubt = Some(doubt);
        self.watch.take_record(&self.generation);
        Ok(())
    }

    /// Begins a new record beside a new key-encryption key, unless the store is in doubt.
    pub(super) fn move_record(&mut self, kek_file: Option<&Path>) -> Result<(), Error> {
        if self.generation.doubt.is_some() {
            return Ok(());
        }
        self.generation = Generation::at(generation::path(
            kek_file,
            &self.location,
            &self.watch.store_id,
        ));
        self.accept()
    }

    /// True if a transaction that will want this may begin by [`Begin::Expect`].
    pub(super) fn knows(&self, wanted: &Wanted) -> bool {
        self.database.backend() == Backend::Postgres && self.known.has(wanted)
    }

    /// Runs the work of a transaction, and commits it.
    pub(super) fn run<T, E: From<Error>>(
        &mut self,
        actor: &Actor,
        begin: Begin<'_>,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let access = begin.access();
        let changes = access != Access::Read;
        if changes {
            self.check_writable()?;
        }
        self.database.begin(access)?;
        let done = self.work(actor, begin, work).and_then(|done| {
            self.database.commit()?;
            Ok(done)
        });
        self.watch.count_steps(self.database.take_steps());
        let done = match done {
            Ok(done) => done,
            Err(error) => {
                self.database.roll_back();
                if self.database.found_damage() {
                    self.watch.damaged();
                }
                return Err(error);
            }
        };
        if access == Access::Write {
            self.known = done.known;
        }
        if changes {
            // SQLite would have written to a file that is gone.
            self.watch.check()?;
            self.watch.changed();
        }
        if let Some(row) = done.last_row {
            self.generation.record(&self.watch.store_id, &row);
        }
        Ok(done.value)
    }

    /// Runs the work of a transaction that was begun.
    fn work<T, E: From<Error>>(
        &mut self,
        actor: &Actor,
        begin: Begin<'_>,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<Done<T>, E> {
        // It is forgotten if the transaction fails.
        let known = match begin.access() {
            Access::Write => take(&mut self.known),
            Access::Read | Access::Claim => Known::default(),
        };
        let expected = known.expected();
        let mut transaction = Transaction {
            actor: actor.clone(),
            doubt: self.generation.doubt,
            facts: known.facts,
            ..Transaction::of_all(&mut *self.database, &mut self.secrets, &self.host)
        };
        start(&mut transaction, begin, expected)?;
        let is_alone = known
            .head
            .zip(transaction.head.as_ref())
            .is_some_and(|(left, found)| left.mac == found.mac);
        let value = work(&mut transaction)?;
        audit_head::finish(&mut transaction)?;
        Ok(Done {
            value,
            known: Known {
                facts: transaction.facts,
                head: transaction.head,
                is_alone,
            },
            last_row: transaction.last_row,
        })
    }

    /// Refuses changes that would be lost, or would wait in vain.
    fn check_writable(&self) -> Result<(), Error> {
        self.watch.check()?;
        match self.watch.is_blocked() {
            true => Err(Error::Locked {
                location: self.location.clone(),
            }),
            false => Ok(()),
        }
    }
}

/// Begins a transaction in the database.
fn start(
    transaction: &mut Transaction<'_>,
    begin: Begin<'_>,
    expected: Option<ExpectedHead>,
) -> Result<(), Error> {
    match (begin, expected) {
        (Begin::Read | Begin::Claim, _) => Ok(()),
        (Begin::Expect, Some(expected)) => audit_head::expect(transaction, expected),
        (Begin::Expect, None) => audit_head::lock(transaction, &NOTHING),
        (Begin::Write(wanted), _) => audit_head::lock(transaction, wanted),
    }
}
