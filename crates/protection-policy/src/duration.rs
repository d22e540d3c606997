// SPDX-License-Identifier: MPL-2.0
//! Durations in text form: `10s`, `1m30s`, `500ms`, `2h`.

use std::time::Duration;

/// The units and their lengths in nanoseconds.
const UNITS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// The error for a text that is not a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time: give numbers with their units ns, us, ms, s, m, h or d, such as 10s or 1m30s")]
pub struct BadDuration;

/// Reads a duration: whole numbers, each followed by its unit, which are added up. The limit is 64 bits of nanoseconds, 584 years.
///
/// # Errors
/// [`BadDuration`].
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use protection_policy::duration;
///
/// assert_eq!(duration::parse("1m30s"), Ok(Duration::from_secs(90)));
/// assert!(duration::parse("90").is_err());
/// ```
pub fn parse(text: &str) -> Result<Duration, BadDuration> {
    let mut nanoseconds = 0_u64;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(BadDuration);
    }
    while !rest.is_empty() {
        let (number, after_number) = split(rest, |c| c.is_ascii_digit());
        let (unit, after_unit) = split(after_number, |c| c.is_ascii_alphabetic());
        let (_, length) = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or(BadDuration)?;
        nanoseconds = number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(*length)?.checked_add(nanoseconds))
            .ok_or(BadDuration)?;
        rest = after_unit.trim_start();
    }
    Ok(Duration::from_nanos(nanoseconds))
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units_add_up() {
        for (text, milliseconds) in [
            ("10s", 10_000),
            ("1m30s", 90_000),
            ("1h 500ms", 3_600_500),
            ("2d", 172_800_000),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "10",
            "s",
            "10 s",
            "-1s",
            "1.5s",
            "1x",
            "99999999999h",
            "10é",
        ] {
            assert_eq!(parse(text), Err(BadDuration), "{text}");
        }
    }
}
