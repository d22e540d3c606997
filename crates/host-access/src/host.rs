// SPDX-License-Identifier: MPL-2.0
//! The handle through which a library reaches the machine.

use std::fmt;
use std::sync::Arc;

use super::{Clock, Random, SecretFiles, SystemClock, SystemFiles, SystemRandom};

/// The clock, random bytes and files of a machine; clones share them.
#[derive(Clone)]
pub struct Host {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The generator of random bytes.
    pub random: Arc<dyn Random>,
    /// The files of secrets.
    pub files: Arc<dyn SecretFiles>,
}

impl Host {
    /// Returns the machine that this process runs on.
    pub fn system() -> Self {
        let random = Arc::new(SystemRandom);
        Self {
            clock: Arc::new(SystemClock::default()),
            files: Arc::new(SystemFiles::new(Arc::clone(&random) as Arc<dyn Random>)),
            random,
        }
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Host")
    }
}
