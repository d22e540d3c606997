// SPDX-License-Identifier: MPL-2.0
//! The circuit of a target. After repeated failures it opens, so that a target that is down costs one attempt at growing intervals
//! and not one for each key. After each interval it is half open: one delivery tries the target, and its success closes the circuit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use host_access::{Random, RandomError};
use key_http_client::pause;

/// The failures in a row that open a circuit.
const FAILURES: u32 = 3;
/// The longest interval of an open circuit, unless the target demands a longer one.
const LONGEST: Duration = Duration::from_secs(60);
/// The most deliveries to one target at a time, once it has acknowledged some.
const WIDEST: u32 = 4;

/// The circuits of all targets, which the page, REST and metrics show.
#[derive(Debug, Default)]
pub struct Circuits(Mutex<BTreeMap<String, Arc<Circuit>>>);

/// The circuit of a target.
#[derive(Debug, Default)]
pub struct Circuit(Mutex<Progress>);

#[derive(Debug, Default)]
struct Progress {
    /// The failures since the last success.
    failures: u32,
    /// The successes since the last failure.
    successes: u32,
    /// The time until which nothing is sent, by the monotonic clock.
    closed_until: Option<Duration>,
    /// The error of the last failure.
    error: Option<String>,
}

/// The state of a circuit, and the reason for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircuitStatus {
    /// The state.
    pub state: CircuitState,
    /// The failures since the last success.
    pub failures: u32,
    /// The time to the next attempt; zero if it may be made at once.
    pub wait: Duration,
    /// The error of the last failure; None after a success.
    pub error: Option<String>,
}

/// A target and the state of its circuit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetCircuit {
    /// The target's name.
    pub target: String,
    /// The state.
    pub status: CircuitStatus,
}

/// The states of a circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CircuitState {
    /// Deliveries are sent.
    Closed,
    /// Nothing is sent for a while.
    Open,
    /// The next delivery tries the target.
    HalfOpen,
}

impl CircuitState {
    /// Returns the name of the state.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

impl Circuits {
    /// Returns the circuit of a target, which is closed at first.
    pub fn of(&self, target: &str) -> Arc<Circuit> {
        Arc::clone(self.lock().entry(target.to_owned()).or_default())
    }

    /// Forgets the circuits of targets that are gone.
    pub fn keep(&self, is_kept: impl Fn(&str) -> bool) {
        self.lock().retain(|target, _| is_kept(target));
    }

    /// Returns the states of all circuits by target, at a time of the monotonic clock.
    pub fn all(&self, now: Duration) -> Vec<TargetCircuit> {
        self.lock()
            .iter()
            .map(|(target, circuit)| TargetCircuit {
                target: target.clone(),
                status: circuit.status(now),
            })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Circuit>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Circuit {
    /// Returns the number of deliveries that may be sent now at the same time; 0 while the circuit is open.
    pub fn width(&self, now: Duration) -> u32 {
        let progress = self.lock();
        match progress.state(now) {
            CircuitState::Open => 0,
            CircuitState::HalfOpen => 1,
            CircuitState::Closed => progress.successes.clamp(1, WIDEST),
        }
    }

    /// Records that the target took a key, or refused it for good: it is there.
    pub fn succeeded(&self) {
        let mut progress = self.lock();
        *progress = Progress {
            successes: progress.successes.saturating_add(1),
            ..Progress::default()
        };
    }

    /// Records a failure at a time of the monotonic clock, with the wait that the target demanded. Returns true if the circuit opens
    /// by it.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn failed(
        &self,
        now: Duration,
        error: String,
        demanded: Option<Duration>,
        random: &dyn Random,
    ) -> Result<bool, RandomError> {
        let mut progress = self.lock();
        let failures = progress.failures.saturating_add(1);
        let wait = match failures.checked_sub(FAILURES) {
            Some(beyond) => Some(pause(beyond.saturating_add(2), LONGEST, demanded, random)?),
            None => demanded.map(|demanded| demanded.min(LONGEST)),
        };
        let opens = failures == FAILURES;
        *progress = Progress {
            failures,
            successes: 0,
            closed_until: wait.map(|wait| now + wait),
            error: Some(error),
        };
        Ok(opens)
    }

    /// Closes the circuit, because the target's settings have changed.
    pub fn reset(&self) {
        *self.lock() = Progress::default();
    }

    /// Returns its state.
    pub fn status(&self, now: Duration) -> CircuitStatus {
        let progress = self.lock();
        CircuitStatus {
            state: progress.state(now),
            failures: progress.failures,
            wait: progress
                .closed_until
                .map_or(Duration::ZERO, |until| until.saturating_sub(now)),
            error: progress.error.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    fn state(&self, now: Duration) -> CircuitState {
        match self.closed_until {
            Some(until) if now < until => CircuitState::Open,
            Some(_) if self.failures >= FAILURES => CircuitState::HalfOpen,
            Some(_) | None => CircuitState::Closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use host_access::SystemRandom;

    use super::*;

    fn fail(circuit: &Circuit, now: Duration) -> bool {
        circuit
            .failed(now, "no connection".to_owned(), None, &SystemRandom)
            .unwrap()
    }

    #[test]
    fn circuit_opens_after_failures_and_closes_after_one_success() {
        let circuit = Circuit::default();
        let start = Duration::from_secs(1000);
        assert!(!fail(&circuit, start) && !fail(&circuit, start));
        assert_eq!(circuit.width(start), 1);
        assert!(fail(&circuit, start), "the third failure opens it");
        assert_eq!(circuit.width(start), 0);
        let status = circuit.status(start);
        assert_eq!((status.state, status.failures), (CircuitState::Open, 3));
        assert_eq!(status.error.as_deref(), Some("no connection"));
        let later = start + status.wait;
        assert_eq!(circuit.status(later).state, CircuitState::HalfOpen);
        assert_eq!(circuit.width(later), 1);
        // The failure of the attempt opens it again, for longer in the end, but never more than a minute.
        assert!(!fail(&circuit, later));
        assert_eq!(circuit.status(later).state, CircuitState::Open);
        for _ in 0..50 {
            fail(&circuit, later);
        }
        let wait = circuit.status(later).wait;
        assert!((LONGEST / 2..=LONGEST).contains(&wait), "{wait:?}");
        circuit.succeeded();
        assert_eq!(circuit.status(later).state, CircuitState::Closed);
        assert_eq!(circuit.width(later), 1);
        for _ in 0..10 {
            circuit.succeeded();
        }
        assert_eq!(circuit.width(later), WIDEST);
    }

    #[test]
    fn target_that_demands_a_wait_gets_it_at_once() {
        let circuit = Circuit::default();
        let (now, wait) = (Duration::from_secs(9), Duration::from_secs(7));
        let demanded = Some(wait);
        circuit
            .failed(now, "busy".to_owned(), demanded, &SystemRandom)
            .unwrap();
        assert_eq!(circuit.width(now), 0);
        assert_eq!(circuit.status(now).wait, wait);
        assert_eq!(circuit.width(now + wait), 1);
    }
}
