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
            track.longest_playlist = track.longest_listed();
            let mut stays = track.longest_playlist;
            while let Some(file) = track.take_oldest(end, window, least) {
                stays = file.stays;
                removed.push_back(file);
            }
            track.take_empty_parts(stays, removed);
            if track.segments.is_empty() && !track.parts.is_empty() {
                self.delist(index);
            }
        }
        let tracks = &self.tracks;
        self.periods.retain(|period| {
            let mut reached = tracks
                .iter()
                .filter(|track| !track.segments.is_empty() && track.first_period <= period.number)
                .peekable();
            reached.peek().is_some() && reached.all(|track| track.has_not_left(period.number))
        });
        self.forget_signals();
    }

    /// Takes all tracks off the lists, and forgets them.
    pub(crate) fn remove_tracks(&mut self) {
        (0..self.tracks.len()).for_each(|index| self.delist(index));
        self.tracks.clear();
    }

    /// Takes all segments of a track, and its playlists, off the lists.
    pub(crate) fn delist(&mut self, index: usize) {
        let Some(track) = self.tracks.get_mut(index) else {
            return;
        };
        // EXT-X-TARGETDURATION is rounded.
        let longest_segment = Duration::from_secs(self.target_duration.saturating_add(1));
        let stays = track.longest_listed().saturating_add(longest_segment);
        track.discontinuities = track.discontinuities_to_next(self.next_period);
        let mut names = track.take_all();
        for playlist in hls::playlist_names(&track.name) {
            names.extend(self.manifests.take(&playlist));
        }
        self.removed
            .extend(names.into_iter().map(|name| RemovedFile::new(name, stays)));
    }

    /// Notes a manifest that is to be written.
    pub(crate) fn add_manifest(&mut self, name: &str) {
        if self.manifests.insert(name.to_owned()) {
            self.removed.retain(|file| file.name != name);
        }
    }

    /// Removes the manifests that are not written any more, as those of a format that the run before had.
    pub(crate) fn remove_manifests(&mut self, is_left: impl Fn(&str) -> bool) {
        let playlists = self.tracks.iter().map(TrackState::longest_listed);
        let stays = playlists.max().unwrap_or_default();
        let removed = &mut self.removed;
        self.manifests.retain(|name| {
            let is_left = is_left(name);
            if is_left {
                removed.push_back(RemovedFile::new(name.clone(), stays));
            }
            !is_left
        });
    }

    /// Notes that the next manifests do not name the removed files any more.
    pub(crate) fn leave_removed(&mut self) {
        let end = self.end;
        self.removed.iter_mut().for_each(|file| file.leave(end));
    }

    /// Returns all removed files, to be deleted.
    pub(crate) fn take_removed(&mut self) -> Vec<String> {
        self.removed.drain(..).map(|file| file.name).collect()
    }

    /// Returns the files that may be deleted now.
    pub(crate) fn take_expired(&mut self) -> Vec<String> {
        let end = self.end;
        let mut expired = Vec::new();
        self.removed.retain(|file| {
            let stays = !file.is_expired(end);
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

    /// Takes the oldest segment off the list if it has left the window, and enough stay. Returns its file.
    fn take_oldest(
        &mut self,
        end: Duration,
        window: Duration,
        least: LeastListed,
    ) -> Option<RemovedFile> {
        let first = *self.segments.front()?;
        let first_end = self.time(first.start.saturating_add(first.duration));
        let rest = self.listed().saturating_sub(self.time(first.duration));
        let is_needed = self.segments.len() <= least.segments || rest < least.duration;
        if is_needed || first_end + window > end {
            return None;
        }
        let name = self.segment_name(self.first_number);
        self.segments.pop_front();
        self.first_number += 1;
        let stays = self.time(first.duration) + self.longest_playlist;
        Some(RemovedFile::new(name, stays))
    }

    /// Takes all segments and parts off the list. Returns the names of their files.
    fn take_all(&mut self) -> Vec<String> {
        let numbers = self.first_number..self.next_number();
        self.first_number = numbers.end;
        self.segments.clear();
        let mut names: Vec<String> = numbers.map(|number| self.segment_name(number)).collect();
        names.extend(self.parts.drain(..).map(|part| part.init));
        names
    }

    /// Returns the duration of the longest playlist so far, the present one included.
    fn longest_listed(&self) -> Duration {
        self.longest_playlist.max(self.listed())
    }

    /// Takes away the parts whose segments have all left. Their init segments stay as long as the last of the segments.
    fn take_empty_parts(&mut self, stays: Duration, removed: &mut VecDeque<RemovedFile>) {
        while let Some(next) = self.parts.get(1)
            && next.first_number <= self.first_number
        {
            self.discontinuities += next.discontinuities;
            let first = self.parts.pop_front();
            removed.extend(first.map(|first| RemovedFile::new(first.init, stays)));
        }
    }
}
