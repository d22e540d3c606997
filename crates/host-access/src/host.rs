// SPDX-License-Identifier: MPL-2.0
//! All that is passed in, in one handle.

use std::fmt;
use std::sync::Arc;

use super::{Clock, Random, SecretFiles, SystemClock, SystemFiles, SystemRandom};

/// The machine, as a library sees it; clones share it.
#[derive(Clone)]
pub struct Host {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub random: Arc<dyn Random>,
    /// Files of secrets.
    pub files: Arc<dyn SecretFiles>,
}

impl Host {
    /// The machine that this process runs on.
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
