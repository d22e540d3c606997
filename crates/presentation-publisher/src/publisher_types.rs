// SPDX-License-Identifier: MPL-2.0
//! The options, tracks and events of a publisher.

use std::time::Duration;

use cenc_types::{KeyId, Scheme};
use presentation::writer::dash::UtcTiming;
use presentation::writer::hls::HlsClearLead;
use segment_packaging::{DescribedTrack, StreamWarning};

/// The choices of a presentation.
#[derive(Debug, Clone)]
pub struct PublisherOptions {
    /// True for DASH.
    pub writes_dash: bool,
    /// True for HLS.
    pub writes_hls: bool,
    /// The wanted length of a segment.
    pub segment_duration: Duration,
    /// The time for which segments stay listed; None to keep them all.
    pub window: Option<Duration>,
    /// True if segments are published as they come; false if the manifests are written at the end.
    pub is_live: bool,
    /// The protection scheme.
    pub scheme: Scheme,
    /// True if keys may change within an init segment.
    pub expects_changes: bool,
    /// The lines of a clear lead in playlists.
    pub clear_lead: HlsClearLead,
    /// The clock of the players of a live MPD.
    pub utc_timing: Option<UtcTiming>,
}

/// The times of a stream that starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamTimes {
    /// The wall-clock time of running time 0, since 1970.
    pub running_zero: Duration,
    /// The running time of the first buffer, which is large if the element starts in a pipeline that runs already.
    pub first_buffer: Duration,
}

/// A track of the stream that starts.
#[derive(Debug, Clone)]
pub struct StartedTrack {
    /// The name of its files and playlists, unique in the presentation.
    pub name: String,
    /// What it comes from, such as the name of a pad, by which a later publisher finds its name.
    pub source: String,
    /// Its description.
    pub described: DescribedTrack,
    /// Ticks per second.
    pub timescale: u32,
    /// The peak bit rate for the manifests in bits per second; None to measure it.
    pub bandwidth: Option<u32>,
    /// True if no segment of it follows, although the stream still has it.
    pub is_ended: bool,
}

/// A file that was published or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublisherEvent {
    /// A segment is complete.
    Segment(PublishedSegment),
    /// A manifest was written, or written anew.
    Manifest {
        /// Its name.
        name: String,
    },
    /// A file was deleted: a segment, an init segment, or a playlist of a track that is not listed any more.
    Deleted {
        /// Its name.
        name: String,
    },
    /// About the stream.
    Warning(StreamWarning),
    /// The segments are longer than the playlists have said.
    LongSegment {
        /// The name of the track.
        track: String,
        /// The new EXT-X-TARGETDURATION in seconds.
        target_duration: u64,
    },
}

/// A segment that is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedSegment {
    /// The name of its file.
    pub name: String,
    /// The name of its track.
    pub track: String,
    /// Its number.
    pub number: u64,
    /// The number of its Period.
    pub period: u64,
    /// Its start in media time.
    pub start: Duration,
    /// Its length.
    pub duration: Duration,
    /// Bytes.
    pub size: u64,
    /// The KID; None if it is clear.
    pub kid: Option<KeyId>,
}
