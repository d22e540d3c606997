// SPDX-License-Identifier: MPL-2.0
//! The end of the audit's chain, with a seal over it. Each transaction that changes the store locks it first.

use super::database::{Backend, Row, Statement};
use super::facts::Wanted;
use super::generation::RecordedRow;
use super::transaction::Transaction;
use super::{AuditFault, Error};

/// The statement that reads the end.
const HEAD: &str = "SELECT seq, mac, row_changes, row_mac, seal, revision FROM audit_head";
/// The same in PostgreSQL, where other transactions wait for this one afterwards.
const HEAD_LOCKED: &str =
    "SELECT seq, mac, row_changes, row_mac, seal, revision FROM audit_head FOR UPDATE";
/// The same, but it fails by a division by zero if the end has other values.
const HEAD_EXPECTED: &str = "SELECT 1 / (SELECT COUNT(*) FROM (SELECT one FROM audit_head
    WHERE seq = $1 AND mac = $2 AND row_changes = $3 AND row_mac = $4 AND seal = $5 AND revision = $6 FOR UPDATE) AS head)";

/// The end of the chain, and what its seal covers.
#[derive(Clone)]
pub(super) struct Head {
    /// The number of the last row.
    pub(super) seq: i64,
    /// The MAC of the last row.
    pub(super) mac: Vec<u8>,
    /// The number of changes to the signed rows.
    pub(super) row_changes: i64,
    /// The MAC over all signed rows.
    pub(super) row_mac: Vec<u8>,
}

/// The end of the chain, and the count of the changes to contents and keys, as a transaction found or left them.
pub(super) struct ExpectedHead {
    pub(super) head: Head,
    pub(super) revision: i64,
}

const MISSING: Error = Error::Damaged("the end of the audit is missing");

/// Locks and reads the end, and looks for what the requests of the transaction will need, in one round trip to the database. If what was
/// found by earlier transactions may have changed, it is looked for again.
pub(super) fn lock(transaction: &mut Transaction<'_>, wanted: &Wanted) -> Result<(), Error> {
    let nothing = Wanted::default();
    let (sql, wanted) = match transaction.backend() {
        // It is in this process, so that looking for several at once gains nothing.
        Backend::Sqlite => (HEAD, &nothing),
        Backend::Postgres => (HEAD_LOCKED, wanted),
    };
    let mut missing = transaction.facts.missing(wanted);
    let values = Vec::new();
    let mut statements = vec![Statement { sql, values }];
    statements.extend(missing.statements()?);
    let mut rows = transaction.database.run_all(statements)?;
    let mut found = rows.split_off(1);
    let ExpectedHead { head, revision } = read(transaction, rows.into_iter().flatten().next())?;
    transaction.head = Some(head);
    transaction.facts.begin(revision);
    loop {
        transaction.facts.learn(&missing, found)?;
        missing = transaction.facts.missing(wanted);
        if missing.is_empty() {
            return Ok(());
        }
        found = transaction.database.run_all(missing.statements()?)?;
    }
}

/// Makes the transaction fail unless the audit ends where the last transaction left it, and no content and no key has changed since.
pub(super) fn expect(
    transaction: &mut Transaction<'_>,
    ExpectedHead { head, revision }: ExpectedHead,
) -> Result<(), Error> {
    transaction.database.run_later(
        HEAD_EXPECTED,
        vec![
            head.seq.into(),
            head.mac.as_slice().into(),
            head.row_changes.into(),
            head.row_mac.as_slice().into(),
            seal(transaction, &head).as_slice().into(),
            revision.into(),
        ],
    )?;
    transaction.facts.begin(revision);
    transaction.head = Some(head);
    Ok(())
}

/// Returns the end of the chain, after checking its seal, which proves that the last row is the last. A store without rows has no seal.
pub(super) fn read_head(transaction: &mut Transaction<'_>) -> Result<Head, Error> {
    if let Some(head) = &transaction.head {
        return Ok(head.clone());
    }
    let row = transaction.one(HEAD, &[])?;
    let ExpectedHead { head, .. } = read(transaction, row)?;
    transaction.head = Some(head.clone());
    Ok(head)
}

fn read(transaction: &Transaction<'_>, row: Option<Row>) -> Result<ExpectedHead, Error> {
    let mut row = row.ok_or(MISSING)?;
    let head = Head {
        seq: row.int()?,
        mac: row.blob()?,
        row_changes: row.int()?,
        row_mac: row.blob()?,
    };
    head.check_seal(&seal(transaction, &head), &row.blob()?)?;
    Ok(ExpectedHead {
        head,
        revision: row.int()?,
    })
}

/// Sets the end of the chain, which [`finish`] writes.
pub(super) fn set_head(transaction: &mut Transaction<'_>, head: Head) {
    transaction.last_row = Some(RecordedRow {
        seq: head.seq,
        mac: head.mac.clone(),
    });
    transaction.head = Some(head);
}

/// Seals and writes the end of the chain if the transaction has set it, as its last statement.
pub(super) fn finish(transaction: &mut Transaction<'_>) -> Result<(), Error> {
    let (Some(head), Some(_)) = (&transaction.head, &transaction.last_row) else {
        return Ok(());
    };
    let values = vec![
        head.seq.into(),
        head.mac.as_slice().into(),
        head.row_changes.into(),
        head.row_mac.as_slice().into(),
        seal(transaction, head).as_slice().into(),
    ];
    transaction.database.run_later(
        "UPDATE audit_head SET seq = $1, mac = $2, row_changes = $3, row_mac = $4, seal = $5",
        values,
    )
}

/// Reads the last row for the record of the store.
pub(super) fn last_row(transaction: &mut Transaction<'_>) -> Result<RecordedRow, Error> {
    read_head(transaction).map(|Head { seq, mac, .. }| RecordedRow { seq, mac })
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
        .ok_or(MISSING)?;
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
    set_head(transaction, head);
    Ok(())
}
