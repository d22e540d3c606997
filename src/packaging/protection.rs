// SPDX-License-Identifier: MPL-2.0
//! From the tracks of a stream to their protection and what is signaled about it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cenc::{Flavor, IvSource, KeyId, SampleKey, Track};
use crate::keys::Entry;
use crate::mp4::{InitProtection, Protector, TrackProtection};
use crate::signaling::Drm;

use super::drms::drms;
use super::{Config, Error, IvRuns};

/// The keys in use; they outlive streams, so that IVs go on where they stopped.
#[derive(Default)]
pub struct SampleKeys {
    keys: HashMap<KeyId, Arc<SampleKey>>,
    runs: Arc<IvRuns>,
}

impl SampleKeys {
    /// No keys yet; their IVs will come from `runs`, as those of all packagers that share these.
    pub fn drawing_from(runs: Arc<IvRuns>) -> Self {
        Self {
            runs,
            ..Self::default()
        }
    }
}

/// Protects the tracks of a stream as a [`Config`] asks.
pub struct Packaging {
    config: Config,
    sample_keys: SampleKeys,
    signals: Option<Signals>,
}

/// What is signaled about a stream's protection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signals {
    /// The KIDs, in the order of the tracks.
    pub kids: Vec<KeyId>,
    /// The DRM systems and what each is told.
    pub drms: Vec<Drm>,
}

impl Packaging {
    /// Protection for the streams to come; `sample_keys` are those of streams before, if any.
    pub fn new(config: Config, sample_keys: SampleKeys) -> Self {
        Self {
            config,
            sample_keys,
            signals: None,
        }
    }

    /// What the last `moov` signals; None before the first and when nothing in it is protected.
    pub const fn signals(&self) -> Option<&Signals> {
        self.signals.as_ref()
    }

    /// The settings.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The keys, for the next stream.
    pub fn into_sample_keys(self) -> SampleKeys {
        self.sample_keys
    }

    /// Chooses keys for the tracks of a stream, makes them ready and builds what is signaled.
    ///
    /// # Errors
    /// [`Error`], for instance that no key matches a track.
    pub fn protect_tracks(&mut self, tracks: &[Track]) -> Result<InitProtection, Error> {
        let Self {
            config,
            sample_keys,
            signals,
        } = self;
        let mut used: Vec<&Entry> = Vec::new();
        let mut protections = Vec::with_capacity(tracks.len());
        for track in tracks {
            let entry = config.keys.select(track)?;
            let protection = entry.map(|entry| {
                let key = sample_key(config, sample_keys, entry)?;
                let method = config.method(track.media);
                config.check_flavor(&key)?;
                Ok::<_, Error>(TrackProtection { key, method })
            });
            protections.push(protection.transpose()?);
            used.extend(entry.filter(|entry| used.iter().all(|other| other.kid != entry.kid)));
        }
        *signals = None;
        let mut pssh = Vec::new();
        if !used.is_empty() {
            let drms = drms(config, &used)?;
            pssh.extend(drms.iter().filter_map(Drm::pssh).map(<[u8]>::to_vec));
            *signals = Some(Signals {
                kids: used.iter().map(|entry| entry.kid).collect(),
                drms,
            });
        }
        Ok(InitProtection {
            tracks: protections,
            pssh,
        })
    }
}

impl Protector for Packaging {
    fn flavor(&self) -> Flavor {
        self.config.flavor
    }

    fn protect(
        &mut self,
        tracks: &[Track],
    ) -> Result<InitProtection, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.protect_tracks(tracks)?)
    }
}

/// The key of an entry, with the IVs that are left under it.
fn sample_key(
    config: &Config,
    sample_keys: &mut SampleKeys,
    entry: &Entry,
) -> Result<Arc<SampleKey>, Error> {
    if let Some(key) = sample_keys.keys.get(&entry.kid) {
        if key.scheme() != config.scheme {
            return Err(Error::SchemeChanged {
                kid: entry.kid,
                first: key.scheme(),
                second: config.scheme,
            });
        }
        return Ok(Arc::clone(key));
    }
    let iv = entry.iv.map_or_else(|| config.first_iv(), Ok)?;
    let ivs = IvSource::new(config.scheme, iv)?;
    let ivs = sample_keys
        .runs
        .join(entry.kid, config.scheme.cipher_mode(), ivs)?;
    let key = Arc::new(SampleKey::drawing_from(
        entry.kid,
        &entry.key,
        config.scheme,
        ivs,
    ));
    sample_keys.keys.insert(entry.kid, Arc::clone(&key));
    Ok(key)
}

#[cfg(test)]
#[path = "protection/tests.rs"]
mod tests;
