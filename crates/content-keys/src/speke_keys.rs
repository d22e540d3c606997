// SPDX-License-Identifier: MPL-2.0
//! A SPEKE key server as a source of keys.

use std::sync::Arc;
use std::time::Duration;

use cpix::{Bounds, Timestamp};
use host_access::Host;

use super::speke::{KeyPeriod, KeyRequest, SpekeClient};
use super::{ContentRequest, Error, KeyProvider, PeriodKeys};

/// A source that requests the keys of one content from a SPEKE server.
pub struct SpekeKeys {
    client: SpekeClient,
    request: KeyRequest,
    crypto_period: Option<Duration>,
    by_clock: bool,
}

impl SpekeKeys {
    /// Reads the server's address. The first request is sent by [`KeyProvider::period_keys`].
    ///
    /// # Errors
    /// [`Error::NoContentId`], [`Error::Speke`].
    pub fn open(uri: &str, request: &ContentRequest, host: &Host) -> Result<Self, Error> {
        let client = SpekeClient::open(uri, host)?;
        Ok(Self {
            request: KeyRequest {
                content_id: request.content_id.clone().ok_or(Error::NoContentId)?,
                scheme: request.scheme,
                tracks: client.endpoint().tracks()?,
                systems: request.systems.clone(),
                period: None,
            },
            client,
            crypto_period: request.crypto_period,
            by_clock: request.by_clock,
        })
    }

    /// Returns the start and end of a period, which are known if periods are counted by the clock.
    fn bounds(&self, period: u64) -> Option<Bounds> {
        let length = self.crypto_period.filter(|_| self.by_clock)?.as_nanos();
        let start_of = |period: u64| {
            i64::try_from(u128::from(period).checked_mul(length)?)
                .ok()
                .map(Timestamp)
        };
        Some(Bounds::Time {
            start: start_of(period)?,
            end: start_of(period.checked_add(1)?)?,
        })
    }
}

impl KeyProvider for SpekeKeys {
    fn rotates(&self) -> bool {
        self.crypto_period.is_some()
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, Error> {
        self.request.period = self.rotates().then(|| KeyPeriod {
            index: period,
            bounds: self.bounds(period),
        });
        let response = self.client.request_keys(&self.request)?;
        Ok(Arc::new(PeriodKeys {
            keys: response.to_ring()?,
            systems: response.systems,
            ..PeriodKeys::default()
        }))
    }
}
