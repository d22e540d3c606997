// SPDX-License-Identifier: MPL-2.0
//! Models that no manifest can describe.

use std::time::Duration;

use cenc_types::Scheme;
use presentation::model::{Presentation, PresentedTrack, TrackFiles};
use presentation::writer::dash::{MpdOptions, mpd};
use presentation::writer::hls::{HlsOptions, media, multivariant};

use crate::models::{Form, change, kid, signaling, video, webvtt};

fn message(tracks: Vec<PresentedTrack>) -> String {
    let presentation = Presentation {
        tracks,
        drms: Vec::new(),
        live: None,
    };
    let error = mpd(&presentation, &MpdOptions::default()).unwrap_err();
    assert_eq!(multivariant(&presentation), Err(error.clone()));
    if let [track] = presentation.tracks.as_slice() {
        let single = media(&presentation, track, &HlsOptions::default());
        assert_eq!(single, Err(error.clone()));
    }
    error.to_string()
}

/// A change that makes a track impossible, and the message.
struct Fault(fn(&mut PresentedTrack), &'static str);

const FAULTS: [Fault; 12] = [
    Fault(
        |track| track.name.clear(),
        "track : its name is empty: give it one",
    ),
    Fault(
        |track| track.duration = Duration::ZERO,
        "track v: its duration is 0: leave it out",
    ),
    Fault(
        |track| track.codecs.clear(),
        "track v: its codecs parameter is empty",
    ),
    Fault(|track| track.timescale = 0, "track v: its timescale is 0"),
    Fault(
        |track| track.segments.clear(),
        "track v: it has no segments: leave it out",
    ),
    Fault(
        |track| track.segments[1].duration = 0,
        "track v: one of its segments has no bytes or the duration 0",
    ),
    Fault(
        |track| track.segments.reverse(),
        "track v: its segments are not in the order of time",
    ),
    Fault(
        |track| track.files = webvtt("w", "en").files,
        "track v: a WebVTT file can only be clear text",
    ),
    Fault(
        |track| {
            track.files = TrackFiles::Segments {
                init: "i".to_owned(),
                media: "$Time$".to_owned(),
            };
        },
        "track v: the name of its segments has no $Number$, or another identifier",
    ),
    Fault(
        |track| track.media = video(Form::Segments, "v", 0, 1).media,
        "track v: its width, height, frame rate, shape of pixels, sampling rate or number of channels is 0",
    ),
    Fault(
        |track| {
            let mut protection = signaling(Scheme::Cenc, kid(1), &[kid(1)]);
            protection.key_changes = vec![change(Scheme::Cenc, 5, kid(2))];
            track.protection = Some(protection);
        },
        "track v: its key changes are not in order, or after its last segment",
    ),
    Fault(
        |track| track.language = Some("en_US".to_owned()),
        "track v: \"en_US\" is not a language tag of RFC 5646: give one such as en or pt-BR",
    ),
];

#[test]
fn impossible_models_are_refused() {
    assert_eq!(
        message(Vec::new()),
        "the presentation has no track: add one"
    );
    let twice = vec![video(Form::Segments, "v", 1, 1), webvtt("v", "en")];
    assert_eq!(
        message(twice),
        "two tracks have the name v, or one has the name of another's playlist: rename one"
    );
    for Fault(edit, expected) in FAULTS {
        let mut track = video(Form::Segments, "v", 640, 360);
        edit(&mut track);
        assert_eq!(message(vec![track]), expected);
    }
}
