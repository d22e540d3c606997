// SPDX-License-Identifier: MPL-2.0
//! What every source of keys is to the packager.

use std::sync::Arc;

use super::{Error, KeyRing};

/// A source of keys. It may read files or ask servers: it is never called on a streaming thread.
pub trait KeyProvider: Send {
    /// Whether crypto periods have keys of their own.
    fn rotates(&self) -> bool;

    /// The keys of a crypto period, which count from 0; the same ones whenever it is asked for again.
    ///
    /// # Errors
    /// Whatever keeps the source from giving them; asked again, it tries again.
    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, Error>;
}

/// The keys of a crypto period, and what the source says that is not for the packager to make.
#[derive(Default)]
pub struct PeriodKeys {
    /// The keys.
    pub keys: KeyRing,
    /// Whole `pssh` boxes that go into the stream as they are.
    pub pssh: Vec<Vec<u8>>,
    /// A licence store with leaf licences, which goes into the PlayReady Object of the period.
    pub license_store: Option<Vec<u8>>,
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
