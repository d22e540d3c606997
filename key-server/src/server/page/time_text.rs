// SPDX-License-Identifier: MPL-2.0
//! Times and lengths as the pages show them: in UTC to the second, and the distance from now.

use std::fmt;
use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::server::calendar;

/// A time that is shown in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UtcTime(pub SystemTime);

impl UtcTime {
    /// Returns the time for `<time datetime="">`, as RFC 3339 to the second.
    pub fn iso(&self) -> String {
        let at = calendar::utc(self.0);
        at.replace_millisecond(0)
            .unwrap_or(at)
            .format(&Rfc3339)
            .unwrap_or_default()
    }

    /// Returns the distance from `now`, such as `3 min ago` or `in 2 h`.
    pub fn distance(&self, now: &SystemTime) -> String {
        match self.0.duration_since(*now) {
            Ok(left) => format!("in {}", rough(left)),
            Err(error) => format!("{} ago", rough(error.duration())),
        }
    }

    /// Parses the value of a `datetime-local` field, taken as UTC.
    pub fn parse(text: &str) -> Option<Self> {
        let seconds = if text.len() == 16 { ":00Z" } else { "Z" };
        let at = OffsetDateTime::parse(&format!("{text}{seconds}"), &Rfc3339).ok()?;
        Some(Self(at.into()))
    }
}

impl fmt::Display for UtcTime {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str(self.iso().replace('T', " ").trim_end_matches('Z'))
    }
}

/// Wraps a time. Templates pass references.
pub const fn of(time: &SystemTime) -> UtcTime {
    UtcTime(*time)
}

/// Returns a length as text. Templates pass references.
pub fn shown(length: &Duration) -> String {
    exact(*length)
}

fn rough(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Returns a length without loss, such as `1h30m`, as the fields of forms take it.
pub fn exact(length: Duration) -> String {
    let mut left = length.as_nanos();
    let mut text = String::new();
    for (unit, size) in [
        ("d", 86_400_000_000_000),
        ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("ns", 1),
    ] {
        let count = left / size;
        left %= size;
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use protection_policy::duration;

    use super::*;

    #[test]
    fn times_are_shown_and_read_in_utc() {
        // The second that Unix time 1234567890 names.
        let moment = UtcTime(UNIX_EPOCH + Duration::from_secs(1_234_567_890));
        assert_eq!(moment.iso(), "2009-02-13T23:31:30Z");
        assert_eq!(moment.to_string(), "2009-02-13 23:31:30");
        assert_eq!(UtcTime::parse("2009-02-13T23:31:30"), Some(moment));
        assert!(UtcTime::parse("2009-02-13T23:31").is_some());
        assert_eq!(UtcTime::parse("yesterday"), None);
    }

    #[test]
    fn distance_is_counted_from_the_given_time() {
        let time = UtcTime(UNIX_EPOCH + Duration::from_secs(1_000));
        let at = |seconds| time.distance(&(UNIX_EPOCH + Duration::from_secs(seconds)));
        assert_eq!([at(910), at(1_180)], ["in 90 s", "3 min ago"]);
    }

    #[test]
    fn lengths_survive_being_shown_and_read() {
        for seconds in [1, 90, 3_600, 86_401] {
            let length = Duration::from_secs(seconds);
            assert_eq!(duration::parse(&exact(length)), Ok(length));
        }
        assert_eq!(exact(Duration::from_secs(5_400)), "1h30m");
    }
}
