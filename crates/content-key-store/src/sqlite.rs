// SPDX-License-Identifier: MPL-2.0
//! The store in a file: SQLite with a write-ahead log that is on disk before a change is committed.

use std::cell::Cell;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use host_access::Clock;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, StatementStatus, ToSql};

use super::database::{Access, Backend, Database, Row, Value};
use super::location::Location;
use super::{Error, Purpose};

/// The changes of the tables in each version.
const MIGRATIONS: [&str; 3] = [
    include_str!("schema/sqlite.sql"),
    include_str!("schema/sqlite-2.sql"),
    include_str!("schema/sqlite-3.sql"),
];
/// The time for which a writer waits for others.
const BUSY: Duration = Duration::from_secs(20);
/// The time for which a probe waits for others.
const PROBE: Duration = Duration::from_secs(1);
/// More statements than the store has.
const STATEMENTS: usize = 256;

struct Sqlite {
    connection: Connection,
    /// The steps of SQLite's virtual machine that are not reported yet.
    steps: Cell<u64>,
    found_damage: Cell<bool>,
    location: Location,
}

/// Opens the database of a file. To write it, this creates the file and its folder if they are missing.
pub(super) fn open(
    path: &Path,
    purpose: Purpose,
    clock: &dyn Clock,
) -> Result<Box<dyn Database>, Error> {
    let location = Location::Sqlite(path.to_owned());
    if purpose == Purpose::Write {
        prepare(path, &location)?;
    }
    let mut sqlite = Sqlite {
        connection: Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .map_err(|error| failed(&location, error))?,
        steps: Cell::new(0),
        found_damage: Cell::new(false),
        location,
    };
    sqlite.set_up(purpose, clock)?;
    Ok(Box::new(sqlite))
}

/// Makes the file and its folder if they are missing, and checks their modes.
fn prepare(path: &Path, location: &Location) -> Result<(), Error> {
    let unusable = |source: io::Error| Error::Unavailable {
        location: location.clone(),
        source: source.into(),
        remedy: "check the path and that this user may write there",
    };
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(unusable)?;
        check_mode(folder, 0o700)?;
    }
    make_file(path).map_err(unusable)?;
    files(path)
        .iter()
        .try_for_each(|file| check_mode(file, 0o600))
}

/// Makes a missing file. One that exists is not opened: closing it would end the locks that SQLite has on it in this process.
fn make_file(path: &Path) -> io::Result<()> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// Returns the paths of the database, its log and the log's index, which SQLite creates with the mode of the database.
fn files(path: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|ending| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    })
}

/// Checks that a file or folder, if it exists, has no wider mode than `needed`.
fn check_mode(path: &Path, needed: u32) -> Result<(), Error> {
    let mode = path.metadata().map_or(0, |file| file.permissions().mode());
    if mode & 0o777 & !needed != 0 {
        return Err(Error::TooOpen {
            path: path.to_owned(),
            mode: mode & 0o7777,
            needed,
        });
    }
    Ok(())
}

impl Sqlite {
    fn set_up(&mut self, purpose: Purpose, clock: &dyn Clock) -> Result<(), Error> {
        (|| {
            self.connection.busy_timeout(match purpose {
                Purpose::Write | Purpose::Read => BUSY,
                Purpose::Probe => PROBE,
            })?;
            self.connection
                .set_prepared_statement_cache_capacity(STATEMENTS);
            // Several processes may switch to the log at the same time, and SQLite does not wait for that.
            let mut tries = 0..200;
            loop {
                match self.connection.pragma_update(None, "journal_mode", "WAL") {
                    Err(error) if is_busy(&error) && tries.next().is_some() => {
                        clock.sleep(Duration::from_millis(20));
                    }
                    set => break set?,
                }
            }
            self.connection.pragma_update(None, "synchronous", "FULL")?;
            self.connection.pragma_update(None, "secure_delete", true)?;
            self.connection.pragma_update(None, "foreign_keys", true)?;
            self.connection
                .pragma_update(None, "trusted_schema", false)?;
            self.connection
                .pragma_update(None, "temp_store", "MEMORY")?;
            self.connection
                .pragma_update(None, "query_only", purpose == Purpose::Read)?;
            self.connection
                .set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)
                .map(|_| ())
        })()
        .map_err(|error| self.failed(error))
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        let failed = failed(&self.location, error);
        if matches!(failed, Error::DamagedFile { .. }) {
            self.found_damage.set(true);
        }
        failed
    }

    fn query(&self, sql: &'static str, values: &[Value]) -> rusqlite::Result<Vec<Row>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        for (number, value) in (1..).zip(values) {
            // SQLite takes '$1' for a name, which may be at any position of the statement, or missing.
            if let Some(index) = statement.parameter_index(&format!("${number}"))? {
                statement.raw_bind_parameter(index, value)?;
            }
        }
        let columns = statement.column_count();
        let rows = statement
            .raw_query()
            .mapped(|row| {
                (0..columns)
                    .map(|column| row.get_ref(column).map(value_of))
                    .collect::<rusqlite::Result<_>>()
                    .map(Row::new)
            })
            .collect();
        let steps = statement.reset_status(StatementStatus::VmStep);
        self.steps
            .update(|total| total.saturating_add_signed(steps.into()));
        rows
    }
}

impl Database for Sqlite {
    fn begin(&mut self, access: Access) -> Result<(), Error> {
        if !self.connection.is_autocommit() {
            self.roll_back();
        }
        match access {
            Access::Read => self.run("BEGIN", &[]),
            Access::Claim | Access::Write => self.run("BEGIN IMMEDIATE", &[]),
        }
        .map(|_| ())
    }

    fn run(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, Error> {
        self.query(sql, values).map_err(|error| self.failed(error))
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.run("COMMIT", &[]).map(|_| ())
    }

    fn roll_back(&mut self) {
        // It fails only if SQLite has rolled back by itself.
        let _ = self.run("ROLLBACK", &[]);
    }

    fn backend(&self) -> Backend {
        Backend::Sqlite
    }

    fn version(&mut self) -> Result<i64, Error> {
        self.connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(|error| self.failed(error))
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.connection
            .cache_flush()
            .map_err(|error| self.failed(error))
    }

    fn size(&mut self) -> Result<u64, Error> {
        let number = |rows: Vec<Row>| match rows.into_iter().next() {
            Some(mut row) => Ok(row.int()?.unsigned_abs()),
            None => Err(Error::Damaged("SQLite does not know the size")),
        };
        let pages = number(self.run("PRAGMA page_count", &[])?)?;
        Ok(pages.saturating_mul(number(self.run("PRAGMA page_size", &[])?)?))
    }

    fn check_file(&mut self) -> Result<(), Error> {
        let mut found = self.run("PRAGMA integrity_check(1)", &[])?;
        if let [row] = found.as_mut_slice()
            && row.text()? == "ok"
            && self.run("PRAGMA foreign_key_check", &[])?.is_empty()
        {
            return Ok(());
        }
        self.found_damage.set(true);
        Err(Error::DamagedFile {
            location: self.location.clone(),
        })
    }

    fn found_damage(&self) -> bool {
        self.found_damage.get()
    }

    fn take_steps(&mut self) -> u64 {
        self.steps.take()
    }

    fn begin_upgrade(&mut self) -> Result<(), Error> {
        // Tables are copied under their names, to which others refer. This cannot be changed in a transaction.
        self.connection
            .pragma_update(None, "foreign_keys", false)
            .map_err(|error| self.failed(error))?;
        self.begin(Access::Write)
    }

    fn apply_next(&mut self) -> Result<(), Error> {
        let version = self.version()?;
        let statements = usize::try_from(version)
            .ok()
            .and_then(|version| MIGRATIONS.get(version))
            .ok_or(Error::Damaged("the version is negative"))?;
        self.connection
            .execute_batch(statements)
            .and_then(|()| {
                self.connection
                    .pragma_update(None, "user_version", version + 1)
            })
            .map_err(|error| self.failed(error))?;
        match self.run("PRAGMA foreign_key_check", &[])?.is_empty() {
            true => Ok(()),
            false => Err(Error::Damaged("a row refers to one that is missing")),
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(int) => ValueRef::Integer(*int),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
            Self::List(_) => return Err(rusqlite::Error::InvalidQuery),
        }))
    }
}

/// Converts a value. Other types become NULL, which the reader of the row refuses or takes as absent.
fn value_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Integer(int) => Value::Int(int),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_owned()),
        ValueRef::Text(text) => {
            std::str::from_utf8(text).map_or(Value::Null, |text| Value::Text(text.to_owned()))
        }
        ValueRef::Real(_) | ValueRef::Null => Value::Null,
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

fn failed(location: &Location, error: rusqlite::Error) -> Error {
    if let rusqlite::Error::SqliteFailure(_, Some(message)) = &error
        && let Some(rule) = message.strip_prefix("rule: ")
    {
        return Error::Rule(rule.to_owned());
    }
    let remedy = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            return Error::Locked {
                location: location.clone(),
            };
        }
        Some(ErrorCode::DiskFull) => "make room on its disk",
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            return Error::DamagedFile {
                location: location.clone(),
            };
        }
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::SystemIoFailure,
        ) => "check its disk and that this user may write there",
        _ => return Error::Statement(error.to_string()),
    };
    Error::Unavailable {
        location: location.clone(),
        source: error.into(),
        remedy,
    }
}

#[cfg(test)]
mod tests {
    use cenc_types::KeyId;

    use super::*;

    // By SQLite's manual: FULL is 2; with a log, it is what survives a loss of power.
    #[test]
    fn committed_is_on_disk_and_deleted_is_overwritten() {
        let folder = std::env::temp_dir().join(
            KeyId::generate(&host_access::SystemRandom)
                .unwrap()
                .to_string(),
        );
        let mut database = open(
            &folder.join("keys.db"),
            Purpose::Write,
            &host_access::SystemClock::default(),
        )
        .unwrap();
        let mut setting = |pragma| database.run(pragma, &[]).unwrap().remove(0);
        assert_eq!(setting("PRAGMA journal_mode").text().unwrap(), "wal");
        for (pragma, value) in [
            ("PRAGMA synchronous", 2),
            ("PRAGMA secure_delete", 1),
            ("PRAGMA foreign_keys", 1),
            ("PRAGMA trusted_schema", 0),
            ("PRAGMA user_version", 0),
        ] {
            assert_eq!(setting(pragma).int().unwrap(), value, "{pragma}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
