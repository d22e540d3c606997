// SPDX-License-Identifier: MPL-2.0
//! The state of a presentation, from which a later run goes on. It is one small file beside the manifests, and names no key.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::time::Duration;

use cenc_types::{KeyId, Scheme};
use drm_signaling::DrmRecord;
use num_integer::gcd;
use presentation::model::Role;
use protection_policy::Signals;
use segment_packaging::DescribedTrack;
use serde::{Deserialize, Serialize};

use crate::saved_values::{SavedFrameRate, SavedKid, SavedScheme};

/// The name of the file. Web servers do not list names that start with a dot.
pub(crate) const STATE_NAME: &str = ".playready-presentation.json";
/// The version of its content.
const FORMAT: u32 = 2;

/// A presentation under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PresentationState {
    format: u32,
    /// The wall-clock time of media time 0, since 1970.
    pub(crate) availability_start: Duration,
    /// The time of the last update, since 1970, which never goes back.
    pub(crate) published: Duration,
    /// The end of the newest segment in media time.
    pub(crate) end: Duration,
    /// EXT-X-TARGETDURATION in seconds.
    pub(crate) target_duration: u64,
    /// The number of the next Period.
    pub(crate) next_period: u64,
    /// True once it is complete.
    pub(crate) is_ended: bool,
    /// True while the manifests are still those of the presentation before, of which only the files are known.
    pub(crate) has_old_manifests: bool,
    /// The Periods that are listed.
    pub(crate) periods: VecDeque<PeriodState>,
    pub(crate) tracks: Vec<TrackState>,
    /// The signaling of the crypto periods that are listed, in the order of time.
    pub(crate) signals: Vec<SchemeSignals>,
    /// The names of the manifests that were written.
    pub(crate) manifests: BTreeSet<String>,
    /// Files that are not listed any more, in the order in which they left.
    pub(crate) removed: VecDeque<RemovedFile>,
}

/// What all versions of the file have.
#[derive(Debug, Deserialize)]
struct VersionedState {
    format: u32,
}

/// A Period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct PeriodState {
    pub(crate) number: u64,
    /// Media time.
    pub(crate) start: Duration,
}

/// A track.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TrackState {
    pub(crate) name: String,
    /// What the track comes from.
    pub(crate) source: String,
    pub(crate) label: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) roles: Vec<String>,
    /// The peak bit rate that the manifests state, in bits per second.
    pub(crate) bandwidth: Option<u32>,
    /// The peak bit rate of the key frames alone.
    pub(crate) key_frame_bandwidth: Option<u32>,
    /// Ticks per second of the times in `segments`, a multiple of those of the streams.
    pub(crate) timescale: u32,
    /// The number of the first listed segment; that of the next one if none is listed.
    pub(crate) first_number: u64,
    pub(crate) discontinuities: u64,
    /// The number of the first Period that it was in since it was listed.
    pub(crate) first_period: u64,
    /// True if no segment follows although the others go on.
    pub(crate) is_ended: bool,
    /// The duration of the longest playlist so far.
    pub(crate) longest_playlist: Duration,
    pub(crate) parts: VecDeque<PartState>,
    pub(crate) segments: VecDeque<SegmentState>,
}

/// The segments of a track under one init segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PartState {
    /// The number of its Period.
    pub(crate) period: u64,
    /// The number of its first segment that was listed.
    pub(crate) first_number: u64,
    /// The file of the init segment.
    pub(crate) init: String,
    pub(crate) scheme: SavedScheme,
    /// The KID in `tenc`; None if the init segment describes clear samples.
    pub(crate) default_kid: Option<SavedKid>,
    /// The signaling of the init segment, if the segments have leaf licences: it has an ONDEMAND header.
    pub(crate) on_demand: Option<SignalsState>,
    /// The discontinuities since the part before.
    pub(crate) discontinuities: u64,
    /// True if its signaling names DRM systems whose keys change within the segments.
    pub(crate) expects_changes: bool,
    /// The frame rate, which no init segment states.
    pub(crate) frame_rate: Option<SavedFrameRate>,
    /// What the init segment says; None until it is read.
    #[serde(skip)]
    pub(crate) described: Option<DescribedTrack>,
}

/// A segment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct SegmentState {
    /// Ticks.
    pub(crate) start: u64,
    /// Ticks.
    pub(crate) duration: u64,
    /// Bytes.
    pub(crate) size: u64,
    pub(crate) sap_type: u8,
    /// Bytes up to the end of its first sample, if that is a key frame.
    pub(crate) key_frame: Option<u64>,
    /// The KID of its first fragment; None if it is clear.
    pub(crate) kid: Option<SavedKid>,
}

/// The signaling of a crypto period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SignalsState {
    /// The KIDs of all tracks.
    pub(crate) kids: Vec<SavedKid>,
    pub(crate) drms: Vec<DrmRecord>,
}

impl From<&Signals> for SignalsState {
    fn from(signals: &Signals) -> Self {
        Self {
            kids: signals.kids.iter().copied().map(SavedKid).collect(),
            drms: signals.drms.iter().map(DrmRecord::from).collect(),
        }
    }
}

impl SignalsState {
    /// Returns the signaling. A damaged record of a system is left out.
    pub(crate) fn restore(&self) -> Signals {
        Signals {
            kids: self.kids.iter().map(|kid| kid.0).collect(),
            drms: self
                .drms
                .iter()
                .filter_map(|record| record.restore().ok())
                .collect(),
        }
    }
}

/// The signaling of a crypto period, with its scheme, which is part of a PlayReady Header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SchemeSignals {
    pub(crate) scheme: SavedScheme,
    #[serde(flatten)]
    pub(crate) signals: SignalsState,
}

/// A file that clients may still request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RemovedFile {
    pub(crate) name: String,
    /// The media time for which it stays after the first manifests without it.
    pub(crate) stays: Duration,
    /// The media time at which it may be deleted; None before the first manifests without it, and on demand, where it stays until the next
    /// run.
    until: Option<Duration>,
}

impl RemovedFile {
    /// Returns a file that the next manifests do not name any more.
    pub(crate) const fn new(name: String, stays: Duration) -> Self {
        Self {
            name,
            stays,
            until: None,
        }
    }

    /// Notes the end of the presentation at the first manifests without the file.
    pub(crate) fn leave(&mut self, end: Duration) {
        self.until.get_or_insert(end.saturating_add(self.stays));
    }

    /// True if it may be deleted now.
    pub(crate) fn is_expired(&self, end: Duration) -> bool {
        self.until.is_some_and(|until| until <= end)
    }
}

impl PresentationState {
    /// Creates the state before the first segment.
    pub(crate) const fn new(availability_start: Duration) -> Self {
        Self {
            format: FORMAT,
            availability_start,
            published: Duration::ZERO,
            end: Duration::ZERO,
            target_duration: 0,
            next_period: 0,
            is_ended: false,
            has_old_manifests: false,
            periods: VecDeque::new(),
            tracks: Vec::new(),
            signals: Vec::new(),
            manifests: BTreeSet::new(),
            removed: VecDeque::new(),
        }
    }

    /// Reads the file.
    ///
    /// # Errors
    /// A damaged file, and one of another version.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, StateFault> {
        let VersionedState { format } =
            serde_json::from_slice(bytes).map_err(StateFault::Damaged)?;
        match format {
            FORMAT => serde_json::from_slice(bytes).map_err(StateFault::Damaged),
            _ => Err(StateFault::Format(format)),
        }
    }

    /// Writes the file.
    pub(crate) fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Adds the signaling of a crypto period, as the newest one.
    pub(crate) fn add_signals(&mut self, scheme: Scheme, signals: &Signals) {
        let added = SchemeSignals {
            scheme: SavedScheme(scheme),
            signals: signals.into(),
        };
        self.signals.retain(|known| *known != added);
        self.signals.push(added);
    }

    /// Forgets the signaling of keys that nothing listed has. That of the last crypto period stays.
    pub(crate) fn forget_signals(&mut self) {
        let used: HashSet<KeyId> = self
            .tracks
            .iter()
            .flat_map(|track| {
                let parts = track.parts.iter().filter_map(|part| part.default_kid);
                let segments = track.segments.iter().filter_map(|segment| segment.kid);
                parts.chain(segments).map(|kid| kid.0)
            })
            .collect();
        let last = self.signals.len().saturating_sub(1);
        let mut index = 0;
        self.signals.retain(|SchemeSignals { signals, .. }| {
            let is_last = index == last;
            index += 1;
            is_last || signals.kids.iter().any(|kid| used.contains(&kid.0))
        });
    }
}

/// The reason why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateFault {
    /// It is damaged.
    #[error("it is damaged ({0})")]
    Damaged(serde_json::Error),
    /// Another version wrote it.
    #[error("its format is {0}, which another version of this program writes")]
    Format(u32),
}

impl TrackState {
    /// Creates a track without segments.
    pub(crate) fn new(name: String, timescale: u32, first_number: u64) -> Self {
        Self {
            name,
            source: String::new(),
            label: None,
            language: None,
            roles: Vec::new(),
            bandwidth: None,
            key_frame_bandwidth: None,
            timescale,
            first_number,
            discontinuities: 0,
            first_period: 0,
            is_ended: false,
            longest_playlist: Duration::ZERO,
            parts: VecDeque::new(),
            segments: VecDeque::new(),
        }
    }

    /// Returns the roles.
    pub(crate) fn roles(&self) -> Vec<Role> {
        let roles = self.roles.iter();
        roles
            .filter_map(|name| Role::from_dash_value(name))
            .collect()
    }

    /// Returns ticks as a time.
    pub(crate) fn time(&self, ticks: u64) -> Duration {
        let scale = u128::from(self.timescale.max(1));
        let nanoseconds = u128::from(ticks) * 1_000_000_000 / scale;
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }

    /// Changes the timescale so that both the listed segments and those with this timescale have whole ticks. Returns false if it would be too
    /// large.
    pub(crate) fn count_in(&mut self, timescale: u32) -> bool {
        let scale = timescale / gcd(self.timescale, timescale).max(1);
        let Some(common) = self.timescale.checked_mul(scale) else {
            return false;
        };
        for segment in &mut self.segments {
            segment.start = segment.start.saturating_mul(scale.into());
            segment.duration = segment.duration.saturating_mul(scale.into());
        }
        self.timescale = common;
        true
    }

    /// True if its next part is a discontinuity: the segments that are listed are of a run before the one whose first Period is
    /// `first_period`.
    fn is_interrupted(&self, first_period: u64) -> bool {
        let last = self.parts.back();
        !self.segments.is_empty() && last.is_some_and(|last| last.period < first_period)
    }

    /// Returns the number of discontinuities up to its next segment, in a run whose first Period is `first_period`.
    pub(crate) fn discontinuities_to_next(&self, first_period: u64) -> u64 {
        self.last_discontinuities() + u64::from(self.is_interrupted(first_period))
    }

    /// Returns the number of discontinuities up to its last part.
    pub(crate) fn last_discontinuities(&self) -> u64 {
        let later = self.parts.iter().skip(1);
        self.discontinuities + later.map(|part| part.discontinuities).sum::<u64>()
    }

    /// Returns the number of the next segment.
    pub(crate) fn next_number(&self) -> u64 {
        self.first_number + self.segments.len() as u64
    }

    /// Returns the peak bit rate of a part of each listed segment, of which `bytes` returns the size; 0 without one. Segments of less than
    /// half of the target duration do not count (RFC 8216, 4.1): the first one after a start may be a single key frame.
    pub(crate) fn peak(
        &self,
        target: Duration,
        bytes: impl Fn(&SegmentState) -> Option<u64>,
    ) -> u32 {
        let rates = self.segments.iter().filter_map(|segment| {
            let is_long = self.time(segment.duration) * 2 >= target;
            let bits = u128::from(bytes(segment).filter(|_| is_long)?) * 8;
            (bits * u128::from(self.timescale)).checked_div(segment.duration.into())
        });
        let peak = rates.max().unwrap_or(0);
        u32::try_from(peak).unwrap_or(u32::MAX)
    }

    /// Returns the duration of all listed segments.
    pub(crate) fn listed(&self) -> Duration {
        self.time(self.segments.iter().map(|segment| segment.duration).sum())
    }
}
