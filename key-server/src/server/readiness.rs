// SPDX-License-Identifier: MPL-2.0
//! Whether the server can do its work, as a background check found last. Asking for it costs nothing, so that nobody can slow the
//! server by it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use content_key_store::{Error, StoreRisk};
use host_access::ClockJump;

/// A check that is older than this says nothing any more.
const STALE: Duration = Duration::from_secs(10);

/// The result of the last check.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<LastCheck>);

#[derive(Debug, Default)]
struct LastCheck {
    checked: Option<Checked>,
    /// What the last check that succeeded found.
    risks: Vec<StoreRisk>,
}

#[derive(Debug)]
struct Checked {
    /// The time of the check, by the monotonic clock.
    at: Duration,
    /// None if the server is ready.
    reason: Option<NotReady>,
}

/// The reason why the server is not ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReady {
    /// The reason and the remedy, without the place of the store.
    pub text: String,
    /// The seconds after which it is worth asking again.
    pub retry_after: u64,
}

impl NotReady {
    /// The reason of an error of the store.
    pub fn of(error: &Error) -> Self {
        Self {
            text: error.public_text(),
            retry_after: match error {
                Error::Restored(_) | Error::Changed(_) => 60,
                _ => 5,
            },
        }
    }
}

impl NotReady {
    /// The reason of a clock that has jumped. The server goes on by the time that it expected.
    pub fn of_clock(jump: ClockJump) -> Self {
        Self {
            text: format!(
                "{jump}, and the server goes on by the time before it: set the clock right, or, if it is right now, send POST /v1/clock/accept"
            ),
            retry_after: 60,
        }
    }
}

impl Readiness {
    /// Records a check. Returns true if its result is another than before, apart from figures in it.
    pub fn record(&self, at: Duration, reason: Option<NotReady>) -> bool {
        let mut last = self.lock();
        let before = last.checked.take().and_then(|checked| checked.reason);
        let words = |reason: &Option<NotReady>| {
            let text = reason.as_ref().map(|reason| reason.text.as_str());
            text.map(|text| text.replace(|c: char| c.is_ascii_digit(), ""))
        };
        let has_changed = words(&before) != words(&reason);
        last.checked = Some(Checked { at, reason });
        has_changed
    }

    /// Records what may lose changes. Returns what was not found before.
    pub fn record_risks(&self, risks: &[StoreRisk]) -> Vec<StoreRisk> {
        let mut last = self.lock();
        let before = std::mem::replace(&mut last.risks, risks.to_owned());
        risks
            .iter()
            .filter(|risk| !before.contains(risk))
            .cloned()
            .collect()
    }

    /// Returns what may lose changes, though the server is ready.
    pub fn risks(&self) -> Vec<StoreRisk> {
        self.lock().risks.clone()
    }

    /// Returns the reason why the server is not ready now; None if it is.
    pub fn reason(&self, now: Duration) -> Option<NotReady> {
        let late = |text| {
            Some(NotReady {
                text,
                retry_after: 5,
            })
        };
        match &self.lock().checked {
            Some(Checked { at, reason: None }) if now.saturating_sub(*at) > STALE => late(format!(
                "the key store has not answered for {} seconds: look at its disk and at the server's log",
                now.saturating_sub(*at).as_secs()
            )),
            Some(checked) => checked.reason.clone(),
            None => late("the key store has not been checked yet: try again".to_owned()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, LastCheck> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_that_does_not_come_back_is_a_reason() {
        let readiness = Readiness::default();
        assert!(readiness.reason(Duration::ZERO).is_some());
        assert!(!readiness.record(Duration::from_secs(5), None));
        assert_eq!(readiness.reason(Duration::from_secs(15)), None);
        let late = readiness.reason(Duration::from_secs(30)).unwrap();
        assert!(late.text.contains("for 25 seconds"), "{}", late.text);
        assert!(readiness.record(Duration::from_secs(30), Some(NotReady::of(&Error::Busy))));
        let busy = readiness.reason(Duration::from_secs(31)).unwrap();
        assert!(busy.text.contains("too many requests"), "{}", busy.text);
    }

    #[test]
    fn risks_are_news_once() {
        let readiness = Readiness::default();
        let alone = [StoreRisk::NoStandby];
        assert_eq!(readiness.record_risks(&alone), alone);
        assert_eq!(readiness.record_risks(&alone), []);
        assert_eq!(readiness.risks(), alone);
        assert_eq!(readiness.record_risks(&[]), []);
        assert_eq!(readiness.record_risks(&alone), alone);
    }
}
