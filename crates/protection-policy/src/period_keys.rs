// SPDX-License-Identifier: MPL-2.0
//! Access to the keys of the crypto periods.

use std::sync::Arc;
use std::time::Duration;

use content_keys::{KeyPrefetcher, KeyProvider, PeriodFailure, PeriodKeys};

use super::{Config, Controls};

/// The keys of the first crypto period, and the prefetcher for the following ones.
pub(super) struct PeriodKeySource {
    first_period: u64,
    first_keys: Arc<PeriodKeys>,
    /// None if the first keys are those of all periods.
    later: Option<KeyPrefetcher>,
    /// The number of periods whose keys are requested ahead.
    lead: u64,
}

impl PeriodKeySource {
    /// The length from which only one key is requested ahead; for shorter periods [`Self::SHORT_LEAD`] keys.
    const LONG: Duration = Duration::from_mins(5);
    const SHORT_LEAD: u64 = 3;

    /// Requests the keys of period `first`, and ahead those of the next periods.
    pub(super) fn open(
        mut provider: Box<dyn KeyProvider>,
        first_period: u64,
        config: &Config,
    ) -> Result<Self, content_keys::Error> {
        let first_keys = provider.period_keys(first_period)?;
        let later = match provider.rotates() {
            true => Some(KeyPrefetcher::start(
                provider,
                Arc::clone(&config.host.clock),
            )?),
            false => None,
        };
        let source = Self {
            first_period,
            first_keys,
            later,
            lead: match config.crypto_period {
                Duration::ZERO => 0,
                period if period < Self::LONG => Self::SHORT_LEAD,
                _ => 1,
            },
        };
        source.prefetch_after(first_period);
        Ok(source)
    }

    /// True if each crypto period has keys of its own.
    pub(super) const fn rotates(&self) -> bool {
        self.later.is_some()
    }

    /// Returns the keys of a period. Waits for them until `controls` stop the stream.
    pub(super) fn keys(
        &self,
        period: u64,
        controls: &Controls,
    ) -> Result<Arc<PeriodKeys>, content_keys::Error> {
        match &self.later {
            Some(later) if period != self.first_period => {
                let keys = later.wait(period, || controls.is_stopped())?;
                self.prefetch_after(period);
                Ok(keys)
            }
            _ => Ok(Arc::clone(&self.first_keys)),
        }
    }

    /// True if the keys of a period are available.
    pub(super) fn has(&self, period: u64) -> bool {
        period == self.first_period
            || self
                .later
                .as_ref()
                .is_none_or(|later| later.get(period).is_some())
    }

    /// Notes that a period has started.
    pub(super) fn start_period(&self, period: u64) {
        if let Some(later) = &self.later {
            later.start_period(period);
        }
    }

    /// Waits until the source has answered all due requests.
    #[cfg(test)]
    pub(super) fn settle(&self) {
        while self
            .later
            .as_ref()
            .is_some_and(KeyPrefetcher::has_due_request)
        {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Returns the next failure that was not reported yet.
    pub(super) fn next_failure(&self) -> Option<PeriodFailure> {
        self.later.as_ref()?.next_failure()
    }

    fn prefetch_after(&self, period: u64) {
        if let Some(later) = &self.later {
            (1..=self.lead)
                .filter_map(|ahead| period.checked_add(ahead))
                .for_each(|period| later.prefetch(period));
        }
    }
}
