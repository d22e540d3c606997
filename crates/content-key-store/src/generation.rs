// SPDX-License-Identifier: MPL-2.0
//! The record of the store's last change, in a file beside the SQLite database, or beside the key-encryption key of a PostgreSQL store.
//!
//! A store that was restored from a backup, or copied, does not agree with it. Such a store must not make keys until somebody has accepted
//! it: for the same crypto periods, it would make other keys than those that packagers and licence servers have.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::database::Database;
use super::location::Location;
use super::model::hex;
use super::{Error, KeyStore};

/// The reason why a store may be a backup or a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// There is no record.
    #[error("its record is missing")]
    NoRecord,
    /// The record cannot be read.
    #[error("its record cannot be read")]
    Unreadable,
    /// The record is of another store.
    #[error("the record is of another store")]
    OtherStore,
    /// The store has fewer changes than the record.
    #[error("changes that it had already are missing")]
    Earlier,
    /// The store has other changes than the record.
    #[error("it has other changes than before")]
    Diverged,
}

/// The record of an open store.
pub(super) struct Generation {
    /// None where the record has no place: with PostgreSQL, if the key-encryption key is not in a file.
    pub(super) path: Option<PathBuf>,
    file: Option<File>,
    pub(super) doubt: Option<Doubt>,
}

/// A row of the audit, as the record has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RecordedRow {
    pub(super) seq: i64,
    pub(super) mac: Vec<u8>,
}

/// A record that was read.
pub(super) struct OpenedRecord {
    path: Option<PathBuf>,
    /// None where the record has no place.
    opened: Option<io::Result<OpenedFile>>,
}

struct OpenedFile {
    file: File,
    record: Record,
}

struct Record {
    store: String,
    row: RecordedRow,
}

impl Generation {
    /// Makes a record that is not written yet.
    pub(super) const fn at(path: Option<PathBuf>) -> Self {
        Self {
            path,
            file: None,
            doubt: None,
        }
    }

    /// Reads the record. Later it is compared with a state of the store that is at least as new.
    pub(super) fn open(path: Option<PathBuf>) -> OpenedRecord {
        let opened = path.as_ref().map(|path| {
            let file = OpenOptions::new().read(true).write(true).open(path)?;
            let record = Record::read(&file).map_err(|_| io::ErrorKind::InvalidData)?;
            Ok(OpenedFile { file, record })
        });
        OpenedRecord { path, opened }
    }

    /// Records a row that is on disk. It is not synchronised, since an older record only finds less.
    pub(super) fn record(&self, store: &str, row: &RecordedRow) {
        if let (Some(file), None) = (&self.file, self.doubt) {
            // The change is made whatever happens to the record.
            let _ = write(file, store, row);
        }
    }

    /// Begins a new record for a store that somebody has accepted.
    pub(super) fn accept(&mut self, store: &str, row: &RecordedRow) -> Result<(), Error> {
        if let Some(path) = &self.path {
            self.file = Some(create(path, store, row)?);
        }
        self.doubt = None;
        Ok(())
    }
}

impl OpenedRecord {
    /// Compares the record with the store.
    pub(super) fn compare(self, database: &mut dyn Database) -> Result<Generation, Error> {
        let doubt = match &self.opened {
            None => None,
            Some(Ok(opened)) => doubt(&opened.record, database)?,
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => Some(Doubt::NoRecord),
            Some(Err(_)) => Some(Doubt::Unreadable),
        };
        Ok(Generation {
            path: self.path,
            file: self.opened.and_then(Result::ok).map(|opened| opened.file),
            doubt,
        })
    }
}

/// Returns the path of a store's record. Several PostgreSQL stores may have the same key-encryption key.
pub(super) fn path(kek_file: Option<&Path>, location: &Location, store: &str) -> Option<PathBuf> {
    let mut name = match location {
        // A service has its key-encryption key as a credential, and commands on the same store have it in a file.
        Location::Sqlite(file) => file.clone().into_os_string(),
        Location::Postgres(_) => {
            let mut name = kek_file?.as_os_str().to_owned();
            name.push(".");
            name.push(store);
            name
        }
    };
    name.push(".generation");
    Some(name.into())
}

/// Writes the record of a store that is about to be created, which has no row yet.
///
/// # Errors
/// [`Error::StoreMissing`] if the record is of a store that had rows.
pub(super) fn begin(path: &Path, store: &str) -> Result<(), Error> {
    if let Ok(file) = File::open(path)
        && let Ok(record) = Record::read(&file)
        && record.row.seq > 0
    {
        return Err(Error::StoreMissing {
            store: record.store,
            record: path.to_owned(),
        });
    }
    let row = RecordedRow {
        seq: 0,
        mac: vec![0; 32],
    };
    create(path, store, &row).map(|_| ())
}

fn create(path: &Path, store: &str, row: &RecordedRow) -> Result<File, Error> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|file| {
            write(&file, store, row)?;
            file.sync_all()?;
            Ok(file)
        })
        .map_err(|source| Error::Record {
            path: path.to_owned(),
            source,
        })
}

/// Writes a record. All have the same length, so that a shorter one leaves nothing of a longer one.
fn write(file: &File, store: &str, row: &RecordedRow) -> io::Result<()> {
    let text = format!(
        "store {store}\nrow {:020}\nmac {}\n",
        row.seq,
        hex(&row.mac)
    );
    file.write_all_at(text.as_bytes(), 0)
}

fn doubt(record: &Record, database: &mut dyn Database) -> Result<Option<Doubt>, Error> {
    if record.store != store_id(database)? {
        return Ok(Some(Doubt::OtherStore));
    }
    if record.row.seq == 0 {
        return Ok(None);
    }
    // The rows up to it may have been removed since.
    let start = database.run("SELECT seq FROM audit_start", &[])?;
    if let Some(mut start) = start.into_iter().next()
        && record.row.seq <= start.int()?
    {
        return Ok(None);
    }
    match database
        .run(
            "SELECT mac FROM audit WHERE seq = $1",
            &[record.row.seq.into()],
        )?
        .into_iter()
        .next()
    {
        None => Ok(Some(Doubt::Earlier)),
        Some(mut row) => Ok((row.blob()? != record.row.mac).then_some(Doubt::Diverged)),
    }
}

/// Reads the id of the store.
pub(super) fn store_id(database: &mut dyn Database) -> Result<String, Error> {
    database
        .run("SELECT id FROM store_identity", &[])?
        .into_iter()
        .next()
        .ok_or(Error::Damaged("the store's id is missing"))?
        .text()
}

impl Record {
    fn read(mut file: &File) -> io::Result<Self> {
        let mut text = String::new();
        file.by_ref().take(1024).read_to_string(&mut text)?;
        Self::parse(&text).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        Some(Self {
            store: lines.next()?.strip_prefix("store ")?.to_owned(),
            row: RecordedRow {
                seq: lines.next()?.strip_prefix("row ")?.parse().ok()?,
                mac: cenc_types::decode_hex(lines.next()?.strip_prefix("mac ")?)?.to_vec(),
            },
        })
    }
}

impl KeyStore {
    /// Returns the reason why the store may be a backup or a copy; None if it is neither. Such a store makes no keys.
    pub fn doubt(&self) -> Option<Doubt> {
        self.watch.doubt()
    }

    /// Accepts a restored or copied store, so that it makes keys again. Returns false if it is neither.
    ///
    /// # Errors
    /// [`Error::Record`], or if the database fails.
    pub fn accept_restore(&self) -> Result<bool, Error> {
        let Some(doubt) = self.doubt() else {
            return Ok(false);
        };
        self.write("accept restore", "store", |_| {
            Ok::<_, Error>(((), doubt.to_string()))
        })?;
        self.lock().accept()?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_other_forms_are_refused() {
        let good = format!(
            "store a-b\nrow 00000000000000000012\nmac {}\n",
            "ab".repeat(32)
        );
        let record = Record::parse(&good).unwrap();
        assert_eq!((record.store.as_str(), record.row.seq), ("a-b", 12));
        for bad in [
            "",
            "store a\n",
            "store a\nrow x\nmac ab\n",
            "row 1\nstore a\nmac ab\n",
        ] {
            assert!(Record::parse(bad).is_none(), "{bad}");
        }
    }
}
