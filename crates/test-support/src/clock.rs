// SPDX-License-Identifier: MPL-2.0
//! A clock that a test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use host_access::{Clock, Host};

/// A clock that stays where a test sets it. Sleeping moves it on at once. All clones show the same time.
#[derive(Debug, Default, Clone)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// A clock that shows a time in seconds since 1970.
    pub fn at(seconds: u64) -> Self {
        let clock = Self::default();
        clock.set(seconds);
        clock
    }

    /// Sets the clock to a time in seconds since 1970.
    pub fn set(&self, seconds: u64) {
        self.0.store(seconds * 1_000, Ordering::Relaxed);
    }

    /// This machine's environment and files, with this clock.
    pub fn host(&self) -> Host {
        Host {
            clock: Arc::new(self.clone()),
            ..Host::system()
        }
    }
}

impl Clock for ManualClock {
    fn since_1970(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.since_1970()
    }

    fn sleep(&self, duration: Duration) {
        let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_add(milliseconds, Ordering::Relaxed);
    }
}
