// SPDX-License-Identifier: MPL-2.0
//! Live presentations: a channel whose window moves on, and its manifests.

mod faults;
mod keys;
mod mpds;
mod playlists;
mod tracks;
mod updates;

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use cenc_types::Scheme;
use presentation::ByteRange;
use presentation::model::{
    LaterPart, LivePeriod, LiveTimes, Presentation, PresentedTrack, Segment, TrackFiles,
};

use crate::combinations::{Combination, combinations};
use crate::models::{Form, audio, kid, signaling, video};

/// The starts of the segments from number 1 on, in seconds. Each has 2 s; there is a gap before the fifth, and the encoder starts anew
/// before the seventh.
const STARTS: [u64; 9] = [0, 2, 4, 6, 9, 11, 23, 25, 27];

/// The parts of each track, by the numbers of their first segments.
const PARTS: [ChannelPart; 3] = [
    ChannelPart {
        first_number: 1,
        start: 0,
        discontinuities: 0,
    },
    ChannelPart {
        first_number: 4,
        start: 6,
        discontinuities: 0,
    },
    ChannelPart {
        first_number: 7,
        start: 23,
        discontinuities: 1,
    },
];

/// A part of each track, which is a Period.
struct ChannelPart {
    first_number: u64,
    /// The start of its Period in seconds.
    start: u64,
    discontinuities: u64,
}

/// The protection of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChannelKeys {
    Clear,
    /// Another key for each part.
    Init,
    /// A clear first part, then keys as above.
    ClearLead,
}

/// A live channel with pictures in two qualities and sound.
#[derive(Debug, Clone, Copy)]
struct Channel {
    keys: ChannelKeys,
    /// True if parts without segments stay in the model.
    keeps_parts: bool,
    window: Option<Duration>,
}

/// A channel that lists 4 segments.
const CHANNEL: Channel = Channel {
    keys: ChannelKeys::Init,
    keeps_parts: false,
    window: Some(Duration::from_secs(8)),
};

impl Channel {
    /// Returns the presentation that lists the segments with some numbers.
    fn listing(&self, listed: RangeInclusive<u64>) -> Presentation {
        let tracks = [
            video(Form::Segments, "hd", 1920, 1080),
            video(Form::Segments, "sd", 640, 360),
            audio(Form::Segments, "en", "en"),
        ];
        let has_segments = |part: usize| {
            let end = PARTS
                .get(part + 1)
                .map_or(u64::MAX, |next| next.first_number);
            PARTS[part].first_number <= *listed.end() && end > *listed.start()
        };
        Presentation {
            tracks: tracks.map(|track| self.track(track, listed.clone())).into(),
            drms: signaling(Scheme::Cbcs, kid(1), &[kid(1)]).drms,
            live: Some(LiveTimes {
                availability_start: date(Duration::from_millis(250)),
                published: date(Duration::from_millis(
                    2750 + 1000 * STARTS[index(*listed.end())],
                )),
                window: self.window,
                segment_duration: Duration::from_secs(2),
                target_duration: Duration::from_secs(2),
                periods: (0..PARTS.len())
                    .filter(|part| has_segments(*part))
                    .map(|part| LivePeriod {
                        number: part as u64,
                        start: Duration::from_secs(PARTS[part].start),
                    })
                    .collect(),
                is_ended: false,
            }),
        }
    }

    /// Returns the same after its end.
    fn ended(&self, listed: RangeInclusive<u64>) -> Presentation {
        let mut presentation = self.listing(listed);
        times(&mut presentation).is_ended = true;
        presentation
    }

    fn track(&self, track: PresentedTrack, listed: RangeInclusive<u64>) -> PresentedTrack {
        let (first, last) = listed.clone().into_inner();
        let begun = PARTS.iter().enumerate();
        let mut begun = begun.filter(|(_, part)| part.first_number <= last);
        let count = match self.keeps_parts {
            true => 0,
            false => begun
                .clone()
                .filter(|(_, part)| part.first_number <= first)
                .count()
                .saturating_sub(1),
        };
        let (first_part, _) = begun.nth(count).expect("a part has begun");
        let gone = &PARTS[..=first_part];
        PresentedTrack {
            files: files(&track.name, first_part),
            segments: listed.map(|number| segment(&track, number)).collect(),
            first_number: first,
            discontinuities: gone.iter().map(|part| part.discontinuities).sum(),
            bandwidth: Some(1_000_000),
            key_frame_bandwidth: Some(100_000),
            period: first_part as u64,
            protection: self.protection(first_part),
            later_parts: begun
                .map(|(index, part)| LaterPart {
                    first_segment: usize::try_from(part.first_number.saturating_sub(first))
                        .unwrap(),
                    period: index as u64,
                    discontinuities: part.discontinuities,
                    media: track.media,
                    codecs: track.codecs.clone(),
                    files: files(&track.name, index),
                    protection: self.protection(index),
                })
                .collect(),
            ..track
        }
    }

    fn protection(&self, part: usize) -> Option<presentation::model::TrackSignaling> {
        let own = kid(u8::try_from(part).unwrap() + 1);
        match (self.keys, part) {
            (ChannelKeys::Clear, _) | (ChannelKeys::ClearLead, 0) => None,
            _ => Some(signaling(Scheme::Cbcs, own, &[own])),
        }
    }
}

/// Returns all combinations of tracks and keys in segment files as live presentations.
fn live_combinations() -> impl Iterator<Item = Combination> {
    let is_segmented = |track: &PresentedTrack| matches!(track.files, TrackFiles::Segments { .. });
    combinations()
        .into_iter()
        .filter(move |all| is_segmented(&all.presentation.tracks[0]))
        .map(move |mut combination| {
            let presentation = &mut combination.presentation;
            presentation.tracks.retain(is_segmented);
            presentation.live = Some(LiveTimes {
                availability_start: date(Duration::ZERO),
                published: date(Duration::from_secs(22)),
                window: Some(Duration::from_secs(20)),
                segment_duration: Duration::from_millis(4004),
                target_duration: Duration::from_secs(4),
                periods: vec![LivePeriod {
                    number: 0,
                    start: Duration::ZERO,
                }],
                is_ended: false,
            });
            combination
        })
}

/// Returns the wall-clock time that is so long after 2026-11-30, 12:00:00 UTC, by `date -d`.
fn date(after: Duration) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_040_000) + after
}

fn index(number: u64) -> usize {
    usize::try_from(number - 1).unwrap()
}

fn segment(track: &PresentedTrack, number: u64) -> Segment {
    let timescale = u64::from(track.timescale);
    let bytes = ByteRange {
        start: 0,
        end: 10_000 * number,
    };
    Segment {
        start: STARTS[index(number)] * timescale,
        duration: 2 * timescale,
        bytes,
        sap_type: 1,
        key_frame: track.segments[0].key_frame.map(|_| bytes),
    }
}

fn files(name: &str, part: usize) -> TrackFiles {
    TrackFiles::Segments {
        init: format!("{name}-init-{part}.mp4"),
        media: format!("{name}-$Number$.m4s"),
    }
}

fn times(presentation: &mut Presentation) -> &mut LiveTimes {
    presentation.live.as_mut().expect("it is live")
}

/// Returns the numbers that a window of 4 segments lists after each segment.
fn windows() -> impl Iterator<Item = RangeInclusive<u64>> {
    (1..=9_u64).map(|last| last.saturating_sub(3).max(1)..=last)
}
