// SPDX-License-Identifier: MPL-2.0
//! A key store as a source of keys: all packagers that share it have the same key for a track and crypto period of a content.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cenc_types::Scheme;
use content_keys::{ContentRequest, Error, KeyEntry, KeyProvider, KeyRing, PeriodKeys, Selector};
use host_access::Host;

use super::{Content, Error as StoreError, KeySlot, KeyState, KeyStore, StoreAddress, TrackLabel};

/// The label of all tracks of a content without labels.
const ALL: &str = "ALL";

/// A content in a store.
pub struct StoreKeys {
    store: KeyStore,
    content: Content,
    crypto_period: Option<Duration>,
}

impl StoreKeys {
    /// Opens the store, and creates it if it does not exist. An unknown content gets one key for all tracks.
    ///
    /// # Errors
    /// [`Error::NoContentId`], [`Error::ContentScheme`], [`Error::ContentPeriod`], [`Error::Source`].
    pub fn open(uri: &str, request: &ContentRequest, host: &Host) -> Result<Self, Error> {
        let content_id = request.content_id.clone().ok_or(Error::NoContentId)?;
        let StoreAddress { uri, kek } = uri.parse()?;
        let store = KeyStore::open(&uri, &[kek], host)?.acting_for("packager")?;
        let content = content_of(&store, &content_id, request.scheme)?;
        if content.scheme != request.scheme {
            return Err(Error::ContentScheme {
                stored: content.scheme,
                requested: request.scheme,
            });
        }
        if let Some(stored) = content.crypto_period
            && !(request.by_clock && request.crypto_period == Some(stored))
        {
            return Err(Error::ContentPeriod { stored });
        }
        Ok(Self {
            store,
            content,
            crypto_period: request.crypto_period,
        })
    }

    /// Returns the labels of the tracks.
    fn tracks(&self) -> Vec<TrackLabel> {
        match self.content.tracks.as_slice() {
            [] => vec![TrackLabel {
                selector: "*".to_owned(),
                label: ALL.to_owned(),
            }],
            tracks => tracks.to_vec(),
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

    /// Moves the key of a slot to a state, unless it is there already or beyond. A key that protected nothing does not drain.
    fn advance(&self, slot: &KeySlot, state: KeyState) -> Result<(), Error> {
        let Some(kid) = self.store.kid_of(slot)? else {
            return Ok(());
        };
        let found = self.store.info(&kid)?.state;
        if found < state && (state == KeyState::Active || found == KeyState::Active) {
            self.store.set_state(&kid, state)?;
        }
        Ok(())
    }

    /// Returns the key of tracks. Refuses one that licence servers must have first and do not have yet.
    fn entry(&self, track: &TrackLabel, period: u64) -> Result<KeyEntry, Error> {
        let stored = self
            .store
            .get_or_create_key(&self.slot(&track.label, period))?;
        let kid = stored.info.kid;
        if stored.info.state == KeyState::Planned && !self.content.targets.is_empty() {
            return Err(Error::NotDelivered(kid));
        }
        Ok(KeyEntry {
            selector: track
                .selector
                .parse::<Selector>()
                .map_err(|error| Error::Source(Box::new(error)))?,
            kid,
            key: stored.key,
            iv: None,
            period: None,
        })
    }
}

/// Returns a content. An unknown one is added for `scheme`.
fn content_of(store: &KeyStore, id: &str, scheme: Scheme) -> Result<Content, StoreError> {
    match store.content(id) {
        Err(StoreError::NoContent(_)) => {
            store.put_content_if(&Content::new(id, scheme), |stored| stored.is_none())?;
            // Another packager may have added it first.
            store.content(id)
        }
        content => content,
    }
}

impl KeyProvider for StoreKeys {
    fn rotates(&self) -> bool {
        true
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, Error> {
        let mut ring = KeyRing::default();
        for track in self.tracks() {
            ring.add(self.entry(&track, period)?)
                .map_err(|error| Error::Source(Box::new(error)))?;
        }
        let kids: BTreeSet<_> = ring.entries().iter().map(|entry| entry.kid).collect();
        let mut keys = PeriodKeys::from(ring);
        for kid in kids {
            if let Some(licence) = self.store.leaf_licence(&kid)? {
                keys.add_leaf_licence(kid, licence);
            }
        }
        Ok(Arc::new(keys))
    }

    /// Makes the keys active, and lets those of the period before drain.
    fn record_period_start(&mut self, period: u64) -> Result<(), Error> {
        let ended = period
            .checked_sub(1)
            .filter(|_| self.crypto_period.is_some());
        for label in BTreeSet::from_iter(self.tracks().into_iter().map(|track| track.label)) {
            self.advance(&self.slot(&label, period), KeyState::Active)?;
            if let Some(ended) = ended {
                self.advance(&self.slot(&label, ended), KeyState::Draining)?;
            }
        }
        Ok(())
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Source(Box::new(error))
    }
}
