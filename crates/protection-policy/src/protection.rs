// SPDX-License-Identifier: MPL-2.0
//! The protection of a stream's tracks, and its signaling.

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::sync::Arc;

use cenc_types::{CipherMode, KeyId, Track};
use common_encryption::BoxFlavor;
use common_encryption::{
    EventMessage, FragmentProtection, FragmentTime, InitProtection, Protector,
};
use content_keys::{KeyCache, KeyChannel, KeyProvider, KeySource, KeyWaker};
use drm_signaling::Drm;

use super::changes::ChangeQueue;
use super::cue_input::CueWarnings;
use super::cues::CueList;
use super::drms::SignalPosition;
use super::key_task::FirstPeriodRule;
use super::period_keys::{PeriodKeySource, StopCheck};
use super::ready_period::ReadyPeriod;
use super::timeline::Timeline;
use super::{ClearSignaling, Config, Controls, Error, KeyTask, SampleKeys, Warning};

/// Protects the tracks of a stream according to a [`Config`].
pub struct Packaging {
    pub(super) config: Config,
    pub(super) source: PeriodKeySource,
    pub(super) controls: Arc<Controls>,
    pub(super) sample_keys: SampleKeys,
    pub(super) signals: Option<Signals>,
    /// The tracks of the last `moov`.
    pub(super) tracks: Vec<Track>,
    /// True for each of these tracks that is protected.
    protected: Vec<bool>,
    /// The crypto period that the last `moov` signals.
    pub(super) moov_period: u64,
    /// True if the last `moov` describes all tracks as clear.
    pub(super) is_clear_init: bool,
    /// True if the first one did.
    pub(super) started_clear: bool,
    /// The keys of the last `moov`.
    pub(super) init_keys: Option<ReadyPeriod>,
    /// The current crypto period.
    pub(super) current: u64,
    /// The period before it, in which some tracks may still be.
    pub(super) previous: Option<u64>,
    /// The wall clock time of media time 0, in nanoseconds since 1970.
    pub(super) media_start: Option<i128>,
    /// The last period for which a missing key was reported.
    pub(super) warned_period: Option<u64>,
    /// The KID that video and audio share, until that is reported.
    pub(super) shared_key: Option<KeyId>,
    pub(super) warned_of_shared_key: bool,
    /// The number of rotations that the source could follow, or of which it was said that it could not.
    pub(super) followed_rotations: u64,
    /// True if the keys may have first IVs in counter mode.
    pub(super) takes_first_iv: bool,
    pub(super) timeline: Timeline,
    pub(super) cues: CueList,
    /// The faults of cues that were reported, and those that are to be.
    pub(super) cue_warnings: CueWarnings,
    pub(super) ready: VecDeque<ReadyPeriod>,
    pub(super) changes: ChangeQueue,
    /// The first crypto period as its fragments signal it, if `moov` does not list its KIDs.
    pub(super) first_on_demand: Option<ReadyPeriod>,
    /// True once that was announced.
    pub(super) announced_first: bool,
    /// The warning of a crypto period that is too short, until it is given.
    pub(super) short_period: Option<Warning>,
    pub(super) warned_of_short_period: bool,
}

/// The parts of a [`Packaging`].
pub struct PackagingSetup {
    /// The settings.
    pub config: Config,
    /// The source of keys.
    pub source: KeySource,
    /// The keys that earlier streams got from this source.
    pub cache: Arc<KeyCache>,
    /// The keys whose IVs continue.
    pub sample_keys: SampleKeys,
    /// The switches of the operator.
    pub controls: Arc<Controls>,
    /// Ends waits for keys.
    pub is_stopped: StopCheck,
}

/// A packaging without keys, and the task that gets them.
pub struct PreparedPackaging {
    /// The packaging.
    pub packaging: Packaging,
    /// The requests for its keys.
    pub key_task: KeyTask,
}

/// The signaling of a stream's protection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signals {
    /// The KIDs, in track order.
    pub kids: Vec<KeyId>,
    /// The signaling of each DRM system.
    pub drms: Vec<Drm>,
}

impl Packaging {
    /// Prepares protection for the following streams. It requests the first keys from `provider` and may block, so do not call it on
    /// a streaming thread.
    ///
    /// # Errors
    /// [`Error::Keys`], [`Error::NoPeriods`], [`Error::PiffPeriods`].
    pub fn open(
        config: Config,
        provider: Box<dyn KeyProvider>,
        sample_keys: SampleKeys,
        controls: Arc<Controls>,
    ) -> Result<Self, Error> {
        let PreparedPackaging {
            mut packaging,
            mut key_task,
        } = Self::set_up(PackagingSetup {
            config,
            source: KeySource::Opened(provider),
            cache: Arc::default(),
            sample_keys,
            controls,
            is_stopped: Arc::new(|| false),
        })?;
        key_task.request_first()?;
        key_task.spawn()?;
        packaging.begin()?;
        Ok(packaging)
    }

    /// Prepares protection for the following streams without waiting for anything. The keys come once [`KeyTask`] runs.
    ///
    /// # Errors
    /// [`Error::PiffPeriods`], and [`Error::NoPeriods`] for a source that is open.
    pub fn set_up(setup: PackagingSetup) -> Result<PreparedPackaging, Error> {
        let config = setup.config;
        config.check_flavor_changes(config.flavor)?;
        let rule = FirstPeriodRule::of(&config);
        config.check_key_change()?;
        rule.check(&setup.source)?;
        let KeyChannel { keys, requests } =
            KeyChannel::new(setup.source, setup.cache, Arc::clone(&config.host.clock));
        Ok(PreparedPackaging {
            packaging: Self {
                source: PeriodKeySource::new(keys, &config, setup.is_stopped),
                cues: CueList::new(config.cue_action),
                cue_warnings: CueWarnings::default(),
                config,
                followed_rotations: setup.controls.rotations(),
                controls: setup.controls,
                sample_keys: setup.sample_keys,
                signals: None,
                tracks: Vec::new(),
                protected: Vec::new(),
                moov_period: 0,
                is_clear_init: false,
                started_clear: false,
                init_keys: None,
                current: 0,
                previous: None,
                media_start: None,
                warned_period: None,
                shared_key: None,
                warned_of_shared_key: false,
                takes_first_iv: false,
                timeline: Timeline::default(),
                ready: VecDeque::new(),
                changes: ChangeQueue::default(),
                first_on_demand: None,
                announced_first: false,
                short_period: None,
                warned_of_short_period: false,
            },
            key_task: KeyTask::new(requests, rule),
        })
    }

    /// Waits for the keys with which the stream starts, unless they are there.
    ///
    /// # Errors
    /// [`Error::Keys`].
    pub fn begin(&mut self) -> Result<(), Error> {
        if let Some(first) = self.source.begin()? {
            self.takes_first_iv =
                self.config.scheme.cipher_mode() == CipherMode::Cbc || first.facts.takes_first_iv;
            self.moov_period = first.period;
            self.current = first.period;
        }
        Ok(())
    }

    /// Returns what wakes the thread of [`KeyTask`] when the application has given keys.
    pub fn key_waker(&self) -> KeyWaker {
        self.source.waker()
    }

    /// Returns the signaling of the last `moov`; None before the first one, or if no track is protected.
    pub const fn signals(&self) -> Option<&Signals> {
        self.signals.as_ref()
    }

    /// Returns the crypto period whose keys the last init segment states.
    pub const fn init_period(&self) -> u64 {
        self.moov_period
    }

    /// Returns the settings.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the keys, for the next stream.
    pub fn into_sample_keys(self) -> SampleKeys {
        self.sample_keys
    }

    /// Prepares for another stream, which starts in the current crypto period.
    pub fn restart(&mut self) {
        self.restart_tracks();
        self.cues.restart();
    }

    /// Prepares for other tracks of the same stream, in the current crypto period. Cues and switches that are to come stay.
    pub fn restart_tracks(&mut self) {
        self.tracks.clear();
        self.changes.restart();
    }

    /// Prepares for another stream with the other kind of boxes, of tracks under the same keys. Their IVs follow those of the stream
    /// before, so that no IV is used twice.
    ///
    /// # Errors
    /// [`Error::PiffPeriods`].
    pub fn restart_as(&mut self, flavor: BoxFlavor) -> Result<(), Error> {
        self.config.check_flavor_changes(flavor)?;
        self.config.flavor = flavor;
        self.restart();
        Ok(())
    }

    /// Chooses keys for the tracks of a stream, prepares them and builds the signaling. A repeated `moov` with the same tracks gets
    /// the same signaling as the first.
    ///
    /// # Errors
    /// [`Error`], for instance if no key matches a track.
    pub fn protect_tracks(&mut self, tracks: &[Track]) -> Result<InitProtection, Error> {
        self.begin()?;
        if self.tracks != tracks {
            self.tracks = tracks.to_vec();
            self.timeline = Timeline::default();
            self.ready.clear();
            self.moov_period = self.current;
            self.announced_first = false;
            self.init_keys = None;
            self.is_clear_init = self.starts_clear();
            self.started_clear = self.is_clear_init;
        }
        let ready = match self.init_keys.take() {
            Some(ready) => ready,
            None => {
                self.signals = None;
                self.prepare_init(self.moov_period)?
            }
        };
        let init = InitProtection {
            tracks: ready.tracks.clone(),
            pssh: match self.config.pssh_places.init && !self.is_clear_init {
                true => ready.pssh(),
                false => Vec::new(),
            },
            is_clear: self.is_clear_init,
        };
        self.init_keys = Some(ready);
        self.source.start_period(self.moov_period);
        Ok(init)
    }

    /// True if the first init segment describes all tracks as clear.
    fn starts_clear(&self) -> bool {
        let is_clear = !self.config.clear_lead.is_zero() || !self.controls.protect();
        is_clear && self.config.clear_signaling == ClearSignaling::Init
    }

    /// Prepares the keys of a crypto period for an init segment.
    pub(super) fn prepare_init(&mut self, period: u64) -> Result<ReadyPeriod, Error> {
        let ready = self.prepare(period, SignalPosition::Moov)?;
        self.protected = ready.tracks.iter().map(Option::is_some).collect();
        self.note_shared_key(&ready);
        self.signals = match self.is_clear_init {
            true => None,
            false => ready.signals.clone(),
        };
        self.first_on_demand = match self.config.lists_kids_in_moof() {
            true => Some(self.prepare(period, SignalPosition::Moof)?),
            false => None,
        };
        Ok(ready)
    }

    /// Checks that the tracks with keys in a later period are those of `moov`. The sample entries of the others say that they are clear.
    pub(super) fn check_same_tracks(&self, ready: &ReadyPeriod) -> Result<(), Error> {
        let changed = self
            .tracks
            .iter()
            .zip(self.protected.iter().zip(&ready.tracks))
            .find(|(_, (before, now))| **before != now.is_some());
        match changed {
            None => Ok(()),
            Some((track, _)) => Err(Error::ProtectionChanged {
                track: *track,
                period: ready.number,
            }),
        }
    }

    /// Returns the protected tracks of the last `moov`.
    pub(super) fn protected_tracks(&self) -> impl Iterator<Item = &Track> {
        self.tracks
            .iter()
            .zip(&self.protected)
            .filter(|(_, protected)| **protected)
            .map(|(track, _)| track)
    }
}

impl Protector for Packaging {
    fn flavor(&self) -> BoxFlavor {
        self.config.flavor
    }

    fn protect(
        &mut self,
        tracks: &[Track],
    ) -> Result<InitProtection, Box<dyn StdError + Send + Sync>> {
        Ok(self.protect_tracks(tracks)?)
    }

    fn follows_time(&self) -> bool {
        Self::follows_time(self)
    }

    fn renews_init(&self) -> bool {
        self.config.renews_init() && Self::follows_time(self)
    }

    fn event(&mut self, event: &EventMessage<'_>) {
        self.take_event(event);
    }

    fn fragment(
        &mut self,
        fragments: &[FragmentTime],
    ) -> Result<FragmentProtection, Box<dyn StdError + Send + Sync>> {
        Ok(self.protect_fragment(fragments)?)
    }
}

#[cfg(test)]
mod tests;
