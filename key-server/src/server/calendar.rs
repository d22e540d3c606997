// SPDX-License-Identifier: MPL-2.0
//! Times of the calendar, which ends with the year 9999 in RFC 3339.

use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;

/// The last second of the year 9999, since 1970.
const LAST_SECOND: u64 = 253_402_300_799;

/// Returns a time in UTC to the millisecond; 1970 for an earlier time, and the end of the year 9999 for a later one.
pub fn utc(time: SystemTime) -> OffsetDateTime {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs().min(LAST_SECOND)).unwrap_or_default();
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    at.replace_nanosecond(since.subsec_nanos()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use time::format_description::well_known::Rfc3339;

    use super::*;

    #[test]
    fn every_time_can_be_written() {
        let text = |seconds| {
            let at = UNIX_EPOCH + Duration::from_secs(seconds);
            utc(at).format(&Rfc3339).unwrap()
        };
        assert_eq!(text(1_234_567_890), "2009-02-13T23:31:30Z");
        for seconds in [LAST_SECOND, LAST_SECOND + 1, 1 << 53, i64::MAX as u64] {
            assert_eq!(text(seconds), "9999-12-31T23:59:59Z");
        }
        assert_eq!(
            utc(UNIX_EPOCH - Duration::from_secs(1)),
            OffsetDateTime::UNIX_EPOCH
        );
    }
}
