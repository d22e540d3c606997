// SPDX-License-Identifier: MPL-2.0
//! Which key rules a fragment: crypto periods, clear leads and what the operator changes while the stream runs.

use std::time::Duration;

use crate::cenc::{Flavor, Media};
use crate::mp4::{FragmentProtection, FragmentTime, Rule};

use super::drms::Place;
use super::protection::ReadyPeriod;
use super::timeline::Phase;
use super::{Error, Packaging, Signals};

/// A crypto period has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    /// The period, counted from 0.
    pub period: u64,
    /// Decode time of its first fragment.
    pub start: Duration,
    /// What is signaled of it.
    pub signals: Signals,
}

impl Packaging {
    /// How many periods are kept ready: the one under way, and those that tracks may lag behind in.
    const READY: usize = 3;

    /// Whether what counts can change within the stream.
    pub fn follows_time(&self) -> bool {
        let config = &self.config;
        !(config.crypto_period.is_zero() && config.clear_lead.is_zero())
            || self.controls.were_used()
    }

    /// The change that a fragment announced, in order; None when there is none left.
    pub fn next_change(&mut self) -> Option<KeyChange> {
        self.changes.pop_front()
    }

    /// What counts for samples at a time, of a track of the last `moov` or stream.
    ///
    /// # Errors
    /// [`Error::Keys`] when the period has no key, [`Error::PiffPeriods`].
    pub fn rule(&mut self, time: &FragmentTime) -> Result<Rule, Error> {
        let Some(phase) = self.phase(time)? else {
            return Ok(Rule::Track);
        };
        if let Phase::Period(period) = phase {
            self.enter(period, time.start)?;
        }
        Ok(self.rule_in(phase, time.track_id))
    }

    /// What counts for the track fragments of a `moof`. The boxes that tell of its keys go where decoding can begin.
    ///
    /// # Errors
    /// As [`Packaging::rule`].
    pub fn protect_fragment(
        &mut self,
        times: &[FragmentTime],
    ) -> Result<FragmentProtection, Error> {
        let announced = self.changes.len();
        let mut rules = vec![Rule::Track; times.len()];
        let mut told = None;
        let mut video_first: Vec<_> = times.iter().enumerate().collect();
        video_first.sort_by_key(|(_, time)| !self.is_video(time.track_id));
        for (index, time) in video_first {
            let Some(phase) = self.phase(time)? else {
                continue;
            };
            if let Phase::Period(period) = phase {
                self.enter(period, time.start)?;
                let in_moov = period == self.moov_period;
                told = told.or((time.sync && !in_moov).then_some(period));
            }
            if let Some(rule) = rules.get_mut(index) {
                *rule = self.rule_in(phase, time.track_id);
            }
        }
        let told = told.and_then(|period| self.ready(period));
        Ok(FragmentProtection {
            rules,
            pssh: told.map(ReadyPeriod::pssh).unwrap_or_default(),
            announced: self.changes.len() > announced,
        })
    }

    /// What counts at a time; None for a track that is not protected.
    fn phase(&mut self, time: &FragmentTime) -> Result<Option<Phase>, Error> {
        let mut protected = self.protected_tracks();
        if !protected.any(|track| track.track_id == time.track_id) {
            return Ok(None);
        }
        drop(protected);
        if self.config.flavor == Flavor::Piff {
            return Err(Error::PiffPeriods);
        }
        let wanted = self.wanted(time.middle());
        Ok(Some(self.timeline.phase(time, wanted)))
    }

    /// What is to count at a point in time.
    fn wanted(&self, middle: Duration) -> Phase {
        match self.controls.protect() && middle >= self.config.clear_lead {
            true => Phase::Period(self.period_at(middle)),
            false => Phase::Clear,
        }
    }

    /// The crypto period of a point in time.
    fn period_at(&self, middle: Duration) -> u64 {
        if !self.source.rotates() {
            return 0;
        }
        let length = self.config.crypto_period.as_nanos();
        let elapsed = middle.as_nanos().checked_div(length).unwrap_or_default();
        let elapsed = u64::try_from(elapsed).unwrap_or(u64::MAX);
        elapsed.saturating_add(self.controls.rotations())
    }

    fn is_video(&self, track_id: u32) -> bool {
        let mut tracks = self.protected_tracks();
        tracks.any(|track| track.track_id == track_id && matches!(track.media, Media::Video { .. }))
    }

    /// Makes the keys of a period ready, and announces it when it begins.
    fn enter(&mut self, period: u64, start: Duration) -> Result<(), Error> {
        if period != self.moov_period && self.ready(period).is_none() {
            let ready = self.prepare(period, Place::Moof)?;
            self.ready.push_back(ready);
            if self.ready.len() > Self::READY {
                self.ready.pop_front();
            }
            self.sample_keys.forget_unused();
        }
        let under_way = [Some(self.current), self.previous];
        if under_way.contains(&Some(period)) {
            return Ok(());
        }
        self.previous = Some(std::mem::replace(&mut self.current, period));
        let signals = match self.ready(period) {
            Some(ready) => ready.signals().cloned(),
            None => self.signals.clone(),
        };
        self.changes.extend(signals.map(|signals| KeyChange {
            period,
            start,
            signals,
        }));
        Ok(())
    }

    fn ready(&self, period: u64) -> Option<&ReadyPeriod> {
        let mut ready = self.ready.iter();
        ready.find(|ready| ready.number() == period)
    }

    fn rule_in(&self, phase: Phase, track_id: u32) -> Rule {
        match phase {
            Phase::Clear => Rule::Clear,
            Phase::Period(period) => {
                let ready = self.ready(period);
                let index = self.tracks.iter().position(|t| t.track_id == track_id);
                let key = ready.zip(index).and_then(|(r, index)| r.protection(index));
                key.map_or(Rule::Track, |key| Rule::Key(key.clone()))
            }
        }
    }
}
