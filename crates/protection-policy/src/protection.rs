// SPDX-License-Identifier: MPL-2.0
//! From the tracks of a stream to their protection and what is signaled about it.

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::sync::Arc;

use cenc_types::{KeyId, Track};
use common_encryption::BoxFlavor;
use common_encryption::{
    FragmentProtection, FragmentTime, InitProtection, Protector, TrackProtection,
};
use content_keys::KeyProvider;
use drm_signaling::Drm;

use super::drms::{Place, Told, drms};
use super::periods::period_index;
use super::source::Source;
use super::timeline::Timeline;
use super::{Config, Controls, Error, KeyChange, PeriodClock, SampleKeys};

/// Protects the tracks of a stream as a [`Config`] asks.
pub struct Packaging {
    pub(super) config: Config,
    pub(super) source: Source,
    pub(super) controls: Arc<Controls>,
    pub(super) sample_keys: SampleKeys,
    pub(super) signals: Option<Signals>,
    /// Those of the last `moov`.
    pub(super) tracks: Vec<Track>,
    /// Which of them are protected.
    protected: Vec<bool>,
    /// The crypto period that the last `moov` tells of.
    pub(super) moov_period: u64,
    /// The crypto period under way.
    pub(super) current: u64,
    /// The one before, in which tracks may still be.
    pub(super) previous: Option<u64>,
    /// Where the media's time 0 is on the wall clock, in nanoseconds since 1970.
    pub(super) anchor: Option<i128>,
    /// The last period whose failure was told.
    pub(super) told: Option<u64>,
    pub(super) timeline: Timeline,
    pub(super) ready: VecDeque<ReadyPeriod>,
    pub(super) changes: VecDeque<KeyChange>,
}

/// What is signaled about a stream's protection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signals {
    /// The KIDs, in the order of the tracks.
    pub kids: Vec<KeyId>,
    /// The DRM systems and what each is told.
    pub drms: Vec<Drm>,
}

/// A crypto period whose keys are made ready for the tracks.
pub(super) struct ReadyPeriod {
    number: u64,
    tracks: Vec<Option<TrackProtection>>,
    signals: Option<Signals>,
}

impl ReadyPeriod {
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// How a track is protected, by its index among those of `moov`.
    pub(super) fn protection(&self, index: usize) -> Option<&TrackProtection> {
        self.tracks.get(index)?.as_ref()
    }

    pub(super) const fn signals(&self) -> Option<&Signals> {
        self.signals.as_ref()
    }

    /// The boxes that tell of its keys.
    pub(super) fn pssh(&self) -> Vec<Vec<u8>> {
        let drms = self.signals.iter().flat_map(|signals| &signals.drms);
        drms.filter_map(Drm::pssh).map(<[u8]>::to_vec).collect()
    }
}

impl Packaging {
    /// Protection for the streams to come; `sample_keys` are those of streams before, if any. It asks `provider` for the first
    /// keys: not for a streaming thread.
    ///
    /// # Errors
    /// [`Error::Keys`], [`Error::NoPeriods`], [`Error::PiffPeriods`].
    pub fn open(
        config: Config,
        provider: Box<dyn KeyProvider>,
        (sample_keys, controls): (SampleKeys, Arc<Controls>),
    ) -> Result<Self, Error> {
        if config.is_timed() && config.flavor == BoxFlavor::Piff {
            return Err(Error::PiffPeriods);
        }
        if config.rotates() && !provider.rotates() {
            return Err(Error::NoPeriods);
        }
        let first = first_period(&config, &*provider);
        Ok(Self {
            source: Source::open(provider, first, &config)?,
            config,
            controls,
            sample_keys,
            signals: None,
            tracks: Vec::new(),
            protected: Vec::new(),
            moov_period: first,
            current: first,
            previous: None,
            anchor: None,
            told: None,
            timeline: Timeline::default(),
            ready: VecDeque::new(),
            changes: VecDeque::new(),
        })
    }

    /// What the last `moov` signals; None before the first and when nothing in it is protected.
    pub const fn signals(&self) -> Option<&Signals> {
        self.signals.as_ref()
    }

    /// The settings.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The keys, for the next stream.
    pub fn into_sample_keys(self) -> SampleKeys {
        self.sample_keys
    }

    /// Another stream follows, whose tracks are to be told of the crypto period under way.
    pub fn restart(&mut self) {
        self.tracks.clear();
    }

    /// Chooses keys for the tracks of a stream, makes them ready and builds what is signaled. A `moov` with the same tracks
    /// that comes again in the stream tells what the first told.
    ///
    /// # Errors
    /// [`Error`], for instance that no key matches a track.
    pub fn protect_tracks(&mut self, tracks: &[Track]) -> Result<InitProtection, Error> {
        if self.tracks != tracks {
            self.tracks = tracks.to_vec();
            self.timeline = Timeline::default();
            self.ready.clear();
            self.moov_period = self.current;
        }
        self.signals = None;
        let ready = self.prepare(self.moov_period, Place::Moov)?;
        self.protected = ready.tracks.iter().map(Option::is_some).collect();
        let pssh = ready.pssh();
        self.signals = ready.signals;
        self.source.start_period(self.moov_period);
        Ok(InitProtection {
            tracks: ready.tracks,
            pssh,
        })
    }

    /// Makes the keys of a crypto period ready for the tracks.
    pub(super) fn prepare(&mut self, period: u64, place: Place) -> Result<ReadyPeriod, Error> {
        let keys = self.source.keys(period, &self.controls)?;
        let mut told = Told::new(&keys, period, place);
        let mut protections = Vec::with_capacity(self.tracks.len());
        for track in &self.tracks {
            let entry = keys.select(track, period)?;
            let protection = entry.map(|entry| {
                let key = self.sample_keys.key(&self.config, entry)?;
                let method = self.config.method(track.media);
                self.config.check_flavor(&key)?;
                Ok::<_, Error>(TrackProtection { key, method })
            });
            protections.push(protection.transpose()?);
            told.used.extend(entry);
        }
        let kids = told.used_kids();
        let signals = match kids.is_empty() {
            true => None,
            false => Some(Signals {
                kids,
                drms: drms(&self.config, &told)?,
            }),
        };
        Ok(ReadyPeriod {
            number: period,
            tracks: protections,
            signals,
        })
    }

    /// The tracks of the last `moov` that are protected.
    pub(super) fn protected_tracks(&self) -> impl Iterator<Item = &Track> {
        let both = self.tracks.iter().zip(&self.protected);
        both.filter(|(_, protected)| **protected)
            .map(|(track, _)| track)
    }
}

/// The crypto period that a stream begins in, as far as it can be known before.
fn first_period(config: &Config, provider: &dyn KeyProvider) -> u64 {
    match config.clock {
        PeriodClock::Utc if provider.rotates() => period_index(
            config.host.clock.since_1970().as_nanos().cast_signed(),
            config,
        ),
        PeriodClock::Utc | PeriodClock::Stream => 0,
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

    fn fragment(
        &mut self,
        fragments: &[FragmentTime],
    ) -> Result<FragmentProtection, Box<dyn StdError + Send + Sync>> {
        Ok(self.protect_fragment(fragments)?)
    }
}

#[cfg(test)]
mod tests;
