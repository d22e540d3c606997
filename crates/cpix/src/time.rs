// SPDX-License-Identifier: MPL-2.0
//! xs:dateTime and xs:duration of XML Schema 1.0, part 2, 3.2.7 and 3.2.6, as nanoseconds.

use std::fmt;
use std::str::FromStr;

use super::Error;

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// A point in time, in nanoseconds since 1970-01-01T00:00:00Z. Text without a time zone is read as UTC; written text always has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A duration, or a time of the presentation, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub u64);

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse_timestamp(text).ok_or(Error::BadValue {
            name: "dateTime",
            expected: "a date and time between the years 1678 and 2261",
        })
    }
}

impl FromStr for Offset {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse_offset(text).ok_or(Error::BadValue {
            name: "duration",
            expected: "a duration in days, hours, minutes and seconds, below 584 years",
        })
    }
}

fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once('T')?;
    let mut date = date.split('-');
    let [year, month, day] = [
        number(date.next()?, 4)?,
        number(date.next()?, 2)?,
        number(date.next()?, 2)?,
    ];
    let (time, zone) = split_zone(time)?;
    let mut time = time.split(':');
    let [hour, minute] = [number(time.next()?, 2)?, number(time.next()?, 2)?];
    let (seconds, digits) = seconds(time.next()?)?;
    if date.next().is_some() || time.next().is_some() || digits != 2 {
        return None;
    }
    let midnight = hour == 24 && minute == 0 && seconds == 0;
    let in_range = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    if !in_range || !(hour < 24 || midnight) || minute > 59 || seconds >= 60 * SECOND {
        return None;
    }
    let minutes = hour * 60 + minute - zone;
    i64::try_from(days_since_1970(year, month, day) * DAY + minutes * 60 * SECOND + seconds)
        .ok()
        .map(Timestamp)
}

/// Splits a time into the time without its zone, and the zone in minutes.
fn split_zone(time: &str) -> Option<(&str, i128)> {
    if let Some(time) = time.strip_suffix('Z') {
        return Some((time, 0));
    }
    let Some(sign) = time.find(['+', '-']) else {
        return Some((time, 0));
    };
    let (time, zone) = time.split_at(sign);
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    Some((time, sign * (hours * 60 + minutes)))
}

fn parse_offset(text: &str) -> Option<Offset> {
    let text = text.strip_prefix('P')?;
    let (date, time) = match text.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None if text.is_empty() => return None,
        None => (text, ""),
    };
    let (days, rest) = unit(date, 'D')?;
    if !rest.is_empty() {
        return None;
    }
    let (hours, rest) = unit(time, 'H')?;
    let (minutes, rest) = unit(rest, 'M')?;
    let seconds = match rest {
        "" => 0,
        rest => seconds(rest.strip_suffix('S')?)?.0,
    };
    u64::try_from(days * DAY + (hours * 60 + minutes) * 60 * SECOND + seconds)
        .ok()
        .map(Offset)
}

/// Reads the number before a unit at the start of the text. Returns it with the rest of the text; it is 0 if the unit is missing.
fn unit(text: &str, unit: char) -> Option<(i128, &str)> {
    match text.split_once(unit) {
        Some((digits, rest)) => Some((number(digits, digits.len())?, rest)),
        None => Some((0, text)),
    }
}

/// Reads a decimal number of exactly `len` digits, at most 12.
fn number(text: &str, len: usize) -> Option<i128> {
    if text.len() != len || !(1..=12).contains(&len) || !text.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Reads seconds with a fraction. Returns nanoseconds, without further digits, and the number of digits before the point.
fn seconds(text: &str) -> Option<(i128, usize)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let kept: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    Some((
        number(whole, whole.len())? * SECOND + number(&kept, 9)?,
        whole.len(),
    ))
}

const fn days_in(year: i128, month: i128) -> i128 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Counts days of the Gregorian calendar. March counts as the first month of a year, so that a leap day is the last day.
const fn days_since_1970(year: i128, month: i128, day: i128) -> i128 {
    let year = if month < 3 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let leap_days = year / 4 - year / 100 + year / 400;
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// Returns year, month and day of a number of days since 1970-01-01, which may be negative.
const fn date_of(days: i128) -> (i128, i128, i128) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = year + era * 400;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

/// Writes the fraction of a second with its point, without trailing zeros.
fn fraction(nanoseconds: i128) -> String {
    format!(".{:09}", nanoseconds % SECOND)
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = i128::from(self.0);
        let (year, month, day) = date_of(nanoseconds.div_euclid(DAY));
        let time = nanoseconds.rem_euclid(DAY);
        let seconds = time / SECOND;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{}Z",
            fraction(time)
        )
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = i128::from(self.0);
        write!(f, "PT{}{}S", nanoseconds / SECOND, fraction(nanoseconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Seconds since 1970 as `date -u -d … +%s` gives them.
    #[test]
    fn times_are_those_of_date() {
        let cases = [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-22T20:05:00Z", 1_795_377_900),
            ("2026-11-22T20:05:00", 1_795_377_900),
            ("2026-11-22T22:05:00+02:00", 1_795_377_900),
            ("2026-11-22T14:35:00-05:30", 1_795_377_900),
            ("2000-02-29T24:00:00Z", 951_868_800),
            ("2000-03-01T00:00:00Z", 951_868_800),
            ("1900-03-01T00:00:00Z", -2_203_891_200),
            ("2100-02-28T23:59:59Z", 4_107_542_399),
        ];
        for (text, seconds) in cases {
            let expected = Timestamp(seconds * 1_000_000_000);
            assert_eq!(text.parse(), Ok(expected), "{text}");
            assert_eq!(expected.to_string().parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn fractions_come_back_as_written() {
        for text in ["2026-11-22T20:05:00.25Z", "1969-12-31T23:59:59.999999999Z"] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
        for text in ["PT0S", "PT61.5S", "PT18446744073.709551615S"] {
            assert_eq!(text.parse::<Offset>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn durations_of_fixed_length_are_read() {
        assert_eq!("P1DT2H3M4.5S".parse(), Ok(Offset(93_784_500_000_000)));
        assert_eq!("PT30M".parse(), Ok(Offset(1_800_000_000_000)));
        for text in [
            "", "P", "PT", "P1Y", "P1M", "-PT1S", "PT1", "PT1S1M", "P1DT", "PT.5S", "PT1.S",
        ] {
            assert!(text.parse::<Offset>().is_err(), "{text}");
        }
        assert!("P999999999999D".parse::<Offset>().is_err());
        assert!("PT9999999999999S".parse::<Offset>().is_err());
    }

    #[test]
    fn times_that_do_not_exist_are_refused() {
        for text in [
            "",
            "T",
            "2026-11-22",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:01Z",
            "2026-01-01T25:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:0Z",
            "2026-01-01T00:00Z",
            "2026-01-01T00:00:00+15:00",
            "2026-01-01T00:00:00+1:00",
            "2026-01-01T00:00:00Z0",
            "2026-01-01-01T00:00:00Z",
            "-2026-01-01T00:00:00Z",
            "2300-01-01T00:00:00Z",
            "1600-01-01T00:00:00Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
