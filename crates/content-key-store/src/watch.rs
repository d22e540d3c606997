// SPDX-License-Identifier: MPL-2.0
//! What all clones of an open store know of its state, without its connection: its files, the doubts about it, and its changes.
//!
//! SQLite keeps writing to a database that somebody has removed, and what it writes is gone when the process ends. So the files are
//! compared with those that were opened, before each change and after it. They are not opened for that: closing a file of the database
//! would end SQLite's locks on it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Error;
use super::generation::{Doubt, Generation};
use super::location::Location;

/// The least bytes of a database: its header and the rest of its first page.
const SHORTEST: u64 = 512;

/// The state of an open store.
#[derive(Default)]
pub(super) struct Watch {
    /// The id of the store.
    pub(super) store_id: String,
    /// The database, its log and the log's index; none with PostgreSQL.
    files: Vec<WatchedFile>,
    state: Mutex<WatchState>,
    /// The changes that were made.
    changes: AtomicU64,
    /// The steps of the database's statements.
    steps: AtomicU64,
    /// True while another process holds the lock of the database for long.
    is_blocked: AtomicBool,
}

#[derive(Default)]
struct WatchState {
    doubt: Option<Doubt>,
    /// The record of the last change.
    record: Option<PathBuf>,
    /// The fault after which nothing is written until the store is opened again.
    fault: Option<StoreFault>,
    /// The most bytes that the database's pages have had.
    pages: u64,
}

/// The reason why an open store is not written any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// A file of the database is gone.
    #[error("{file} was removed", file = .0.display())]
    Removed(PathBuf),
    /// Another file has the name of a file of the database.
    #[error("{file} was replaced by another file", file = .0.display())]
    Replaced(PathBuf),
    /// The database is shorter than it was.
    #[error("{file} was cut off", file = .0.display())]
    CutOff(PathBuf),
    /// Pages of the database are damaged.
    #[error("{file} was damaged", file = .0.display())]
    Damaged(PathBuf),
    /// The database has the id or the keys of another store.
    #[error("the database holds another store")]
    OtherStore,
}

impl StoreFault {
    /// Returns the reason without the place of the store.
    pub(super) const fn public_text(&self) -> &'static str {
        match self {
            Self::Removed(_) => "a file of the key store was removed",
            Self::Replaced(_) => "a file of the key store was replaced by another file",
            Self::CutOff(_) => "the file of the key store was cut off",
            Self::Damaged(_) => "the file of the key store was damaged",
            Self::OtherStore => "the database of the key store holds another store",
        }
    }

    /// True if the store can be used again only after it was opened again. A file that was moved away may be moved back.
    const fn is_final(&self) -> bool {
        matches!(self, Self::CutOff(_) | Self::Damaged(_) | Self::OtherStore)
    }
}

/// A file, as it was when the store was opened.
struct WatchedFile {
    path: PathBuf,
    identity: FileIdentity,
}

/// The device and number by which the file system knows a file.
#[derive(Clone, Copy, PartialEq, Eq)]
struct FileIdentity {
    device: u64,
    number: u64,
}

impl FileIdentity {
    fn of(found: &Metadata) -> Self {
        Self {
            device: found.dev(),
            number: found.ino(),
        }
    }
}

impl Watch {
    /// Begins with the files that the open database has now.
    pub(super) fn begin(location: &Location, store_id: String) -> Self {
        let files = match location {
            Location::Sqlite(path) => ["", "-wal", "-shm"]
                .into_iter()
                .filter_map(|ending| {
                    let mut name = path.clone().into_os_string();
                    name.push(ending);
                    let path = PathBuf::from(name);
                    let identity = FileIdentity::of(&path.metadata().ok()?);
                    Some(WatchedFile { path, identity })
                })
                .collect(),
            Location::Postgres(_) => Vec::new(),
        };
        Self {
            store_id,
            files,
            ..Self::default()
        }
    }

    /// Checks that the store may be written: its files are those that were opened.
    pub(super) fn check(&self) -> Result<(), Error> {
        if let Some(fault) = self.lock().fault.clone() {
            return Err(Error::Changed(fault));
        }
        for (number, file) in self.files.iter().enumerate() {
            let found = file.check()?;
            if number == 0 && found.len() < SHORTEST {
                return Err(self.fail(StoreFault::CutOff(file.path.clone())));
            }
        }
        Ok(())
    }

    /// Remembers the bytes of the database's pages, which were found to be intact.
    pub(super) fn set_pages(&self, pages: u64) {
        let mut state = self.lock();
        state.pages = state.pages.max(pages);
    }

    /// Records that a statement has found the database damaged, and returns the error. It says if the file is shorter than its pages were.
    pub(super) fn damaged(&self) -> Option<Error> {
        let pages = self.lock().pages;
        let file = self.files.first()?;
        Some(match file.check() {
            Ok(found) if found.len() < pages => self.fail(StoreFault::CutOff(file.path.clone())),
            Ok(_) => self.fail(StoreFault::Damaged(file.path.clone())),
            Err(error) => error,
        })
    }

    /// Records a fault, and returns the error.
    pub(super) fn fail(&self, fault: StoreFault) -> Error {
        if fault.is_final() {
            self.lock().fault.get_or_insert_with(|| fault.clone());
        }
        Error::Changed(fault)
    }

    pub(super) fn doubt(&self) -> Option<Doubt> {
        self.lock().doubt
    }

    /// Remembers where the record is, and whether the store agrees with it.
    pub(super) fn take_record(&self, generation: &Generation) {
        let mut state = self.lock();
        state.doubt = generation.doubt;
        state.record.clone_from(&generation.path);
    }

    pub(super) fn record(&self) -> Option<PathBuf> {
        self.lock().record.clone()
    }

    /// Counts a change.
    pub(super) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// Returns the number of changes so far.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// Counts the steps of a transaction's statements.
    pub(super) fn count_steps(&self, steps: u64) {
        self.steps.fetch_add(steps, Ordering::Relaxed);
    }

    /// Returns the steps of all statements so far.
    pub(super) fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    /// True while each change would wait in vain for a lock.
    pub(super) fn is_blocked(&self) -> bool {
        self.is_blocked.load(Ordering::SeqCst)
    }

    pub(super) fn set_blocked(&self, is_blocked: bool) {
        self.is_blocked.store(is_blocked, Ordering::SeqCst);
    }

    fn lock(&self) -> MutexGuard<'_, WatchState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WatchedFile {
    fn check(&self) -> Result<Metadata, Error> {
        let found = self
            .path
            .metadata()
            .map_err(|_| Error::Changed(StoreFault::Removed(self.path.clone())))?;
        match FileIdentity::of(&found) == self.identity {
            true => Ok(found),
            false => Err(Error::Changed(StoreFault::Replaced(self.path.clone()))),
        }
    }
}
