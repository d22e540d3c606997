// SPDX-License-Identifier: MPL-2.0
//! The prepared keys, each with its remaining IVs.

use std::collections::HashMap;
use std::sync::Arc;

use cenc_types::KeyId;
use common_encryption::{IvSource, SampleKey};
use content_keys::KeyEntry;

use super::iv_runs::{FirstIv, RunKey};
use super::{Config, Error, IvRuns};

/// The keys in use. They outlive streams, so that IVs continue after the last one used.
#[derive(Default)]
pub struct SampleKeys {
    keys: HashMap<KeyId, Arc<SampleKey>>,
    runs: Arc<IvRuns>,
}

impl SampleKeys {
    /// Returns an empty set of keys whose IVs will come from `runs`, which several packagers may share.
    pub fn drawing_from(runs: Arc<IvRuns>) -> Self {
        Self {
            runs,
            ..Self::default()
        }
    }

    /// Returns the prepared key of an entry, preparing it at its first use.
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
        let given = entry.iv.or(config.iv.first());
        let ivs = self.runs.join(
            entry.kid,
            RunKey::new(&entry.key, config.scheme.cipher_mode()),
            FirstIv {
                ivs: IvSource::new(config.scheme, given.map_or_else(|| config.random_iv(), Ok)?)?,
                is_random: given.is_none(),
            },
        )?;
        let key = Arc::new(SampleKey::drawing_from(
            entry.kid,
            &entry.key,
            config.scheme,
            ivs,
        ));
        self.keys.insert(entry.kid, Arc::clone(&key));
        Ok(key)
    }

    /// Wipes the keys of past periods; [`IvRuns`] keeps the positions of their IVs.
    pub(super) fn forget_unused(&mut self) {
        self.keys.retain(|_, key| Arc::strong_count(key) > 1);
    }
}
