// SPDX-License-Identifier: MPL-2.0
//! A connection to PostgreSQL. It sends several statements at once and then reads their answers, so that they take one round trip.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, spawn, yield_now};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, NoTls, Statement};

use super::tls::Connector;
use super::values::{row_of, type_of, used_values};
use crate::database::{Row, Value};

/// A statement, or several without values.
#[derive(Debug)]
pub(super) enum Step {
    /// Statements that start or end transactions or change tables.
    Control(&'static str),
    /// A statement with the values of `$1`, `$2` and so on.
    Query {
        sql: &'static str,
        values: Vec<Value>,
    },
}

/// The way in which the statements of a connection are prepared.
pub(super) enum Preparation {
    /// Once for all transactions.
    Named(HashMap<&'static str, Statement>),
    /// Each time, since a connection pooler gives each transaction another connection to the server.
    Unnamed,
}

/// An open connection.
pub(super) struct PostgresSession {
    client: Client,
    /// Its task, which has the reason if it ends; None after that.
    task: Option<JoinHandle<Result<(), Error>>>,
    preparation: Preparation,
    runtime: Runtime,
}

/// The rows of each statement, or the first error.
type Answers = Result<Vec<Vec<Row>>, Error>;

impl PostgresSession {
    /// Connects to a server.
    pub(super) fn open(
        config: &Config,
        tls: Option<&Connector>,
        preparation: Preparation,
    ) -> Result<Self, OpenError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(OpenError::Runtime)?;
        // The task reads and writes the connection while the runtime waits for an answer.
        let (client, task) = runtime.block_on(async {
            Ok::<_, Error>(match tls {
                Some(tls) => {
                    let (client, connection) = config.connect(tls.clone()).await?;
                    (client, spawn(connection))
                }
                None => {
                    let (client, connection) = config.connect(NoTls).await?;
                    (client, spawn(connection))
                }
            })
        })?;
        Ok(Self {
            client,
            task: Some(task),
            preparation,
            runtime,
        })
    }

    /// True if the connection has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Notices that the server has ended the connection while nobody used it.
    pub(super) fn notice_end(&self) {
        self.runtime.block_on(async {
            // The first turn lets the runtime look at the socket, the second lets the connection's task read it.
            yield_now().await;
            yield_now().await;
        });
    }

    /// Sends all statements, and returns the rows of each. After an error, the server runs none of the later ones if they are in the same
    /// transaction.
    pub(super) fn send(&mut self, steps: &[Step]) -> Answers {
        let Self {
            client,
            preparation,
            runtime,
            task,
        } = self;
        runtime.block_on(async {
            let answers = async {
                let prepared = prepare(client, preparation, steps).await?;
                let answers = steps
                    .iter()
                    .zip(prepared)
                    .map(|(step, prepared)| answer(client, step, prepared));
                in_order(answers).await.into_iter().collect()
            }
            .await;
            match answers {
                // The task says why the connection has ended.
                Err(error) if error.is_closed() => Err(match task.take() {
                    Some(task) => task.await.ok().and_then(Result::err).unwrap_or(error),
                    None => error,
                }),
                answers => answers,
            }
        })
    }
}

/// Prepares the statements that are not prepared yet. Returns the prepared statement of each step that has one.
async fn prepare(
    client: &Client,
    preparation: &mut Preparation,
    steps: &[Step],
) -> Result<Vec<Option<Statement>>, Error> {
    let mut statements = Vec::with_capacity(steps.len());
    for step in steps {
        statements.push(match (step, &mut *preparation) {
            (Step::Query { sql, .. }, Preparation::Named(known)) => Some(match known.entry(sql) {
                Entry::Occupied(known) => known.get().clone(),
                Entry::Vacant(new) => new.insert(client.prepare(sql).await?).clone(),
            }),
            _ => None,
        });
    }
    Ok(statements)
}

/// Sends a statement when it is polled first, and then waits for its rows. A statement need not use all values.
async fn answer(
    client: &Client,
    step: &Step,
    prepared: Option<Statement>,
) -> Result<Vec<Row>, Error> {
    let rows = match (step, prepared) {
        (Step::Control(statements), _) => {
            client.batch_execute(statements).await?;
            return Ok(Vec::new());
        }
        (Step::Query { values, .. }, Some(statement)) => {
            let used: Vec<_> = values
                .iter()
                .map(|value| value as &(dyn ToSql + Sync))
                .take(statement.params().len())
                .collect();
            client.query(&statement, &used).await?
        }
        (Step::Query { sql, values }, None) => {
            let used: Vec<_> = values
                .iter()
                .map(|value| (value as &(dyn ToSql + Sync), type_of(value)))
                .take(used_values(sql))
                .collect();
            client.query_typed(sql, &used).await?
        }
    };
    rows.iter().map(row_of).collect()
}

/// Polls each future once in their order, and then waits for all.
async fn in_order<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = futures.map(Box::pin).collect();
    let begun: Vec<_> = poll_fn(|context| {
        Poll::Ready(
            waiting
                .iter_mut()
                .map(|future| match Pin::as_mut(future).poll(context) {
                    Poll::Ready(done) => Some(done),
                    Poll::Pending => None,
                })
                .collect(),
        )
    })
    .await;
    let mut all = Vec::with_capacity(begun.len());
    for (future, done) in waiting.into_iter().zip(begun) {
        all.push(match done {
            Some(done) => done,
            None => future.await,
        });
    }
    all
}

/// The error of a connection that could not be made.
pub(super) enum OpenError {
    /// The operating system gives nothing to wait with.
    Runtime(std::io::Error),
    Postgres(Error),
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        Self::Postgres(error)
    }
}
