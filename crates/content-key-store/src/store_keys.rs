// SPDX-License-Identifier: MPL-2.0
//! A key store as a source: the packagers that share it have one key for a content's track and crypto period.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use content_keys::{ContentRequest, Error, KeyEntry, KeyProvider, KeyRing, PeriodKeys, Selector};
use host_access::Host;

use super::{Content, Error as StoreError, KeySlot, KeyState, KeyStore, store_address};

/// The label of tracks for which the content names none.
const ALL: &str = "ALL";

/// A content in a store.
pub struct StoreKeys {
    store: KeyStore,
    content: Content,
    crypto_period: Option<Duration>,
}

impl StoreKeys {
    /// Opens the store, and makes it where it does not exist. A content that it does not know gets one key for all tracks.
    ///
    /// # Errors
    /// [`Error::NoContentId`], [`Error::Source`].
    pub fn open(uri: &str, request: &ContentRequest, host: &Host) -> Result<Self, Error> {
        let content_id = request.content_id.clone().ok_or(Error::NoContentId)?;
        let (uri, kek) = store_address(uri)?;
        let store = KeyStore::open(&uri, vec![kek], host)?.acting_for("packager")?;
        let content = match store.content(&content_id) {
            Err(StoreError::NoContent(_)) => Content::new(&content_id, request.scheme),
            content => content?,
        };
        if content.scheme.cipher_mode() != request.scheme.cipher_mode() {
            return Err(Error::ContentScheme {
                stored: content.scheme,
                requested: request.scheme,
            });
        }
        Ok(Self {
            store,
            content,
            crypto_period: request.crypto_period,
        })
    }

    /// Selectors and labels of the tracks.
    fn tracks(&self) -> Vec<(&str, &str)> {
        match self.content.tracks.as_slice() {
            [] => vec![("*", ALL)],
            tracks => tracks
                .iter()
                .map(|(s, l)| (s.as_str(), l.as_str()))
                .collect(),
        }
    }

    fn slot(&self, label: &str, period: u64) -> KeySlot {
        KeySlot {
            content_id: self.content.id.clone(),
            label: label.to_owned(),
            period,
            mode: self.content.scheme.cipher_mode(),
        }
    }

    /// The key of a track. One that licence servers must have first is not given before they do.
    fn entry(&self, selector: &str, label: &str, period: u64) -> Result<KeyEntry, Error> {
        let stored = self.store.get_or_create_key(&self.slot(label, period))?;
        let kid = stored.info.kid;
        if stored.info.state == KeyState::Planned && !self.content.targets.is_empty() {
            return Err(Error::NotDelivered(kid));
        }
        let selector: Selector = selector
            .parse()
            .map_err(|error| Error::Source(Box::new(error)))?;
        Ok(KeyEntry {
            selector,
            kid,
            key: stored.key,
            iv: None,
            period: None,
        })
    }
}

impl KeyProvider for StoreKeys {
    fn rotates(&self) -> bool {
        true
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, Error> {
        let mut keys = KeyRing::default();
        for (selector, label) in self.tracks() {
            let added = keys.add(self.entry(selector, label, period)?);
            added.map_err(|error| Error::Source(Box::new(error)))?;
        }
        Ok(Arc::new(keys.into()))
    }

    /// The keys become active, and those of the period before retired.
    fn record_period_start(&mut self, period: u64) -> Result<(), Error> {
        let labels: BTreeSet<&str> = self.tracks().into_iter().map(|(_, label)| label).collect();
        let over = period
            .checked_sub(1)
            .filter(|_| self.crypto_period.is_some());
        for label in labels {
            if let Some(kid) = self.store.kid_of(&self.slot(label, period))? {
                self.store.set_state(&kid, KeyState::Active)?;
            }
            let over = over.map(|over| self.store.kid_of(&self.slot(label, over)));
            if let Some(kid) = over.transpose()?.flatten()
                && self.store.info(&kid)?.state == KeyState::Active
            {
                self.store.set_state(&kid, KeyState::Retired)?;
            }
        }
        Ok(())
    }
}
