// SPDX-License-Identifier: MPL-2.0
//! Keys that change: made before they are needed, on their way to licence servers when they are made, active when their crypto
//! period begins, retired when it is over. By the clock, crypto periods count from 1970-01-01 UTC, as packagers with
//! `period-clock=utc` count them.

use std::time::SystemTime;

use cenc_types::KeyId;
use content_key_store::{
    Content, KeyInfo, KeySlot, KeySource, KeyState, KeyStore, NewKey, PeriodKey,
};
use content_keys::speke::key_id_for;

use super::Error;
pub use super::content::period_at;
use super::content::{labels, last_slots, slot};
use crate::deliveries::{self, DeliveryState, ScheduledKey};

/// What became of keys when a crypto period began.
#[derive(Debug, Default)]
pub struct Turn {
    /// Those of the current period that are active now.
    pub activated: Vec<KeyId>,
    /// Those of past periods.
    pub retired: Vec<KeyId>,
    /// Those of the current period that a required target has not acknowledged: packagers must not use them yet.
    pub waiting: Vec<KeyId>,
}

/// Sees to it that the keys of the current crypto period and of the `ahead` next ones are there and on their way to the content's
/// targets; those that were made for it.
///
/// # Errors
/// [`Error::NoContent`](content_key_store::Error::NoContent), [`Error::NoCryptoPeriod`].
pub fn prepare(
    store: &KeyStore,
    content_id: &str,
    (now, ahead): (SystemTime, u8),
) -> Result<Vec<KeyInfo>, Error> {
    let content = store.content(content_id)?;
    let current = current(&content, now)?;
    let mut made = Vec::new();
    for period in current..=current.saturating_add(ahead.into()) {
        send(store, &content, period)?;
        made.extend(make(store, &content, period)?);
    }
    Ok(made)
}

/// Makes the keys of the current period active, as far as they were delivered, and retires those that are only of past ones.
///
/// # Errors
/// [`Error::NoContent`](content_key_store::Error::NoContent), [`Error::NoCryptoPeriod`].
pub fn turn(store: &KeyStore, content_id: &str, now: SystemTime) -> Result<Turn, Error> {
    turn_since(store, content_id, (now, 0))
}

/// As [`turn`], without periods before `since`, whose keys were retired: a channel may have millions of them.
///
/// # Errors
/// As [`turn`].
pub fn turn_since(
    store: &KeyStore,
    content_id: &str,
    (now, since): (SystemTime, u64),
) -> Result<Turn, Error> {
    let content = store.content(content_id)?;
    let current = current(&content, now)?;
    let mut turn = Turn::default();
    let mut from = since;
    while from <= current {
        let keys = deliveries::schedule(store, content_id, from..current.saturating_add(1))?;
        let Some(last) = keys.last().map(|last| last.key.slot.period) else {
            break;
        };
        for key in &keys {
            look_at(store, key, (&content, current), &mut turn)?;
        }
        // The list may have been cut within its last period.
        from = last.max(from.saturating_add(1));
    }
    Ok(turn)
}

/// Makes the keys of the next crypto period at once. By the clock this is the one after the current; without a clock the one
/// behind the last.
///
/// # Errors
/// [`Error::NoContent`](content_key_store::Error::NoContent), [`Error::LastPeriod`].
pub fn rotate_now(store: &KeyStore, content_id: &str) -> Result<Vec<KeyInfo>, Error> {
    let content = store.content(content_id)?;
    let last = match content.crypto_period {
        Some(_) => Some(current(&content, store.host().clock.system_time())?),
        None => last_slots(store, &content)?
            .first()
            .map(|assigned| assigned.slot.period),
    };
    let next = last.map_or(Some(0), |last| last.checked_add(1));
    let next = next.ok_or_else(|| Error::LastPeriod(content.id.clone()))?;
    make(store, &content, next)?;
    let kids = labels(&content).into_iter();
    let kids = kids.map(|label| store.kid_of(&slot(&content, label, next)));
    let kids = kids.filter_map(Result::transpose);
    kids.map(|kid| Ok(store.info(&kid?)?)).collect()
}

fn current(content: &Content, now: SystemTime) -> Result<u64, Error> {
    let length = content.crypto_period;
    let length = length.ok_or_else(|| Error::NoCryptoPeriod(content.id.clone()))?;
    Ok(period_at(length, now))
}

/// The keys that the tracks did not have in a period.
fn make(store: &KeyStore, content: &Content, period: u64) -> Result<Vec<KeyInfo>, Error> {
    let mut made = Vec::new();
    for label in labels(content) {
        let slot = slot(content, label, period);
        if store.kid_of(&slot)?.is_none() && insert(store, content, &slot)? {
            let kid = store.kid_of(&slot)?;
            made.extend(kid.map(|kid| store.info(&kid)).transpose()?);
        }
    }
    Ok(made)
}

/// Puts the keys that a period has on their way to targets that the content did not have when they were made.
fn send(store: &KeyStore, content: &Content, period: u64) -> Result<(), Error> {
    for label in labels(content) {
        let Some(kid) = store.kid_of(&slot(content, label, period))? else {
            continue;
        };
        let deliveries = deliveries::of_key(store, &kid)?;
        let is_new = |target: &&String| !deliveries.iter().any(|of| of.target == **target);
        let targets: Vec<_> = content.targets.iter().filter(is_new).cloned().collect();
        if !targets.is_empty() {
            store.enqueue(&kid, &targets)?;
        }
    }
    Ok(())
}

/// The KID is the one that packagers ask key servers for. False: somebody else was faster.
fn insert(store: &KeyStore, content: &Content, slot: &KeySlot) -> Result<bool, Error> {
    let changes = content.crypto_period.is_some() || slot.period > 0;
    let period = changes.then_some(slot.period);
    let new = NewKey {
        kid: key_id_for(&content.id, slot.mode, &slot.label, period),
        mode: slot.mode,
        source: match &content.seed {
            Some(name) => KeySource::Seed(name.clone()),
            None => KeySource::Random,
        },
    };
    match store.insert(&new, std::slice::from_ref(slot)) {
        Ok(_) => Ok(true),
        Err(
            error
            @ (content_key_store::Error::OtherKey(_) | content_key_store::Error::SlotTaken(_)),
        ) => match store.kid_of(slot)? {
            Some(_) => Ok(false),
            None => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

fn look_at(
    store: &KeyStore,
    scheduled: &ScheduledKey,
    (content, current): (&Content, u64),
    turn: &mut Turn,
) -> Result<(), content_key_store::Error> {
    let PeriodKey { slot, info } = &scheduled.key;
    if slot.mode != content.scheme.cipher_mode() {
        return Ok(());
    }
    if slot.period < current {
        if end(store, info, (content, current))? {
            turn.retired.push(info.kid);
        }
    } else if is_delivered(scheduled, content) {
        begin(store, info, turn)?;
    } else if info.state < KeyState::Active && !turn.waiting.contains(&info.kid) {
        turn.waiting.push(info.kid);
    }
    Ok(())
}

/// Whether the content's own targets have it: a store that refused a key each time that it is looked at would record each of them.
fn is_delivered(scheduled: &ScheduledKey, content: &Content) -> bool {
    content.targets.iter().all(|target| {
        let mut deliveries = scheduled.deliveries.iter();
        let delivery = deliveries.find(|delivery| delivery.target == *target);
        delivery.is_some_and(|delivery| delivery.state == DeliveryState::Acknowledged)
    })
}

fn begin(
    store: &KeyStore,
    info: &KeyInfo,
    turn: &mut Turn,
) -> Result<(), content_key_store::Error> {
    let kid = &info.kid;
    if info.state >= KeyState::Active || turn.waiting.contains(kid) {
        return Ok(());
    }
    match store.set_state(kid, KeyState::Active) {
        Ok(()) => turn.activated.push(*kid),
        // The database's own rule, which knows the targets of all contents that the key is for.
        Err(content_key_store::Error::Rule(_)) => turn.waiting.push(*kid),
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Retires a key, unless another content or a later period has it too.
fn end(
    store: &KeyStore,
    info: &KeyInfo,
    (content, current): (&Content, u64),
) -> Result<bool, content_key_store::Error> {
    let kid = &info.kid;
    if info.state == KeyState::Retired {
        return Ok(false);
    }
    let uses = store.slots_of(kid)?;
    let is_over = |slot: &KeySlot| slot.content_id == content.id && slot.period < current;
    let is_over = uses.iter().all(is_over);
    if is_over {
        store.set_state(kid, KeyState::Retired)?;
    }
    Ok(is_over)
}

#[cfg(test)]
mod tests;
