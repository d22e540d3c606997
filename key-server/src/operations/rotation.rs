// SPDX-License-Identifier: MPL-2.0
//! Key rotation. The keys of a crypto period are made ahead and sent to licence servers, become active when the period starts, and
//! drain when it has ended. Periods of a fixed length count from 1970-01-01 UTC, as in packagers with `period-clock=utc`.

use std::time::SystemTime;

use cenc_types::KeyId;
use content_key_store::{Content, KeyInfo, KeyState, KeyStore, PeriodKey};

use super::Error;
pub use super::content::period_at;
use super::content::{labels, slot};
use crate::deliveries::{self, DeliveryState, ScheduledKey};

/// The keys whose states the start of a crypto period has changed, or should have.
#[derive(Debug, Default)]
pub struct PeriodChange {
    /// The keys of the current period that have become active.
    pub activated: Vec<KeyId>,
    /// The keys of past periods that drain from now on.
    pub draining: Vec<KeyId>,
    /// The keys of the current period that a required target has not acknowledged: packagers must not use them yet.
    pub waiting: Vec<KeyId>,
}

/// Makes the missing keys of the current crypto period and of the `ahead` next ones, and enqueues their deliveries to the content's
/// targets. Returns the keys that it has made.
///
/// # Errors
/// [`Error::NoContent`](content_key_store::Error::NoContent), [`Error::NoCryptoPeriod`].
pub fn prepare(
    store: &KeyStore,
    content_id: &str,
    now: SystemTime,
    ahead: u8,
) -> Result<Vec<KeyInfo>, Error> {
    let content = store.content(content_id)?;
    let current = current(&content, now)?;
    let mut made = Vec::new();
    for period in current..=current.saturating_add(ahead.into()) {
        enqueue_missing(store, &content, period)?;
        made.extend(make_keys(store, &content, period)?);
    }
    Ok(made)
}

/// Activates the delivered keys of the current period, and retires the keys that are only of past periods.
///
/// # Errors
/// [`Error::NoContent`](content_key_store::Error::NoContent), [`Error::NoCryptoPeriod`].
pub fn turn(store: &KeyStore, content_id: &str, now: SystemTime) -> Result<PeriodChange, Error> {
    turn_since(store, content_id, now, 0)
}

/// As [`turn`], without the periods before `since`, whose keys drain already: a channel may have millions of them.
///
/// # Errors
/// As [`turn`].
pub fn turn_since(
    store: &KeyStore,
    content_id: &str,
    now: SystemTime,
    since: u64,
) -> Result<PeriodChange, Error> {
    let content = store.content(content_id)?;
    let current = current(&content, now)?;
    let mut change = PeriodChange::default();
    let mut from = since;
    while from <= current {
        let keys = deliveries::schedule(store, content_id, from..current.saturating_add(1))?;
        let Some(last) = keys.last().map(|last| last.key.slot.period) else {
            break;
        };
        for key in &keys {
            update_state(store, key, &content, current, &mut change)?;
        }
        // The list may end within its last period.
        from = last.max(from.saturating_add(1));
    }
    Ok(change)
}

/// Makes the keys of the crypto period after the current one now. Returns the keys of that period.
///
/// # Errors
/// [`Error::NoContent`](content_key_store::Error::NoContent), [`Error::NoCryptoPeriod`]: packagers would never request the new keys;
/// [`Error::LastPeriod`].
pub fn rotate_now(store: &KeyStore, content_id: &str) -> Result<Vec<KeyInfo>, Error> {
    let content = store.content(content_id)?;
    let next = current(&content, store.host().clock.system_time())?
        .checked_add(1)
        .ok_or_else(|| Error::LastPeriod(content.id.clone()))?;
    make_keys(store, &content, next)?;
    labels(&content)
        .into_iter()
        .map(|label| store.kid_of(&slot(&content, label, next)))
        .filter_map(Result::transpose)
        .map(|kid| Ok(store.info(&kid?)?))
        .collect()
}

fn current(content: &Content, now: SystemTime) -> Result<u64, Error> {
    content
        .crypto_period
        .map(|length| period_at(length, now))
        .ok_or_else(|| Error::NoCryptoPeriod(content.id.clone()))
}

/// Makes the missing keys of a period, and returns them.
fn make_keys(store: &KeyStore, content: &Content, period: u64) -> Result<Vec<KeyInfo>, Error> {
    let mut made = Vec::new();
    for label in labels(content) {
        let slot = slot(content, label, period);
        if store.kid_of(&slot)?.is_some() {
            continue;
        }
        let key = store.get_or_create_key(&slot)?;
        // Another process may have made it meanwhile.
        made.extend(key.is_new.then_some(key.info));
    }
    Ok(made)
}

/// Enqueues the keys of a period for targets that the content got after the keys were made.
fn enqueue_missing(store: &KeyStore, content: &Content, period: u64) -> Result<(), Error> {
    for label in labels(content) {
        let Some(kid) = store.kid_of(&slot(content, label, period))? else {
            continue;
        };
        let deliveries = deliveries::of_key(store, &kid)?;
        let targets: Vec<_> = content
            .targets
            .iter()
            .filter(|target| !deliveries.iter().any(|of| of.target == **target))
            .cloned()
            .collect();
        if !targets.is_empty() {
            store.enqueue(&kid, &targets)?;
        }
    }
    Ok(())
}

/// Activates a key, or lets it drain, as its period demands.
fn update_state(
    store: &KeyStore,
    scheduled: &ScheduledKey,
    content: &Content,
    current: u64,
    change: &mut PeriodChange,
) -> Result<(), content_key_store::Error> {
    let PeriodKey { slot, info } = &scheduled.key;
    if slot.mode != content.scheme.cipher_mode() {
        return Ok(());
    }
    if slot.period < current {
        if drain(store, info, content, current)? {
            change.draining.push(info.kid);
        }
    } else if is_delivered(scheduled, content) {
        activate(store, info, change)?;
    } else if info.state < KeyState::Active && !change.waiting.contains(&info.kid) {
        change.waiting.push(info.kid);
    }
    Ok(())
}

/// True if all targets of the content have acknowledged the key. Without this check the store would record a refusal each second.
fn is_delivered(scheduled: &ScheduledKey, content: &Content) -> bool {
    content.targets.iter().all(|target| {
        scheduled
            .deliveries
            .iter()
            .find(|delivery| delivery.target == *target)
            .is_some_and(|delivery| delivery.state == DeliveryState::Acknowledged)
    })
}

fn activate(
    store: &KeyStore,
    info: &KeyInfo,
    change: &mut PeriodChange,
) -> Result<(), content_key_store::Error> {
    let kid = &info.kid;
    if info.state >= KeyState::Active || change.waiting.contains(kid) {
        return Ok(());
    }
    match store.set_state(kid, KeyState::Active) {
        Ok(()) => change.activated.push(*kid),
        // The database checks the targets of all contents that use the key.
        Err(content_key_store::Error::Rule(_)) => change.waiting.push(*kid),
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Lets a key drain unless another content or a later period uses it too. Returns true if it began now.
fn drain(
    store: &KeyStore,
    info: &KeyInfo,
    content: &Content,
    current: u64,
) -> Result<bool, content_key_store::Error> {
    if info.state >= KeyState::Draining {
        return Ok(false);
    }
    let has_ended = store
        .slots_of(&info.kid)?
        .iter()
        .all(|slot| slot.content_id == content.id && slot.period < current);
    if has_ended {
        store.set_state(&info.kid, KeyState::Draining)?;
    }
    Ok(has_ended)
}

#[cfg(test)]
mod tests;
