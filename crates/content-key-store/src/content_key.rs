// SPDX-License-Identifier: MPL-2.0
//! Content keys: made once for a track and a crypto period, handed out and retired.

use cenc_types::{CipherMode, ContentKey, KeyId};
use content_keys::key_id_for;

use super::database::{Row, Value};
use super::key_requests::{GivenKey, give, slot_object};
use super::model::{KeyInfo, check_name, info_columns, mode_name};
use super::new_row::NewRow;
use super::transaction::Transaction;
use super::wrap::{Subject, content_key};
use super::{
    Content, Error, KeySlot, KeyState, KeyStore, Origin, StoredKey, content, outbox, seed,
};

/// The kind of secret for which fingerprints of content keys are computed.
pub(super) const KIND: &str = "content key";

/// Sets the state `$2` of the key `$1`, and the time `$3` at which it had that state first.
const ADVANCE: &str = "UPDATE content_key SET state = $2,
        delivered = CASE WHEN $2 = 'delivered' THEN COALESCE(delivered, $3) ELSE delivered END,
        activated = CASE WHEN $2 = 'active' THEN COALESCE(activated, $3) ELSE activated END,
        draining = CASE WHEN $2 = 'draining' THEN COALESCE(draining, $3) ELSE draining END,
        retired = CASE WHEN $2 = 'retired' THEN COALESCE(retired, $3) ELSE retired END,
        compromised = CASE WHEN $2 = 'compromised' THEN COALESCE(compromised, $3) ELSE compromised END
    WHERE kid = $1 RETURNING kid";

impl KeyStore {
    /// Returns the key of a track in a crypto period. The first request creates it, from the content's seed or else by the operating
    /// system's generator, and enqueues it for the content's targets. An unknown content is added.
    ///
    /// # Errors
    /// If a name or the period's index is out of range, the seed cannot be used, or the database fails; [`Error::Retired`],
    /// [`Error::Compromised`], [`Error::Superseded`] for a key that must protect nothing new.
    pub fn get_or_create_key(&self, slot: &KeySlot) -> Result<StoredKey, Error> {
        slot.check()?;
        self.actor.check_content(&slot.content_id)?;
        self.write("key of", &slot_object(slot), |transaction| {
            let GivenKey { key, verb } = give(transaction, slot, None)?;
            let kid = key.info.kid;
            Ok((key, format!("{verb} {kid}")))
        })
    }

    /// Returns the KID of a track's key in a crypto period; None, without creating one, if there is none.
    ///
    /// # Errors
    /// If a name or the period's index is out of range, or the database fails.
    pub fn kid_of(&self, slot: &KeySlot) -> Result<Option<KeyId>, Error> {
        slot.check()?;
        self.read(|transaction| find_slot(transaction, slot))
    }

    /// Reads a key in clear, for a licence server.
    ///
    /// # Errors
    /// [`Error::NoKey`], [`Error::Compromised`].
    pub fn key(&self, kid: &KeyId) -> Result<StoredKey, Error> {
        self.write("read", &kid.to_string(), |transaction| {
            Ok((load_for_licences(transaction, kid)?, "ok".to_owned()))
        })
    }

    /// Reads a key in clear, in any state, for a reason that the audit records: 1 to 255 characters, not secret.
    ///
    /// # Errors
    /// [`Error::NoKey`], [`Error::BadName`].
    pub fn key_for(&self, kid: &KeyId, reason: &str) -> Result<StoredKey, Error> {
        check_name("reason", reason)?;
        self.write("read", &kid.to_string(), |transaction| {
            Ok((load(transaction, kid)?, reason.to_owned()))
        })
    }

    /// Moves a key forward: to active when its crypto period starts, to draining when it has ended. A person retires it, or reports that it
    /// is compromised, which ends its deliveries.
    ///
    /// # Errors
    /// [`Error::NoKey`], or [`Error::Rule`] when it would go back, or a required target has not acknowledged it.
    pub fn set_state(&self, kid: &KeyId, state: KeyState) -> Result<(), Error> {
        self.write(state.name(), &kid.to_string(), |transaction| {
            advance(transaction, kid, state)?;
            Ok(((), "ok".to_owned()))
        })
    }
}

/// Sets a key's state and the time of it.
pub(super) fn advance(
    transaction: &mut Transaction<'_>,
    kid: &KeyId,
    state: KeyState,
) -> Result<(), Error> {
    transaction.check_key_change(kid)?;
    let values = [kid.into(), state.name().into(), transaction.now().into()];
    transaction
        .one(ADVANCE, &values)?
        .ok_or_else(|| transaction.actor.no_key(kid))?;
    match state {
        KeyState::Compromised => outbox::give_up(transaction, kid),
        _ => Ok(()),
    }
}

/// A key as the database has it.
#[derive(Clone)]
pub(super) struct KeyRow {
    wrapped: Vec<u8>,
    fingerprint: Vec<u8>,
    pub(super) info: KeyInfo,
}

impl KeyRow {
    /// Reads the columns `wrapped, fingerprint` and those of [`KeyInfo`].
    pub(super) fn from_row(row: &mut Row) -> Result<Self, Error> {
        Ok(Self {
            wrapped: row.blob()?,
            fingerprint: row.blob()?,
            info: KeyInfo::from_row(row)?,
        })
    }

    /// Returns the key in clear.
    pub(super) fn open(self, transaction: &Transaction<'_>) -> Result<StoredKey, Error> {
        let KeyInfo { kid, mode, .. } = self.info;
        let clear = transaction.unwrap(Subject::ContentKey(&kid, mode), &self.wrapped)?;
        // A key that another store wrapped for the same KID, under the same key-encryption key, opens too.
        if transaction.secrets.fingerprint(KIND, &clear).as_slice() != self.fingerprint {
            return Err(Error::Tampered {
                what: format!("key of KID {kid}"),
            });
        }
        Ok(StoredKey {
            info: self.info,
            key: content_key(&clear)?,
            is_new: false,
        })
    }
}

/// Reads the content key of a KID, in clear.
pub(super) fn load(transaction: &mut Transaction<'_>, kid: &KeyId) -> Result<StoredKey, Error> {
    transaction.check_key(kid)?;
    load_of_content(transaction, kid)
}

/// Reads the content key of a KID that a content which the actor may use has, in clear.
pub(super) fn load_of_content(
    transaction: &mut Transaction<'_>,
    kid: &KeyId,
) -> Result<StoredKey, Error> {
    find_key(transaction, kid)?
        .ok_or_else(|| transaction.actor.no_key(kid))?
        .open(transaction)
}

/// Reads the row of a KID, whether or not the actor may use it.
pub(super) fn find_key(
    transaction: &mut Transaction<'_>,
    kid: &KeyId,
) -> Result<Option<KeyRow>, Error> {
    if let Some(known) = transaction.facts.key(kid) {
        return Ok(known.cloned());
    }
    let sql = concat!(
        "SELECT wrapped, fingerprint, ",
        info_columns!(),
        " FROM content_key WHERE kid = $1"
    );
    let found = transaction
        .one(sql, &[kid.into()])?
        .map(|mut row| KeyRow::from_row(&mut row))
        .transpose()?;
    transaction.facts.learn_key(kid, found.as_ref());
    Ok(found)
}

/// Reads the content key of a KID, in clear, unless it must not be delivered.
pub(super) fn load_for_licences(
    transaction: &mut Transaction<'_>,
    kid: &KeyId,
) -> Result<StoredKey, Error> {
    let key = load(transaction, kid)?;
    match key.info.state {
        KeyState::Compromised => Err(Error::Compromised(*kid)),
        _ => Ok(key),
    }
}

pub(super) fn find_slot(
    transaction: &mut Transaction<'_>,
    slot: &KeySlot,
) -> Result<Option<KeyId>, Error> {
    transaction.actor.check_content(&slot.content_id)?;
    if let Some(known) = transaction.facts.slot(slot) {
        return Ok(known.copied());
    }
    let found = transaction
        .one(
            "SELECT kid FROM key_slot WHERE content_id = $1 AND label = $2 AND period = $3 AND mode = $4",
            &slot_values(slot)?,
        )?
        .map(|mut row| row.key_id())
        .transpose()?;
    transaction.facts.learn_slot(slot, found);
    Ok(found)
}

fn slot_values(slot: &KeySlot) -> Result<[Value; 4], Error> {
    Ok([
        slot.content_id.as_str().into(),
        slot.label.as_str().into(),
        slot.period_column()?.into(),
        mode_name(slot.mode).into(),
    ])
}

/// Creates the key of a track. `proposed` is the KID that the packager wants.
pub(super) fn create(
    transaction: &mut Transaction<'_>,
    slot: &KeySlot,
    proposed: Option<KeyId>,
) -> Result<StoredKey, Error> {
    content::ensure(transaction, slot)?;
    let content = content::load(transaction, &slot.content_id)?;
    let kid = choose_kid(transaction, slot, &content, proposed)?;
    let (key, origin) = match &content.seed {
        Some(name) => (
            seed::load(transaction, name)?.content_key(&kid),
            Origin::Seed,
        ),
        None => (
            ContentKey::generate(&*transaction.host.random)?,
            Origin::Random,
        ),
    };
    let identity = KeyIdentity {
        kid: &kid,
        mode: slot.mode,
    };
    store(
        transaction,
        identity,
        &key,
        Provenance {
            origin,
            seed: content.seed.as_deref(),
        },
    )?;
    assign(transaction, slot, identity)?;
    outbox::enqueue(transaction, &kid, &content.targets)?;
    Ok(StoredKey {
        is_new: true,
        ..load_of_content(transaction, &kid)?
    })
}

/// Chooses a KID that the store does not have. The proposed one is used only if it is random and free. A computable KID could be claimed
/// for another content. A content with a seed has the KID that every packager computes, since the licence server derives its key from it.
fn choose_kid(
    transaction: &mut Transaction<'_>,
    slot: &KeySlot,
    content: &Content,
    proposed: Option<KeyId>,
) -> Result<KeyId, Error> {
    let preferred = match content.seed {
        Some(_) => {
            let rotates = content.crypto_period.is_some() || slot.period > 0;
            Some(key_id_for(
                &content.id,
                slot.mode,
                &slot.label,
                rotates.then_some(slot.period),
            ))
        }
        None => proposed.filter(KeyId::is_random),
    };
    match preferred {
        Some(kid) if find_key(transaction, &kid)?.is_none() => Ok(kid),
        _ => Ok(KeyId::generate(&*transaction.host.random)?),
    }
}

/// The KID of a key and the only cipher mode in which it may be used.
#[derive(Clone, Copy)]
pub(super) struct KeyIdentity<'a> {
    pub(super) kid: &'a KeyId,
    pub(super) mode: CipherMode,
}

/// The origin of a key, with the name of its seed if it has one.
pub(super) struct Provenance<'a> {
    pub(super) origin: Origin,
    pub(super) seed: Option<&'a str>,
}

pub(super) fn store(
    transaction: &mut Transaction<'_>,
    KeyIdentity { kid, mode }: KeyIdentity<'_>,
    key: &ContentKey,
    Provenance { origin, seed }: Provenance<'_>,
) -> Result<(), Error> {
    if let Some(doubt) = transaction.doubt {
        return Err(Error::Restored(doubt));
    }
    let row = KeyRow {
        wrapped: transaction.wrap(Subject::ContentKey(kid, mode), key.as_bytes())?,
        fingerprint: transaction.fingerprint(KIND, key.as_bytes()).into(),
        info: KeyInfo {
            kid: *kid,
            mode,
            origin,
            seed: seed.map(str::to_owned),
            state: KeyState::Planned,
            created: transaction.now(),
            delivered: None,
            activated: None,
            draining: None,
            retired: None,
            compromised: None,
        },
    };
    transaction.insert(
        NewRow::ContentKey,
        vec![
            kid.into(),
            mode_name(mode).into(),
            row.wrapped.as_slice().into(),
            row.fingerprint.as_slice().into(),
            origin.name().into(),
            seed.into(),
            row.info.created.into(),
        ],
    )?;
    transaction.facts.learn_key(kid, Some(&row));
    Ok(())
}

/// Assigns a key to a slot; false if the slot has it already. The database refuses a key of the other cipher mode.
pub(super) fn assign(
    transaction: &mut Transaction<'_>,
    slot: &KeySlot,
    KeyIdentity { kid, mode }: KeyIdentity<'_>,
) -> Result<bool, Error> {
    if slot.mode != mode {
        return Err(Error::OtherMode { kid: *kid, mode });
    }
    match find_slot(transaction, slot)? {
        Some(found) if found == *kid => return Ok(false),
        Some(found) => return Err(Error::SlotTaken(found)),
        None => content::ensure(transaction, slot)?,
    }
    content::check_period(transaction, slot)?;
    let mut values = Vec::from(slot_values(slot)?);
    values.push(kid.into());
    transaction.insert(NewRow::KeySlot, values)?;
    transaction.facts.learn_slot(slot, Some(*kid));
    Ok(true)
}
