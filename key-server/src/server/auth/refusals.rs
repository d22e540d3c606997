// SPDX-License-Identifier: MPL-2.0
//! Refusals of accounts that lack a role. The audit records them, but not every refusal of a program that repeats its
//! request without end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use host_access::Clock;

/// The time in which one refusal of an account at a route is recorded.
const SPAN: Duration = Duration::from_secs(60);
/// The most refusals that are remembered; beyond it those whose spans have ended are removed.
const LIMIT: usize = 10_000;

/// The refusal of an account, as an extension of the response.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The account's name.
    pub account: String,
    /// The cause.
    pub detail: String,
}

/// The refusals of the last [`SPAN`].
pub struct Refusals {
    recorded: Mutex<HashMap<AccountRoute, Duration>>,
    clock: Arc<dyn Clock>,
}

/// An account at a route.
#[derive(PartialEq, Eq, Hash)]
struct AccountRoute {
    account: String,
    route: String,
}

impl Refusals {
    /// Starts without refusals.
    pub fn new(clock: &Arc<dyn Clock>) -> Self {
        Self {
            recorded: Mutex::default(),
            clock: Arc::clone(clock),
        }
    }

    /// True if a refusal is to be recorded: none was within the last [`SPAN`].
    pub fn count(&self, account: &str, route: &str) -> bool {
        let now = self.clock.monotonic();
        let is_over = |since: Duration| now.saturating_sub(since) >= SPAN;
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        if recorded.len() >= LIMIT {
            recorded.retain(|_, since| !is_over(*since));
        }
        let key = AccountRoute {
            account: account.to_owned(),
            route: route.to_owned(),
        };
        let is_due = recorded.get(&key).is_none_or(|since| is_over(*since));
        if is_due {
            recorded.insert(key, now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use test_support::ManualClock;

    use super::*;

    #[test]
    fn one_refusal_a_minute_is_recorded_for_each_account_and_route() {
        let manual = Arc::new(ManualClock::at(0));
        let clock: Arc<dyn Clock> = manual.clone();
        let refusals = Refusals::new(&clock);
        for (account, route, is_due) in [
            ("rack", "POST /speke", true),
            ("rack", "POST /speke", false),
            ("rack", "GET /v1/keys", true),
            ("vera", "POST /speke", true),
        ] {
            assert_eq!(refusals.count(account, route), is_due, "{account} {route}");
        }
        manual.set(60);
        assert!(refusals.count("rack", "POST /speke"));
    }
}
