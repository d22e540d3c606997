// SPDX-License-Identifier: MPL-2.0
//! A channel of one video and one audio track, whose segments have made-up media.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use cenc_mp4::segmenting::SegmentSpan;
use cenc_types::Scheme;
use host_access::{Clock, Host};
use presentation::model::TrackMedia;
use presentation::writer::hls::HlsClearLead;
use presentation_publisher::{
    FolderStore, PresentationStore, PublishError, Publisher, PublisherOptions, StartedTrack,
    StreamTimes,
};
use protection_policy::Signals;
use segment_packaging::{DescribedTrack, InitKeys, SegmentSink, StartedFragment, StartedInit};
use test_support::boxes::top_level;
use test_support::scratch::Scratch;

use crate::listed::Listed;

/// The length of a segment.
pub const SEGMENT: Duration = Duration::from_secs(2);
const TIMESCALE: u32 = 1000;
/// 2026-01-01.
const START: Duration = Duration::from_secs(1_767_225_600);

/// The time of day, which a test sets.
#[derive(Clone)]
pub struct TestClock(Arc<AtomicU64>);

impl Default for TestClock {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(START.as_millis() as u64)))
    }
}

impl TestClock {
    pub fn add(&self, time: Duration) {
        self.0.fetch_add(time.as_millis() as u64, Ordering::Relaxed);
    }

    pub fn set_back(&self, time: Duration) {
        self.0.fetch_sub(time.as_millis() as u64, Ordering::Relaxed);
    }

    pub fn host(&self) -> Host {
        Host {
            clock: Arc::new(self.clone()),
            ..Host::system()
        }
    }
}

impl Clock for TestClock {
    fn since_1970(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.since_1970()
    }

    fn sleep(&self, _duration: Duration) {}
}

/// A live presentation with a window of five segments.
pub fn options() -> PublisherOptions {
    PublisherOptions {
        writes_dash: true,
        writes_hls: true,
        segment_duration: SEGMENT,
        window: Some(SEGMENT * 5),
        is_live: true,
        scheme: Scheme::Cbcs,
        expects_changes: false,
        clear_lead: HlsClearLead::KeyFromStart,
        utc_timing: None,
    }
}

/// A publisher and the time that its segments have reached.
pub struct Channel<S: PresentationStore> {
    pub publisher: Publisher<S>,
    pub clock: TestClock,
    pub offset: Duration,
    next: Duration,
    /// Ticks per second of the video.
    pub timescale: u32,
    /// The number of tracks: video, and sound.
    tracks: usize,
}

impl Channel<FolderStore> {
    pub fn open(folder: &Scratch, options: PublisherOptions) -> Self {
        Self::open_at(folder, options, TestClock::default())
    }

    pub fn open_at(folder: &Scratch, options: PublisherOptions, clock: TestClock) -> Self {
        let store = FolderStore::open(folder.path()).unwrap();
        let publisher = Publisher::open(store, options, clock.host()).unwrap();
        Self::start(publisher, clock).unwrap()
    }

    /// Opens the folder for the first tracks only.
    pub fn open_with(folder: &Scratch, clock: TestClock, tracks: usize) -> Self {
        let store = FolderStore::open(folder.path()).unwrap();
        let publisher = Publisher::open(store, options(), clock.host()).unwrap();
        Self::start_with(publisher, clock, tracks).unwrap()
    }
}

impl<S: PresentationStore> Channel<S> {
    /// Starts the stream.
    pub fn start(publisher: Publisher<S>, clock: TestClock) -> Result<Self, PublishError> {
        Self::start_with(publisher, clock, 2)
    }

    pub fn start_with(
        mut publisher: Publisher<S>,
        clock: TestClock,
        tracks: usize,
    ) -> Result<Self, PublishError> {
        let offset = publisher.begin(StreamTimes {
            running_zero: clock.since_1970(),
            first_buffer: Duration::ZERO,
        })?;
        let mut started = vec![video(), audio()];
        started.truncate(tracks);
        publisher.start_tracks(started)?;
        let mut channel = Self {
            publisher,
            clock,
            offset,
            next: offset,
            timescale: TIMESCALE,
            tracks,
        };
        channel.start_part(1);
        Ok(channel)
    }

    /// Starts the stream again with other tracks.
    pub fn start_tracks(&mut self, tracks: Vec<StartedTrack>, part: u8) {
        self.tracks = tracks.len();
        self.publisher.start_tracks(tracks).unwrap();
        self.start_part(part);
    }

    /// Starts a part with another init segment.
    pub fn start_part(&mut self, number: u8) {
        self.start_part_with(number, None);
    }

    /// Starts new init segments with one key.
    pub fn start_protected_part(&mut self, number: u8, signals: Signals) {
        self.start_part_with(number, Some(signals));
    }

    fn start_part_with(&mut self, number: u8, signals: Option<Signals>) {
        let keys = InitKeys {
            default_kids: vec![signals.as_ref().map(|signals| signals.kids[0]); 2],
            signals,
            has_leaf_licences: false,
        };
        // `ftyp` and `moov`, and a box that makes a difference.
        let free = [&[0, 0, 0, 9][..], b"free", &[number]].concat();
        let init = [init_segment(), free].concat();
        let started = StartedInit {
            bytes: &init,
            keys: &keys,
        };
        SegmentSink::<BytesMut>::start_part(&mut self.publisher, started).unwrap();
    }

    /// Publishes a segment of each track.
    pub fn publish_group(&mut self) -> Result<(), PublishError> {
        self.publish_group_of(SEGMENT)
    }

    pub fn publish_group_of(&mut self, duration: Duration) -> Result<(), PublishError> {
        self.publish_tracks(0..self.tracks, duration)
    }

    /// Publishes a segment of the sound while the video is late.
    pub fn publish_audio(&mut self) -> Result<(), PublishError> {
        self.publish_tracks(1..2, SEGMENT)
    }

    /// Publishes a segment of the video alone.
    pub fn publish_video(&mut self) -> Result<(), PublishError> {
        self.publish_tracks(0..1, SEGMENT)
    }

    fn publish_tracks(
        &mut self,
        tracks: Range<usize>,
        duration: Duration,
    ) -> Result<(), PublishError> {
        self.clock.add(duration);
        for track in tracks {
            let timescale = match track {
                0 => self.timescale,
                _ => TIMESCALE,
            };
            let ticks = |time: Duration| time.as_millis() as u64 * u64::from(timescale) / 1000;
            let span = SegmentSpan {
                start: ticks(self.next).cast_signed(),
                duration: ticks(duration),
                starts_with_sync: true,
                first_sample: 4,
            };
            self.publisher.expect_segment(track, span);
            let fragment = StartedFragment {
                track,
                segment: 0,
                kid: None,
                boxes: b"boxes",
            };
            let sink = &mut self.publisher;
            SegmentSink::<BytesMut>::start_fragment(sink, fragment)?;
            sink.write_media(track, BytesMut::from(&b"media"[..]))?;
            SegmentSink::<BytesMut>::end_segment(sink, track, 0)?;
        }
        self.next += duration;
        self.publisher.publish()
    }

    /// Returns the numbers of the segment files of a track.
    pub fn files(&self, folder: &Scratch, track: &str) -> Vec<u64> {
        let entries = fs::read_dir(folder.join(track)).unwrap();
        entries
            .filter_map(|entry| {
                let name = entry.unwrap().file_name().into_string().unwrap();
                name.strip_suffix(".m4s")?.parse().ok()
            })
            .collect()
    }
}

/// The init segment of a recording of FFmpeg with video and audio.
fn init_segment() -> Vec<u8> {
    let file = include_bytes!("../../../../fuzz/corpus/mp4/ffmpeg-av");
    let boxes = top_level(file).into_iter();
    let before_media = boxes.take_while(|piece| &piece.kind != b"moof");
    let end = before_media.map(|piece| piece.end).max().unwrap();
    file[..end].to_vec()
}

pub fn video() -> StartedTrack {
    track(
        "video",
        TrackMedia::Video {
            width: 640,
            height: 360,
            frame_rate: None,
            pixel_aspect: None,
            range: None,
        },
    )
}

pub fn audio() -> StartedTrack {
    track(
        "audio",
        TrackMedia::Audio {
            sampling_rate: 48_000,
            channels: 2,
            layout: None,
        },
    )
}

fn track(name: &str, media: TrackMedia) -> StartedTrack {
    StartedTrack {
        name: name.to_owned(),
        source: format!("{name}_0"),
        described: DescribedTrack {
            codecs: "avc1.42c01e".to_owned(),
            media,
            language: None,
            label: None,
            roles: Vec::new(),
            smooth: None,
        },
        timescale: TIMESCALE,
        bandwidth: Some(1_000_000),
        is_ended: false,
    }
}

/// Checks that there is no file under way, and no segment that is neither listed nor about to be deleted.
pub fn check_no_leftovers(folder: &Scratch, listed: &Listed) {
    let known: BTreeSet<String> = listed.files().into_iter().collect();
    let state = fs::read_to_string(folder.join(".playready-presentation.json")).unwrap();
    for track in ["video", "audio"] {
        for entry in fs::read_dir(folder.join(track)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let name = format!("{track}/{name}");
            assert!(
                known.contains(&name) || state.contains(&name),
                "{name} is left over"
            );
        }
    }
}
