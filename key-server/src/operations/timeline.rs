// SPDX-License-Identifier: MPL-2.0
//! The crypto periods of a content with their keys, for a picture of them.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use content_key_store::{AssignedSlot, Content, KeyInfo, KeyStore, Page};

use super::Error;
use super::content::period_at;
use crate::deliveries::{self, Delivery};

/// A crypto period.
#[derive(Debug)]
pub struct TimelinePeriod {
    /// Its index.
    pub index: u64,
    /// When it begins and ends; None where keys do not change by the clock.
    pub bounds: Option<(SystemTime, SystemTime)>,
    /// Where it is.
    pub place: Place,
    /// The labels of the tracks and their keys.
    pub keys: Vec<TimelineKey>,
}

/// Where a period is, seen from now. Without a clock the last one is the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Over.
    Past,
    /// Under way.
    Current,
    /// To come.
    Next,
}

/// A key in a period.
#[derive(Debug)]
pub struct TimelineKey {
    /// The track's label.
    pub label: String,
    /// All of the key but the key.
    pub info: KeyInfo,
    /// Who is to have it, and who has it.
    pub deliveries: Vec<Delivery>,
}

/// The periods that have keys, the last ones first; `page` counts tracks in periods.
///
/// # Errors
/// [`Error::NoContent`](content_key_store::Error::NoContent), or when the database fails.
pub fn timeline(
    store: &KeyStore,
    content_id: &str,
    (now, page): (SystemTime, Page),
) -> Result<Vec<TimelinePeriod>, Error> {
    let content = store.content(content_id)?;
    let mut periods = BTreeMap::<u64, Vec<TimelineKey>>::new();
    for AssignedSlot { slot, kid } in store.slots(content_id, page)? {
        if slot.mode != content.scheme.cipher_mode() {
            continue;
        }
        periods.entry(slot.period).or_default().push(TimelineKey {
            label: slot.label,
            info: store.info(&kid)?,
            deliveries: deliveries::of_key(store, &kid)?,
        });
    }
    let current = current(store, &content, now)?;
    let periods = periods
        .into_iter()
        .rev()
        .map(|(index, keys)| TimelinePeriod {
            index,
            bounds: content
                .crypto_period
                .and_then(|length| bounds(length, index)),
            place: Place::of(index, current),
            keys,
        });
    Ok(periods.collect())
}

fn current(store: &KeyStore, content: &Content, now: SystemTime) -> Result<u64, Error> {
    if let Some(length) = content.crypto_period {
        return Ok(period_at(length, now));
    }
    let slots = super::content::last_slots(store, content)?;
    Ok(slots.first().map_or(0, |assigned| assigned.slot.period))
}

/// The crypto period that a moment is in, by the clock: its index, and when it begins and ends.
pub fn period(length: Duration, now: SystemTime) -> Option<(u64, (SystemTime, SystemTime))> {
    let index = period_at(length, now);
    Some((index, bounds(length, index)?))
}

fn bounds(length: Duration, index: u64) -> Option<(SystemTime, SystemTime)> {
    let length = u64::try_from(length.as_millis()).ok()?;
    let at = |index: u64| UNIX_EPOCH.checked_add(Duration::from_millis(length.checked_mul(index)?));
    Some((at(index)?, at(index.checked_add(1)?)?))
}

impl Place {
    const fn of(index: u64, current: u64) -> Self {
        if index < current {
            Self::Past
        } else if index == current {
            Self::Current
        } else {
            Self::Next
        }
    }
}
