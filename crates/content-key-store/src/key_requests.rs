// SPDX-License-Identifier: MPL-2.0
//! Requests for the keys of several tracks at once, with the KIDs that the packager wants, as in SPEKE.

use std::collections::BTreeSet;

use cenc_types::KeyId;

use super::content_key::{KeyIdentity, assign, create, find_slot, load};
use super::model::mode_name;
use super::transaction::{Recorded, Transaction};
use super::{Content, Error, KeySlot, KeyStore, StoredKey, content};

/// A request for the key of a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotRequest {
    /// The track in a crypto period.
    pub slot: KeySlot,
    /// The KID for a new key; random if None. A key that the slot has already keeps its own.
    pub kid: Option<KeyId>,
}

/// The keys of a content and its settings.
pub struct ContentKeys {
    /// The settings of the content.
    pub content: Content,
    /// The keys, in the order of the requests.
    pub keys: Vec<StoredKey>,
}

impl KeyStore {
    /// Returns the keys of several slots, in the order of the requests: all of them or none. Missing keys are created as by
    /// [`Self::get_or_create_key`], with the requested KIDs. If the content has a key with that KID already, the slot gets that key.
    ///
    /// # Errors
    /// Those of [`Self::get_or_create_key`], [`Error::NilKeyId`], [`Error::OtherContent`], [`Error::OtherMode`],
    /// [`Error::UnknownLabel`].
    pub fn get_or_create_keys(&self, wanted: &[SlotRequest]) -> Result<Vec<StoredKey>, Error> {
        check(wanted)?;
        self.write("keys of", &object(wanted), |transaction| {
            let (found, result) = with_content(transaction, wanted)?;
            Ok((found.keys, result))
        })
    }
}

/// Checks the requests before the database is used.
pub(super) fn check(wanted: &[SlotRequest]) -> Result<(), Error> {
    for request in wanted {
        request.slot.check()?;
        if request.kid.is_some_and(|kid| kid.is_nil()) {
            return Err(Error::NilKeyId);
        }
    }
    Ok(())
}

/// Describes the slots for the audit.
pub(super) fn object(wanted: &[SlotRequest]) -> String {
    wanted
        .iter()
        .map(|request| slot_object(&request.slot))
        .collect::<Vec<_>>()
        .join("; ")
}

pub(super) fn slot_object(slot: &KeySlot) -> String {
    let KeySlot {
        content_id,
        label,
        period,
        mode,
    } = slot;
    format!("{content_id} / {label} / {period} / {}", mode_name(*mode))
}

/// Returns the keys, and the settings of the first one's content.
pub(super) fn with_content(
    transaction: &mut Transaction<'_>,
    wanted: &[SlotRequest],
) -> Recorded<ContentKeys> {
    let id = wanted
        .first()
        .map(|request| request.slot.content_id.as_str())
        .unwrap_or_default();
    let known = match content::load(transaction, id) {
        Err(Error::NoContent(_)) => None,
        found => Some(found?),
    };
    if let Some(content) = &known {
        check_labels(content, wanted)?;
    }
    let (keys, result) = give_all(transaction, wanted)?;
    let content = match known {
        Some(content) => content,
        None => content::load(transaction, id)?,
    };
    Ok((ContentKeys { content, keys }, result))
}

/// Checks that the tracks are the content's. Otherwise a packager that names none would get a new key, and would protect with it what has
/// keys of its own. A content without tracks of its own takes all labels.
fn check_labels(content: &Content, wanted: &[SlotRequest]) -> Result<(), Error> {
    let labels: BTreeSet<&str> = content
        .tracks
        .iter()
        .map(|track| track.label.as_str())
        .collect();
    match wanted
        .iter()
        .map(|request| request.slot.label.as_str())
        .find(|label| !labels.is_empty() && !labels.contains(label))
    {
        Some(label) => Err(Error::UnknownLabel {
            content: content.id.clone(),
            label: label.to_owned(),
            labels: Vec::from_iter(labels).join(","),
        }),
        None => Ok(()),
    }
}

fn give_all(transaction: &mut Transaction<'_>, wanted: &[SlotRequest]) -> Recorded<Vec<StoredKey>> {
    let mut keys = Vec::with_capacity(wanted.len());
    let mut results = Vec::with_capacity(wanted.len());
    for SlotRequest { slot, kid } in wanted {
        let (key, verb) = give(transaction, slot, *kid)?;
        results.push(format!("{verb} {}", key.info.kid));
        keys.push(key);
    }
    Ok((keys, results.join(", ")))
}

/// Returns the key of a slot, and the verb for the audit.
pub(super) fn give(
    transaction: &mut Transaction<'_>,
    slot: &KeySlot,
    wanted: Option<KeyId>,
) -> Result<(StoredKey, &'static str), Error> {
    if let Some(kid) = find_slot(transaction, slot)? {
        return Ok((load(transaction, &kid)?, "read"));
    }
    let Some(kid) = wanted else {
        let kid = KeyId::generate(&*transaction.host.random)?;
        return Ok((create(transaction, slot, kid)?, "made"));
    };
    match load(transaction, &kid) {
        Err(Error::NoKey(_)) => Ok((create(transaction, slot, kid)?, "made")),
        Err(error) => Err(error),
        Ok(key) => share(transaction, slot, key),
    }
}

/// Assigns the key of another slot of the same content. A KID of another content is refused, so that knowing it does not give access
/// to its key.
fn share(
    transaction: &mut Transaction<'_>,
    slot: &KeySlot,
    key: StoredKey,
) -> Result<(StoredKey, &'static str), Error> {
    let kid = key.info.kid;
    transaction
        .one(
            "SELECT kid FROM key_slot WHERE kid = $1 AND content_id = $2 LIMIT 1",
            &[(&kid).into(), slot.content_id.as_str().into()],
        )?
        .ok_or(Error::OtherContent(kid))?;
    let mode = key.info.mode;
    assign(transaction, slot, KeyIdentity { kid: &kid, mode })?;
    Ok((key, "shared"))
}
