// SPDX-License-Identifier: MPL-2.0
//! Which key rules a fragment: crypto periods, clear leads and what the operator changes while the stream runs.

use std::time::Duration;

use cenc_types::Media;
use common_encryption::BoxFlavor;
use common_encryption::{FragmentProtection, FragmentRule, FragmentTime};
use content_keys::PeriodFailure;

use super::drms::Place;
use super::protection::ReadyPeriod;
use super::timeline::Phase;
use super::{Config, Error, OnKeyMissing, Packaging, PeriodClock, Signals};

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
    /// Fragments that come late or early by less than half of this change no period.
    const HICCUP: Duration = Duration::from_secs(10);

    /// Whether what counts can change within the stream.
    pub fn follows_time(&self) -> bool {
        self.config.is_timed() || self.controls.were_used()
    }

    /// The change that a fragment announced, in order; None when there is none left.
    pub fn next_change(&mut self) -> Option<KeyChange> {
        self.changes.pop_front()
    }

    /// What counts for samples at a time, of a track of the last `moov` or stream.
    ///
    /// # Errors
    /// [`Error::Keys`] when the period has no key, [`Error::PiffPeriods`].
    pub fn rule(&mut self, time: &FragmentTime) -> Result<FragmentRule, Error> {
        let Some(phase) = self.phase(time)? else {
            return Ok(FragmentRule::Track);
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
        let mut rules = vec![FragmentRule::Track; times.len()];
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
        // Tracks that enter different periods at once are announced as one.
        let last = self.changes.len().saturating_sub(1).max(announced);
        self.changes.drain(announced..last);
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
        if self.config.flavor == BoxFlavor::Piff {
            return Err(Error::PiffPeriods);
        }
        let wanted = self.wanted(time);
        Ok(Some(self.timeline.phase(time, wanted)))
    }

    /// What is to count at a point in time.
    fn wanted(&mut self, time: &FragmentTime) -> Phase {
        if !self.controls.protect() || time.middle() < self.config.clear_lead {
            return Phase::Clear;
        }
        let period = self.period_at(time);
        match self.must_hold(period) {
            true => Phase::Period(self.current),
            false => Phase::Period(period),
        }
    }

    /// The crypto period of a fragment.
    fn period_at(&mut self, time: &FragmentTime) -> u64 {
        if !self.source.rotates() {
            return self.moov_period;
        }
        let middle = time.middle().as_nanos().cast_signed();
        let at = match self.config.clock {
            PeriodClock::Stream => middle,
            PeriodClock::Utc => self.anchor(time).saturating_add(middle),
        };
        period_index(at, &self.config).saturating_add(self.controls.rotations())
    }

    /// Where the media's time 0 is on the wall clock: a fragment is there when it ends. What comes late or early by less than
    /// half a period is taken for a hiccup of the network, not for another clock.
    fn anchor(&mut self, time: &FragmentTime) -> i128 {
        let now = self.config.host.clock.since_1970().as_nanos().cast_signed();
        let found = now - time.end.as_nanos().cast_signed();
        let tolerance = self.config.crypto_period.max(Self::HICCUP).as_nanos() / 2;
        let known = self
            .anchor
            .filter(|known| known.abs_diff(found) <= tolerance);
        *self.anchor.insert(known.unwrap_or(found))
    }

    /// Whether the key under way is to be held, since that of the period is not there.
    fn must_hold(&mut self, period: u64) -> bool {
        if self.config.on_key_missing == OnKeyMissing::Stop || period == self.current {
            return false;
        }
        match self.config.clock {
            PeriodClock::Utc => !self.source.has(period),
            PeriodClock::Stream => self.source.keys(period, &self.controls).is_err(),
        }
    }

    /// What the operator should know of keys that are missing, once for each period: those that should be there by now or soon.
    pub fn warnings(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.next_warning()).collect()
    }

    fn next_warning(&mut self) -> Option<String> {
        while let Some(PeriodFailure { period, reason }) = self.source.next_failure() {
            let is_near = period <= self.current.saturating_add(1);
            if is_near && self.told != Some(period) {
                self.told = Some(period);
                return Some(format!("crypto period {period}: {reason}"));
            }
        }
        None
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
        self.source.start_period(period);
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

    fn rule_in(&self, phase: Phase, track_id: u32) -> FragmentRule {
        match phase {
            Phase::Clear => FragmentRule::Clear,
            Phase::Period(period) => {
                let ready = self.ready(period);
                let index = self.tracks.iter().position(|t| t.track_id == track_id);
                let key = ready.zip(index).and_then(|(r, index)| r.protection(index));
                key.map_or(FragmentRule::Track, |key| FragmentRule::Key(key.clone()))
            }
        }
    }
}

/// The number of the crypto period at a time in nanoseconds; without periods there is one.
pub(super) fn period_index(nanoseconds: i128, config: &Config) -> u64 {
    let length = config.crypto_period.as_nanos().cast_signed();
    let index = nanoseconds.checked_div(length).unwrap_or_default();
    u64::try_from(index).unwrap_or_default()
}

#[cfg(test)]
mod tests;
