// SPDX-License-Identifier: MPL-2.0
//! The time of day, and time that never goes back.

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// A source of the time of day and of monotonic time.
pub trait Clock: Send + Sync {
    /// Returns the time since 1970-01-01 UTC, which an operator may change.
    fn since_1970(&self) -> Duration;

    /// Returns the time since a fixed moment, which never decreases.
    fn monotonic(&self) -> Duration;

    /// Returns the time since the machine started, with the time that it slept; where that is not known, the monotonic time.
    fn since_boot(&self) -> Duration {
        self.monotonic()
    }

    /// Blocks the thread for `duration`.
    fn sleep(&self, duration: Duration);

    /// Returns the time of day as a [`SystemTime`].
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
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn since_1970(&self) -> Duration {
        // A clock before 1970 is not set.
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn since_boot(&self) -> Duration {
        let now = clock_gettime(ClockId::Boottime);
        // It is never negative.
        Duration::try_from(now).unwrap_or_default()
    }

    fn sleep(&self, duration: Duration) {
        thread::sleep(duration);
    }
}
