// SPDX-License-Identifier: MPL-2.0
//! The figures of the store, for health checks, metrics and the start page.

use std::time::SystemTime;

use content_key_store::{Error, KeyState, KeyStore, Transaction, Value, may_use_key};

/// The figures of the store: of the keys that the actor may use, if it is limited to contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreHealth {
    /// The number of keys in each state, in the states' order.
    pub keys: Vec<KeyCount>,
    /// The number of deliveries that wait for an attempt.
    pub pending: u64,
    /// The time when the oldest key with a pending delivery was made.
    pub oldest_pending: Option<SystemTime>,
    /// The number of deliveries that were given up.
    pub given_up: u64,
    /// The key-encryption keys, the oldest first.
    pub keks: Vec<KekInfo>,
    /// The number of rows of the audit; None for an actor that is limited to contents.
    pub audit_rows: Option<u64>,
}

/// The number of keys in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyCount {
    /// The state.
    pub state: KeyState,
    /// The number of keys.
    pub count: u64,
}

/// A key-encryption key, without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KekInfo {
    /// Its id.
    pub id: String,
    /// Its state.
    pub state: KekState,
    /// The time when it came into use.
    pub created: SystemTime,
}

/// The state of a key-encryption key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KekState {
    /// It wraps the master key.
    Current,
    /// It wraps nothing any more.
    Retired,
}

/// Reads the figures of the store.
///
/// # Errors
/// If the database fails.
pub fn look(store: &KeyStore) -> Result<StoreHealth, Error> {
    store.read(|transaction| {
        let actor = [transaction.limited_actor()?];
        let (pending, oldest_pending) = pending(transaction, &actor)?;
        let is_limited = transaction.actor().scope().is_limited();
        Ok(StoreHealth {
            keys: keys(transaction, &actor)?,
            pending,
            oldest_pending,
            given_up: count(transaction, GIVEN_UP, &actor)?,
            keks: keks(transaction)?,
            audit_rows: match is_limited {
                true => None,
                false => Some(count(transaction, AUDIT_ROWS, &[])?),
            },
        })
    })
}

pub(crate) const KEYS: &str = concat!(
    "SELECT state, COUNT(*) FROM content_key WHERE ",
    may_use_key!("content_key.kid", "$1"),
    " GROUP BY state"
);
/// The database counts the keys as they come.
const ALL_KEYS: &str = "SELECT state, count FROM key_count";
pub(crate) const PENDING: &str = concat!(
    "SELECT COUNT(*), MIN(content_key.created) FROM delivery
        JOIN content_key ON content_key.kid = delivery.kid WHERE delivery.state = 'pending' AND ",
    may_use_key!("delivery.kid", "$1")
);
pub(crate) const GIVEN_UP: &str = concat!(
    "SELECT COUNT(*) FROM delivery WHERE state = 'given-up' AND ",
    may_use_key!("delivery.kid", "$1")
);

const AUDIT_ROWS: &str =
    "SELECT audit_head.seq - audit_start.seq FROM audit_head CROSS JOIN audit_start";

fn keys(transaction: &mut Transaction<'_>, actor: &[Value]) -> Result<Vec<KeyCount>, Error> {
    let mut counts = KeyState::ALL.map(|state| KeyCount { state, count: 0 });
    let is_limited = transaction.actor().scope().is_limited();
    let sql = if is_limited { KEYS } else { ALL_KEYS };
    for mut row in transaction.run(sql, actor)? {
        let name = row.text()?;
        counts
            .iter_mut()
            .find(|of| of.state.name() == name)
            .ok_or(Error::Damaged("unknown state"))?
            .count = row.int()?.unsigned_abs();
    }
    Ok(counts.into())
}

fn pending(
    transaction: &mut Transaction<'_>,
    actor: &[Value],
) -> Result<(u64, Option<SystemTime>), Error> {
    let mut row = transaction
        .one(PENDING, actor)?
        .ok_or(Error::Damaged("a count is missing"))?;
    Ok((row.int()?.unsigned_abs(), row.optional_time()?))
}

fn count(
    transaction: &mut Transaction<'_>,
    sql: &'static str,
    values: &[Value],
) -> Result<u64, Error> {
    Ok(transaction
        .one(sql, values)?
        .ok_or(Error::Damaged("a count is missing"))?
        .int()?
        .unsigned_abs())
}

fn keks(transaction: &mut Transaction<'_>) -> Result<Vec<KekInfo>, Error> {
    transaction
        .run(
            "SELECT id, state, created FROM kek ORDER BY created, id",
            &[],
        )?
        .into_iter()
        .map(|mut row| {
            Ok(KekInfo {
                id: row.text()?,
                state: KekState::from_name(&row.text()?)?,
                created: row.time()?,
            })
        })
        .collect()
}

impl KekState {
    /// All states.
    pub const ALL: [Self; 2] = [Self::Current, Self::Retired];

    fn from_name(name: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or(Error::Damaged("unknown state of a key-encryption key"))
    }

    /// Returns the name of the state.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Retired => "retired",
        }
    }
}
