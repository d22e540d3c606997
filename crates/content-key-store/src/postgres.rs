// SPDX-License-Identifier: MPL-2.0
//! The store in PostgreSQL, which many packagers share. It is tested with version 15.

mod connection;
mod passfile;
mod tls;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use bytes::BytesMut;
use connection::PostgresServer;
use host_access::SecretFiles;
use postgres::error::DbError;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Statement};

use super::Error;
use super::database::{Access, Backend, Database, Row, Value};
use super::location::Location;

/// The changes of the tables in each version.
const MIGRATIONS: [&str; 3] = [
    include_str!("schema/postgres.sql"),
    include_str!("schema/postgres-2.sql"),
    include_str!("schema/postgres-3.sql"),
];
/// Takes the advisory lock for changes of the tables. Its number is arbitrary, but must not be used for anything else.
const BEGIN_UPGRADE: &str = "BEGIN; SELECT pg_advisory_xact_lock(8247113620419785217)";

struct Postgres {
    server: PostgresServer,
    session: Option<PostgresSession>,
    /// True if a transaction is open.
    is_open: bool,
}

struct PostgresSession {
    client: Client,
    statements: HashMap<&'static str, Statement>,
}

/// Connects to the database of a URI.
pub(super) fn open(
    uri: &str,
    location: Location,
    files: &dyn SecretFiles,
) -> Result<Box<dyn Database>, Error> {
    let mut postgres = Postgres {
        server: PostgresServer::parse(uri, location, files)?,
        session: None,
        is_open: false,
    };
    postgres.start("")?;
    Ok(Box::new(postgres))
}

impl Postgres {
    /// Starts a transaction, over a new connection if the last was lost.
    fn start(&mut self, statements: &str) -> Result<(), Error> {
        if !self.is_connected() {
            self.session = Some(PostgresSession {
                client: self.server.connect()?,
                statements: HashMap::new(),
            });
        }
        self.batch(statements)
    }

    /// Returns the connection. It does not reconnect, because a new connection would not have the transaction.
    fn session(&mut self) -> Result<&mut PostgresSession, Error> {
        match &mut self.session {
            Some(session) if !session.client.is_closed() => Ok(session),
            _ => Err(self.server.lost()),
        }
    }

    fn is_connected(&self) -> bool {
        self.session
            .as_ref()
            .is_some_and(|session| !session.client.is_closed())
    }

    fn batch(&mut self, statements: &str) -> Result<(), Error> {
        self.session()?
            .client
            .batch_execute(statements)
            .map_err(|error| self.failed(error))
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

/// True if the same statement may succeed later, by the class of SQLSTATE: connection exception (08), transaction rollback (40),
/// insufficient resources (53), object not in the required state, such as locked (55), operator intervention (57).
fn is_passing(error: &DbError) -> bool {
    error
        .code()
        .code()
        .get(..2)
        .is_some_and(|class| ["08", "40", "53", "55", "57"].contains(&class))
}

impl PostgresSession {
    fn query(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, postgres::Error> {
        let statement = match self.statements.entry(sql) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(self.client.prepare(sql)?),
        };
        // A statement need not use all values.
        let used: Vec<_> = values
            .iter()
            .map(|value| value as &(dyn ToSql + Sync))
            .take(statement.params().len())
            .collect();
        self.client
            .query(&*statement, &used)?
            .into_iter()
            .map(|row| {
                (0..row.len())
                    .map(|column| row.try_get(column))
                    .collect::<Result<_, _>>()
                    .map(Row::new)
            })
            .collect()
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
        // A connection that was lost while it was idle fails only now, before any request was sent.
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
        self.session()?
            .query(sql, values)
            .map_err(|error| self.failed(error))
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.is_open = false;
        self.batch("COMMIT")
    }

    fn roll_back(&mut self) {
        self.is_open = false;
        // If the connection is lost, the server rolls back by itself.
        if self.is_connected() {
            let _ = self.batch("ROLLBACK");
        }
    }

    fn backend(&self) -> Backend {
        Backend::Postgres
    }

    fn version(&mut self) -> Result<i64, Error> {
        let tables = self.run(
            "SELECT 1::bigint FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'key_store_version'",
            &[],
        )?;
        if tables.is_empty() {
            return Ok(0);
        }
        self.run("SELECT version FROM key_store_version", &[])?
            .into_iter()
            .next()
            .ok_or(Error::Damaged("the version is missing"))?
            .int()
    }

    fn begin_upgrade(&mut self) -> Result<(), Error> {
        if self.is_open {
            self.roll_back();
        }
        self.start(BEGIN_UPGRADE)?;
        self.is_open = true;
        Ok(())
    }

    fn apply_next(&mut self) -> Result<(), Error> {
        let version = self.version()?;
        let statements = usize::try_from(version)
            .ok()
            .and_then(|version| MIGRATIONS.get(version))
            .ok_or(Error::Damaged("the version is negative"))?;
        if version == 0 {
            self.batch("CREATE TABLE key_store_version (version BIGINT NOT NULL); INSERT INTO key_store_version VALUES (0)")?;
        }
        self.batch(statements)?;
        self.batch("UPDATE key_store_version SET version = version + 1")
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
        // Each kind of value checks its type itself.
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
