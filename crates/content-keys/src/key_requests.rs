// SPDX-License-Identifier: MPL-2.0
//! The requests to a source of keys, made on a thread of their own.

use std::sync::Arc;

use super::prefetch_state::{ProviderCall, SharedState};
use super::prefetcher::FirstKeys;
use super::{Error, KeyProvider, KeySource, PeriodKeys, SourceFacts};

/// Makes the requests of a [`super::KeyPrefetcher`]. When it is dropped, also by a panic, nothing waits for keys any longer.
pub struct KeyRequests {
    source: KeySource,
    shared: Arc<SharedState>,
}

impl KeyRequests {
    pub(super) const fn new(source: KeySource, shared: Arc<SharedState>) -> Self {
        Self { source, shared }
    }

    /// Returns what is known of the source. Opens it if no earlier stream did.
    ///
    /// # Errors
    /// Those of opening the source.
    pub fn facts(&mut self) -> Result<SourceFacts, Error> {
        if let Some(facts) = self.shared.cache.facts().or_else(|| self.source.facts()) {
            return Ok(facts);
        }
        self.provider()?;
        let facts = self.source.facts().ok_or(Error::NoFirstKeys)?;
        self.shared.cache.set_facts(facts);
        Ok(facts)
    }

    /// Requests the keys with which the stream starts. A source that gives them later is waited for.
    ///
    /// # Errors
    /// Those of the source; [`Error::Stopped`] if the stream ends before.
    pub fn request_first(&mut self, period: u64) -> Result<(), Error> {
        let facts = self.facts()?;
        self.shared.cache.set_first(period);
        self.shared.change(|state| state.prefetch(period));
        loop {
            let keys = match self.period_keys(period) {
                Err(pending @ Error::Pending { .. }) => {
                    let now = self.shared.clock.since_1970();
                    self.shared
                        .change(|state| state.store_keys(period, Err(pending), now));
                    // Nothing else is wanted before the first keys, so that this returns when they are due.
                    self.shared.next_call().ok_or(Error::Stopped)?;
                    continue;
                }
                keys => keys?,
            };
            self.shared.change(|state| {
                state.store_first(FirstKeys {
                    period,
                    keys,
                    facts,
                });
            });
            return Ok(());
        }
    }

    /// Makes the further requests until the stream ends.
    pub fn run(mut self) {
        while let Some(call) = self.shared.next_call() {
            let now = |shared: &SharedState| shared.clock.since_1970();
            match call {
                ProviderCall::PeriodKeys(period) => {
                    let keys = self.period_keys(period);
                    self.shared
                        .change(|state| state.store_keys(period, keys, now(&self.shared)));
                }
                ProviderCall::RecordStart(period) => {
                    let recorded = self.provider().and_then(|p| p.record_period_start(period));
                    self.shared.change(|state| {
                        if let Err(error) = recorded {
                            state.store_failure(period, error, now(&self.shared));
                        }
                    });
                }
            }
        }
    }

    /// True if the stream has ended, so that nobody wants its keys any longer.
    pub fn are_unwanted(&self) -> bool {
        self.shared.is_closed()
    }

    /// Returns the source, whose calls end with the stream.
    fn provider(&mut self) -> Result<&mut dyn KeyProvider, Error> {
        let is_new = matches!(self.source, KeySource::Unopened(_));
        let provider = self.source.provider()?;
        if is_new {
            self.shared.cancel.set(provider.canceller());
            // The stream may have ended meanwhile.
            if self.shared.is_closed() {
                self.shared.cancel.cancel();
            }
        }
        Ok(provider)
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, Error> {
        if let Some(keys) = self.shared.cache.get(period) {
            return Ok(keys);
        }
        let keys = self.provider()?.period_keys(period)?;
        self.shared.cache.insert(period, &keys);
        Ok(keys)
    }
}

impl Drop for KeyRequests {
    fn drop(&mut self) {
        self.shared.end_requests();
    }
}
