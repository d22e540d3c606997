// SPDX-License-Identifier: MPL-2.0
//! Bit rates computed by hand, and against the definitions by brute force.

use super::*;

/// Returns media of parts with durations and bytes, one after the other.
fn media(timescale: u32, parts: &[(u64, u64)]) -> MeasuredMedia {
    let mut start = 0;
    let parts = parts.iter().map(|&(duration, bytes)| {
        let part = TimedBytes {
            start,
            duration,
            bytes,
        };
        start += duration;
        part
    });
    MeasuredMedia {
        timescale,
        parts: parts.collect(),
        stated: None,
    }
}

/// The least rate by the definition of 23009-1, 5.3.5.2, in bits per second: for each start, each segment is there when it plays.
fn least_rate(media: &MeasuredMedia, buffer: u64) -> u128 {
    let parts = &media.parts;
    let mut least = 0;
    for first in 0..parts.len() {
        let mut bits = 0;
        for part in &parts[first..] {
            bits += u128::from(part.bytes) * 8;
            let time = u128::from(buffer + part.start - parts[first].start);
            least = least.max((bits * u128::from(media.timescale)).div_ceil(time));
        }
    }
    least
}

#[test]
fn constant_rate_is_its_own_peak() {
    let media = media(1000, &[(4000, 500_000); 10]);
    assert_eq!(media.average(), 1_000_000);
    assert_eq!(media.hls_peak(4), 1_000_000);
    assert_eq!(media.dash_bandwidth(Duration::from_secs(4)), 1_000_000);
    assert_eq!(media.target_duration(), 4);
}

// RFC 8216, 4.1: sets of segments that play for 0.5 to 1.5 times the target duration. The last segment is too short to be one.
#[test]
fn peak_is_that_of_sets_near_the_target_duration() {
    // The target duration is 4 s. Sets: 4 s; 4 + 2 s; 2 s; 2 + 2 s; 2 + 2 + 1 s; 2 + 1 s. Not 1 s alone.
    let media = media(
        1000,
        &[(4000, 4000), (2000, 1000), (2000, 3000), (1000, 10_000)],
    );
    // 13,000 bytes in 3 s.
    assert_eq!(media.hls_peak(4), (13_000 * 8_u64).div_ceil(3));
    assert_eq!(media.average(), (18_000 * 8_u64).div_ceil(9));
}

// RFC 8216, 4.3.3.1: each duration, rounded to the nearest integer, is at most the target duration.
#[test]
fn target_duration_is_rounded() {
    for (duration, expected) in [(4499, 4), (4500, 5), (200, 1), (4004, 4)] {
        assert_eq!(media(1000, &[(duration, 1)]).target_duration(), expected);
    }
}

// A client that buffers 2 s of the rate has the large segment only if the rate is twice that segment's.
#[test]
fn bandwidth_depends_on_the_buffer() {
    let media = media(10, &[(40, 100_000), (40, 500_000), (40, 100_000)]);
    // From the second segment: 4,000,000 bits in 2 s. With 8 s: 500,000; the average of 466,667 is less.
    assert_eq!(media.dash_bandwidth(Duration::from_secs(2)), 2_000_000);
    assert_eq!(media.dash_bandwidth(Duration::from_secs(8)), 500_000);
    // With 60 s, all is there after 93,334 bits per second; the average is the least that is said.
    assert_eq!(media.dash_bandwidth(Duration::from_secs(60)), 466_667);
}

#[test]
fn bandwidth_is_the_least_of_the_definition() {
    let mut state = 1_u64;
    let mut random = |below: u64| {
        // The generator of Knuth's MMIX.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..300 {
        let count = 1 + random(12);
        let parts: Vec<_> = (0..count)
            .map(|_| (1 + random(5000), 1 + random(1_000_000)))
            .collect();
        let media = media(1000, &parts);
        let buffer = 1 + random(8000);
        let expected = least_rate(&media, buffer).max(u128::from(media.average()));
        let found = media.dash_bandwidth(Duration::from_millis(buffer));
        assert_eq!(u128::from(found), expected, "{parts:?} {buffer}");
    }
}

#[test]
fn huge_media_is_measured_without_overflow() {
    let media = media(u32::MAX, &[(u64::MAX / 4, u64::MAX / 16), (1, 1)]);
    assert!(media.average() > 0);
    assert_eq!(media.dash_bandwidth(Duration::from_secs(1)), u32::MAX);
    assert!(media.hls_peak(media.target_duration()) > 0);
}
