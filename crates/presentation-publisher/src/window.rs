// SPDX-License-Identifier: MPL-2.0
//! The window of a live presentation: which segments are listed, and how long files stay after that.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use presentation::writer::hls;

use crate::state::{PresentationState, RemovedFile, TrackState};

/// The segments that the playlist of a track keeps while more are to come.
const LEAST_SEGMENTS: usize = 3;
/// The target durations that it keeps (RFC 8216, 6.2.2).
const LEAST_TARGET_DURATIONS: u32 = 3;

/// What stays listed whatever the window is.
#[derive(Debug, Clone, Copy, Default)]
struct LeastListed {
    segments: usize,
    duration: Duration,
}

impl PresentationState {
    /// Takes segments off the lists that are older than `window`, counted from the end of the presentation. Their files stay until clients
    /// with older playlists are done with them: for the duration of the segment and of the longest playlist that had it (RFC 8216, 6.2.2).
    /// Tracks that have ended, and those that the stream under way lacks, may lose all their segments; `under_way` are the indices of the
    /// others.
    pub(crate) fn move_window(&mut self, window: Duration, under_way: &HashSet<usize>) {
        let end = self.end;
        let least_under_way = LeastListed {
            segments: LEAST_SEGMENTS,
            duration: Duration::from_secs(self.target_duration) * LEAST_TARGET_DURATIONS,
        };
        for index in 0..self.tracks.len() {
            let removed = &mut self.removed;
            let Some(track) = self.tracks.get_mut(index) else {
                continue;
            };
            let least = match under_way.contains(&index) && !track.is_ended {
                true => least_under_way,
                false => LeastListed::default(),
            };
            track.longest_playlist = track.longest_playlist.max(track.listed());
            while let Some(until) = track.take_oldest(end, window, least) {
                removed.push_back(RemovedFile {
                    name: track.segment_name(track.first_number - 1),
                    until,
                });
            }
            track.take_empty_parts(end, removed);
            if track.segments.is_empty() && !track.parts.is_empty() {
                self.delist(index);
            }
        }
        let tracks = &self.tracks;
        self.periods.retain(|period| {
            tracks
                .iter()
                .filter(|track| !track.segments.is_empty() && track.first_period <= period.number)
                .all(|track| track.has_not_left(period.number))
        });
        self.forget_signals();
    }

    /// Takes a track off the lists, and forgets it.
    pub(crate) fn remove_track(&mut self, index: usize) {
        self.delist(index);
        self.tracks.remove(index);
    }

    /// Takes all segments of a track, and its playlists, off the lists.
    pub(crate) fn delist(&mut self, index: usize) {
        let Some(track) = self.tracks.get_mut(index) else {
            return;
        };
        let longest = track.longest_playlist.max(track.listed());
        let until = self.end.saturating_add(longest);
        let numbers = track.first_number..track.next_number();
        track.first_number = numbers.end;
        track.segments.clear();
        let inits: Vec<String> = track.parts.drain(..).map(|part| part.init).collect();
        let names = numbers
            .map(|number| track.segment_name(number))
            .chain(inits)
            .chain(hls::playlist_names(&track.name));
        let removed = names.map(|name| RemovedFile { name, until });
        self.removed.extend(removed);
    }

    /// Keeps a file that is written again.
    pub(crate) fn keep_file(&mut self, name: &str) {
        self.removed.retain(|file| file.name != name);
    }

    /// Returns the files that may be deleted now.
    pub(crate) fn take_expired(&mut self) -> Vec<String> {
        let end = self.end;
        let mut expired = Vec::new();
        self.removed.retain(|file| {
            let stays = file.until > end;
            if !stays {
                expired.push(file.name.clone());
            }
            stays
        });
        expired
    }
}

impl TrackState {
    /// Returns true for a Period in which the track lists segments, or that it may still reach: a track that is late or has ended does
    /// not take Periods from the others.
    fn has_not_left(&self, period: u64) -> bool {
        let first = self.parts.front();
        first.is_some_and(|first| first.period <= period)
    }

    /// Returns the name of the file of a segment.
    pub(crate) fn segment_name(&self, number: u64) -> String {
        format!("{}/{number}.m4s", self.name)
    }

    /// Takes the oldest segment off the list if it has left the window, and enough stay. Returns the media time up to which its file stays.
    fn take_oldest(
        &mut self,
        end: Duration,
        window: Duration,
        least: LeastListed,
    ) -> Option<Duration> {
        let first = *self.segments.front()?;
        let first_end = self.time(first.start.saturating_add(first.duration));
        let rest = self.listed().saturating_sub(self.time(first.duration));
        let is_needed = self.segments.len() <= least.segments || rest < least.duration;
        if is_needed || first_end + window > end {
            return None;
        }
        self.segments.pop_front();
        self.first_number += 1;
        Some(end + self.time(first.duration) + self.longest_playlist)
    }

    /// Takes away the parts whose segments have all left.
    fn take_empty_parts(&mut self, end: Duration, removed: &mut VecDeque<RemovedFile>) {
        while let Some(next) = self.parts.get(1)
            && next.first_number <= self.first_number
        {
            self.discontinuities += next.discontinuities;
            removed.extend(self.parts.pop_front().map(|first| RemovedFile {
                name: first.init,
                until: end + self.longest_playlist,
            }));
        }
    }
}
