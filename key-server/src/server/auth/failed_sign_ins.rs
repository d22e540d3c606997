// SPDX-License-Identifier: MPL-2.0
//! A limit on failed sign-ins from an address, so that nobody tries tokens by the million or fills the log.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use host_access::Clock;

use crate::server::client_network::client_network;

/// The failures that an address may have within a [`SPAN`].
const ALLOWED: u32 = 10;
const SPAN: Duration = Duration::from_secs(60);
/// The most addresses; beyond it those whose spans have ended are removed.
const LIMIT: usize = 100_000;

/// The failed sign-ins of each address.
pub struct FailedSignIns {
    failed: Mutex<ByAddress>,
    clock: Arc<dyn Clock>,
}

/// The failures of each address.
type ByAddress = HashMap<IpAddr, Failures>;

/// The failures of an address since the start of its span.
struct Failures {
    since: Duration,
    count: u32,
}

impl FailedSignIns {
    /// Starts without failures.
    pub fn new(clock: &Arc<dyn Clock>) -> Self {
        Self {
            failed: Mutex::default(),
            clock: Arc::clone(clock),
        }
    }

    /// Returns the time that an address must wait before it may try again.
    pub fn wait(&self, address: IpAddr) -> Option<Duration> {
        let failed = self.lock();
        let Failures { since, count } = failed.get(&client_network(address))?;
        let left = SPAN.checked_sub(self.clock.monotonic().saturating_sub(*since))?;
        (*count >= ALLOWED).then_some(left)
    }

    /// Counts a failure. Returns true for the last one that is allowed.
    pub fn count(&self, address: IpAddr) -> bool {
        let now = self.clock.monotonic();
        let is_over = |since: Duration| now.saturating_sub(since) >= SPAN;
        let mut failed = self.lock();
        if failed.len() >= LIMIT {
            failed.retain(|_, failures| !is_over(failures.since));
        }
        let start = || Failures {
            since: now,
            count: 0,
        };
        let failures = failed.entry(client_network(address)).or_insert_with(start);
        if is_over(failures.since) {
            *failures = start();
        }
        failures.count = failures.count.saturating_add(1);
        failures.count == ALLOWED
    }

    fn lock(&self) -> MutexGuard<'_, ByAddress> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use test_support::ManualClock;

    use super::*;

    fn failures() -> FailedSignIns {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
        FailedSignIns::new(&clock)
    }

    #[test]
    fn address_waits_after_its_failures_and_others_do_not() {
        let failures = failures();
        let here: IpAddr = "192.0.2.1".parse().unwrap();
        for count in 1..=ALLOWED {
            assert_eq!(failures.wait(here), None);
            assert_eq!(failures.count(here), count == ALLOWED);
        }
        assert!(failures.wait(here).is_some_and(|left| left <= SPAN));
        assert!(failures.wait("::ffff:192.0.2.1".parse().unwrap()).is_some());
        assert_eq!(failures.wait("192.0.2.2".parse().unwrap()), None);
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_together() {
        let failures = failures();
        for last in 0..ALLOWED {
            failures.count(format!("2001:db8::{last:x}").parse().unwrap());
        }
        assert!(failures.wait("2001:db8::ffff".parse().unwrap()).is_some());
        assert!(failures.wait("2001:db8:0:1::".parse().unwrap()).is_none());
    }
}
