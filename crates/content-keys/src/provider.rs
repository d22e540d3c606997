// SPDX-License-Identifier: MPL-2.0
//! What every source of keys is to the packager.

use std::sync::Arc;

use cenc_types::{Media, Track};
use cpix::{Document, DrmSystem, TrackFacts, TrackKind};

use super::{Error, KeyEntry, KeyRing};

/// A source of keys. It may read files or ask servers: it is never called on a streaming thread.
pub trait KeyProvider: Send {
    /// Whether crypto periods have keys of their own.
    fn rotates(&self) -> bool;

    /// The keys of a crypto period, which count from 0; the same ones whenever it is asked for again.
    ///
    /// # Errors
    /// Whatever keeps the source from giving them; asked again, it tries again.
    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, Error>;

    /// Takes note that a period has begun.
    ///
    /// # Errors
    /// Whatever keeps the source from noting it; the stream goes on.
    fn record_period_start(&mut self, _period: u64) -> Result<(), Error> {
        Ok(())
    }
}

/// The keys of a crypto period, and what the source says that is not for the packager to make.
#[derive(Default)]
pub struct PeriodKeys {
    /// The keys.
    pub keys: KeyRing,
    /// What the source says of DRM systems: it goes into the stream and to manifests as it came.
    pub systems: Vec<DrmSystem>,
    /// Usage rules that choose a track's key, where selectors do not.
    pub rules: Option<PeriodRules>,
    /// A licence store with leaf licences, which goes into the PlayReady Object of the period.
    pub license_store: Option<Vec<u8>>,
}

/// Usage rules of a CPIX document in one of its periods.
pub struct PeriodRules {
    /// The document, for its rules.
    pub document: Arc<Document>,
    /// The id of the period.
    pub period: Option<String>,
}

impl PeriodKeys {
    /// The key of a track in a crypto period. None: a text track, which stays clear.
    ///
    /// # Errors
    /// [`Error::NoKey`] for any other track that no selector or rule matches; [`Error::Cpix`] for rules that cannot be judged.
    pub fn select(&self, track: &Track, period: u64) -> Result<Option<&KeyEntry>, Error> {
        let Some(rules) = &self.rules else {
            return self.keys.select(track, period);
        };
        let key = rules
            .document
            .key_for(&facts(track), rules.period.as_deref())?;
        let entries = self.keys.entries().iter();
        match key.and_then(|key| entries.clone().find(|entry| entry.kid == key.kid)) {
            None if track.media != Media::Text => Err(Error::NoRule(*track)),
            entry => Ok(entry),
        }
    }
}

/// What is known of a track. Rules about the frame rate, channels or bit rate cannot be judged.
fn facts(track: &Track) -> TrackFacts {
    let kind = match track.media {
        Media::Video { width, height } => TrackKind::Video {
            pixels: u64::from(width) * u64::from(height),
            frame_rate: None,
            hdr: None,
            wcg: None,
        },
        Media::Audio => TrackKind::Audio { channels: None },
        Media::Text => TrackKind::Other,
    };
    TrackFacts {
        kind,
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

/// Keys that are known from the start.
pub struct FixedKeys(Arc<PeriodKeys>);

impl FixedKeys {
    /// A source that always gives these.
    pub fn new(keys: KeyRing) -> Self {
        Self(Arc::new(keys.into()))
    }
}

impl KeyProvider for FixedKeys {
    fn rotates(&self) -> bool {
        false
    }

    fn period_keys(&mut self, _period: u64) -> Result<Arc<PeriodKeys>, Error> {
        Ok(Arc::clone(&self.0))
    }
}
