// SPDX-License-Identifier: MPL-2.0
//! The prepared keys, each with its remaining IVs.

use std::collections::HashMap;
use std::sync::Arc;

use cenc_types::{KeyId, Scheme};
use common_encryption::{IvSource, SampleKey};
use content_keys::KeyEntry;

use super::constant_iv::constant_iv;
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
        let key = Arc::new(SampleKey::drawing_from(
            entry.kid,
            &entry.key,
            config.scheme,
            self.runs.join(
                entry.kid,
                RunKey::new(&entry.key, config.scheme.cipher_mode()),
                first_iv(config, entry)?,
            )?,
        ));
        self.keys.insert(entry.kid, Arc::clone(&key));
        Ok(key)
    }

    /// Wipes the keys of past periods; [`IvRuns`] keeps the positions of their IVs.
    pub(super) fn forget_unused(&mut self) {
        self.keys.retain(|_, key| Arc::strong_count(key) > 1);
    }
}

/// Returns the first IV of an entry's key: that of `cbcs` is the same for all packagers with the key, others are random unless given.
fn first_iv(config: &Config, entry: &KeyEntry) -> Result<FirstIv, Error> {
    let property = config.iv.first();
    let given = match config.scheme {
        Scheme::Cbcs => property
            .or(entry.iv)
            .or(Some(constant_iv(entry.kid, &entry.key))),
        _ => entry.iv.or(property),
    };
    Ok(FirstIv {
        ivs: IvSource::new(config.scheme, given.map_or_else(|| config.random_iv(), Ok)?)?,
        is_random: given.is_none(),
    })
}
