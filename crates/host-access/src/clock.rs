// SPDX-License-Identifier: MPL-2.0
//! The time of day, and time that never goes back.

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time since 1970-01-01 UTC, which an operator may set back or forth.
    fn since_1970(&self) -> Duration;

    /// Time since some fixed moment, which never goes back.
    fn monotonic(&self) -> Duration;

    /// Waits.
    fn sleep(&self, duration: Duration);

    /// The time of day as the standard library has it.
    fn system_time(&self) -> SystemTime {
        UNIX_EPOCH + self.since_1970()
    }
}

/// The operating system's clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        let start = Instant::now();
        Self { start }
    }
}

impl Clock for SystemClock {
    fn since_1970(&self) -> Duration {
        // A clock before 1970 is not set at all.
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.unwrap_or_default()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) {
        thread::sleep(duration);
    }
}
