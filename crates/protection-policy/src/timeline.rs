// SPDX-License-Identifier: MPL-2.0
//! The protection of each fragment over time, with the same crypto period for every track.
//!
//! A fragment belongs to the period that contains its middle. A period therefore starts at the fragment that is nearest to its
//! boundary, even in tracks whose fragments start at slightly different times. The first fragment of a time range decides for the
//! fragments of all other tracks in it. The protection changes only where decoding can start.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use common_encryption::FragmentTime;

/// The protection of a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its samples are clear.
    Clear,
    /// They are encrypted with the keys of this crypto period.
    Period(u64),
}

/// The phase of a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PhaseDecision {
    pub(super) phase: Phase,
    /// True if no other track got as far.
    pub(super) leads: bool,
}

/// The phases decided so far.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    changes: VecDeque<PhaseChange>,
    /// The time up to which phases are decided.
    decided: Duration,
    /// The state of each track, by track_ID.
    tracks: HashMap<u32, TrackPhase>,
}

/// The current phase of a track.
#[derive(Debug)]
struct TrackPhase {
    phase: Phase,
    /// The length of the media since decoding could start last.
    since_sync: Duration,
}

/// The start of a phase.
#[derive(Debug)]
struct PhaseChange {
    start: Duration,
    phase: Phase,
}

impl Timeline {
    /// The number of changes that are remembered; a track that lags further decides for itself.
    const MEMORY: usize = 64;

    /// Returns the phase of a fragment; `required` applies if nothing is decided for its time yet.
    pub(super) fn phase(&mut self, time: &FragmentTime, required: Phase) -> PhaseDecision {
        let decided = self.decided_at(time.middle());
        let last = self.tracks.get(&time.track_id).filter(|_| !time.sync);
        let phase = last.map_or(decided.unwrap_or(required), |last| last.phase);
        let before = last.map(|last| last.since_sync).unwrap_or_default();
        let since_sync = before.saturating_add(time.end.saturating_sub(time.start));
        self.tracks
            .insert(time.track_id, TrackPhase { phase, since_sync });
        if decided.is_none() {
            self.decide(time, phase);
        }
        PhaseDecision {
            phase,
            leads: decided.is_none(),
        }
    }

    /// True if the phase of a fragment follows from those of other tracks.
    pub(super) fn is_decided(&self, time: &FragmentTime) -> bool {
        self.decided_at(time.middle()).is_some()
    }

    /// Returns the length of a track's media since decoding could start last, which is the shortest crypto period that it can follow.
    pub(super) fn since_sync(&self, track_id: u32) -> Duration {
        let track = self.tracks.get(&track_id);
        track.map(|track| track.since_sync).unwrap_or_default()
    }

    fn decided_at(&self, middle: Duration) -> Option<Phase> {
        self.changes
            .iter()
            .rfind(|change| change.start <= middle)
            .filter(|_| middle < self.decided)
            .map(|change| change.phase)
    }

    fn decide(&mut self, time: &FragmentTime, phase: Phase) {
        if time.start < self.decided && time.end < self.decided {
            // The media starts again.
            self.changes.clear();
        }
        self.decided = time.end;
        if self.changes.back().is_none_or(|last| last.phase != phase) {
            self.changes.push_back(PhaseChange {
                start: time.start,
                phase,
            });
        }
        if self.changes.len() > Self::MEMORY {
            self.changes.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(track_id: u32, start: u64, end: u64) -> FragmentTime {
        FragmentTime {
            track_id,
            start: Duration::from_millis(start),
            end: Duration::from_millis(end),
            presentation: Duration::from_millis(start),
            sync: true,
        }
    }

    /// With periods of 4 seconds.
    fn phase(timeline: &mut Timeline, time: FragmentTime) -> Phase {
        let wanted = Phase::Period(time.middle().as_secs() / 4);
        timeline.phase(&time, wanted).phase
    }

    #[test]
    fn period_begins_at_the_fragment_nearest_to_its_boundary() {
        let mut timeline = Timeline::default();
        let mut period = |start, end| phase(&mut timeline, time(1, start, end));
        assert_eq!(period(0, 2000), Phase::Period(0));
        assert_eq!(period(2000, 3980), Phase::Period(0));
        assert_eq!(period(3980, 5980), Phase::Period(1));
        assert_eq!(period(5980, 7000), Phase::Period(1));
        assert_eq!(period(7000, 9100), Phase::Period(2));
    }

    #[test]
    fn first_fragment_decides_for_the_other_tracks() {
        for (first, second) in [(1, 2), (2, 1)] {
            let mut timeline = Timeline::default();
            let mut period = |track, start, end| phase(&mut timeline, time(track, start, end));
            assert_eq!(period(first, 3000, 4990), Phase::Period(0));
            assert_eq!(period(second, 3010, 5030), Phase::Period(0));
            assert_eq!(period(first, 4990, 7000), Phase::Period(1));
            assert_eq!(period(second, 5030, 6990), Phase::Period(1));
        }
    }

    #[test]
    fn lagging_track_stays_in_its_period_until_it_gets_there() {
        let mut timeline = Timeline::default();
        for start in (0..8000).step_by(2000) {
            phase(&mut timeline, time(1, start, start + 2000));
        }
        let mut late = |start| phase(&mut timeline, time(2, start, start + 2000));
        assert_eq!(late(2000), Phase::Period(0));
        assert_eq!(late(4000), Phase::Period(1));
    }

    #[test]
    fn period_waits_for_a_sample_that_decoding_can_begin_with() {
        let mut timeline = Timeline::default();
        let mut period = |start, sync| {
            let time = time(1, start, start + 500);
            phase(&mut timeline, FragmentTime { sync, ..time })
        };
        assert_eq!(period(3500, true), Phase::Period(0));
        assert_eq!(period(4000, false), Phase::Period(0));
        assert_eq!(period(4500, true), Phase::Period(1));
        assert_eq!(period(5000, false), Phase::Period(1));
    }

    #[test]
    fn media_that_starts_again_is_decided_anew() {
        let mut timeline = Timeline::default();
        phase(&mut timeline, time(1, 40_000, 42_000));
        assert_eq!(phase(&mut timeline, time(1, 0, 2000)), Phase::Period(0));
        assert_eq!(
            phase(&mut timeline, time(1, 8000, 10_000)),
            Phase::Period(2)
        );
    }
}
