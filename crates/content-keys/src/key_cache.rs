// SPDX-License-Identifier: MPL-2.0
//! Keys that outlive a stream, so that the next one with the same settings need not request them again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{PeriodKeys, SourceFacts};

/// The keys that one source gave, with what is known of the source. They are wiped when the last user of the cache is gone.
#[derive(Default)]
pub struct KeyCache(Mutex<CachedKeys>);

#[derive(Default)]
struct CachedKeys {
    facts: Option<SourceFacts>,
    /// The period in which the last stream started.
    first: u64,
    periods: BTreeMap<u64, Arc<PeriodKeys>>,
}

impl KeyCache {
    pub(super) fn facts(&self) -> Option<SourceFacts> {
        self.lock().facts
    }

    pub(super) fn set_facts(&self, facts: SourceFacts) {
        self.lock().facts = Some(facts);
    }

    pub(super) fn get(&self, period: u64) -> Option<Arc<PeriodKeys>> {
        self.lock().periods.get(&period).cloned()
    }

    pub(super) fn insert(&self, period: u64, keys: &Arc<PeriodKeys>) {
        self.lock().periods.insert(period, Arc::clone(keys));
    }

    /// Notes the period in which a stream starts.
    pub(super) fn set_first(&self, period: u64) {
        self.lock().first = period;
    }

    /// Forgets the keys of periods before the one that precedes `period`, but not those with which a stream starts again.
    pub(super) fn forget_before(&self, period: u64) {
        let mut cached = self.lock();
        let first = cached.first;
        cached
            .periods
            .retain(|&other, _| other == first || other >= period.saturating_sub(1));
    }

    fn lock(&self) -> MutexGuard<'_, CachedKeys> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
