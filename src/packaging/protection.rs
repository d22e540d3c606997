// SPDX-License-Identifier: MPL-2.0
//! From the tracks of a stream to their protection and what is signaled about it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cenc::{IvSource, KeyId, Pssh, SampleKey, Track};
use crate::keys::Entry;
use crate::mp4::{InitProtection, Protector, TrackProtection};
use crate::playready::header::HeaderFields;
use crate::playready::{Header, KeyIds, LicenseStore, PlayReadyObject, SYSTEM_ID};
use crate::signaling::Drm;

use super::{Config, Error};

/// The keys in use; they outlive streams, so that IVs go on where they stopped.
pub type SampleKeys = HashMap<KeyId, Arc<SampleKey>>;

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
    pub const fn new(config: Config, sample_keys: SampleKeys) -> Self {
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

    fn protect_tracks(&mut self, tracks: &[Track]) -> Result<InitProtection, Error> {
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
                Ok::<_, Error>(TrackProtection { key, method })
            });
            protections.push(protection.transpose()?);
            used.extend(entry.filter(|entry| used.iter().all(|other| other.kid != entry.kid)));
        }
        *signals = None;
        let mut pssh = Vec::new();
        if !used.is_empty() {
            let playready = playready(config, &used)?;
            let Drm::PlayReady { pssh: whole, .. } = &playready;
            pssh.push(whole.clone());
            *signals = Some(Signals {
                kids: used.iter().map(|entry| entry.kid).collect(),
                drms: vec![playready],
            });
        }
        Ok(InitProtection {
            tracks: protections,
            pssh,
        })
    }
}

impl Protector for Packaging {
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
    if let Some(key) = sample_keys.get(&entry.kid) {
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
    let key = Arc::new(SampleKey::new(entry.kid, &entry.key, config.scheme, ivs));
    sample_keys.insert(entry.kid, Arc::clone(&key));
    Ok(key)
}

/// The PlayReady Object for the keys in use, and its `pssh`.
fn playready(config: &Config, used: &[&Entry]) -> Result<Drm, Error> {
    let keys = used.iter().map(|entry| (entry.kid, Some(&entry.key)));
    let of = &config.header;
    let header = Header::new(HeaderFields {
        version: of.version,
        key_ids: KeyIds::for_mode(config.scheme.cipher_mode(), keys),
        la_url: of.la_url.clone(),
        lui_url: of.lui_url.clone(),
        ds_id: of.ds_id,
        custom_attributes: of.custom_attributes.clone(),
        on_demand: of.on_demand,
        license_requested: of.license_requested,
    })?;
    let mut object = PlayReadyObject::with_header(&header)?;
    if of.license_store_size > 0 {
        object.push_license_store(LicenseStore::Empty(of.license_store_size))?;
    }
    let kids = of
        .pssh_lists_kids
        .then(|| used.iter().map(|entry| entry.kid).collect());
    let pssh = Pssh {
        system_id: SYSTEM_ID,
        kids,
        data: object.to_bytes(),
    };
    Ok(Drm::PlayReady {
        pssh: pssh.to_bytes()?,
        object,
    })
}

#[cfg(test)]
#[path = "protection/tests.rs"]
mod tests;
