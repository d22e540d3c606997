// SPDX-License-Identifier: MPL-2.0
//! The choice of keys, with the limits of CPIX 2.4, "Usage rules".

use super::*;
use crate::{AudioFilter, BitrateFilter, VideoFilter};
use cenc_types::KeyId;

fn rule(kid: u8) -> UsageRule {
    UsageRule::new(KeyId::from_bytes([kid; 16]))
}

fn document(rules: impl IntoIterator<Item = UsageRule>) -> Document {
    Document {
        usage_rules: rules.into_iter().collect(),
        ..Document::default()
    }
}

fn track(kind: TrackKind) -> TrackFacts {
    TrackFacts {
        kind,
        bitrate: None,
        labels: Vec::new(),
    }
}

fn video(pixels: u64) -> TrackFacts {
    track(TrackKind::Video {
        pixels,
        frame_rate: None,
        hdr: None,
        wcg: None,
    })
}

fn at_rate(numerator: u32, denominator: u32) -> TrackFacts {
    track(TrackKind::Video {
        pixels: 1,
        frame_rate: Some(FrameRate::new(numerator, denominator)),
        hdr: Some(false),
        wcg: None,
    })
}

fn audio(channels: u64) -> TrackFacts {
    let channels = Some(channels);
    track(TrackKind::Audio { channels })
}

/// The first byte of the KID whose rule matches.
fn chosen(document: &Document, track: &TrackFacts, period: Option<&str>) -> Option<u8> {
    let rule = document.rule_for(track, period).unwrap();
    rule.map(|rule| rule.kid.as_bytes()[0])
}

fn pixels(min_pixels: Option<u64>, max_pixels: Option<u64>) -> VideoFilter {
    VideoFilter {
        min_pixels,
        max_pixels,
        ..VideoFilter::default()
    }
}

#[test]
fn both_limits_of_pixels_and_channels_belong_to_the_range() {
    let mut sd = rule(1);
    sd.video = vec![pixels(None, Some(589_824))];
    let mut hd = rule(2);
    hd.video = vec![pixels(Some(589_825), Some(2_073_600))];
    let mut stereo = rule(3);
    stereo.audio = vec![AudioFilter {
        min_channels: Some(1),
        max_channels: Some(2),
    }];
    let document = document([sd, hd, stereo]);
    let of = |track| chosen(&document, &track, None);
    assert_eq!([of(video(589_824)), of(video(589_825))], [Some(1), Some(2)]);
    assert_eq!(
        [of(video(2_073_600)), of(video(2_073_601))],
        [Some(2), None]
    );
    assert_eq!([of(audio(2)), of(audio(3))], [Some(3), None]);
    assert_eq!(of(track(TrackKind::Other)), None);
}

#[test]
fn frame_rates_are_above_the_lower_limit() {
    let mut rule = rule(1);
    let fps = VideoFilter {
        min_fps: Some(30),
        max_fps: Some(60),
        ..VideoFilter::default()
    };
    rule.video = vec![fps];
    let document = document([rule]);
    let of = |numerator, denominator| chosen(&document, &at_rate(numerator, denominator), None);
    assert_eq!([of(30, 1), of(30_001, 1000)], [None, Some(1)]);
    assert_eq!([of(60, 1), of(60_001, 1000)], [Some(1), None]);
    assert_eq!(of(30_000, 1001), None);
}

#[test]
fn same_type_filters_are_alternatives_and_types_add_up() {
    let mut rule = rule(1);
    rule.video = vec![pixels(Some(10), Some(10)), pixels(Some(20), Some(20))];
    rule.labels = vec!["a".into(), "b".into()];
    rule.bitrate = vec![BitrateFilter {
        min_bitrate: Some(5),
        max_bitrate: None,
    }];
    let document = document([rule]);
    let of = |pixels, label: &str, bitrate| {
        let track = TrackFacts {
            labels: vec![label.into()],
            bitrate: Some(bitrate),
            ..video(pixels)
        };
        chosen(&document, &track, None)
    };
    assert_eq!([of(10, "a", 5), of(20, "b", 6)], [Some(1), Some(1)]);
    assert_eq!([of(15, "a", 5), of(10, "c", 5), of(10, "a", 4)], [None; 3]);
}

#[test]
fn one_rule_of_spekes_all_matches_video_and_audio() {
    let mut rule = rule(1);
    (rule.video, rule.audio) = (vec![VideoFilter::default()], vec![AudioFilter::default()]);
    let document = document([rule]);
    assert_eq!(chosen(&document, &video(1), None), Some(1));
    assert_eq!(chosen(&document, &audio(1), None), Some(1));
    assert_eq!(chosen(&document, &track(TrackKind::Other), None), None);
}

#[test]
fn rules_of_a_period_hold_in_it_only() {
    let [mut first, mut second] = [rule(1), rule(2)];
    first.periods = vec!["p1".into(), "p2".into()];
    second.periods = vec!["p3".into()];
    let document = document([first, second]);
    let of = |period| chosen(&document, &video(1), period);
    assert_eq!(
        [of(Some("p1")), of(Some("p2")), of(Some("p3"))],
        [Some(1), Some(1), Some(2)]
    );
    assert_eq!([of(Some("p4")), of(None)], [None, None]);
}

#[test]
fn two_matching_rules_are_an_error_that_names_both() {
    let [mut first, mut second] = [rule(1), rule(2)];
    first.intended_track_type = Some("VIDEO".into());
    second.id = Some("r2".into());
    let error = document([first, second])
        .rule_for(&video(1), None)
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("'VIDEO' of KID 01010101-"), "{text}");
    assert!(text.contains("'r2' of KID 02020202-"), "{text}");
}

#[test]
fn unknown_filter_in_any_rule_makes_the_mapping_unusable() {
    let mut other = rule(2);
    other.not_understood = Some("Moon".into());
    other.audio = vec![AudioFilter::default()];
    let mut fitting = rule(1);
    fitting.video = vec![VideoFilter::default()];
    let error = document([fitting, other])
        .rule_for(&video(1), None)
        .unwrap_err();
    assert!(matches!(error, Error::UnusableRule { filter, .. } if filter == "Moon"));
}

#[test]
fn facts_are_asked_for_only_where_they_decide() {
    let mut rule = rule(1);
    let hdr = VideoFilter {
        hdr: Some(true),
        ..pixels(Some(10), None)
    };
    rule.video = vec![hdr];
    let document = document([rule]);
    assert_eq!(chosen(&document, &video(9), None), None);
    let error = document.rule_for(&video(10), None).unwrap_err();
    assert!(
        matches!(
            error,
            Error::UnknownFact {
                fact: "dynamic range (hdr)",
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(chosen(&document, &at_rate(25, 1), None), None);
}
