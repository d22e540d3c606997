// SPDX-License-Identifier: MPL-2.0
//! The keys that are made ready, with the IVs that are left under each.

use std::collections::HashMap;
use std::sync::Arc;

use cenc_types::KeyId;
use common_encryption::{IvSource, SampleKey};
use content_keys::KeyEntry;

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

    /// The key of an entry.
    pub(super) fn key(
        &mut self,
        config: &Config,
        entry: &KeyEntry,
    ) -> Result<Arc<SampleKey>, Error> {
        if let Some(key) = self.keys.get(&entry.kid) {
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
        let mode = config.scheme.cipher_mode();
        let ivs = self.runs.join(entry.kid, mode, ivs)?;
        let key = SampleKey::drawing_from(entry.kid, &entry.key, config.scheme, ivs);
        let key = Arc::new(key);
        self.keys.insert(entry.kid, Arc::clone(&key));
        Ok(key)
    }

    /// Wipes the keys of periods that are over; how far their IVs went is remembered by the runs.
    pub(super) fn forget_unused(&mut self) {
        self.keys.retain(|_, key| Arc::strong_count(key) > 1);
    }
}
