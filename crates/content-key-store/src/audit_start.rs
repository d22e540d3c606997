// SPDX-License-Identifier: MPL-2.0
//! The start of the audit. Rows that are older than the operator keeps can be removed, from the first one on: the last removed row's number
//! and MAC stay, with a MAC over both. So the rest is still one chain, and rows that anybody else has removed are still missing.

use std::time::SystemTime;

use super::audit::{self, Chain, Event};
use super::audit_head;
use super::model::milliseconds;
use super::transaction::Transaction;
use super::{AuditFault, Error, KeyStore};

/// The most rows that are removed at a time.
const BATCH: i64 = 1000;

/// The last row that was removed; all zero if there is none.
pub(super) struct Start {
    pub(super) seq: i64,
    pub(super) mac: Vec<u8>,
}

impl KeyStore {
    /// Removes rows of the audit from before a time, at most 1,000, after checking them. The newest row stays. Returns the number.
    ///
    /// # Errors
    /// [`Error::AuditBroken`], or if the database fails.
    pub fn trim_audit(&self, before: SystemTime) -> Result<u64, Error> {
        self.acting_for("store")?
            .change(|transaction| trim(transaction, before))
    }
}

fn trim(transaction: &mut Transaction<'_>, before: SystemTime) -> Result<u64, Error> {
    let head = audit_head::last_row(transaction)?;
    let start = read(transaction)?;
    let first = start.seq + 1;
    let mut chain = Chain::after(start);
    let rows = transaction.run(audit::ROWS, &[chain.seq.into(), BATCH.into()])?;
    for row in rows {
        let (position, row) = audit::position(row)?;
        if position.time >= milliseconds(before) || position.seq >= head.seq {
            break;
        }
        chain.check_row(transaction, position, row)?;
    }
    let Chain { seq, mac } = chain;
    if seq < first {
        return Ok(0);
    }
    let seal = seal(transaction, seq, &mac);
    transaction.run(
        "UPDATE audit_start SET seq = $1, mac = $2, seal = $3",
        &[seq.into(), mac.into(), seal.as_slice().into()],
    )?;
    transaction.run("DELETE FROM audit WHERE seq <= $1", &[seq.into()])?;
    let event = Event {
        actor: "store",
        action: "trim audit",
        object: "audit",
        result: &format!("rows {first} to {seq} were removed"),
    };
    audit::append(transaction, &event)?;
    Ok((seq - first + 1).unsigned_abs())
}

/// Reads the start, and checks its seal.
pub(super) fn read(transaction: &mut Transaction<'_>) -> Result<Start, Error> {
    let mut row = transaction
        .one("SELECT seq, mac, seal FROM audit_start", &[])?
        .ok_or(Error::Damaged("the start of the audit is missing"))?;
    let start = Start {
        seq: row.int()?,
        mac: row.blob()?,
    };
    let is_sealed = seal(transaction, start.seq, &start.mac).as_slice() == row.blob()?;
    match is_sealed || (start.seq == 0 && start.mac.is_empty()) {
        true => Ok(start),
        false => Err(Error::AuditBroken {
            seq: start.seq.cast_unsigned(),
            what: AuditFault::Changed,
        }),
    }
}

fn seal(transaction: &Transaction<'_>, seq: i64, mac: &[u8]) -> [u8; 32] {
    let fields: [&[u8]; 3] = [b"start of audit", &seq.to_be_bytes(), mac];
    transaction.secrets.audit.mac(&fields)
}
