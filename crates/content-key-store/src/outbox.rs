// SPDX-License-Identifier: MPL-2.0
//! The outbox of deliveries. The transaction that creates a key adds a delivery for each target of its contents, and the last required
//! acknowledgement makes the key delivered. Workers that hand keys over take the deliveries from the outbox.

use cenc_types::KeyId;

use super::content_key::advance;
use super::list::info;
use super::model::check_name;
use super::new_row::NewRow;
use super::transaction::Transaction;
use super::{Error, KeyState, KeyStore};

impl KeyStore {
    /// Enqueues a key for targets. Deliveries that were given up are tried again; acknowledged ones stay as they are.
    ///
    /// # Errors
    /// [`Error::NoKey`], [`Error::BadName`], [`Error::Compromised`].
    pub fn enqueue(&self, kid: &KeyId, targets: &[String]) -> Result<(), Error> {
        for target in targets {
            check_name("target", target)?;
        }
        self.write("enqueue", &kid.to_string(), |transaction| {
            transaction.check_key_change(kid)?;
            if info(transaction, kid)?.state == KeyState::Compromised {
                return Err(Error::Compromised(*kid));
            }
            enqueue(transaction, kid, targets)?;
            Ok(((), targets.join(", ")))
        })
    }

    /// Records that the target has the key. The last required acknowledgement makes the key delivered.
    ///
    /// # Errors
    /// [`Error::NoDelivery`].
    pub fn acknowledge(&self, kid: &KeyId, target: &str) -> Result<(), Error> {
        self.write("acknowledge", &kid.to_string(), |transaction| {
            transaction.check_key_change(kid)?;
            let values = [kid.into(), target.into(), transaction.now().into()];
            transaction
                .one(
                    "UPDATE delivery SET state = 'acknowledged', acknowledged = COALESCE(acknowledged, $3), error = NULL
                        WHERE kid = $1 AND target = $2 RETURNING kid",
                    &values,
                )?
                .ok_or_else(|| Error::NoDelivery {
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
    let now = transaction.now();
    for target in targets {
        transaction.insert(
            NewRow::Delivery,
            vec![kid.into(), target.as_str().into(), now.into()],
        )?;
    }
    Ok(())
}

/// Gives up the deliveries of a compromised key.
pub(super) fn give_up(transaction: &mut Transaction<'_>, kid: &KeyId) -> Result<(), Error> {
    transaction
        .run(
            "UPDATE delivery SET state = 'given-up', error = 'the key is compromised' WHERE kid = $1 AND state = 'pending'",
            &[kid.into()],
        )
        .map(|_| ())
}

/// True if all required targets have acknowledged a planned key.
fn is_delivered(transaction: &mut Transaction<'_>, kid: &KeyId) -> Result<bool, Error> {
    let delivered = transaction.one(
        "SELECT kid FROM content_key WHERE kid = $1 AND state = 'planned' AND NOT EXISTS (
            SELECT 1 FROM key_slot JOIN content_target USING (content_id)
            LEFT JOIN delivery ON delivery.kid = key_slot.kid AND delivery.target = content_target.target
            WHERE key_slot.kid = $1 AND delivery.acknowledged IS NULL)",
        &[kid.into()],
    )?;
    Ok(delivered.is_some())
}
