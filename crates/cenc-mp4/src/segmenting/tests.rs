// SPDX-License-Identifier: MPL-2.0
//! Samples that are made up, at times in milliseconds.

use std::time::Duration;

use bytes::BytesMut;
use isobmff_boxes::NON_SYNC_SAMPLE;

use super::{CutterLimits, GroupSpan, MuxedHeader, MuxedSample, StreamCutter, TrackSegment};
use crate::cutting::TrackKind;

const VIDEO: TrackKind = TrackKind::Video;
const AUDIO: TrackKind = TrackKind::Audio;

struct Tracks {
    cutter: StreamCutter<BytesMut>,
}

impl Tracks {
    fn new(kinds: &[TrackKind], patience: Option<Duration>) -> Self {
        let cutter = StreamCutter::new(Duration::from_secs(2), CutterLimits { patience });
        let mut tracks = Self { cutter };
        kinds.iter().for_each(|kind| tracks.add(*kind));
        tracks
    }

    fn add(&mut self, kind: TrackKind) {
        self.cutter.add_track(&MuxedHeader {
            trak: Vec::new(),
            kind,
            timescale: 1000,
        });
    }

    /// Pushes samples of `duration` from one time to another; every sample at a multiple of `gop` is a sync sample.
    fn push(&mut self, track: usize, from: i64, to: i64, duration: u32, gop: i64) {
        let starts = (from..to).step_by(duration as usize);
        for start in starts {
            self.cutter.push(
                track,
                MuxedSample {
                    decode_time: start,
                    composition_offset: 0,
                    duration,
                    size: 1,
                    flags: match start % gop {
                        0 => 0,
                        _ => NON_SYNC_SAMPLE,
                    },
                    media: Vec::new(),
                },
            );
        }
    }

    /// Returns the start and the end of each segment that is complete: a line for each common start, an entry for each track.
    fn segments(&mut self) -> Vec<Vec<(usize, i64, i64)>> {
        std::iter::from_fn(|| self.cutter.next_segments())
            .map(|segments| {
                segments
                    .iter()
                    .map(|TrackSegment { track, segment }| {
                        let span = segment.span();
                        (*track, span.start, span.start + span.duration.cast_signed())
                    })
                    .collect()
            })
            .collect()
    }
}

#[test]
fn sound_is_cut_where_pictures_are() {
    let mut tracks = Tracks::new(&[AUDIO, VIDEO], None);
    tracks.push(0, 0, 4500, 30, 30);
    assert_eq!(
        tracks.segments().len(),
        0,
        "nothing is known of the pictures"
    );
    tracks.push(1, 0, 4500, 40, 1000);
    assert_eq!(
        tracks.segments(),
        [
            [(0, 0, 2010), (1, 0, 2000)],
            [(0, 2010, 4020), (1, 2000, 4000)]
        ]
    );
    (0..2).for_each(|track| tracks.cutter.end_track(track));
    assert_eq!(tracks.segments(), [[(0, 4020, 4500), (1, 4000, 4520)]]);
    assert_eq!(tracks.segments().len(), 0);
}

#[test]
fn qualities_are_cut_at_key_frames_that_all_have() {
    let mut tracks = Tracks::new(&[VIDEO, VIDEO], None);
    tracks.push(0, 0, 6500, 40, 1000);
    tracks.push(1, 0, 6500, 40, 3000);
    // The second quality has key frames at 0, 3 and 6 seconds only.
    assert_eq!(
        tracks.segments(),
        [
            [(0, 0, 3000), (1, 0, 3000)],
            [(0, 3000, 6000), (1, 3000, 6000)]
        ]
    );
}

#[test]
fn late_track_holds_nobody_up_and_comes_back() {
    let mut tracks = Tracks::new(&[VIDEO, AUDIO], Some(Duration::from_secs(3)));
    tracks.push(0, 0, 2900, 100, 1000);
    tracks.push(1, 0, 1000, 50, 50);
    assert_eq!(tracks.segments().len(), 0);
    assert_eq!(tracks.cutter.next_late(), None);
    tracks.push(0, 2900, 7000, 100, 1000);
    let late = tracks.cutter.next_late().unwrap();
    assert_eq!(late.track, 1);
    assert_eq!(tracks.cutter.next_late(), None);
    assert_eq!(
        tracks.segments(),
        [
            vec![(0, 0, 2000), (1, 0, 1000)],
            vec![(0, 2000, 4000)],
            vec![(0, 4000, 6000)]
        ]
    );
    // What belongs to segments that are gone is dropped.
    tracks.push(1, 1000, 9000, 50, 50);
    tracks.push(0, 7000, 9000, 100, 1000);
    assert_eq!(tracks.segments(), [[(0, 6000, 8000), (1, 6000, 8000)]]);
}

#[test]
fn track_that_returns_after_the_end_of_the_others_goes_on() {
    let mut tracks = Tracks::new(&[VIDEO, AUDIO], Some(Duration::from_secs(3)));
    tracks.push(1, 0, 1000, 50, 50);
    tracks.push(0, 0, 7000, 100, 1000);
    tracks.cutter.end_track(0);
    assert_eq!(tracks.segments().len(), 4);
    tracks.push(1, 1000, 13_000, 50, 50);
    assert_eq!(
        tracks.segments(),
        [[(1, 6900, 10_000)], [(1, 10_000, 12_000)]]
    );
    tracks.cutter.end_track(1);
    assert_eq!(tracks.segments(), [[(1, 12_000, 13_000)]]);
}

#[test]
fn flush_of_all_tracks_ends_nothing() {
    let mut tracks = Tracks::new(&[VIDEO], Some(Duration::from_secs(3)));
    tracks.push(0, 0, 3000, 100, 1000);
    tracks.cutter.flush_track(0);
    tracks.segments();
    tracks.push(0, 9000, 13_000, 100, 1000);
    assert_eq!(
        tracks.segments(),
        [[(0, 9000, 10_000)], [(0, 10_000, 12_000)]]
    );
}

#[test]
fn segments_start_at_the_first_common_key_frame_of_a_cut() {
    let mut tracks = Tracks::new(&[VIDEO, AUDIO], None);
    tracks.cutter.cut_at(Duration::from_millis(2950));
    tracks.push(0, 0, 6500, 100, 500);
    tracks.push(1, 0, 6500, 50, 50);
    let starts = |tracks: &mut Tracks| -> Vec<i64> {
        let segments = tracks.segments();
        segments.iter().map(|segments| segments[0].1).collect()
    };
    assert_eq!(starts(&mut tracks), [0, 2000, 3000, 4000]);
    // It came late: the segment under way has begun after it.
    tracks.cutter.cut_at(Duration::from_millis(5000));
    tracks.push(0, 6500, 9000, 100, 500);
    tracks.push(1, 6500, 9000, 50, 50);
    assert_eq!(starts(&mut tracks), [6000]);
}

#[test]
fn track_that_joins_has_no_part_in_what_is_gone() {
    let mut tracks = Tracks::new(&[AUDIO], Some(Duration::from_secs(3)));
    tracks.push(0, 0, 5000, 50, 50);
    assert_eq!(tracks.segments().len(), 2);
    tracks.add(VIDEO);
    tracks.push(1, 0, 9000, 100, 1000);
    tracks.push(0, 5000, 9000, 50, 50);
    assert_eq!(
        tracks.segments(),
        [
            [(0, 4000, 6000), (1, 4000, 6000)],
            [(0, 6000, 8000), (1, 6000, 8000)]
        ]
    );
}

#[test]
fn presentation_goes_on_with_sound_when_pictures_end() {
    let mut tracks = Tracks::new(&[VIDEO, AUDIO], None);
    tracks.push(0, 0, 3000, 100, 1000);
    tracks.cutter.end_track(0);
    tracks.push(1, 0, 7000, 50, 50);
    assert_eq!(
        tracks.segments(),
        [
            vec![(0, 0, 2000), (1, 0, 2000)],
            vec![(0, 2000, 3000), (1, 2000, 4000)],
            vec![(1, 4000, 6000)]
        ]
    );
}

#[test]
fn pictures_before_the_first_key_frame_are_dropped() {
    let mut tracks = Tracks::new(&[VIDEO], None);
    tracks.push(0, 400, 5000, 100, 1000);
    assert_eq!(
        tracks.segments(),
        [[(0, 1000, 2000)], [(0, 2000, 4000)]],
        "and segments start at multiples of the wanted length"
    );
    assert_eq!(tracks.cutter.waiting(), Duration::from_millis(900));
}

#[test]
fn pictures_without_key_frames_wait() {
    let mut tracks = Tracks::new(&[VIDEO], None);
    tracks.push(0, 0, 20_000, 100, 100_000);
    assert_eq!(tracks.segments().len(), 0);
    assert_eq!(tracks.cutter.waiting(), Duration::from_millis(19_900));
    assert_eq!(tracks.cutter.waiting_bytes(), 200);
}

#[test]
fn span_of_the_next_segments_is_known_before_they_are_taken() {
    let mut tracks = Tracks::new(&[VIDEO], None);
    tracks.push(0, 0, 4500, 40, 1000);
    let span = |start_index, start, end: Option<u64>| {
        Some(GroupSpan {
            start_index,
            start: Duration::from_secs(start),
            end: end.map(Duration::from_secs),
        })
    };
    for expected in [span(0, 0, Some(2)), span(1, 2, Some(4)), None] {
        assert_eq!(tracks.cutter.next_span(), expected);
        assert_eq!(tracks.cutter.next_segments().is_some(), expected.is_some());
    }
    tracks.cutter.end_track(0);
    assert_eq!(tracks.cutter.next_span(), span(2, 4, None));
}
