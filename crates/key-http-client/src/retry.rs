// SPDX-License-Identifier: MPL-2.0
//! When to try again: delays that double, each cut by chance, so that packagers that lost a server together do not return together.

use std::time::Duration;

use host_access::{Random, RandomError};

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
        random: &dyn Random,
    ) -> Result<Option<Duration>, RandomError> {
        self.made += 1;
        if self.made >= self.attempts {
            return Ok(None);
        }
        let limits = Limits {
            failures: self.made,
            longest: MAX_DELAY,
            asked,
        };
        limits.delay(self.first, random).map(Some)
    }
}

/// Returns how long to wait after `failures`: at least what the server asked for, at most `longest`.
///
/// # Errors
/// When there are no random bytes.
pub fn pause(
    failures: u32,
    longest: Duration,
    asked: Option<Duration>,
    random: &dyn Random,
) -> Result<Duration, RandomError> {
    let limits = Limits {
        failures,
        longest,
        asked,
    };
    limits.delay(FIRST_DELAY, random)
}

/// What a delay depends on beside chance.
struct Limits {
    failures: u32,
    longest: Duration,
    /// How long the server asks to wait.
    asked: Option<Duration>,
}

impl Limits {
    fn delay(&self, first: Duration, random: &dyn Random) -> Result<Duration, RandomError> {
        let doubled = 2_u32.checked_pow(self.failures.saturating_sub(1));
        let full = doubled.and_then(|factor| first.checked_mul(factor));
        let half = full.unwrap_or(self.longest).min(self.longest) / 2;
        let mut bytes = [0; 4];
        random.fill(&mut bytes)?;
        let cut = half.mul_f64(f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX));
        let asked = self.asked.unwrap_or_default();
        Ok((half + cut).max(asked).min(self.longest))
    }
}

#[cfg(test)]
mod tests {
    use host_access::SystemRandom;

    use super::*;

    #[test]
    fn delays_double_within_their_halves() {
        let mut schedule = Schedule::new(4, Duration::from_secs(8));
        for limit in [8, 16, 30] {
            let delay = schedule
                .after_failure(None, &SystemRandom)
                .unwrap()
                .unwrap();
            let limit = Duration::from_secs(limit);
            assert!((limit / 2..=limit).contains(&delay), "{delay:?}");
        }
        assert_eq!(schedule.after_failure(None, &SystemRandom).unwrap(), None);
        assert_eq!(schedule.made(), 4);
    }

    #[test]
    fn servers_may_ask_for_more_within_a_limit() {
        let mut schedule = Schedule::new(9, Duration::from_millis(1));
        let asked = Duration::from_secs(3);
        assert_eq!(
            schedule.after_failure(Some(asked), &SystemRandom).unwrap(),
            Some(asked)
        );
        let asked = Some(Duration::from_secs(3600));
        assert_eq!(
            schedule.after_failure(asked, &SystemRandom).unwrap(),
            Some(MAX_DELAY)
        );
    }

    #[test]
    fn pauses_grow_to_the_longest_and_no_more() {
        let longest = Duration::from_secs(300);
        for (failures, full) in [(0, 0.5), (1, 0.5), (3, 2.0), (11, 300.0), (u32::MAX, 300.0)] {
            let full = Duration::from_secs_f64(full);
            let pause = pause(failures, longest, None, &SystemRandom).unwrap();
            assert!((full / 2..=full).contains(&pause), "{failures}: {pause:?}");
        }
    }
}
