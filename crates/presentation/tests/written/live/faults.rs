// SPDX-License-Identifier: MPL-2.0
//! Live models that no manifest can describe.

use std::time::{Duration, SystemTime};

use presentation::model::Presentation;
use presentation::writer::dash::{MpdOptions, mpd};
use presentation::writer::hls::{HlsOptions, iframes, media, multivariant};
use presentation::writer::{WriteError, smooth};

use super::{CHANNEL, times};
use crate::models::{Form, audio, webvtt};

/// A change that makes a live presentation impossible, and the message.
struct Fault(fn(&mut Presentation), &'static str);

const FAULTS: [Fault; 10] = [
    Fault(
        |presentation| presentation.tracks[0].files = audio(Form::Single, "hd", "en").files,
        "track hd: a live presentation has no single files and no WebVTT files: cut it into segments",
    ),
    Fault(
        |presentation| presentation.tracks[0] = webvtt("hd", "en"),
        "track hd: a live presentation has no single files and no WebVTT files: cut it into segments",
    ),
    Fault(
        |presentation| presentation.tracks[0].later_parts[0].period = 0,
        "track hd: the Periods of its parts are not in order: give each part a Period of its own",
    ),
    Fault(
        |presentation| presentation.tracks[0].later_parts[0].first_segment = 9,
        "track hd: its parts are not in order, or have files or media of another kind",
    ),
    Fault(
        |presentation| times(presentation).periods.reverse(),
        "the live presentation: its Periods are not in the order of numbers and starts: give each a larger number than the one before",
    ),
    Fault(
        |presentation| times(presentation).published = before_1970(),
        "the live presentation: one of its times is before 1970: set the clock",
    ),
    Fault(
        |presentation| times(presentation).availability_start = before_1970(),
        "the live presentation: one of its times is before 1970: set the clock",
    ),
    Fault(
        |presentation| times(presentation).segment_duration = Duration::ZERO,
        "the live presentation: its segment duration or target duration is 0: give that of its segments",
    ),
    Fault(
        |presentation| times(presentation).target_duration = Duration::ZERO,
        "the live presentation: its segment duration or target duration is 0: give that of its segments",
    ),
    Fault(
        |presentation| times(presentation).window = Some(Duration::from_secs(6)),
        "the live presentation: its window is not longer than three segments, by which clients stay from its end: make it longer",
    ),
];

fn before_1970() -> SystemTime {
    SystemTime::UNIX_EPOCH - Duration::from_secs(1)
}

#[test]
fn impossible_live_models_are_refused() {
    for Fault(edit, expected) in FAULTS {
        let mut presentation = CHANNEL.listing(3..=6);
        edit(&mut presentation);
        let track = &presentation.tracks[0];
        let options = HlsOptions::default();
        for refused in [
            mpd(&presentation, &MpdOptions::default()),
            multivariant(&presentation),
            media(&presentation, track, &options),
            iframes(&presentation, track, &options),
        ] {
            assert_eq!(refused.unwrap_err().to_string(), expected);
        }
    }
}

#[test]
fn smooth_streaming_is_not_live() {
    let refused = smooth::client_manifest(&CHANNEL.listing(3..=6));
    assert_eq!(refused, Err(WriteError::SmoothLive));
}
