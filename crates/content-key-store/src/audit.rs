// SPDX-License-Identifier: MPL-2.0
//! The audit records each actor, action, object and result, and never a key. Each row has a MAC over itself and the MAC of the row
//! before it, under a key that is not in the database, and the last row is sealed. So a row that is changed, moved or removed, even
//! at the end, is found. A database that was restored to an earlier state is not found: keep [`AuditHead`] elsewhere for that.

use std::time::SystemTime;

use super::audit_head::{Head, read_head, set_head};
use super::audit_start::{self, Start};
use super::database::Row;
use super::model::milliseconds;
use super::new_row::NewRow;
use super::transaction::Transaction;
use super::{AuditFault, Error, KeyStore};

/// The number of rows checked at a time.
const BATCH: i64 = 1000;

/// The end of an audit that is intact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// The number of rows.
    pub rows: u64,
    /// The number of rows that were removed because they were older than the operator keeps.
    pub removed: u64,
    /// The MAC of the last row, which covers all rows.
    pub mac: Vec<u8>,
}

/// A row to record.
#[derive(Clone, Copy)]
pub(super) struct Event<'a> {
    pub(super) actor: &'a str,
    pub(super) action: &'a str,
    pub(super) object: &'a str,
    pub(super) result: &'a str,
}

impl<'a> Event<'a> {
    /// Makes the event of a change of the whole store, which succeeded.
    pub(super) const fn of_store(action: &'a str) -> Self {
        Self {
            actor: "store",
            action,
            object: "store",
            result: "ok",
        }
    }
}

impl KeyStore {
    /// Checks the audit from its first row to its last.
    ///
    /// # Errors
    /// [`Error::AuditBroken`] with the first row that was changed, moved or removed.
    pub fn verify_audit(&self) -> Result<AuditHead, Error> {
        self.read(|transaction| {
            let mut chain = Chain::after(audit_start::read(transaction)?);
            let removed = chain.seq;
            while chain.check_batch(transaction)? {}
            chain.check_head(transaction, removed)
        })
    }
}

impl KeyStore {
    /// Returns the time of the last row; None if there is none.
    ///
    /// # Errors
    /// If the database fails.
    pub fn last_change(&self) -> Result<Option<SystemTime>, Error> {
        let sql = "SELECT time FROM audit ORDER BY seq DESC LIMIT 1";
        self.read(|transaction| {
            transaction
                .one(sql, &[])?
                .map(|mut row| row.time())
                .transpose()
        })
    }
}

/// Appends a row, after all other changes of a request.
pub(super) fn append(transaction: &mut Transaction<'_>, event: &Event<'_>) -> Result<(), Error> {
    let head = read_head(transaction)?;
    let position = RowPosition {
        seq: head.seq + 1,
        time: milliseconds(transaction.now()),
    };
    let mac = row_mac(transaction, position, event, &head.mac);
    transaction.database.insert(
        NewRow::Audit,
        vec![
            position.seq.into(),
            position.time.into(),
            event.actor.into(),
            event.action.into(),
            event.object.into(),
            event.result.into(),
            mac.as_slice().into(),
        ],
    )?;
    set_head(
        transaction,
        Head {
            seq: position.seq,
            mac: mac.into(),
            ..head
        },
    );
    Ok(())
}

/// The number and time of a row.
#[derive(Clone, Copy)]
pub(super) struct RowPosition {
    pub(super) seq: i64,
    /// In milliseconds since 1970.
    pub(super) time: i64,
}

/// Takes the number and time of one of the [`ROWS`].
pub(super) fn position(mut row: Row) -> Result<(RowPosition, Row), Error> {
    let position = RowPosition {
        seq: row.int()?,
        time: row.int()?,
    };
    Ok((position, row))
}

/// The statement that lists rows: `$1` the number before the first, `$2` how many.
pub(super) const ROWS: &str = "SELECT seq, time, actor, action, object, result, mac FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2";

fn row_mac(
    transaction: &Transaction<'_>,
    position: RowPosition,
    event: &Event<'_>,
    previous: &[u8],
) -> [u8; 32] {
    transaction.secrets.audit.mac(&[
        b"audit",
        &position.seq.to_be_bytes(),
        &position.time.to_be_bytes(),
        event.actor.as_bytes(),
        event.action.as_bytes(),
        event.object.as_bytes(),
        event.result.as_bytes(),
        previous,
    ])
}

/// The end of the part of the audit that was checked.
pub(super) struct Chain {
    pub(super) seq: i64,
    pub(super) mac: Vec<u8>,
}

impl Chain {
    /// Begins after the rows that were removed.
    pub(super) fn after(start: Start) -> Self {
        Self {
            seq: start.seq,
            mac: start.mac,
        }
    }

    /// Checks the next rows; true if there may be more.
    fn check_batch(&mut self, transaction: &mut Transaction<'_>) -> Result<bool, Error> {
        let rows = transaction.run(ROWS, &[self.seq.into(), BATCH.into()])?;
        let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == BATCH);
        for row in rows {
            let (position, row) = position(row)?;
            self.check_row(transaction, position, row)?;
        }
        Ok(is_full)
    }

    /// Checks the rest of a row after its position.
    pub(super) fn check_row(
        &mut self,
        transaction: &Transaction<'_>,
        position: RowPosition,
        mut row: Row,
    ) -> Result<(), Error> {
        let next = self.seq + 1;
        let broken = |what| Error::AuditBroken {
            seq: next.cast_unsigned(),
            what,
        };
        if position.seq != next {
            return Err(broken(AuditFault::Removed));
        }
        let texts = [row.text()?, row.text()?, row.text()?, row.text()?];
        let [actor, action, object, result] = texts.each_ref().map(String::as_str);
        let event = Event {
            actor,
            action,
            object,
            result,
        };
        let mac = row.blob()?;
        if row_mac(transaction, position, &event, &self.mac).as_slice() != mac {
            return Err(broken(AuditFault::Changed));
        }
        (self.seq, self.mac) = (next, mac);
        Ok(())
    }

    fn check_head(
        self,
        transaction: &mut Transaction<'_>,
        removed: i64,
    ) -> Result<AuditHead, Error> {
        let Head { seq, mac, .. } = read_head(transaction)?;
        let broken = |seq: i64, what| Error::AuditBroken {
            seq: seq.cast_unsigned(),
            what,
        };
        if seq > self.seq {
            return Err(broken(self.seq + 1, AuditFault::Removed));
        }
        // A head of zero has no seal, so that a store without rows needs none.
        if seq < self.seq || mac != self.mac {
            return Err(broken(self.seq, AuditFault::Changed));
        }
        Ok(AuditHead {
            rows: (seq - removed).unsigned_abs(),
            removed: removed.unsigned_abs(),
            mac,
        })
    }
}
