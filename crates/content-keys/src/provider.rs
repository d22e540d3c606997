// SPDX-License-Identifier: MPL-2.0
//! The interface of every source of keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use cenc_types::{KeyId, Media, Scheme, Track};
use cpix::{Document, DrmSystem, TrackFacts, TrackKind};

use super::cpix_file::check_scheme;
use super::{CancelRequests, Error, KeyEntry, KeyRing, Selector};

/// A source of keys. It may read files or call servers, so it is never called on a streaming thread.
pub trait KeyProvider: Send {
    /// Returns true if the user gives each key directly, with its first IV if it has one, and so can know that no IV of it was
    /// used before. Other sources give the same key and first IV to each stream, which in counter mode reveals the media.
    fn takes_first_iv(&self) -> bool {
        false
    }

    /// Returns true if each crypto period has keys of its own.
    fn rotates(&self) -> bool;

    /// Returns the keys of a crypto period, counted from 0. Every call for one period returns the same keys.
    ///
    /// # Errors
    /// Any error of the source. A later call tries again.
    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, Error>;

    /// Returns what ends calls that wait for a server, so that the thread of requests ends with the stream. None if no call waits long.
    fn canceller(&self) -> Option<CancelRequests> {
        None
    }

    /// Records that a period has started.
    ///
    /// # Errors
    /// Any error of the source. The stream goes on without the record.
    fn record_period_start(&mut self, _period: u64) -> Result<(), Error> {
        Ok(())
    }
}

/// The keys of a crypto period, with the signaling and rules that the source prescribes.
#[derive(Default)]
pub struct PeriodKeys {
    /// The keys.
    pub keys: KeyRing,
    /// DRM signaling of the source, which is copied unchanged into the stream and the manifests.
    pub systems: Vec<DrmSystem>,
    /// Usage rules that choose a track's key in place of selectors.
    pub rules: Option<PeriodRules>,
    /// A licence store with leaf licences for the PlayReady Object of the period.
    pub license_store: Option<Vec<u8>>,
    /// The KIDs of keys whose licences depend on that of a root key, with the KID of the root key.
    pub roots: BTreeMap<KeyId, KeyId>,
}

/// Usage rules of a CPIX document in one of its periods.
pub struct PeriodRules {
    /// The document with the rules.
    pub document: Arc<Document>,
    /// The id of the period.
    pub period: Option<String>,
    /// The scheme of the tracks.
    pub scheme: Scheme,
}

impl PeriodKeys {
    /// Returns the KID of the root key under which the licence of a key is.
    pub fn root_kid(&self, kid: KeyId) -> Option<KeyId> {
        self.roots.get(&kid).copied()
    }

    /// True if the source gives a licence store, or a `pssh` for one of the keys to a system, by its SystemID.
    pub fn has_license(&self, system_id: [u8; 16]) -> bool {
        let is_key = |kid| self.keys.entries().iter().any(|entry| entry.kid == kid);
        self.license_store.is_some()
            || self.systems.iter().any(|system| {
                system.system_id == system_id && system.pssh.is_some() && is_key(system.kid)
            })
    }

    /// Returns the key of a track in a crypto period, or None for a track that stays clear: text, or one that a selector leaves clear.
    ///
    /// # Errors
    /// [`Error::NoKey`] or [`Error::NoRule`] for any other track that no selector or rule matches; [`Error::Cpix`] for rules that
    /// cannot be evaluated; [`Error::KeyScheme`].
    pub fn select(&self, track: &Track, period: u64) -> Result<Option<&KeyEntry>, Error> {
        let Some(rules) = &self.rules else {
            return self.keys.select(track, period);
        };
        let key = rules
            .document
            .key_for(&track_facts(track), rules.period.as_deref())?;
        if let Some(key) = key {
            check_scheme(key, rules.scheme)?;
        }
        let entry = key.and_then(|key| {
            self.keys
                .entries()
                .iter()
                .find(|entry| entry.kid == key.kid)
        });
        match entry {
            None if track.media != Media::Text => Err(Error::NoRule(*track)),
            entry => Ok(entry),
        }
    }

    /// Returns the key of a track as [`Self::select`] does, or None if one of the selectors in `clear` leaves the track clear. The most
    /// specific selector wins, that of `clear` if both are equally specific. Usage rules, which have no selectors, never win.
    ///
    /// # Errors
    /// As [`Self::select`], but a track that is left clear needs no key.
    pub fn select_unless_clear(
        &self,
        track: &Track,
        period: u64,
        clear: &[Selector],
    ) -> Result<Option<&KeyEntry>, Error> {
        let Some(clear) = clear.iter().filter_map(|s| s.specificity(track)).max() else {
            return self.select(track, period);
        };
        if self.rules.is_some() {
            return Ok(None);
        }
        match self.keys.select(track, period) {
            Err(Error::NoKey(_)) => Ok(None),
            selected => {
                Ok(selected?.filter(|entry| entry.selector.specificity(track) > Some(clear)))
            }
        }
    }
}

/// Returns the known facts of a track. Rules about frame rate, channels or bit rate cannot be evaluated.
fn track_facts(track: &Track) -> TrackFacts {
    TrackFacts {
        kind: match track.media {
            Media::Video { width, height } => TrackKind::Video {
                pixels: u64::from(width) * u64::from(height),
                frame_rate: None,
                hdr: None,
                wcg: None,
            },
            Media::Audio => TrackKind::Audio { channels: None },
            Media::Text => TrackKind::Other,
        },
        bitrate: None,
        labels: Vec::new(),
    }
}

impl From<KeyRing> for PeriodKeys {
    fn from(keys: KeyRing) -> Self {
        Self {
            keys,
            ..Self::default()
        }
    }
}

/// Keys that are known from the start and never change.
pub struct FixedKeys(Arc<PeriodKeys>);

impl FixedKeys {
    /// Creates a source that returns `keys` for every period.
    pub fn new(keys: KeyRing) -> Self {
        Self(Arc::new(keys.into()))
    }
}

impl KeyProvider for FixedKeys {
    fn takes_first_iv(&self) -> bool {
        true
    }

    fn rotates(&self) -> bool {
        false
    }

    fn period_keys(&mut self, _period: u64) -> Result<Arc<PeriodKeys>, Error> {
        Ok(Arc::clone(&self.0))
    }
}
