// SPDX-License-Identifier: MPL-2.0
//! The outbox: which keys are still to be brought to which targets. A delivery is put there in the transaction that makes its
//! key; whoever claims it has it alone for a while, and it comes back when nothing is heard of it.

use std::time::{Duration, SystemTime};

use cenc_types::KeyId;

use super::content_key::{advance, kid_value};
use super::database::Row;
use super::list::info;
use super::model::{check_name, kid_of, milliseconds, time_of};
use super::transaction::Transaction;
use super::{Error, KeyState, KeyStore, Page};

/// A key on its way to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The key.
    pub kid: KeyId,
    /// The target's name.
    pub target: String,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was claimed.
    pub attempts: u64,
    /// When it may be claimed again.
    pub next_try: SystemTime,
    /// When the target acknowledged it.
    pub acknowledged: Option<SystemTime>,
    /// What went wrong the last time.
    pub error: Option<String>,
}

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// To be tried, or tried again.
    Pending,
    /// The target has the key.
    Acknowledged,
    /// Not tried again until it is enqueued anew.
    GivenUp,
}

/// The columns of a [`Delivery`], as [`Delivery::from_row`] takes them.
macro_rules! delivery_columns {
    () => {
        "kid, target, state, attempts, next_try, acknowledged, error"
    };
}
pub(super) use delivery_columns;

/// The statement that takes deliveries: `$1` now, `$2` the end of the lease, `$3` how many, `$4` the target, or '' for all.
macro_rules! claim_sql {
    ($lock:literal) => {
        concat!(
            "WITH due AS MATERIALIZED (SELECT kid, target FROM delivery
                WHERE state = 'pending' AND next_try <= $1 AND ($4 = '' OR target = $4) ORDER BY next_try LIMIT $3 ",
            $lock,
            ") UPDATE delivery SET attempts = attempts + 1, next_try = $2
                WHERE (kid, target) IN (SELECT kid, target FROM due) RETURNING ",
            "kid, target, state, attempts, next_try, acknowledged, error"
        )
    };
}
pub(super) use claim_sql;

impl KeyStore {
    /// Puts a key on its way to targets; those that gave up are tried again, those that acknowledged it are left.
    ///
    /// # Errors
    /// [`Error::NoKey`], [`Error::BadName`].
    pub fn enqueue(&self, kid: &KeyId, targets: &[String]) -> Result<(), Error> {
        for target in targets {
            check_name("target", target)?;
        }
        self.write("enqueue", &kid.to_string(), |transaction| {
            info(transaction, kid)?;
            enqueue(transaction, kid, targets)?;
            Ok(((), targets.join(", ")))
        })
    }

    /// Takes up to `limit` deliveries that are due. Nobody else gets them until `lease` is over.
    ///
    /// # Errors
    /// When the database fails.
    pub fn claim_deliveries(&self, limit: u32, lease: Duration) -> Result<Vec<Delivery>, Error> {
        self.claim_deliveries_to("", limit, lease)
    }

    /// As [`Self::claim_deliveries`], of those to one target.
    ///
    /// # Errors
    /// When the database fails.
    pub fn claim_deliveries_to(
        &self,
        target: &str,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<Delivery>, Error> {
        let now = self.host.clock.system_time();
        let until = now
            .checked_add(lease)
            .ok_or(Error::OutOfRange("the lease"))?;
        let values = [
            milliseconds(now).into(),
            milliseconds(until).into(),
            i64::from(limit).into(),
            target.into(),
        ];
        self.claim(|transaction| {
            let sql = transaction.database.claim_sql();
            let rows = transaction.run(sql, &values)?;
            rows.into_iter()
                .map(|mut row| Delivery::from_row(&mut row))
                .collect()
        })
    }

    /// The target has the key. When it was the last that had to, the key is delivered.
    ///
    /// # Errors
    /// [`Error::NoDelivery`].
    pub fn acknowledge(&self, kid: &KeyId, target: &str) -> Result<(), Error> {
        self.write("acknowledge", &kid.to_string(), |transaction| {
            let sql = "UPDATE delivery SET state = 'acknowledged', acknowledged = COALESCE(acknowledged, $3), error = NULL
                WHERE kid = $1 AND target = $2 RETURNING kid";
            let now = transaction.now();
            let found = transaction.one(sql, &[kid_value(kid), target.into(), now.into()])?;
            found.ok_or_else(|| missing(kid, target))?;
            if is_delivered(transaction, kid)? {
                advance(transaction, kid, KeyState::Delivered)?;
            }
            Ok(((), target.to_owned()))
        })
    }

    /// A delivery failed with an error, which must not hold secrets; it is tried again at the time given, or not at all. One that
    /// was acknowledged meanwhile stays so.
    ///
    /// # Errors
    /// [`Error::NoDelivery`].
    pub fn fail_delivery(
        &self,
        (kid, target): (&KeyId, &str),
        error: &str,
        retry: Option<SystemTime>,
    ) -> Result<(), Error> {
        self.write("delivery failed", &kid.to_string(), |transaction| {
            let sql = "UPDATE delivery SET state = CASE WHEN state = 'acknowledged' THEN state ELSE $4 END, next_try = $5, error = $3
                WHERE kid = $1 AND target = $2 RETURNING kid";
            let state = retry.map_or(DeliveryState::GivenUp, |_| DeliveryState::Pending);
            let values = [
                kid_value(kid),
                target.into(),
                error.into(),
                state.name().into(),
                milliseconds(retry.unwrap_or(SystemTime::UNIX_EPOCH)).into(),
            ];
            let found = transaction.one(sql, &values)?;
            found.ok_or_else(|| missing(kid, target))?;
            Ok(((), format!("{target}: {error}")))
        })
    }

    /// All deliveries of a key, by target.
    ///
    /// # Errors
    /// When the database fails.
    pub fn deliveries(&self, kid: &KeyId) -> Result<Vec<Delivery>, Error> {
        let sql = concat!(
            "SELECT ",
            delivery_columns!(),
            " FROM delivery WHERE kid = $1 ORDER BY target"
        );
        let rows = self.read(|transaction| transaction.run(sql, &[kid_value(kid)]))?;
        rows.into_iter()
            .map(|mut row| Delivery::from_row(&mut row))
            .collect()
    }

    /// Deliveries that are not tried again by themselves, by KID.
    ///
    /// # Errors
    /// When the database fails.
    pub fn deliveries_given_up(&self, page: Page) -> Result<Vec<Delivery>, Error> {
        let rows = self.read(|transaction| transaction.run(GIVEN_UP, &page.values()?))?;
        rows.into_iter()
            .map(|mut row| Delivery::from_row(&mut row))
            .collect()
    }
}

pub(super) const GIVEN_UP: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    " FROM delivery WHERE state = 'given-up' ORDER BY kid, target LIMIT $1 OFFSET $2"
);

pub(super) fn enqueue(
    transaction: &mut Transaction<'_>,
    kid: &KeyId,
    targets: &[String],
) -> Result<(), Error> {
    let sql = "INSERT INTO delivery (kid, target, state, attempts, next_try) VALUES ($1, $2, 'pending', 0, $3)
        ON CONFLICT (kid, target) DO UPDATE SET state = 'pending', next_try = $3 WHERE delivery.state = 'given-up'";
    let now = transaction.now();
    for target in targets {
        transaction.run(sql, &[kid_value(kid), target.as_str().into(), now.into()])?;
    }
    Ok(())
}

/// Whether a planned key has all that it waits for.
fn is_delivered(transaction: &mut Transaction<'_>, kid: &KeyId) -> Result<bool, Error> {
    let sql = "SELECT kid FROM content_key WHERE kid = $1 AND state = 'planned' AND NOT EXISTS (
        SELECT 1 FROM key_slot JOIN content_target USING (content_id)
        LEFT JOIN delivery ON delivery.kid = key_slot.kid AND delivery.target = content_target.target
        WHERE key_slot.kid = $1 AND delivery.acknowledged IS NULL)";
    Ok(transaction.one(sql, &[kid_value(kid)])?.is_some())
}

fn missing(kid: &KeyId, target: &str) -> Error {
    Error::NoDelivery {
        kid: *kid,
        target: target.to_owned(),
    }
}

impl DeliveryState {
    const ALL: [Self; 3] = [Self::Pending, Self::Acknowledged, Self::GivenUp];

    /// The state as text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Acknowledged => "acknowledged",
            Self::GivenUp => "given-up",
        }
    }
}

impl Delivery {
    pub(super) fn from_row(row: &mut Row) -> Result<Self, Error> {
        Ok(Self {
            kid: kid_of(&row.blob()?)?,
            target: row.text()?,
            state: {
                let text = row.text()?;
                let state = DeliveryState::ALL
                    .into_iter()
                    .find(|state| state.name() == text);
                state.ok_or(Error::Damaged("unknown state of a delivery"))?
            },
            attempts: row.int()?.unsigned_abs(),
            next_try: time_of(row.int()?),
            acknowledged: row.optional_int()?.map(time_of),
            error: row.optional_text()?,
        })
    }
}
