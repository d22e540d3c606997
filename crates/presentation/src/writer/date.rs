// SPDX-License-Identifier: MPL-2.0
//! Dates as manifests write them.

use std::time::{Duration, SystemTime};

use time::OffsetDateTime;

/// Returns the date of a media time in UTC, rounded down to a millisecond: a value of `xs:dateTime` and of EXT-X-PROGRAM-DATE-TIME.
///
/// `origin` is the date of media time 0, not before 1970.
pub(super) fn date_text(origin: SystemTime, media_time: Duration) -> String {
    let since_1970 = origin
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .saturating_add(media_time);
    let date = OffsetDateTime::UNIX_EPOCH
        .saturating_add(since_1970.try_into().unwrap_or(time::Duration::MAX));
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        date.hour(),
        date.minute(),
        date.second(),
        date.millisecond()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    // Unix times of `date -u -d @…`.
    #[test]
    fn dates_are_in_utc() {
        for (seconds, milliseconds, expected) in [
            (0, 0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, 999, "2000-02-29T00:00:00.999Z"),
            (1_796_083_199, 5, "2026-11-30T23:59:59.005Z"),
        ] {
            let origin = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            let media_time = Duration::from_micros(milliseconds * 1000 + 999);
            assert_eq!(date_text(origin, media_time), expected);
        }
        let longest = date_text(SystemTime::UNIX_EPOCH, Duration::MAX);
        assert!(longest.starts_with("9999-12-31T"), "{longest}");
    }
}
