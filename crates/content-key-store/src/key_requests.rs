// SPDX-License-Identifier: MPL-2.0
//! Requests for the keys of several tracks at once, with the KIDs that the packager wants, as in SPEKE.

use std::collections::BTreeSet;

use cenc_types::KeyId;

use super::actor::Actor;
use super::content_key::{KeyIdentity, assign, create, find_key, find_slot, load_of_content};
use super::facts::Wanted;
use super::model::{KeyInfo, KeyState, mode_name};
use super::transaction::{Recorded, Transaction};
use super::{Content, Error, KeySlot, KeyStore, StoredKey, content};

/// A request for the key of a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotRequest {
    /// The track in a crypto period.
    pub slot: KeySlot,
    /// The KID that the packager proposes. A slot that has a key keeps its KID. A new key has the proposed KID if it is a random UUID
    /// (version 4) that is free, and the content has no seed; otherwise the store chooses.
    pub kid: Option<KeyId>,
}

/// The crypto periods for which packagers still get a key after its own has ended: redundant packagers run seconds apart, and some
/// restart.
pub(super) const GRACE_PERIODS: u32 = 3;

/// A key that was given to a packager.
pub(super) struct GivenKey {
    pub(super) key: StoredKey,
    /// The verb for the audit.
    pub(super) verb: &'static str,
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
    /// [`Self::get_or_create_key`]. If another slot of the content has a key with the proposed KID, this slot gets that key too.
    ///
    /// # Errors
    /// Those of [`Self::get_or_create_key`], [`Error::NilKeyId`], [`Error::UnknownLabel`].
    pub fn get_or_create_keys(&self, wanted: &[SlotRequest]) -> Result<Vec<StoredKey>, Error> {
        check(&self.actor, wanted)?;
        self.write("keys of", &object(wanted), |transaction| {
            let (found, result) = with_content(transaction, wanted)?;
            Ok((found.keys, result))
        })
    }
}

/// Checks the requests before the database is used.
pub(super) fn check(actor: &Actor, wanted: &[SlotRequest]) -> Result<(), Error> {
    for request in wanted {
        request.slot.check()?;
        actor.check_content(&request.slot.content_id)?;
        if request.kid.is_some_and(|kid| kid.is_nil()) {
            return Err(Error::NilKeyId);
        }
    }
    Ok(())
}

/// Returns what the requests will look for.
pub(super) fn needs(wanted: &[SlotRequest]) -> Wanted {
    Wanted {
        contents: wanted
            .first()
            .map(|request| request.slot.content_id.clone())
            .into_iter()
            .collect(),
        slots: wanted.iter().map(|request| request.slot.clone()).collect(),
        kids: wanted.iter().filter_map(|request| request.kid).collect(),
    }
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
    let known = content::load_if_there(transaction, id)?;
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
        let GivenKey { key, verb } = give(transaction, slot, *kid)?;
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
) -> Result<GivenKey, Error> {
    if let Some(kid) = find_slot(transaction, slot)? {
        let key = load_of_content(transaction, &kid)?;
        check_usable(transaction, slot, &key.info)?;
        return Ok(GivenKey { key, verb: "read" });
    }
    if let Some(kid) = wanted
        && is_of_content(transaction, slot, &kid)?
    {
        let key = load_of_content(transaction, &kid)?;
        check_usable(transaction, slot, &key.info)?;
        assign(
            transaction,
            slot,
            KeyIdentity {
                kid: &kid,
                mode: key.info.mode,
            },
        )?;
        return Ok(GivenKey {
            key,
            verb: "shared",
        });
    }
    Ok(GivenKey {
        key: create(transaction, slot, wanted)?,
        verb: "made",
    })
}

/// True if the KID has a key that another slot of the same content uses, so that both may share it.
fn is_of_content(
    transaction: &mut Transaction<'_>,
    slot: &KeySlot,
    kid: &KeyId,
) -> Result<bool, Error> {
    if find_key(transaction, kid)?.is_none() {
        return Ok(false);
    }
    let found = transaction.one(
        "SELECT kid FROM key_slot WHERE kid = $1 AND content_id = $2 AND mode = $3 LIMIT 1",
        &[
            kid.into(),
            slot.content_id.as_str().into(),
            mode_name(slot.mode).into(),
        ],
    )?;
    Ok(found.is_some())
}

/// Refuses a key that must not protect new samples.
fn check_usable(
    transaction: &mut Transaction<'_>,
    slot: &KeySlot,
    info: &KeyInfo,
) -> Result<(), Error> {
    match info.state {
        KeyState::Planned | KeyState::Delivered | KeyState::Active => Ok(()),
        KeyState::Retired => Err(Error::Retired(info.kid)),
        KeyState::Compromised => Err(Error::Compromised(info.kid)),
        KeyState::Draining => match has_drained(transaction, slot, info)? {
            true => Err(Error::Superseded(info.kid)),
            false => Ok(()),
        },
    }
}

/// True if a draining key has drained for longer than late packagers may use it.
fn has_drained(
    transaction: &mut Transaction<'_>,
    slot: &KeySlot,
    info: &KeyInfo,
) -> Result<bool, Error> {
    let grace = content::load(transaction, &slot.content_id)?
        .crypto_period
        .map(|period| period.saturating_mul(GRACE_PERIODS));
    Ok(grace.zip(info.draining).is_some_and(|(grace, since)| {
        transaction
            .now()
            .duration_since(since)
            .is_ok_and(|drained| drained > grace)
    }))
}
