// SPDX-License-Identifier: MPL-2.0
//! The keys of several tracks at once, as SPEKE asks for them: with KIDs that the packager wants.

use cenc_types::KeyId;

use super::content_key::{assign, create, find_slot, load};
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

/// The keys of a content and what its packagers need to know.
pub struct ContentKeys {
    /// The settings of the content.
    pub content: Content,
    /// The keys, in the order in which they were asked for.
    pub keys: Vec<StoredKey>,
}

impl KeyStore {
    /// The keys of tracks in crypto periods, in their order: all of them or none. What is not there is made as by
    /// [`Self::get_or_create_key`], with the KID that is wanted. A KID that the content has already brings its key to the track.
    ///
    /// # Errors
    /// Those of [`Self::get_or_create_key`], [`Error::NilKeyId`], [`Error::OtherContent`], [`Error::OtherMode`].
    pub fn get_or_create_keys(&self, wanted: &[SlotRequest]) -> Result<Vec<StoredKey>, Error> {
        check(wanted)?;
        self.write("keys of", &object(wanted), |transaction| {
            give_all(transaction, wanted)
        })
    }
}

/// What must hold before the database is asked.
pub(super) fn check(wanted: &[SlotRequest]) -> Result<(), Error> {
    for request in wanted {
        request.slot.check()?;
        if request.kid.is_some_and(|kid| kid.is_nil()) {
            return Err(Error::NilKeyId);
        }
    }
    Ok(())
}

/// What the audit calls the tracks.
pub(super) fn object(wanted: &[SlotRequest]) -> String {
    let objects = wanted.iter().map(|request| slot_object(&request.slot));
    objects.collect::<Vec<_>>().join("; ")
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

/// The keys and the settings of the first one's content.
pub(super) fn with_content(
    transaction: &mut Transaction<'_>,
    wanted: &[SlotRequest],
) -> Recorded<ContentKeys> {
    let (keys, result) = give_all(transaction, wanted)?;
    let id = wanted
        .first()
        .map(|request| request.slot.content_id.as_str());
    let content = content::load(transaction, id.unwrap_or_default())?;
    Ok((ContentKeys { content, keys }, result))
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

/// The key of a track, and what was done for it.
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

/// Gives a track the key of another one. Whoever knows the KID of another content's key does not get that key by asking for it.
fn share(
    transaction: &mut Transaction<'_>,
    slot: &KeySlot,
    key: StoredKey,
) -> Result<(StoredKey, &'static str), Error> {
    let kid = key.info.kid;
    let sql = "SELECT kid FROM key_slot WHERE kid = $1 AND content_id = $2 LIMIT 1";
    let values = [(&kid).into(), slot.content_id.as_str().into()];
    let own = transaction.one(sql, &values)?;
    own.ok_or(Error::OtherContent(kid))?;
    assign(transaction, slot, (&kid, key.info.mode))?;
    Ok((key, "shared"))
}
