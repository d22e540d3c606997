// SPDX-License-Identifier: MPL-2.0
//! The keys of the crypto periods, as the packager gets to them.

use std::sync::Arc;
use std::time::Duration;

use content_keys::{KeyPrefetcher, KeyProvider, PeriodFailure, PeriodKeys};

use super::{Config, Controls};

/// A source of keys that has answered once.
pub(super) struct Source {
    first: (u64, Arc<PeriodKeys>),
    /// None: the first keys are those of all periods.
    later: Option<KeyPrefetcher>,
    /// How many periods are asked for ahead.
    lead: u64,
}

impl Source {
    /// A long crypto period: the next key is asked for when it begins; of shorter ones [`Self::SHORT_LEAD`] keys.
    const LONG: Duration = Duration::from_mins(5);
    const SHORT_LEAD: u64 = 3;

    /// Asks for the keys of period `first`, and ahead for the next.
    pub(super) fn open(
        mut provider: Box<dyn KeyProvider>,
        first: u64,
        config: &Config,
    ) -> Result<Self, content_keys::Error> {
        let keys = provider.period_keys(first)?;
        let later = match provider.rotates() {
            true => Some(KeyPrefetcher::start(
                provider,
                Arc::clone(&config.host.clock),
            )?),
            false => None,
        };
        let lead = match config.crypto_period {
            Duration::ZERO => 0,
            period if period < Self::LONG => Self::SHORT_LEAD,
            _ => 1,
        };
        let source = Self {
            first: (first, keys),
            later,
            lead,
        };
        source.ask_ahead(first);
        Ok(source)
    }

    /// Whether crypto periods have keys of their own.
    pub(super) const fn rotates(&self) -> bool {
        self.later.is_some()
    }

    /// The keys of a period, waiting for them unless `controls` say that the stream stopped.
    pub(super) fn keys(
        &self,
        period: u64,
        controls: &Controls,
    ) -> Result<Arc<PeriodKeys>, content_keys::Error> {
        match &self.later {
            Some(later) if period != self.first.0 => {
                let keys = later.wait(period, || controls.is_stopped())?;
                self.ask_ahead(period);
                Ok(keys)
            }
            _ => Ok(Arc::clone(&self.first.1)),
        }
    }

    /// Whether the keys of a period are there.
    pub(super) fn has(&self, period: u64) -> bool {
        let later = self.later.as_ref();
        period == self.first.0 || later.is_none_or(|later| later.get(period).is_some())
    }

    /// A period has begun.
    pub(super) fn start_period(&self, period: u64) {
        if let Some(later) = &self.later {
            later.start_period(period);
        }
    }

    /// Waits until the source has answered every request that is due.
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

    /// Why keys could not be had, which was not told yet.
    pub(super) fn next_failure(&self) -> Option<PeriodFailure> {
        self.later.as_ref()?.next_failure()
    }

    fn ask_ahead(&self, period: u64) {
        let ahead = (1..=self.lead).filter_map(|ahead| period.checked_add(ahead));
        if let Some(later) = &self.later {
            ahead.for_each(|period| later.prefetch(period));
        }
    }
}
