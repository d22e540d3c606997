// SPDX-License-Identifier: MPL-2.0
//! The audit records each actor, action, object and result, and never a key. Each row has a MAC over itself and the MAC of the row
//! before it, under a key that is not in the database, and the last row is sealed. So a row that is changed, moved or removed, even
//! at the end, is found. A database that was restored to an earlier state is not found: keep [`AuditHead`] elsewhere for that.

use std::time::SystemTime;

use super::audit_start::{self, Start};
use super::database::Row;
use super::generation::RecordedRow;
use super::model::milliseconds;
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

/// The end of the chain, and what its seal covers.
pub(super) struct Head {
    /// The number of the last row.
    seq: i64,
    /// The MAC of the last row.
    mac: Vec<u8>,
    /// The number of changes to the signed rows.
    pub(super) row_changes: i64,
    /// The MAC over all signed rows.
    pub(super) row_mac: Vec<u8>,
}

/// Appends a row, as the last statement of a transaction that may write.
pub(super) fn append(transaction: &mut Transaction<'_>, event: &Event<'_>) -> Result<(), Error> {
    let head = read_head(transaction)?;
    let position = RowPosition {
        seq: head.seq + 1,
        time: milliseconds(transaction.now()),
    };
    let mac = row_mac(transaction, position, event, &head.mac);
    transaction.run(
        "INSERT INTO audit (seq, time, actor, action, object, result, mac) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            position.seq.into(),
            position.time.into(),
            event.actor.into(),
            event.action.into(),
            event.object.into(),
            event.result.into(),
            mac.as_slice().into(),
        ],
    )?;
    write_head(
        transaction,
        &Head {
            seq: position.seq,
            mac: mac.into(),
            ..head
        },
    )
}

/// Reads the end of the chain and checks its seal, which proves that the last row is the last. A store without rows has no seal.
pub(super) fn read_head(transaction: &mut Transaction<'_>) -> Result<Head, Error> {
    let mut row = transaction
        .one(
            "SELECT seq, mac, row_changes, row_mac, seal FROM audit_head",
            &[],
        )?
        .ok_or(Error::Damaged("the end of the audit is missing"))?;
    let head = Head {
        seq: row.int()?,
        mac: row.blob()?,
        row_changes: row.int()?,
        row_mac: row.blob()?,
    };
    head.check_seal(&seal(transaction, &head), &row.blob()?)?;
    Ok(head)
}

/// Writes and seals the end of the chain.
pub(super) fn write_head(transaction: &mut Transaction<'_>, head: &Head) -> Result<(), Error> {
    transaction.run(
        "UPDATE audit_head SET seq = $1, mac = $2, row_changes = $3, row_mac = $4, seal = $5",
        &[
            head.seq.into(),
            head.mac.as_slice().into(),
            head.row_changes.into(),
            head.row_mac.as_slice().into(),
            seal(transaction, head).as_slice().into(),
        ],
    )?;
    transaction.last_row = Some(head.last_row());
    Ok(())
}

/// Reads the last row for the record of the store.
pub(super) fn last_row(transaction: &mut Transaction<'_>) -> Result<RecordedRow, Error> {
    read_head(transaction).map(|head| head.last_row())
}

impl Head {
    /// Compares the seal that was found with the right one. A store without rows and changes has none.
    fn check_seal(&self, right: &[u8; 32], found: &[u8]) -> Result<(), Error> {
        match (self.seq, self.row_changes) == (0, 0) || right == found {
            true => Ok(()),
            false => Err(Error::AuditBroken {
                seq: self.seq.cast_unsigned(),
                what: AuditFault::Changed,
            }),
        }
    }

    pub(super) fn last_row(&self) -> RecordedRow {
        RecordedRow {
            seq: self.seq,
            mac: self.mac.clone(),
        }
    }
}

fn seal(transaction: &Transaction<'_>, head: &Head) -> [u8; 32] {
    transaction.secrets.audit.mac(&[
        b"end of audit",
        &head.seq.to_be_bytes(),
        &head.mac,
        &head.row_changes.to_be_bytes(),
        &head.row_mac,
    ])
}

/// Replaces the seal of version 2, which covered the last row only, after checking it.
pub(super) fn replace_seal(transaction: &mut Transaction<'_>) -> Result<(), Error> {
    let mut row = transaction
        .one("SELECT seq, mac, seal FROM audit_head", &[])?
        .ok_or(Error::Damaged("the end of the audit is missing"))?;
    let head = Head {
        seq: row.int()?,
        mac: row.blob()?,
        row_changes: 0,
        row_mac: Vec::new(),
    };
    let old = transaction
        .secrets
        .audit
        .mac(&[b"end of audit", &head.seq.to_be_bytes(), &head.mac]);
    head.check_seal(&old, &row.blob()?)?;
    write_head(transaction, &head)
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
