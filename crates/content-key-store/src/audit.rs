// SPDX-License-Identifier: MPL-2.0
//! The audit: who did what to which object with which result, never with key bytes. Each row has a MAC over itself and the MAC of
//! the row before it, under a key that the database does not know, and the last one is sealed: a row that is changed, moved or
//! removed, at the end too, is found. A whole database put back to an earlier state is not: keep [`AuditHead`] elsewhere for that.

use super::database::Row;
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
    /// The MAC of the last row, which covers all rows.
    pub mac: Vec<u8>,
}

/// A row to be recorded.
#[derive(Clone, Copy)]
pub(super) struct Event<'a> {
    pub(super) actor: &'a str,
    pub(super) action: &'a str,
    pub(super) object: &'a str,
    pub(super) result: &'a str,
}

impl KeyStore {
    /// Checks the audit from its first row to its last.
    ///
    /// # Errors
    /// [`Error::AuditBroken`] with the first row that was changed, moved or removed.
    pub fn verify_audit(&self) -> Result<AuditHead, Error> {
        self.read(|transaction| {
            let mut chain = Chain {
                seq: 0,
                mac: Vec::new(),
            };
            while chain.check_batch(transaction)? {}
            chain.check_head(transaction)
        })
    }
}

/// Appends a row, as the last statement of a transaction that may write.
pub(super) fn append(transaction: &mut Transaction<'_>, event: &Event<'_>) -> Result<(), Error> {
    let (seq, previous) = head(transaction)?;
    let seq = seq + 1;
    let time = milliseconds(transaction.now());
    let mac = row_mac(transaction, RowPosition { seq, time }, event, &previous);
    let sql = "INSERT INTO audit (seq, time, actor, action, object, result, mac) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let texts = [event.actor, event.action, event.object, event.result];
    let mut values = vec![seq.into(), time.into()];
    values.extend(texts.map(Into::into));
    values.push(mac.as_slice().into());
    transaction.run(sql, &values)?;
    let seal = seal(transaction, seq, &mac);
    let sql = "UPDATE audit_head SET seq = $1, mac = $2, seal = $3";
    let values = [seq.into(), mac.as_slice().into(), seal.as_slice().into()];
    transaction.run(sql, &values).map(|_| ())
}

/// Reads the number and MAC of the last row, and checks the seal, which proves that it is the last. A store without rows has no seal.
fn head(transaction: &mut Transaction<'_>) -> Result<(i64, Vec<u8>), Error> {
    let row = transaction.one("SELECT seq, mac, seal FROM audit_head", &[])?;
    let mut row = row.ok_or(Error::Damaged("the end of the audit is missing"))?;
    let (seq, mac, found) = (row.int()?, row.blob()?, row.blob()?);
    if seq != 0 && seal(transaction, seq, &mac).as_slice() != found {
        return Err(Error::AuditBroken {
            seq: seq.cast_unsigned(),
            what: AuditFault::Changed,
        });
    }
    Ok((seq, mac))
}

fn seal(transaction: &Transaction<'_>, seq: i64, mac: &[u8]) -> [u8; 32] {
    let key = &transaction.secrets.audit;
    key.mac(&[b"end of audit", &seq.to_be_bytes(), mac])
}

/// The number and time of a row.
#[derive(Clone, Copy)]
struct RowPosition {
    seq: i64,
    /// In milliseconds since 1970.
    time: i64,
}

fn row_mac(
    transaction: &Transaction<'_>,
    position: RowPosition,
    event: &Event<'_>,
    previous: &[u8],
) -> [u8; 32] {
    let texts = [event.actor, event.action, event.object, event.result].map(str::as_bytes);
    let [actor, action, object, result] = texts;
    let (seq, time) = (position.seq.to_be_bytes(), position.time.to_be_bytes());
    let fields = [
        b"audit",
        seq.as_slice(),
        &time,
        actor,
        action,
        object,
        result,
        previous,
    ];
    transaction.secrets.audit.mac(&fields)
}

/// The end of the part of the audit that was checked.
struct Chain {
    seq: i64,
    mac: Vec<u8>,
}

impl Chain {
    /// Checks the next rows; true if there may be more.
    fn check_batch(&mut self, transaction: &mut Transaction<'_>) -> Result<bool, Error> {
        let sql = "SELECT seq, time, actor, action, object, result, mac FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2";
        let rows = transaction.run(sql, &[self.seq.into(), BATCH.into()])?;
        let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == BATCH);
        for row in rows {
            self.check_row(transaction, row)?;
        }
        Ok(is_full)
    }

    fn check_row(&mut self, transaction: &Transaction<'_>, mut row: Row) -> Result<(), Error> {
        let next = self.seq + 1;
        let broken = |what| Error::AuditBroken {
            seq: next.cast_unsigned(),
            what,
        };
        let seq = row.int()?;
        if seq != next {
            return Err(broken(AuditFault::Removed));
        }
        let time = row.int()?;
        let texts = [row.text()?, row.text()?, row.text()?, row.text()?];
        let [actor, action, object, result] = texts.each_ref().map(String::as_str);
        let event = Event {
            actor,
            action,
            object,
            result,
        };
        let mac = row.blob()?;
        if row_mac(transaction, RowPosition { seq, time }, &event, &self.mac).as_slice() != mac {
            return Err(broken(AuditFault::Changed));
        }
        (self.seq, self.mac) = (seq, mac);
        Ok(())
    }

    fn check_head(self, transaction: &mut Transaction<'_>) -> Result<AuditHead, Error> {
        let (seq, mac) = head(transaction)?;
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
            rows: seq.cast_unsigned(),
            mac,
        })
    }
}
