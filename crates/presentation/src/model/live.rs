// SPDX-License-Identifier: MPL-2.0
//! The times of a live presentation.

use std::time::{Duration, SystemTime};

/// The times of a presentation whose segments appear while it plays.
///
/// The model of a live presentation has the segments that are listed now. For each update of the manifests, the caller appends new
/// segments and parts, takes away old ones, and leaves everything else as it is: clients compare an update with the one before.
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
