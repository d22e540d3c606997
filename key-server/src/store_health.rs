// SPDX-License-Identifier: MPL-2.0
//! How the store is doing, in numbers: for health checks, metrics and the start page.

use std::time::SystemTime;

use content_key_store::{Error, KeyState, KeyStore, Row, Transaction};

/// The store in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreHealth {
    /// How many keys are as far as each state, in the states' order.
    pub keys: Vec<(KeyState, u64)>,
    /// Deliveries that are to be tried, or tried again.
    pub pending: u64,
    /// When the oldest key that waits for a delivery was made.
    pub oldest_pending: Option<SystemTime>,
    /// Deliveries that are not tried again by themselves.
    pub given_up: u64,
    /// The key-encryption keys, the first made first.
    pub keks: Vec<KekInfo>,
    /// Rows of the audit.
    pub audit_rows: u64,
}

/// All of a key-encryption key but the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KekInfo {
    /// Its id.
    pub id: String,
    /// What it is used for.
    pub state: KekState,
    /// When it came into use.
    pub created: SystemTime,
}

/// What a key-encryption key is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KekState {
    /// Wraps all that is new.
    Current,
    /// Still wraps what a re-wrap has not reached yet.
    Old,
    /// Wraps nothing any more.
    Retired,
}

/// How the store is doing.
///
/// # Errors
/// When the database fails.
pub fn look(store: &KeyStore) -> Result<StoreHealth, Error> {
    store.read(|transaction| {
        let (pending, oldest_pending) = pending(transaction)?;
        Ok(StoreHealth {
            keys: keys(transaction)?,
            pending,
            oldest_pending,
            given_up: count(transaction, GIVEN_UP)?,
            keks: keks(transaction)?,
            audit_rows: count(transaction, "SELECT seq FROM audit_head")?,
        })
    })
}

pub(crate) const KEYS: &str = "SELECT state, COUNT(*) FROM content_key GROUP BY state";
pub(crate) const PENDING: &str = "SELECT COUNT(*), MIN(content_key.created) FROM delivery
    JOIN content_key ON content_key.kid = delivery.kid WHERE delivery.state = 'pending'";
pub(crate) const GIVEN_UP: &str = "SELECT COUNT(*) FROM delivery WHERE state = 'given-up'";

fn keys(transaction: &mut Transaction<'_>) -> Result<Vec<(KeyState, u64)>, Error> {
    let mut keys = KeyState::ALL.map(|state| (state, 0)).to_vec();
    for mut row in transaction.run(KEYS, &[])? {
        let (state, count) = (row.text()?, row.int()?.unsigned_abs());
        let place = keys.iter_mut().find(|(known, _)| known.name() == state);
        place.ok_or(Error::Damaged("unknown state"))?.1 = count;
    }
    Ok(keys)
}

fn pending(transaction: &mut Transaction<'_>) -> Result<(u64, Option<SystemTime>), Error> {
    let row = transaction.one(PENDING, &[])?;
    let mut row = row.ok_or(Error::Damaged("a count is missing"))?;
    Ok((row.int()?.unsigned_abs(), row.optional_time()?))
}

fn count(transaction: &mut Transaction<'_>, sql: &'static str) -> Result<u64, Error> {
    let row = transaction.one(sql, &[])?;
    let mut row = row.ok_or(Error::Damaged("a count is missing"))?;
    Ok(row.int()?.unsigned_abs())
}

fn keks(transaction: &mut Transaction<'_>) -> Result<Vec<KekInfo>, Error> {
    let sql = "SELECT id, state, created FROM kek ORDER BY created, id";
    let read = |mut row: Row| {
        Ok(KekInfo {
            id: row.text()?,
            state: {
                let text = row.text()?;
                let state = KekState::ALL.into_iter().find(|state| state.name() == text);
                state.ok_or(Error::Damaged("unknown state of a key-encryption key"))?
            },
            created: row.time()?,
        })
    };
    transaction.run(sql, &[])?.into_iter().map(read).collect()
}

impl KekState {
    const ALL: [Self; 3] = [Self::Current, Self::Old, Self::Retired];

    /// The state as text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Old => "old",
            Self::Retired => "retired",
        }
    }
}
