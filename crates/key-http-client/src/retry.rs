// SPDX-License-Identifier: MPL-2.0
//! Delays before further attempts. They double, and a random part of each is cut, so that packagers that lost a server at the same
//! time do not all return at the same time.

use std::time::Duration;

use host_access::{Random, RandomError};

const FIRST_DELAY: Duration = Duration::from_millis(500);

/// The longest delay, even if the server demands a longer one.
const MAX_DELAY: Duration = Duration::from_secs(30);

/// The number of attempts, and the delays between them.
pub struct RetrySchedule {
    failures: u32,
    attempts: u32,
    first_delay: Duration,
}

impl RetrySchedule {
    /// Creates a schedule with at most `attempts` attempts.
    pub const fn of(attempts: u32) -> Self {
        Self::new(attempts, FIRST_DELAY)
    }

    const fn new(attempts: u32, first_delay: Duration) -> Self {
        Self {
            failures: 0,
            attempts,
            first_delay,
        }
    }

    /// Returns the number of failed attempts.
    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Counts a failed attempt and returns the delay before the next one, or None after the last attempt. The delay is at least
    /// `demanded`, which the server sent as Retry-After.
    pub(super) fn after_failure(
        &mut self,
        demanded: Option<Duration>,
        random: &dyn Random,
    ) -> Result<Option<Duration>, RandomError> {
        self.failures += 1;
        if self.failures >= self.attempts {
            return Ok(None);
        }
        DelayLimits {
            failures: self.failures,
            longest: MAX_DELAY,
            demanded,
        }
        .delay(self.first_delay, random)
        .map(Some)
    }
}

/// Returns the delay after a number of failures: at least `demanded` by the server, at most `longest`.
///
/// ```
/// use std::time::Duration;
///
/// use host_access::SystemRandom;
/// use key_http_client::pause;
///
/// // The third delay is 2 seconds, of which up to a half is cut.
/// let delay = pause(3, Duration::from_secs(300), None, &SystemRandom)?;
/// assert!((Duration::from_secs(1)..=Duration::from_secs(2)).contains(&delay));
/// # Ok::<(), host_access::RandomError>(())
/// ```
///
/// # Errors
/// If the system gives no random bytes.
pub fn pause(
    failures: u32,
    longest: Duration,
    demanded: Option<Duration>,
    random: &dyn Random,
) -> Result<Duration, RandomError> {
    DelayLimits {
        failures,
        longest,
        demanded,
    }
    .delay(FIRST_DELAY, random)
}

/// The facts that limit a delay.
struct DelayLimits {
    failures: u32,
    longest: Duration,
    /// The delay that the server demands.
    demanded: Option<Duration>,
}

impl DelayLimits {
    fn delay(&self, first: Duration, random: &dyn Random) -> Result<Duration, RandomError> {
        let half = 2_u32
            .checked_pow(self.failures.saturating_sub(1))
            .and_then(|factor| first.checked_mul(factor))
            .unwrap_or(self.longest)
            .min(self.longest)
            / 2;
        let mut bytes = [0; 4];
        random.fill(&mut bytes)?;
        let random_part = half.mul_f64(f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX));
        Ok((half + random_part)
            .max(self.demanded.unwrap_or_default())
            .min(self.longest))
    }
}

#[cfg(test)]
mod tests {
    use host_access::SystemRandom;

    use super::*;

    #[test]
    fn delays_double_within_their_halves() {
        let mut schedule = RetrySchedule::new(4, Duration::from_secs(8));
        for limit in [8, 16, 30] {
            let delay = schedule
                .after_failure(None, &SystemRandom)
                .unwrap()
                .unwrap();
            let limit = Duration::from_secs(limit);
            assert!((limit / 2..=limit).contains(&delay), "{delay:?}");
        }
        assert_eq!(schedule.after_failure(None, &SystemRandom).unwrap(), None);
        assert_eq!(schedule.failures(), 4);
    }

    #[test]
    fn servers_may_demand_more_within_a_limit() {
        let mut schedule = RetrySchedule::new(9, Duration::from_millis(1));
        let demanded = Duration::from_secs(3);
        assert_eq!(
            schedule
                .after_failure(Some(demanded), &SystemRandom)
                .unwrap(),
            Some(demanded)
        );
        let demanded = Some(Duration::from_secs(3600));
        assert_eq!(
            schedule.after_failure(demanded, &SystemRandom).unwrap(),
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
