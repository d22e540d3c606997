// SPDX-License-Identifier: MPL-2.0
//! The timeline of a content: its crypto periods with their keys and deliveries.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use content_key_store::{AssignedSlot, Content, KeyInfo, KeyState, KeyStore, Page, PageStart};

use super::Error;
use super::content::period_at;
use crate::deliveries::{self, Delivery};

/// A crypto period.
#[derive(Debug)]
pub struct TimelinePeriod {
    /// Its index.
    pub index: u64,
    /// Its start and end; None for a content without a crypto period.
    pub bounds: Option<PeriodBounds>,
    /// Its phase.
    pub phase: PeriodPhase,
    /// The labels of the tracks and their keys.
    pub keys: Vec<TimelineKey>,
}

/// The start and end of a crypto period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeriodBounds {
    /// The time of its first moment.
    pub start: SystemTime,
    /// The time when the next period starts.
    pub end: SystemTime,
}

/// The phase of a crypto period. Without a clock the last period with an active key is the current one, since packagers request keys
/// ahead; if no key is active, the last period with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeriodPhase {
    /// It has ended.
    Past,
    /// It has started and not ended.
    Current,
    /// It starts later.
    Next,
}

/// A key in a period.
#[derive(Debug)]
pub struct TimelineKey {
    /// The track's label.
    pub label: String,
    /// The data of the key without the key itself.
    pub info: KeyInfo,
    /// Its deliveries to targets.
    pub deliveries: Vec<Delivery>,
}

/// The periods of a page.
#[derive(Debug)]
pub struct Timeline {
    /// The periods, the last first.
    pub periods: Vec<TimelinePeriod>,
    /// The page of earlier periods; None if there are none.
    pub next: Option<PageStart>,
    /// The page of later periods; None if there are none.
    pub previous: Option<PageStart>,
}

/// Returns the periods that have keys, the last first. `page` counts the keys of tracks, so that a page may hold a part of a period.
///
/// # Errors
/// [`Error::NoContent`](content_key_store::Error::NoContent), [`Error::BadCursor`](content_key_store::Error::BadCursor), or an error of the
/// database.
pub fn timeline(
    store: &KeyStore,
    content_id: &str,
    now: SystemTime,
    page: &Page,
) -> Result<Timeline, Error> {
    let content = store.content(content_id)?;
    let listed = store.slots(content_id, page)?;
    let mut periods = BTreeMap::<u64, Vec<TimelineKey>>::new();
    for AssignedSlot { slot, kid } in listed.entries {
        if slot.mode != content.scheme.cipher_mode() {
            continue;
        }
        periods.entry(slot.period).or_default().push(TimelineKey {
            label: slot.label,
            info: store.info(&kid)?,
            deliveries: deliveries::of_key(store, &kid)?,
        });
    }
    let current = match content.crypto_period {
        Some(length) => period_at(length, now),
        None => match last_active(&periods) {
            Some(period) => period,
            None => last_with_key(store, &content)?,
        },
    };
    Ok(Timeline {
        periods: periods
            .into_iter()
            .rev()
            .map(|(index, keys)| TimelinePeriod {
                index,
                bounds: content
                    .crypto_period
                    .and_then(|length| PeriodBounds::of(length, index)),
                phase: PeriodPhase::of(index, current),
                keys,
            })
            .collect(),
        next: listed.next,
        previous: listed.previous,
    })
}

fn last_active(periods: &BTreeMap<u64, Vec<TimelineKey>>) -> Option<u64> {
    periods
        .iter()
        .rev()
        .find(|(_, keys)| keys.iter().any(|key| key.info.state == KeyState::Active))
        .map(|(&index, _)| index)
}

fn last_with_key(store: &KeyStore, content: &Content) -> Result<u64, Error> {
    Ok(super::content::last_slots(store, content)?
        .first()
        .map_or(0, |assigned| assigned.slot.period))
}

impl PeriodBounds {
    /// Returns the bounds of the period `index`, counted from 1970-01-01 UTC; None past the largest time.
    pub fn of(length: Duration, index: u64) -> Option<Self> {
        let length = u64::try_from(length.as_millis()).ok()?;
        let start_of =
            |index: u64| UNIX_EPOCH.checked_add(Duration::from_millis(length.checked_mul(index)?));
        Some(Self {
            start: start_of(index)?,
            end: start_of(index.checked_add(1)?)?,
        })
    }
}

impl PeriodPhase {
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

#[cfg(test)]
mod tests {
    use cenc_types::CipherMode;
    use content_key_store::KeySlot;

    use super::*;
    use crate::operations::test_store::{ALL, TestStore};

    #[test]
    fn keys_that_were_requested_ahead_are_of_next_periods_without_a_clock() {
        let test = TestStore::new();
        let phases = || {
            timeline(&test.store, "cam", UNIX_EPOCH, &ALL)
                .unwrap()
                .periods
                .iter()
                .map(|period| period.phase)
                .collect::<Vec<_>>()
        };
        let kids = [0, 1, 2].map(|period| {
            let slot = KeySlot {
                content_id: "cam".to_owned(),
                label: "ALL".to_owned(),
                period,
                mode: CipherMode::Ctr,
            };
            test.store.get_or_create_key(&slot).unwrap().info.kid
        });
        assert_eq!(
            phases(),
            [PeriodPhase::Current, PeriodPhase::Past, PeriodPhase::Past]
        );
        test.store.set_state(&kids[1], KeyState::Active).unwrap();
        assert_eq!(
            phases(),
            [PeriodPhase::Next, PeriodPhase::Current, PeriodPhase::Past]
        );
    }
}
