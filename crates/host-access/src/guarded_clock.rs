// SPDX-License-Identifier: MPL-2.0
//! A clock for programs that change something for good when a time comes: it does not follow jumps of the time of day.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Clock;

/// The largest step of the time of day that is followed. Time servers correct less than that in steps on a machine that they keep right.
const BOUND: Duration = Duration::from_secs(60);

/// A clock whose time of day follows another clock, but not its jumps: after a jump it goes on by the time since the start of the
/// machine, until the time of day is right again or somebody accepts it.
pub struct GuardedClock {
    clock: Arc<dyn Clock>,
    guard: Mutex<Guard>,
}

/// The last time that was right.
struct Guard {
    since_1970: Duration,
    since_boot: Duration,
    /// A time that has been before, if the time at the start was earlier: then the clock is known to be wrong, until it shows a later one.
    known: Option<Duration>,
}

/// A jump of the time of day that is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockJump {
    /// The clock shows a later time than expected, by this much.
    Forward(Duration),
    /// The clock shows an earlier time than expected, by this much.
    Backward(Duration),
}

impl fmt::Display for ClockJump {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (way, by) = match self {
            Self::Forward(by) => ("forward", by),
            Self::Backward(by) => ("back", by),
        };
        write!(
            text,
            "the clock of the machine has jumped {way} by {} seconds",
            by.as_secs()
        )
    }
}

impl GuardedClock {
    /// Starts with the time that `clock` shows.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            guard: Mutex::new(Guard {
                since_1970: clock.since_1970(),
                since_boot: clock.since_boot(),
                known: None,
            }),
            clock,
        }
    }

    /// Takes a time that has been before, such as that of the last change in a database. If the clock shows an earlier one, it is wrong,
    /// and a later jump beyond this time sets it right.
    pub fn know(&self, before: Duration) {
        let mut guard = self.lock();
        if guard.since_1970 + BOUND < before {
            guard.known = Some(before);
        }
    }

    /// Follows the time of day from now on, whatever it is.
    pub fn accept(&self) {
        let mut guard = self.lock();
        *guard = Guard {
            since_1970: self.clock.since_1970(),
            since_boot: self.clock.since_boot(),
            known: None,
        };
    }

    /// Returns the jump that is not followed now; None if the time of day is right.
    pub fn jump(&self) -> Option<ClockJump> {
        let mut guard = self.lock();
        let expected = guard.follow(&*self.clock);
        let shown = self.clock.since_1970();
        let is_near = shown.abs_diff(expected) <= BOUND;
        match shown > expected {
            _ if is_near => None,
            true => Some(ClockJump::Forward(shown - expected)),
            false => Some(ClockJump::Backward(expected - shown)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Guard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guard {
    /// Returns the time, after following the clock if it has not jumped.
    fn follow(&mut self, clock: &dyn Clock) -> Duration {
        let (shown, since_boot) = (clock.since_1970(), clock.since_boot());
        let expected = self.since_1970 + since_boot.saturating_sub(self.since_boot);
        let is_set_right = self.known.is_some_and(|known| shown + BOUND >= known);
        if shown.abs_diff(expected) > BOUND && !is_set_right {
            return expected;
        }
        *self = Self {
            since_1970: shown,
            since_boot,
            known: self.known.filter(|_| !is_set_right),
        };
        shown
    }
}

impl Clock for GuardedClock {
    fn since_1970(&self) -> Duration {
        self.lock().follow(&*self.clock)
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    fn since_boot(&self) -> Duration {
        self.clock.since_boot()
    }

    fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The time of day and the time since the start of the machine, in seconds.
    #[derive(Default)]
    struct TwoClocks(Mutex<(u64, u64)>);

    impl Clock for TwoClocks {
        fn since_1970(&self) -> Duration {
            Duration::from_secs(self.0.lock().unwrap().0)
        }

        fn monotonic(&self) -> Duration {
            Duration::from_secs(self.0.lock().unwrap().1)
        }

        fn sleep(&self, _: Duration) {}
    }

    /// A guarded clock that starts at a time of day.
    fn at(start: u64) -> (Arc<TwoClocks>, GuardedClock) {
        let clocks = Arc::new(TwoClocks(Mutex::new((start, 100))));
        let guarded = GuardedClock::new(Arc::clone(&clocks) as Arc<dyn Clock>);
        (clocks, guarded)
    }

    #[test]
    fn jumps_are_not_followed_until_the_clock_is_right_again() {
        let day = 86_400;
        for (jump, expected) in [
            (day, Some(ClockJump::Forward(Duration::from_secs(86_400)))),
            (-day, Some(ClockJump::Backward(Duration::from_secs(86_400)))),
            (61, Some(ClockJump::Forward(Duration::from_secs(61)))),
            (60, None),
            (-60, None),
            (0, None),
        ] {
            let (clocks, guarded) = at(1_000_000);
            *clocks.0.lock().unwrap() = (1_000_010_u64.checked_add_signed(jump).unwrap(), 110);
            assert_eq!(guarded.jump(), expected, "{jump}");
            let followed = 1_000_010_i64 + if expected.is_none() { jump } else { 0 };
            assert_eq!(guarded.since_1970().as_secs().cast_signed(), followed);
            // The clock is right again.
            *clocks.0.lock().unwrap() = (1_000_020, 120);
            assert_eq!(guarded.jump(), None, "{jump}");
            assert_eq!(guarded.since_1970().as_secs(), 1_000_020);
        }
    }

    #[test]
    fn small_steps_are_followed_without_end() {
        let (clocks, guarded) = at(1_000_000);
        for step in 1..=100 {
            *clocks.0.lock().unwrap() = (1_000_000 + step * 60, 100 + step);
            assert_eq!(guarded.since_1970().as_secs(), 1_000_000 + step * 60);
        }
    }

    #[test]
    fn accepted_jump_is_the_time() {
        let (clocks, guarded) = at(1_000_000);
        *clocks.0.lock().unwrap() = (2_000_000, 101);
        assert!(guarded.jump().is_some());
        guarded.accept();
        assert_eq!(guarded.jump(), None);
        assert_eq!(guarded.since_1970().as_secs(), 2_000_000);
    }

    #[test]
    fn clock_that_started_before_known_changes_is_set_right_by_a_jump() {
        // A machine without a battery starts in 1970, and gets the time by the network later.
        let (clocks, guarded) = at(30);
        guarded.know(Duration::from_secs(1_700_000_000));
        *clocks.0.lock().unwrap() = (40, 110);
        assert_eq!(guarded.since_1970().as_secs(), 40);
        *clocks.0.lock().unwrap() = (1_700_000_100, 120);
        assert_eq!(guarded.jump(), None);
        assert_eq!(guarded.since_1970().as_secs(), 1_700_000_100);
        // From now on it is guarded.
        *clocks.0.lock().unwrap() = (1_800_000_000, 121);
        assert!(guarded.jump().is_some());
    }
}
