// SPDX-License-Identifier: MPL-2.0
//! A SPEKE key server as a source of keys.

use std::sync::Arc;

use host_access::Host;

use super::speke::{KeyPeriod, KeyRequest, SpekeClient};
use super::{CancelRequests, ContentRequest, Error, KeyProvider, PeriodKeys};

/// A source that requests the keys of one content from a SPEKE server.
pub struct SpekeKeys {
    client: SpekeClient,
    request: KeyRequest,
    content: ContentRequest,
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
            content: request.clone(),
        })
    }
}

impl KeyProvider for SpekeKeys {
    fn canceller(&self) -> Option<CancelRequests> {
        let canceller = self.client.canceller();
        Some(Box::new(move || canceller.cancel()))
    }

    fn rotates(&self) -> bool {
        self.content.crypto_period.is_some()
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, Error> {
        self.request.period = self.rotates().then(|| KeyPeriod {
            index: period,
            // Servers know no start of a stream.
            bounds: self
                .content
                .bounds(period)
                .filter(|_| self.content.by_clock),
        });
        let response = self.client.request_keys(&self.request)?;
        Ok(Arc::new(PeriodKeys {
            keys: response.to_ring()?,
            systems: response.systems,
            ..PeriodKeys::default()
        }))
    }
}
