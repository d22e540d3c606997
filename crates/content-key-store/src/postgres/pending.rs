// SPDX-License-Identifier: MPL-2.0
//! The statements of a transaction that are not sent yet. Rows that follow each other are sent by one statement for each table.

use std::mem::take;

use super::session::Step;
use crate::database::Value;
use crate::new_row::NewRow;

/// A transaction that was begun.
#[derive(Default)]
pub(super) struct OpenTransaction {
    pending: Vec<Pending>,
    /// True if the server knows of the transaction.
    pub(super) is_sent: bool,
    /// True if the server has refused a statement, so that it refuses all until a savepoint or the end.
    pub(super) is_aborted: bool,
    savepoint: Option<Savepoint>,
}

/// A statement or a row that was not sent yet.
enum Pending {
    Step(Step),
    Row(PendingRow),
}

/// A row with its columns.
struct PendingRow {
    of: NewRow,
    columns: Vec<Value>,
}

/// A savepoint of a transaction.
#[derive(Clone, Copy)]
enum Savepoint {
    /// It is before this statement of those that were not sent. The server does not know of it.
    Pending(usize),
    /// The server has it.
    Sent,
}

const SAVEPOINT: &str = "SAVEPOINT request";

impl OpenTransaction {
    /// Returns a transaction that `begin` starts, with the first statement that is sent.
    pub(super) fn new(begin: &'static str) -> Self {
        Self {
            pending: vec![Pending::Step(Step::Control(begin))],
            ..Self::default()
        }
    }

    /// Returns a transaction that the server has begun.
    pub(super) fn sent() -> Self {
        Self {
            is_sent: true,
            ..Self::default()
        }
    }

    /// Adds a statement.
    pub(super) fn push(&mut self, step: Step) {
        self.pending.push(Pending::Step(step));
    }

    /// Adds a row.
    pub(super) fn push_row(&mut self, of: NewRow, columns: Vec<Value>) {
        self.pending.push(Pending::Row(PendingRow { of, columns }));
    }

    /// Takes the statements to send, with the savepoint among them.
    pub(super) fn take_pending(&mut self) -> Vec<Step> {
        self.is_sent = true;
        let mut pending = take(&mut self.pending);
        if let Some(Savepoint::Pending(place)) = self.savepoint {
            pending.insert(place, Pending::Step(Step::Control(SAVEPOINT)));
            self.savepoint = Some(Savepoint::Sent);
        }
        gathered(pending)
    }

    /// Marks the place to which [`Self::undo_savepoint`] returns.
    pub(super) fn set_savepoint(&mut self) {
        self.savepoint = Some(Savepoint::Pending(self.pending.len()));
    }

    /// Forgets the savepoint.
    pub(super) fn keep_savepoint(&mut self) {
        if let Some(Savepoint::Sent) = self.savepoint.take() {
            self.push(Step::Control("RELEASE SAVEPOINT request"));
        }
    }

    /// Drops what was added since the savepoint. Returns the statements that undo what was sent.
    pub(super) fn undo_savepoint(&mut self) -> Option<&'static str> {
        match self.savepoint.take()? {
            Savepoint::Pending(place) => {
                self.pending.truncate(place);
                None
            }
            Savepoint::Sent => {
                self.pending.clear();
                Some("ROLLBACK TO SAVEPOINT request; RELEASE SAVEPOINT request")
            }
        }
    }
}

/// Makes one statement of the rows of each table that follow each other, in the order in which the tables refer to each other.
fn gathered(pending: Vec<Pending>) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rows = Vec::new();
    for next in pending {
        match next {
            Pending::Row(row) => rows.push(row),
            Pending::Step(step) => {
                insert_all(take(&mut rows), &mut steps);
                steps.push(step);
            }
        }
    }
    insert_all(rows, &mut steps);
    steps
}

fn insert_all(mut rows: Vec<PendingRow>, steps: &mut Vec<Step>) {
    rows.sort_by_key(|row| row.of);
    for rows in rows.chunk_by_mut(|row, next| row.of == next.of) {
        let Some(first) = rows.first() else { continue };
        let (sql, columns) = (first.of.many(), first.columns.len());
        let mut values = vec![Vec::new(); columns];
        for row in rows {
            for (column, value) in values.iter_mut().zip(row.columns.drain(..)) {
                column.push(value);
            }
        }
        steps.push(Step::Query {
            sql,
            values: values.into_iter().map(Value::List).collect(),
        });
    }
}
