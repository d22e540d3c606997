// SPDX-License-Identifier: MPL-2.0
//! The store that many packagers share: PostgreSQL; tested with version 15.

mod connection;
mod passfile;
mod tls;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use bytes::BytesMut;
use connection::Server;
use host_access::SecretFiles;
use postgres::error::DbError;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Statement};

use super::Error;
use super::database::{Access, Backend, Database, Row, Value};
use super::location::Location;

/// The tables of each version; a database of an earlier one gets those that follow.
const MIGRATIONS: [&str; 2] = [
    include_str!("schema/postgres.sql"),
    include_str!("schema/postgres-2.sql"),
];
/// The advisory lock of whoever changes the tables; its number is arbitrary, but must not be used for anything else.
const BEGIN_MIGRATION: &str = "BEGIN; SELECT pg_advisory_xact_lock(8247113620419785217)";

struct Postgres {
    server: Server,
    session: Option<Session>,
    /// True if a transaction is open.
    is_open: bool,
}

struct Session {
    client: Client,
    statements: HashMap<&'static str, Statement>,
}

/// Connects to the database of a URI, and makes the tables where they are missing.
pub(super) fn open(
    uri: &str,
    location: Location,
    files: &dyn SecretFiles,
) -> Result<Box<dyn Database>, Error> {
    let mut postgres = Postgres {
        server: Server::parse(uri, location, files)?,
        session: None,
        is_open: false,
    };
    postgres.migrate()?;
    Ok(Box::new(postgres))
}

impl Postgres {
    /// Starts a transaction, over a new connection where the last was lost.
    fn start(&mut self, statements: &str) -> Result<(), Error> {
        if !self.is_connected() {
            self.session = Some(Session {
                client: self.server.connect()?,
                statements: HashMap::new(),
            });
        }
        self.batch(statements)
    }

    /// The connection, which is never made anew here: another one would not know of the transaction.
    fn session(&mut self) -> Result<&mut Session, Error> {
        match &mut self.session {
            Some(session) if !session.client.is_closed() => Ok(session),
            _ => Err(self.server.lost()),
        }
    }

    fn is_connected(&self) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(|session| !session.client.is_closed())
    }

    fn batch(&mut self, statements: &str) -> Result<(), Error> {
        let done = self.session()?.client.batch_execute(statements);
        done.map_err(|error| self.failed(error))
    }

    fn migrate(&mut self) -> Result<(), Error> {
        let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
        self.start(BEGIN_MIGRATION)?;
        let table = "SELECT 1::bigint FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'key_store_version'";
        let found = match self.run(table, &[])?.is_empty() {
            true => 0,
            false => self.version()?,
        };
        if found > known {
            return Err(Error::NewerSchema { found, known });
        }
        let done = usize::try_from(found).map_err(|_| Error::Damaged("the version is negative"))?;
        if found == 0 {
            self.batch("CREATE TABLE key_store_version (version BIGINT NOT NULL); INSERT INTO key_store_version VALUES (0)")?;
        }
        for statements in MIGRATIONS.iter().skip(done) {
            self.batch(statements)?;
            self.batch("UPDATE key_store_version SET version = version + 1")?;
        }
        self.commit()
    }

    fn version(&mut self) -> Result<i64, Error> {
        let rows = self.run("SELECT version FROM key_store_version", &[])?;
        let row = rows.into_iter().next();
        row.ok_or(Error::Damaged("the version is missing"))?.int()
    }

    fn failed(&self, error: postgres::Error) -> Error {
        let Some(database_error) = error.as_db_error() else {
            return self.server.unavailable(error);
        };
        let message = database_error.message();
        match message.strip_prefix("rule: ") {
            Some(rule) => Error::Rule(rule.to_owned()),
            None if is_passing(database_error) => self.server.unavailable(error),
            None => Error::Statement(message.to_owned()),
        }
    }
}

/// Whether the same statement may succeed later, by the class of SQLSTATE: connection lost (08), rolled back to let others go on
/// (40), insufficient resources (53), locked by others (55), operator intervention (57).
fn is_passing(error: &DbError) -> bool {
    let class = error.code().code().get(..2);
    class.is_some_and(|class| ["08", "40", "53", "55", "57"].contains(&class))
}

impl Session {
    fn query(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, postgres::Error> {
        let statement = match self.statements.entry(sql) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(self.client.prepare(sql)?),
        };
        let values = values.iter().map(|value| value as &(dyn ToSql + Sync));
        // A statement need not use all of them.
        let values: Vec<_> = values.take(statement.params().len()).collect();
        let rows = self.client.query(&*statement, &values)?;
        let read = |row: postgres::Row| {
            let values = (0..row.len()).map(|column| row.try_get(column));
            values.collect::<Result<Vec<Value>, _>>().map(Row::new)
        };
        rows.into_iter().map(read).collect()
    }
}

impl Database for Postgres {
    fn begin(&mut self, access: Access) -> Result<(), Error> {
        if self.is_open {
            self.roll_back();
        }
        let statements = match access {
            Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Access::Claim => "BEGIN",
            Access::Write => "BEGIN; SELECT seq FROM audit_head FOR UPDATE",
        };
        // A connection that was lost while it was idle shows only now; nothing was asked of it yet.
        let begun = match self.start(statements) {
            Err(error) if error.is_temporary() && !self.is_connected() => self.start(statements),
            begun => begun,
        };
        if begun.is_err() {
            // It may have begun without getting its lock.
            self.roll_back();
            return begun;
        }
        self.is_open = true;
        Ok(())
    }

    fn run(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, Error> {
        let rows = self.session()?.query(sql, values);
        rows.map_err(|error| self.failed(error))
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.is_open = false;
        self.batch("COMMIT")
    }

    fn roll_back(&mut self) {
        self.is_open = false;
        // Where the connection is lost, the server does it by itself.
        if self.is_connected() {
            let _ = self.batch("ROLLBACK");
        }
    }

    fn backend(&self) -> Backend {
        Backend::Postgres
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(int) => int.to_sql_checked(kind, out),
            Self::Text(text) => text.to_sql_checked(kind, out),
            Self::Blob(bytes) => bytes.to_sql_checked(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Each of the kinds checks it by itself.
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(
        kind: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        match *kind {
            Type::INT8 => i64::from_sql(kind, raw).map(Self::Int),
            Type::BYTEA => Ok(Self::Blob(raw.to_owned())),
            _ => String::from_sql(kind, raw).map(Self::Text),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::BYTEA | Type::TEXT)
    }
}
