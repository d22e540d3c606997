// SPDX-License-Identifier: MPL-2.0
//! The store in PostgreSQL, which many packagers share. It is tested with version 15.

mod connection;
mod passfile;
mod pending;
mod session;
mod tls;
mod values;

use connection::PostgresServer;
use host_access::SecretFiles;
use pending::OpenTransaction;
use session::{PostgresSession, Step};
use tokio_postgres::error::{DbError, SqlState};

use super::Error;
use super::database::{Access, Backend, Database, Row, Statement, StoreRisk, Value};
use super::location::Location;
use super::new_row::NewRow;

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
    transaction: Option<OpenTransaction>,
    /// True if the last transaction has failed at a statement that found changes.
    found_changes: bool,
}

/// The end of the statements that are sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sending {
    /// Others of the same transaction follow, so that nothing is kept yet.
    GoesOn,
    /// The last one commits.
    Commits,
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
        transaction: None,
        found_changes: false,
    };
    postgres.connect()?;
    Ok(Box::new(postgres))
}

impl Postgres {
    /// Makes a connection if there is none.
    fn connect(&mut self) -> Result<(), Error> {
        if let Some(session) = &self.session {
            session.notice_end();
        }
        if !self.is_connected() {
            self.session = Some(self.server.connect()?);
        }
        Ok(())
    }

    fn is_connected(&self) -> bool {
        self.session
            .as_ref()
            .is_some_and(|session| !session.is_closed())
    }

    /// Sends the statements that are pending and others, and returns the rows of the others.
    fn send(&mut self, others: Vec<Step>, purpose: Sending) -> Result<Vec<Vec<Row>>, Error> {
        let mut is_first = false;
        let mut steps = match &mut self.transaction {
            Some(transaction) => {
                is_first = !transaction.is_sent;
                transaction.take_pending()
            }
            None => Vec::new(),
        };
        let pending = steps.len();
        steps.extend(others);
        let mut sent = self.exchange(&steps);
        // A connection that was lost while nobody used it fails only now. Nothing of the transaction was kept.
        if sent.is_err() && is_first && purpose == Sending::GoesOn && !self.is_connected() {
            self.connect()?;
            sent = self.exchange(&steps);
        }
        if sent.is_err()
            && let Some(transaction) = &mut self.transaction
        {
            transaction.is_aborted = true;
        }
        sent.map(|mut rows| rows.split_off(pending))
    }

    fn exchange(&mut self, steps: &[Step]) -> Result<Vec<Vec<Row>>, Error> {
        // It does not reconnect, because a new connection would not have the transaction.
        let Some(session) = self.session.as_mut().filter(|session| !session.is_closed()) else {
            return Err(self.server.lost());
        };
        session.send(steps).map_err(|error| self.failed(error))
    }

    fn control(&mut self, statements: &'static str) -> Result<(), Error> {
        self.send(vec![Step::Control(statements)], Sending::GoesOn)
            .map(drop)
    }

    fn failed(&mut self, error: tokio_postgres::Error) -> Error {
        let Some(database_error) = error.as_db_error() else {
            return self.server.unavailable(error);
        };
        if *database_error.code() == SqlState::DIVISION_BY_ZERO {
            self.found_changes = true;
        }
        if is_of_pooler(database_error) {
            self.server.set_pooled();
            self.session = None;
            return self.server.unavailable(error);
        }
        if *database_error.code() == SqlState::READ_ONLY_SQL_TRANSACTION {
            // The next connection may lead to the primary.
            self.session = None;
        }
        let message = database_error.message();
        match message.strip_prefix("rule: ") {
            Some(rule) => Error::Rule(rule.to_owned()),
            None if is_passing(database_error) => self.server.unavailable(error),
            None => Error::Statement(message.to_owned()),
        }
    }
}

/// True if the same statement may succeed later, by the class of SQLSTATE: connection exception (08), transaction rollback (40),
/// insufficient resources (53), object not in the required state, such as locked (55), operator intervention (57). A server that only
/// reads may become the primary.
fn is_passing(error: &DbError) -> bool {
    *error.code() == SqlState::READ_ONLY_SQL_TRANSACTION
        || error
            .code()
            .code()
            .get(..2)
            .is_some_and(|class| ["08", "40", "53", "55", "57"].contains(&class))
}

/// True if a prepared statement is missing or there already, because a connection pooler gives each transaction another connection.
fn is_of_pooler(error: &DbError) -> bool {
    [
        SqlState::INVALID_SQL_STATEMENT_NAME,
        SqlState::DUPLICATE_PSTATEMENT,
    ]
    .contains(error.code())
}

impl Database for Postgres {
    fn begin(&mut self, access: Access) -> Result<(), Error> {
        self.roll_back();
        self.connect()?;
        self.found_changes = false;
        // It is sent with the first statement.
        self.transaction = Some(OpenTransaction::new(self.server.begin(access)));
        Ok(())
    }

    fn run(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, Error> {
        let values = values.to_vec();
        let rows = self.send(vec![Step::Query { sql, values }], Sending::GoesOn)?;
        Ok(rows.into_iter().next().unwrap_or_default())
    }

    fn run_all(&mut self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Error> {
        let steps = statements
            .into_iter()
            .map(|Statement { sql, values }| Step::Query { sql, values });
        self.send(steps.collect(), Sending::GoesOn)
    }

    fn run_later(&mut self, sql: &'static str, values: Vec<Value>) -> Result<(), Error> {
        match &mut self.transaction {
            Some(transaction) => {
                transaction.push(Step::Query { sql, values });
                Ok(())
            }
            None => self.run(sql, &values).map(drop),
        }
    }

    fn insert(&mut self, row: NewRow, values: Vec<Value>) -> Result<(), Error> {
        match &mut self.transaction {
            Some(transaction) => {
                transaction.push_row(row, values);
                Ok(())
            }
            None => self.run(row.one(), &values).map(drop),
        }
    }

    fn run_pending(&mut self) -> Result<(), Error> {
        self.send(Vec::new(), Sending::GoesOn).map(drop)
    }

    fn set_savepoint(&mut self) -> Result<(), Error> {
        if let Some(transaction) = &mut self.transaction {
            transaction.set_savepoint();
        }
        Ok(())
    }

    fn keep_savepoint(&mut self) -> Result<(), Error> {
        if let Some(transaction) = &mut self.transaction {
            transaction.keep_savepoint();
        }
        Ok(())
    }

    fn undo_savepoint(&mut self) -> Result<(), Error> {
        let undo = self
            .transaction
            .as_mut()
            .and_then(OpenTransaction::undo_savepoint);
        if let Some(undo) = undo {
            self.control(undo)?;
            if let Some(transaction) = &mut self.transaction {
                transaction.is_aborted = false;
            }
        }
        Ok(())
    }

    fn is_aborted(&self) -> bool {
        self.transaction
            .as_ref()
            .is_some_and(|transaction| transaction.is_aborted)
    }

    fn found_changes(&self) -> bool {
        self.found_changes
    }

    fn commit(&mut self) -> Result<(), Error> {
        if self.is_aborted() {
            // The server would roll back and report no error.
            self.roll_back();
            return Err(Error::Statement("an earlier statement failed".to_owned()));
        }
        let sent = self.send(vec![Step::Control("COMMIT")], Sending::Commits);
        self.transaction = None;
        sent.map(drop)
    }

    fn roll_back(&mut self) {
        // If the connection is lost, the server rolls back by itself.
        if let Some(OpenTransaction { is_sent: true, .. }) = self.transaction.take() {
            let _ = self.exchange(&[Step::Control("ROLLBACK")]);
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

    fn risks(&mut self) -> Result<Vec<StoreRisk>, Error> {
        let sql = "SELECT current_setting('synchronous_standby_names'), current_setting('synchronous_commit')";
        let settings = self.run(sql, &[])?.into_iter().next();
        let mut settings = settings.ok_or(Error::Damaged("the settings are missing"))?;
        let standbys = settings.text()?;
        let commit = settings.text()?;
        let is_alone = standbys.trim().is_empty().then_some(StoreRisk::NoStandby);
        let is_early = matches!(commit.as_str(), "off" | "local")
            .then_some(StoreRisk::EarlyCommit { setting: commit });
        Ok(is_alone.into_iter().chain(is_early).collect())
    }

    fn begin_upgrade(&mut self) -> Result<(), Error> {
        self.roll_back();
        self.connect()?;
        self.control(BEGIN_UPGRADE)?;
        self.transaction = Some(OpenTransaction::sent());
        Ok(())
    }

    fn apply_next(&mut self) -> Result<(), Error> {
        let version = self.version()?;
        let statements = usize::try_from(version)
            .ok()
            .and_then(|version| MIGRATIONS.get(version))
            .ok_or(Error::Damaged("the version is negative"))?;
        if version == 0 {
            self.control("CREATE TABLE key_store_version (version BIGINT NOT NULL); INSERT INTO key_store_version VALUES (0)")?;
        }
        self.control(statements)?;
        self.control("UPDATE key_store_version SET version = version + 1")
    }
}
