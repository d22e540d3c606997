// SPDX-License-Identifier: MPL-2.0
//! What a key waits for: a delivery for each target of its contents is put in the outbox by the transaction that makes the key, and
//! the last acknowledgement that is required makes the key delivered. Whoever hands keys over takes the deliveries from there.

use cenc_types::KeyId;

use super::content_key::advance;
use super::list::info;
use super::model::check_name;
use super::transaction::Transaction;
use super::{Error, KeyState, KeyStore};

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

    /// Notes that the target has the key. When it was the last that had to, the key is delivered.
    ///
    /// # Errors
    /// [`Error::NoDelivery`].
    pub fn acknowledge(&self, kid: &KeyId, target: &str) -> Result<(), Error> {
        self.write("acknowledge", &kid.to_string(), |transaction| {
            let sql = "UPDATE delivery SET state = 'acknowledged', acknowledged = COALESCE(acknowledged, $3), error = NULL
                WHERE kid = $1 AND target = $2 RETURNING kid";
            let now = transaction.now();
            let found = transaction.one(sql, &[kid.into(), target.into(), now.into()])?;
            found.ok_or_else(|| Error::NoDelivery {
                kid: *kid,
                target: target.to_owned(),
            })?;
            if is_delivered(transaction, kid)? {
                advance(transaction, kid, KeyState::Delivered)?;
            }
            Ok(((), target.to_owned()))
        })
    }
}

pub(super) fn enqueue(
    transaction: &mut Transaction<'_>,
    kid: &KeyId,
    targets: &[String],
) -> Result<(), Error> {
    let sql = "INSERT INTO delivery (kid, target, state, attempts, next_try) VALUES ($1, $2, 'pending', 0, $3)
        ON CONFLICT (kid, target) DO UPDATE SET state = 'pending', next_try = $3 WHERE delivery.state = 'given-up'";
    let now = transaction.now();
    for target in targets {
        transaction.run(sql, &[kid.into(), target.as_str().into(), now.into()])?;
    }
    Ok(())
}

/// Whether a planned key has all that it waits for.
fn is_delivered(transaction: &mut Transaction<'_>, kid: &KeyId) -> Result<bool, Error> {
    let sql = "SELECT kid FROM content_key WHERE kid = $1 AND state = 'planned' AND NOT EXISTS (
        SELECT 1 FROM key_slot JOIN content_target USING (content_id)
        LEFT JOIN delivery ON delivery.kid = key_slot.kid AND delivery.target = content_target.target
        WHERE key_slot.kid = $1 AND delivery.acknowledged IS NULL)";
    Ok(transaction.one(sql, &[kid.into()])?.is_some())
}
