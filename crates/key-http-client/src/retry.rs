// SPDX-License-Identifier: MPL-2.0
//! When to try again: delays that double, each cut by chance, so that packagers that lost a server together do not return together.

use std::time::Duration;

const FIRST_DELAY: Duration = Duration::from_millis(500);

/// The longest delay, also of those that a server asks for.
const MAX_DELAY: Duration = Duration::from_secs(30);

/// The attempts that are left and the delay before the next.
pub struct Schedule {
    made: u32,
    attempts: u32,
    first: Duration,
}

impl Schedule {
    /// So many attempts.
    pub const fn of(attempts: u32) -> Self {
        Self::new(attempts, FIRST_DELAY)
    }

    const fn new(attempts: u32, first: Duration) -> Self {
        Self {
            made: 0,
            attempts,
            first,
        }
    }

    /// How many attempts have failed.
    pub(super) const fn made(&self) -> u32 {
        self.made
    }

    /// Counts a failed attempt; how long to wait for the next, at least what the server asks for, or None when it was the last.
    pub(super) fn after_failure(
        &mut self,
        asked: Option<Duration>,
    ) -> Result<Option<Duration>, getrandom::Error> {
        self.made += 1;
        if self.made >= self.attempts {
            return Ok(None);
        }
        delay(self.first, (self.made, MAX_DELAY), asked).map(Some)
    }
}

/// How long to wait after so many failures, as long as that is not more than the longest delay.
pub fn pause(
    failures: u32,
    longest: Duration,
    asked: Option<Duration>,
) -> Result<Duration, getrandom::Error> {
    delay(FIRST_DELAY, (failures, longest), asked)
}

fn delay(
    first: Duration,
    (failures, longest): (u32, Duration),
    asked: Option<Duration>,
) -> Result<Duration, getrandom::Error> {
    let doubled = 2_u32.checked_pow(failures.saturating_sub(1));
    let full = doubled.and_then(|factor| first.checked_mul(factor));
    let half = full.unwrap_or(longest).min(longest) / 2;
    let mut random = [0; 4];
    getrandom::fill(&mut random)?;
    let cut = half.mul_f64(f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX));
    Ok((half + cut).max(asked.unwrap_or_default()).min(longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_within_their_halves() {
        let mut schedule = Schedule::new(4, Duration::from_secs(8));
        for limit in [8, 16, 30] {
            let delay = schedule.after_failure(None).unwrap().unwrap();
            let limit = Duration::from_secs(limit);
            assert!((limit / 2..=limit).contains(&delay), "{delay:?}");
        }
        assert_eq!(schedule.after_failure(None).unwrap(), None);
        assert_eq!(schedule.made(), 4);
    }

    #[test]
    fn servers_may_ask_for_more_within_a_limit() {
        let mut schedule = Schedule::new(9, Duration::from_millis(1));
        let asked = Duration::from_secs(3);
        assert_eq!(schedule.after_failure(Some(asked)).unwrap(), Some(asked));
        let asked = Some(Duration::from_secs(3600));
        assert_eq!(schedule.after_failure(asked).unwrap(), Some(MAX_DELAY));
    }

    #[test]
    fn pauses_grow_to_the_longest_and_no_more() {
        let longest = Duration::from_secs(300);
        for (failures, full) in [(0, 0.5), (1, 0.5), (3, 2.0), (11, 300.0), (u32::MAX, 300.0)] {
            let full = Duration::from_secs_f64(full);
            let pause = pause(failures, longest, None).unwrap();
            assert!((full / 2..=full).contains(&pause), "{failures}: {pause:?}");
        }
    }
}
