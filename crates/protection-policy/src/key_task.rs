// SPDX-License-Identifier: MPL-2.0
//! The requests for the keys of a stream, which run on a thread of their own.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use content_keys::{KeyRequests, KeySource, SourceFacts};
use host_access::Clock;

use super::periods::period_index;
use super::{Config, Error, PeriodClock};

/// The requests of one stream. Nothing waits for keys once this is dropped.
pub struct KeyTask {
    requests: KeyRequests,
    /// None if the source has the same keys for every period.
    rule: Option<FirstPeriodRule>,
}

/// The facts that decide in which crypto period a stream starts.
pub(super) struct FirstPeriodRule {
    rotates: bool,
    crypto_period: Duration,
    period_clock: PeriodClock,
    clock: Arc<dyn Clock>,
}

impl FirstPeriodRule {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            rotates: config.rotates(),
            crypto_period: config.crypto_period,
            period_clock: config.clock,
            clock: Arc::clone(&config.host.clock),
        }
    }

    /// Checks that a source has keys for the crypto periods, as far as it is known before it is opened.
    pub(super) fn check(&self, source: &KeySource) -> Result<(), Error> {
        source
            .facts()
            .map_or(Ok(()), |facts| self.first_period(facts).map(drop))
    }

    /// Returns the period in which a stream starts, as far as it is known in advance.
    fn first_period(&self, facts: SourceFacts) -> Result<u64, Error> {
        if self.rotates && !facts.rotates {
            return Err(Error::NoPeriods);
        }
        Ok(match self.period_clock {
            PeriodClock::Utc if facts.rotates => period_index(
                self.clock.since_1970().as_nanos().cast_signed(),
                self.crypto_period,
            ),
            PeriodClock::Utc | PeriodClock::Stream => 0,
        })
    }
}

impl KeyTask {
    pub(super) const fn new(requests: KeyRequests, rule: FirstPeriodRule) -> Self {
        let rule = Some(rule);
        Self { requests, rule }
    }

    /// The requests to a source of keys for decryption, which has no crypto periods.
    pub const fn of_decryptor(requests: KeyRequests) -> Self {
        let rule = None;
        Self { requests, rule }
    }

    /// Opens the source and requests the keys with which the stream starts. It may block for as long as a key server takes.
    ///
    /// # Errors
    /// [`Error::Keys`], [`Error::NoPeriods`].
    pub fn request_first(&mut self) -> Result<(), Error> {
        let facts = self.requests.facts()?;
        let rule = self.rule.as_ref();
        let period = rule.map_or(Ok(0), |rule| rule.first_period(facts))?;
        Ok(self.requests.request_first(period)?)
    }

    /// True if the stream has ended, so that an error of its keys is of no interest.
    pub fn is_unwanted(&self) -> bool {
        self.requests.are_unwanted()
    }

    /// Requests the keys of later periods until the stream ends. Returns at once if they never change.
    pub fn run(mut self) {
        if self.requests.facts().is_ok_and(|facts| facts.rotates) {
            self.requests.run();
        }
    }

    /// Runs on a thread of its own, if keys change.
    pub(super) fn spawn(mut self) -> Result<(), content_keys::Error> {
        if self.requests.facts()?.rotates {
            thread::Builder::new()
                .name("playready-keys".to_owned())
                .spawn(move || self.run())
                .map_err(content_keys::Error::Thread)?;
        }
        Ok(())
    }
}
