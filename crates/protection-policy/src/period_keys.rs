// SPDX-License-Identifier: MPL-2.0
//! Access to the keys of the crypto periods.

use std::sync::Arc;
use std::time::Duration;

use super::Config;
use content_keys::{Error, FirstKeys, KeyPrefetcher, KeyWaker, PeriodFailure, PeriodKeys};

/// Returns true once a stream ends or seeks, so that it waits for keys no longer.
pub type StopCheck = Arc<dyn Fn() -> bool + Send + Sync>;

/// The keys of the first crypto period, once they are there, and those of the following ones.
pub(super) struct PeriodKeySource {
    keys: KeyPrefetcher,
    is_stopped: StopCheck,
    first: Option<FirstKeys>,
    /// The number of periods whose keys are requested ahead.
    lead: u64,
}

impl PeriodKeySource {
    /// The length from which only one key is requested ahead; for shorter periods [`Self::SHORT_LEAD`] keys.
    const LONG: Duration = Duration::from_mins(5);
    const SHORT_LEAD: u64 = 3;

    /// Takes keys from `keys`, for the crypto periods of `config`.
    pub(super) fn new(keys: KeyPrefetcher, config: &Config, is_stopped: StopCheck) -> Self {
        Self {
            keys,
            is_stopped,
            first: None,
            lead: match config.crypto_period {
                // A cue comes a few seconds before its splice.
                Duration::ZERO => u64::from(config.rotates()),
                period if period < Self::LONG => Self::SHORT_LEAD,
                _ => 1,
            },
        }
    }

    /// Waits for the first keys until the stream stops, and requests those of the next periods ahead. Returns None if they were there
    /// before.
    pub(super) fn begin(&mut self) -> Result<Option<&FirstKeys>, Error> {
        if self.has_begun() {
            return Ok(None);
        }
        let first = self.keys.wait_first(&*self.is_stopped)?;
        let period = first.period;
        self.first = Some(first);
        self.prefetch_after(period);
        Ok(self.first.as_ref())
    }

    /// Returns what wakes the thread of requests.
    pub(super) fn waker(&self) -> KeyWaker {
        self.keys.waker()
    }

    /// True once the first keys are there.
    pub(super) const fn has_begun(&self) -> bool {
        self.first.is_some()
    }

    /// True if each crypto period has keys of its own.
    pub(super) fn rotates(&self) -> bool {
        self.first.as_ref().is_some_and(|first| first.facts.rotates)
    }

    /// Returns the keys of a period. Waits for them until the stream stops.
    pub(super) fn keys(&self, period: u64) -> Result<Arc<PeriodKeys>, Error> {
        if let Some(keys) = self.first_keys(period) {
            return Ok(keys);
        }
        let keys = self.keys.wait(period, &*self.is_stopped)?;
        self.prefetch_after(period);
        Ok(keys)
    }

    /// Returns the first keys if they are those of a period, as they are of all periods if they never change.
    fn first_keys(&self, period: u64) -> Option<Arc<PeriodKeys>> {
        let first = self.first.as_ref()?;
        (first.period == period || !first.facts.rotates).then(|| Arc::clone(&first.keys))
    }

    /// True if the keys of a period are available.
    pub(super) fn has(&self, period: u64) -> bool {
        self.first_keys(period).is_some() || self.keys.get(period).is_some()
    }

    /// Notes that a period has started.
    pub(super) fn start_period(&self, period: u64) {
        if self.rotates() {
            self.keys.start_period(period);
        }
    }

    /// Waits until the source has answered all due requests.
    #[cfg(test)]
    pub(super) fn settle(&self) {
        while self.keys.has_due_request() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Returns the next failure that was not reported yet.
    pub(super) fn next_failure(&self) -> Option<PeriodFailure> {
        self.keys.next_failure()
    }

    fn prefetch_after(&self, period: u64) {
        if self.rotates() {
            (1..=self.lead)
                .filter_map(|ahead| period.checked_add(ahead))
                .for_each(|period| self.keys.prefetch(period));
        }
    }
}
