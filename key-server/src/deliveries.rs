// SPDX-License-Identifier: MPL-2.0
//! The deliveries in the outbox: the keys that go to targets. The transaction that makes a key also enqueues its deliveries. A worker
//! that claims a delivery has it alone until its lease ends; then another worker may claim it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use cenc_types::KeyId;
use content_key_store::{Backend, Error, KeyStore, PeriodKey, Row, may_use_key};

/// A key on its way to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The key.
    pub kid: KeyId,
    /// The target's name.
    pub target: String,
    /// Its state.
    pub state: DeliveryState,
    /// The number of claims so far.
    pub attempts: u64,
    /// The time from which it may be claimed again.
    pub next_try: SystemTime,
    /// The time when the target acknowledged it.
    pub acknowledged: Option<SystemTime>,
    /// The error of the last attempt.
    pub error: Option<String>,
}

/// The state of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It will be tried, or tried again.
    Pending,
    /// The target has the key.
    Acknowledged,
    /// It is not tried again until it is enqueued again.
    GivenUp,
}

/// The columns of a [`Delivery`], as [`Delivery::from_row`] takes them.
macro_rules! delivery_columns {
    () => {
        "kid, target, state, attempts, next_try, acknowledged, error"
    };
}

/// The statement that takes deliveries: `$1` now, `$2` the end of the lease, `$3` how many, `$4` the target.
macro_rules! claim_sql {
    ($of_target:literal, $lock:literal) => {
        concat!(
            "WITH due AS MATERIALIZED (SELECT kid, target FROM delivery WHERE state = 'pending' AND next_try <= $1 ",
            $of_target,
            " ORDER BY next_try LIMIT $3 ",
            $lock,
            ") UPDATE delivery SET attempts = attempts + 1, next_try = $2
                WHERE (kid, target) IN (SELECT kid, target FROM due) RETURNING ",
            delivery_columns!()
        )
    };
}

/// The deliveries to claim.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// Deliveries to this target; None for any target.
    pub target: Option<&'a str>,
    /// The most deliveries.
    pub limit: u32,
    /// The time for which no other worker can claim them.
    pub lease: Duration,
}

/// Claims deliveries that are due. No other worker can claim them until the lease ends.
///
/// # Errors
/// If the database fails.
pub fn claim(store: &KeyStore, claim: &Claim<'_>) -> Result<Vec<Delivery>, Error> {
    let now = store.host().clock.system_time();
    let until = now
        .checked_add(claim.lease)
        .ok_or(Error::OutOfRange("the lease"))?;
    let mut values = vec![now.into(), until.into(), i64::from(claim.limit).into()];
    values.extend(claim.target.map(Into::into));
    store.write_unrecorded(|transaction| {
        let sql = match (transaction.backend(), claim.target) {
            // The database has one writer: no row needs a lock.
            (Backend::Sqlite, None) => claim_sql!("", ""),
            (Backend::Sqlite, Some(_)) => claim_sql!("AND target = $4", ""),
            (Backend::Postgres, None) => claim_sql!("", "FOR UPDATE SKIP LOCKED"),
            (Backend::Postgres, Some(_)) => {
                claim_sql!("AND target = $4", "FOR UPDATE SKIP LOCKED")
            }
        };
        transaction
            .run(sql, &values)?
            .into_iter()
            .map(|mut row| Delivery::from_row(&mut row))
            .collect()
    })
}

/// A claimed delivery, which no other worker can claim before a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The key.
    pub kid: KeyId,
    /// The end of the lease.
    pub until: SystemTime,
}

/// Lets leases of deliveries to a target end later, `lease` from now. One that has ended, because its delivery is done or another worker
/// has claimed it, stays as it is.
///
/// # Errors
/// If the database fails.
pub fn renew(
    store: &KeyStore,
    target: &str,
    leases: &mut [Lease],
    lease: Duration,
) -> Result<(), Error> {
    let until = store
        .host()
        .clock
        .system_time()
        .checked_add(lease)
        .ok_or(Error::OutOfRange("the lease"))?;
    let sql = "UPDATE delivery SET next_try = $4
        WHERE kid = $1 AND target = $2 AND state = 'pending' AND next_try = $3 RETURNING next_try";
    store.write_unrecorded(|transaction| {
        for lease in leases {
            let values = [
                (&lease.kid).into(),
                target.into(),
                lease.until.into(),
                until.into(),
            ];
            if let Some(mut row) = transaction.one(sql, &values)? {
                lease.until = row.time()?;
            }
        }
        Ok(())
    })
}

/// A delivery that failed.
#[derive(Debug, Clone, Copy)]
pub struct FailedDelivery<'a> {
    /// The key.
    pub kid: &'a KeyId,
    /// The target's name.
    pub target: &'a str,
    /// The error, which must not hold secrets.
    pub error: &'a str,
    /// The time of the next attempt; None to give up.
    pub retry: Option<SystemTime>,
}

/// Records that a delivery failed. One that was acknowledged meanwhile stays acknowledged.
///
/// # Errors
/// [`Error::NoDelivery`].
pub fn fail(store: &KeyStore, failed: &FailedDelivery<'_>) -> Result<(), Error> {
    let FailedDelivery {
        kid,
        target,
        error,
        retry,
    } = *failed;
    store.write("delivery failed", &kid.to_string(), |transaction| {
        let state = retry.map_or(DeliveryState::GivenUp, |_| DeliveryState::Pending);
        transaction
            .one(
                "UPDATE delivery SET state = CASE WHEN state = 'acknowledged' THEN state ELSE $4 END, next_try = $5, error = $3
                    WHERE kid = $1 AND target = $2 RETURNING kid",
                &[
                    kid.into(),
                    target.into(),
                    error.into(),
                    state.name().into(),
                    retry.unwrap_or(SystemTime::UNIX_EPOCH).into(),
                ],
            )?
            .ok_or_else(|| Error::NoDelivery {
                kid: *kid,
                target: target.to_owned(),
            })?;
        Ok(((), format!("{target}: {error}")))
    })
}

/// Ends the claim of a delivery that was interrupted, as if it had not been claimed.
///
/// # Errors
/// If the database fails.
pub fn release(store: &KeyStore, kid: &KeyId, target: &str) -> Result<(), Error> {
    let values = [
        kid.into(),
        target.into(),
        store.host().clock.system_time().into(),
    ];
    store.write_unrecorded(|transaction| {
        let sql = "UPDATE delivery SET next_try = $3, attempts = attempts - 1
            WHERE kid = $1 AND target = $2 AND state = 'pending' AND attempts > 0";
        transaction.run(sql, &values).map(|_| ())
    })
}

/// Returns those of the targets for which deliveries are due.
///
/// # Errors
/// If the database fails.
pub fn due_targets<'t>(
    store: &KeyStore,
    targets: impl Iterator<Item = &'t str>,
) -> Result<Vec<&'t str>, Error> {
    let now = store.host().clock.system_time();
    store.read(|transaction| {
        let mut due = Vec::new();
        for target in targets {
            let found = transaction.one(FIRST_DUE, &[target.into(), now.into()])?;
            due.extend(found.map(|_| target));
        }
        Ok(due)
    })
}

pub(crate) const FIRST_DUE: &str =
    "SELECT kid FROM delivery WHERE state = 'pending' AND target = $1 AND next_try <= $2 LIMIT 1";

/// Removes deliveries that were acknowledged before a time, at most 1,000, of keys that will not become active any more: their
/// deliveries decide nothing. Returns the number.
///
/// # Errors
/// If the database fails.
pub fn trim(store: &KeyStore, before: SystemTime) -> Result<u64, Error> {
    let sql = "DELETE FROM delivery WHERE (kid, target) IN (
        SELECT delivery.kid, delivery.target FROM delivery JOIN content_key ON content_key.kid = delivery.kid
        WHERE delivery.state = 'acknowledged' AND delivery.acknowledged < $1
            AND content_key.state IN ('draining', 'retired', 'compromised') LIMIT 1000) RETURNING kid";
    store.write_unrecorded(|transaction| Ok(transaction.run(sql, &[before.into()])?.len() as u64))
}

/// Lists the deliveries of a key by target.
///
/// # Errors
/// If the database fails.
pub fn of_key(store: &KeyStore, kid: &KeyId) -> Result<Vec<Delivery>, Error> {
    let sql = concat!(
        "SELECT ",
        delivery_columns!(),
        " FROM delivery WHERE kid = $1 ORDER BY target"
    );
    store
        .read(|transaction| {
            transaction.check_key(kid)?;
            transaction.run(sql, &[kid.into()])
        })?
        .into_iter()
        .map(|mut row| Delivery::from_row(&mut row))
        .collect()
}

/// Lists the deliveries of the actor's keys that were given up, by KID, at most `limit`.
///
/// # Errors
/// If the database fails.
pub fn given_up(store: &KeyStore, limit: u32) -> Result<Vec<Delivery>, Error> {
    store
        .read(|transaction| {
            let actor = transaction.limited_actor()?;
            transaction.run(GIVEN_UP, &[limit.into(), actor])
        })?
        .into_iter()
        .map(|mut row| Delivery::from_row(&mut row))
        .collect()
}

pub(crate) const GIVEN_UP: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    " FROM delivery WHERE state = 'given-up' AND ",
    may_use_key!("delivery.kid", "$2"),
    " ORDER BY kid, target LIMIT $1"
);

/// A key of a track in a crypto period, with its deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledKey {
    /// The key.
    pub key: PeriodKey,
    /// Its deliveries, by target.
    pub deliveries: Vec<Delivery>,
}

pub(crate) const OF_PERIODS: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    " FROM delivery WHERE kid IN (SELECT kid FROM key_slot WHERE content_id = $1 AND period >= $2 AND period < $3)
        ORDER BY kid, target"
);

/// Lists the keys of crypto periods like [`KeyStore::periods`], with their deliveries.
///
/// # Errors
/// If the database fails.
pub fn schedule(
    store: &KeyStore,
    content_id: &str,
    range: Range<u64>,
) -> Result<Vec<ScheduledKey>, Error> {
    let start = range.start;
    let keys = store.periods(content_id, range)?;
    let Some(last) = keys.last() else {
        return Ok(Vec::new());
    };
    let end = last.slot.period.saturating_add(1);
    let of_keys = of_periods(store, content_id, start..end)?;
    Ok(keys
        .into_iter()
        .map(|key| ScheduledKey {
            deliveries: of_keys.get(&key.info.kid).cloned().unwrap_or_default(),
            key,
        })
        .collect())
}

fn of_periods(
    store: &KeyStore,
    content_id: &str,
    range: Range<u64>,
) -> Result<BTreeMap<KeyId, Vec<Delivery>>, Error> {
    let column = |period| i64::try_from(period).unwrap_or(i64::MAX);
    let values = [
        content_id.into(),
        column(range.start).into(),
        column(range.end).into(),
    ];
    let mut deliveries = BTreeMap::<_, Vec<_>>::new();
    for mut row in store.read(|transaction| transaction.run(OF_PERIODS, &values))? {
        let delivery = Delivery::from_row(&mut row)?;
        deliveries.entry(delivery.kid).or_default().push(delivery);
    }
    Ok(deliveries)
}

impl Lease {
    /// Returns the lease of a delivery that was just claimed.
    pub const fn of(claimed: &Delivery) -> Self {
        Self {
            kid: claimed.kid,
            until: claimed.next_try,
        }
    }
}

impl DeliveryState {
    const ALL: [Self; 3] = [Self::Pending, Self::Acknowledged, Self::GivenUp];

    /// Returns the name of the state.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Acknowledged => "acknowledged",
            Self::GivenUp => "given-up",
        }
    }
}

impl Delivery {
    fn from_row(row: &mut Row) -> Result<Self, Error> {
        Ok(Self {
            kid: row.key_id()?,
            target: row.text()?,
            state: {
                let name = row.text()?;
                DeliveryState::ALL
                    .into_iter()
                    .find(|state| state.name() == name)
                    .ok_or(Error::Damaged("unknown state of a delivery"))?
            },
            attempts: row.int()?.unsigned_abs(),
            next_try: row.time()?,
            acknowledged: row.optional_time()?,
            error: row.optional_text()?,
        })
    }
}
