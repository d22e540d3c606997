// SPDX-License-Identifier: MPL-2.0
//! The times of a live presentation.

use std::time::{Duration, SystemTime};

/// The times of a presentation whose segments appear while it plays.
///
/// The model of a live presentation has the segments that are listed now. For each update of the manifests, the caller appends new
/// segments and parts, takes away old ones, and leaves everything else as it is: clients compare an update with the one before.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use presentation::ByteRange;
/// use presentation::model::{
///     LivePeriod, LiveTimes, Presentation, PresentedTrack, Segment, TrackFiles, TrackMedia,
/// };
/// use presentation::writer::{dash, hls};
///
/// let segment = |number: u64| Segment {
///     start: (number - 1) * 96000,
///     duration: 96000,
///     bytes: ByteRange { start: 0, end: 32000 },
///     sap_type: 1,
///     key_frame: None,
/// };
/// let mut channel = Presentation {
///     tracks: vec![PresentedTrack {
///         name: "english".to_owned(),
///         media: TrackMedia::Audio { sampling_rate: 48000, channels: 2, layout: None },
///         codecs: "mp4a.40.2".to_owned(),
///         language: Some("en".to_owned()),
///         label: None,
///         roles: Vec::new(),
///         folder: None,
///         files: TrackFiles::Segments {
///             init: "english-init.mp4".to_owned(),
///             media: "english-$Number$.m4s".to_owned(),
///         },
///         timescale: 48000,
///         segments: (1..=4).map(segment).collect(),
///         first_number: 1,
///         discontinuities: 0,
///         duration: Duration::ZERO,
///         bandwidth: Some(130_000),
///         key_frame_bandwidth: None,
///         period: 0,
///         protection: None,
///         later_parts: Vec::new(),
///         is_ended: false,
///         smooth: None,
///     }],
///     drms: Vec::new(),
///     live: Some(LiveTimes {
///         availability_start: SystemTime::UNIX_EPOCH,
///         published: SystemTime::UNIX_EPOCH + Duration::from_secs(8),
///         window: Some(Duration::from_secs(8)),
///         segment_duration: Duration::from_secs(2),
///         target_duration: Duration::from_secs(2),
///         periods: vec![LivePeriod { number: 0, start: Duration::ZERO }],
///         is_ended: false,
///     }),
/// };
/// let mpd = dash::mpd(&channel, &dash::MpdOptions::default())?;
/// assert!(mpd.contains("startNumber=\"1\""));
///
/// // The fifth segment is complete, and the first one leaves the window.
/// let track = &mut channel.tracks[0];
/// track.segments.push(segment(5));
/// track.segments.remove(0);
/// track.first_number += 1;
/// let mpd = dash::mpd(&channel, &dash::MpdOptions::default())?;
/// assert!(mpd.contains("startNumber=\"2\""));
/// assert!(mpd.contains("<S t=\"96000\" d=\"96000\" r=\"3\"/>"));
/// let playlist = hls::media(&channel, &channel.tracks[0], &hls::HlsOptions::default())?;
/// assert!(playlist.contains("#EXT-X-MEDIA-SEQUENCE:2\n"));
/// assert!(playlist.contains("#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:02.000Z\n"));
/// # Ok::<(), presentation::writer::WriteError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveTimes {
    /// The wall-clock time at media time 0: `MPD@availabilityStartTime`, and the origin of EXT-X-PROGRAM-DATE-TIME. It never changes. Not
    /// before 1970; written to the millisecond.
    pub availability_start: SystemTime,
    /// The time of this update: `MPD@publishTime`. Not before 1970; written to the millisecond.
    pub published: SystemTime,
    /// The time for which segments stay listed: `MPD@timeShiftBufferDepth`. None if all segments stay. Longer than three segments, by
    /// which clients stay from the end.
    pub window: Option<Duration>,
    /// The nominal length of a segment, which is `MPD@minimumUpdatePeriod`; `@suggestedPresentationDelay` is three of them. Not 0.
    pub segment_duration: Duration,
    /// EXT-X-TARGETDURATION, rounded up to seconds. It never changes, since it must not while a playlist is live (RFC 8216, 6.2.1);
    /// playlists refuse a segment that rounds to more. Not 0.
    pub target_duration: Duration,
    /// The Periods of the MPD in the order of time. [`LivePeriod`] says when one is added and taken away.
    pub periods: Vec<LivePeriod>,
    /// True once no segment follows: the MPD becomes static, and the playlists end.
    pub is_ended: bool,
}

impl LiveTimes {
    /// Returns the time by which clients stay from the end: `@suggestedPresentationDelay`.
    pub(crate) const fn delay(&self) -> Duration {
        self.segment_duration.saturating_mul(3)
    }

    /// Returns the target duration, rounded up to seconds.
    pub(crate) fn whole_target(&self) -> Duration {
        let has_rest = self.target_duration.subsec_nanos() > 0;
        Duration::from_secs(
            self.target_duration
                .as_secs()
                .saturating_add(u64::from(has_rest)),
        )
    }
}

/// A Period of a live MPD. It has the parts of all tracks with its number.
///
/// Clients expect that the AdaptationSets of a Period stay the same. So a Period is best added once each of its tracks has a segment in
/// it, and taken away as soon as one of them has none left. The parts of its tracks stay in the model as long as the Period does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LivePeriod {
    /// Its number, which is `Period@id` and never used again.
    pub number: u64,
    /// Its start in media time, which stays the same when its first segments leave the window.
    pub start: Duration,
}
