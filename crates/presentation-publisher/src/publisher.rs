// SPDX-License-Identifier: MPL-2.0
//! Publishes a presentation segment by segment.

use std::collections::{HashSet, VecDeque};
use std::io::Write;
use std::time::Duration;

use cenc_mp4::segmenting::SegmentSpan;
use host_access::Host;

use crate::PublishError;
use crate::manifests::{ManifestFile, ManifestFiles};
use crate::publisher_types::{PublisherEvent, PublisherOptions, StartedTrack, StreamTimes};
use crate::segment_files::StreamTrack;
use crate::snapshot::Snapshot;
use crate::state::{PresentationState, STATE_NAME, TrackState};
use crate::store::PresentationStore;

/// Publishes a presentation: files, manifests and the state from which a later publisher goes on.
pub struct Publisher<S: PresentationStore> {
    pub(crate) store: S,
    pub(crate) options: PublisherOptions,
    host: Host,
    pub(crate) state: PresentationState,
    /// The tracks of the stream under way.
    pub(crate) stream: Vec<StreamTrack<S::File>>,
    /// The number of the first Period of this run: times do not go on from those of earlier Periods.
    pub(crate) first_period: u64,
    /// The number of the Period under way; None before its first init segment.
    pub(crate) period: Option<u64>,
    manifests: ManifestFiles,
    pub(crate) events: VecDeque<PublisherEvent>,
}

impl<S: PresentationStore> Publisher<S> {
    /// Opens a presentation, and goes on with the one that is there. Files that are not complete, and those that nothing lists, are
    /// deleted.
    ///
    /// # Errors
    /// [`PublishError::File`], [`PublishError::State`].
    pub fn open(mut store: S, options: PublisherOptions, host: Host) -> Result<Self, PublishError> {
        let saved = store
            .read(STATE_NAME)
            .map_err(PublishError::file(STATE_NAME))?;
        let state = saved
            .map(|bytes| {
                PresentationState::read(&bytes).map_err(|fault| PublishError::State {
                    name: STATE_NAME,
                    fault,
                })
            })
            .transpose()?;
        let is_new = state.is_none();
        let state = state.unwrap_or_else(|| PresentationState::new(host.clock.since_1970()));
        let mut publisher = Self {
            store,
            options,
            host,
            first_period: state.next_period,
            state,
            stream: Vec::new(),
            period: None,
            manifests: ManifestFiles::default(),
            events: VecDeque::new(),
        };
        if !is_new {
            publisher.restore()?;
        }
        // From now on, the files of this publisher are known as such.
        publisher.save()?;
        Ok(publisher)
    }

    /// Starts a stream. Returns its media time at running time 0, with which no buffer comes before the end of an earlier stream. The
    /// presentation starts with the first stream. A presentation that is not live replaces the one that is there. The files of a complete
    /// one stay until the start of the next but one.
    ///
    /// # Errors
    /// [`PublishError::File`].
    pub fn begin(&mut self, times: StreamTimes) -> Result<Duration, PublishError> {
        self.state.is_ended = false;
        if !self.options.is_live || self.state.tracks.is_empty() {
            self.start_anew(times.running_zero)?;
            return Ok(Duration::ZERO);
        }
        let now = times
            .running_zero
            .saturating_sub(self.state.availability_start);
        // Other tracks may start a little before the first buffer.
        let earliest = times
            .first_buffer
            .saturating_sub(self.options.segment_duration * 2);
        Ok(now.max(self.state.end.saturating_sub(earliest)))
    }

    /// Starts the timeline anew. Of the presentation that is there, only the files stay, and the manifests until the new ones replace them.
    fn start_anew(&mut self, availability_start: Duration) -> Result<(), PublishError> {
        if !self.state.has_old_manifests {
            let removed = self.state.take_removed();
            self.delete(removed)?;
        }
        self.state.has_old_manifests = true;
        self.state.remove_tracks();
        self.state.end = Duration::ZERO;
        self.state.target_duration = 0;
        self.state.periods.clear();
        self.state.signals.clear();
        self.state.availability_start = availability_start;
        Ok(())
    }

    /// Starts the tracks of a stream, in the order of its `moov`. A track with the name of an earlier one goes on with its list. Other
    /// earlier tracks may come later in the run, and are listed until their segments have left the window.
    ///
    /// # Errors
    /// [`PublishError::File`].
    pub fn start_tracks(&mut self, tracks: Vec<StartedTrack>) -> Result<(), PublishError> {
        self.stream = tracks
            .into_iter()
            .map(|track| self.start_track(track))
            .collect();
        self.save()
    }

    fn start_track(&mut self, track: StartedTrack) -> StreamTrack<S::File> {
        let discontinuities = self.discontinuities();
        let mut known = self.state.tracks.iter();
        let known = known.position(|old| old.name == track.name);
        let index = known.unwrap_or_else(|| {
            let first_number = self.first_number(&track.name);
            let new = TrackState::new(track.name.clone(), track.timescale, first_number);
            self.state.tracks.push(new);
            self.state.tracks.len() - 1
        });
        if let Some(state) = self.state.tracks.get_mut(index)
            && !state.count_in(track.timescale)
        {
            self.state.delist(index);
        }
        let next_period = self.state.next_period;
        let mut scale = 1;
        if let Some(state) = self.state.tracks.get_mut(index) {
            if state.segments.is_empty() {
                state.timescale = track.timescale;
                state.discontinuities = discontinuities;
                state.first_period = next_period;
            }
            scale = u64::from(state.timescale / track.timescale.max(1));
            state.source.clone_from(&track.source);
            state.is_ended = track.is_ended;
            state.label.clone_from(&track.described.label);
            state.language.clone_from(&track.described.language);
            let roles = track.described.roles.iter();
            state.roles = roles.map(|role| role.dash_value().to_owned()).collect();
            state.bandwidth = track.bandwidth.or(state.bandwidth);
        }
        StreamTrack {
            index,
            scale,
            described: track.described,
            next_part: None,
            spans: VecDeque::new(),
            segment: None,
        }
    }

    /// Returns the number of discontinuities up to the segments of this run, which is the same in all tracks (RFC 8216, 6.2.4).
    pub(crate) fn discontinuities(&self) -> u64 {
        let tracks = self.state.tracks.iter();
        let counts = tracks.map(|track| track.discontinuities_to_next(self.first_period));
        counts.max().unwrap_or(0)
    }

    /// Returns the number of the first segment of a new track: after those of an earlier track with this name that still exist.
    fn first_number(&self, name: &str) -> u64 {
        let folder = format!("{name}/");
        let numbers = self.state.removed.iter().filter_map(|file| {
            let number = file.name.strip_prefix(&folder)?.strip_suffix(".m4s")?;
            number.parse::<u64>().ok()
        });
        numbers.max().map_or(1, |last| last + 1)
    }

    /// Returns the names that tracks from a source have had so far.
    pub fn names_of(&self, source: &str) -> Vec<String> {
        let tracks = self.state.tracks.iter();
        tracks
            .filter(|track| track.source == source)
            .map(|track| track.name.clone())
            .collect()
    }

    /// Announces the times of the next segment of a track.
    pub fn expect_segment(&mut self, track: usize, span: SegmentSpan) {
        if let Some(track) = self.stream.get_mut(track) {
            track.spans.push_back(span);
        }
    }

    /// Publishes what was written since the last time: moves the window, saves the state, writes the manifests, and deletes files that no
    /// client requests any more.
    ///
    /// # Errors
    /// [`PublishError`].
    pub fn publish(&mut self) -> Result<(), PublishError> {
        let last = self.state.periods.back();
        if last.map(|period| period.number) == self.period {
            // What is published does not move.
            self.period = None;
        }
        if !self.options.is_live && !self.state.is_ended {
            return Ok(());
        }
        self.note_update();
        self.raise_target_duration();
        if let Some(window) = self.options.window.filter(|_| self.options.is_live) {
            let under_way: HashSet<usize> = self.stream.iter().map(|track| track.index).collect();
            self.state.move_window(window, &under_way);
        }
        self.measure();
        let manifests = self.manifests()?;
        self.save()?;
        for manifest in manifests {
            self.write(&manifest.name, manifest.text.as_bytes())?;
            let name = manifest.name;
            self.events.push_back(PublisherEvent::Manifest { name });
        }
        if self.options.is_live {
            self.state.leave_removed();
        }
        if std::mem::take(&mut self.state.has_old_manifests) {
            self.save()?;
        }
        let expired = self.state.take_expired();
        self.delete(expired)
    }

    /// Publishes the end of the presentation.
    ///
    /// # Errors
    /// [`PublishError`].
    pub fn finish(&mut self) -> Result<(), PublishError> {
        self.state.is_ended = true;
        self.publish()
    }

    /// Returns the next event.
    pub fn next_event(&mut self) -> Option<PublisherEvent> {
        self.events.pop_front()
    }

    /// Returns the end of the newest segment in media time.
    pub const fn end(&self) -> Duration {
        self.state.end
    }

    /// Notes the time of an update. A clock that was set back does not make it go back.
    fn note_update(&mut self) {
        let least = self.state.published + Duration::from_millis(1);
        self.state.published = self.host.clock.since_1970().max(least);
    }

    /// Raises EXT-X-TARGETDURATION if a segment is longer, which players must be able to rely on.
    fn raise_target_duration(&mut self) {
        let rounded = |track: &TrackState| {
            let segments = track.segments.iter();
            let longest = segments.map(|segment| segment.duration).max().unwrap_or(0);
            (track.time(longest).as_millis() + 500) / 1000
        };
        let wanted = self.options.segment_duration.as_millis().div_ceil(1000);
        let is_first = self.state.target_duration == 0;
        if is_first {
            self.state.target_duration = u64::try_from(wanted).unwrap_or(u64::MAX).max(1);
        }
        for index in 0..self.state.tracks.len() {
            let Some(track) = self.state.tracks.get(index) else {
                continue;
            };
            let longest = u64::try_from(rounded(track)).unwrap_or(u64::MAX);
            if longest > self.state.target_duration {
                if !is_first {
                    self.events.push_back(PublisherEvent::LongSegment {
                        track: track.name.clone(),
                        target_duration: longest,
                    });
                }
                self.state.target_duration = longest;
            }
        }
    }

    /// Measures the peak bit rate of tracks that state none, and raises it if a segment has more. The writers of manifests measure a complete
    /// presentation themselves.
    fn measure(&mut self) {
        if !self.options.is_live {
            return;
        }
        let target = Duration::from_secs(self.state.target_duration);
        for track in &mut self.state.tracks {
            let [media, key_frames] = [
                track.peak(target, |segment| Some(segment.size)),
                track.peak(target, |segment| segment.key_frame),
            ];
            raise(&mut track.bandwidth, media);
            raise(&mut track.key_frame_bandwidth, key_frames);
        }
    }

    fn save(&mut self) -> Result<(), PublishError> {
        let bytes = self.state.write();
        self.write(STATE_NAME, &bytes)
    }

    /// Returns the manifests to write, which the state names before they exist.
    fn manifests(&mut self) -> Result<Vec<ManifestFile>, PublishError> {
        let presentation = Snapshot {
            state: &self.state,
            options: &self.options,
        }
        .present();
        let files = self.manifests.update(&presentation, &self.options)?;
        for file in &files {
            self.state.add_manifest(&file.name);
        }
        self.state
            .remove_manifests(|name| !self.options.writes(name));
        Ok(files)
    }

    /// Writes a whole file.
    pub(crate) fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), PublishError> {
        let mut file = self.store.create(name).map_err(PublishError::file(name))?;
        file.write_all(bytes).map_err(PublishError::file(name))?;
        self.store
            .publish(name, file)
            .map_err(PublishError::file(name))
    }

    fn delete(&mut self, names: Vec<String>) -> Result<(), PublishError> {
        for name in names {
            self.store
                .remove(&name)
                .map_err(PublishError::file(&name))?;
            self.events.push_back(PublisherEvent::Deleted { name });
        }
        Ok(())
    }
}

/// Raises a bit rate that manifests state to a peak, and a tenth more, so that it seldom changes.
fn raise(stated: &mut Option<u32>, peak: u32) {
    if peak > 0 && stated.is_none_or(|stated| stated < peak) {
        *stated = Some(peak.saturating_add(peak / 10));
    }
}
