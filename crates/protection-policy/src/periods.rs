// SPDX-License-Identifier: MPL-2.0
//! The choice of the key for each fragment: crypto periods, clear lead and changes by the operator.

use std::time::Duration;

use cenc_types::Media;
use common_encryption::{FragmentProtection, FragmentRule, FragmentTime, TrackProtection};
use content_keys::PeriodFailure;

use super::changes::{KeyChange, ProtectionChange};
use super::drms::SignalPosition;
use super::ready_period::ReadyPeriod;
use super::timeline::Phase;
use super::{
    ClearSignaling, Error, KeyChangeForm, OnKeyMissing, Packaging, PeriodClock, Signals, Warning,
};

impl Packaging {
    /// The number of periods that are kept ready: the current one, and earlier ones for tracks that lag.
    const READY: usize = 3;
    /// Fragments that are late or early by less than half of this do not move the media clock.
    const HICCUP: Duration = Duration::from_secs(10);

    /// True if the protection can change within the stream.
    pub fn follows_time(&self) -> bool {
        self.config.is_timed() || self.controls.were_used()
    }

    /// Removes and returns the oldest change; None if there is none left.
    pub fn next_change(&mut self) -> Option<ProtectionChange> {
        self.changes.next()
    }

    /// Returns the protection of samples at a time, for a track of the last `moov` or stream.
    ///
    /// # Errors
    /// [`Error::Keys`] if the period has no key, [`Error::PiffPeriods`].
    pub fn rule(&mut self, time: &FragmentTime) -> Result<FragmentRule, Error> {
        let announced = self.changes.len();
        self.place_cues(std::slice::from_ref(time));
        let Some(phase) = self.phase(time)? else {
            return Ok(FragmentRule::Track);
        };
        if let Phase::Period(period) = phase {
            self.enter(period, time.start)?;
        }
        self.changes.join_after(announced);
        Ok(self.rule_in(phase, time.track_id))
    }

    /// Returns the protection of the track fragments of a `moof`. The boxes that signal its keys go into a `moof` where decoding can
    /// start.
    ///
    /// # Errors
    /// As [`Packaging::rule`].
    pub fn protect_fragment(
        &mut self,
        times: &[FragmentTime],
    ) -> Result<FragmentProtection, Error> {
        let announced = self.changes.len();
        self.place_cues(times);
        let mut rules = vec![FragmentRule::Track; times.len()];
        let mut signaled_period = None;
        let mut init_phase = None;
        let mut new_init = false;
        let mut video_first: Vec<_> = times.iter().enumerate().collect();
        video_first.sort_by_key(|(_, time)| !self.is_video(time.track_id));
        for (index, time) in video_first {
            let Some(phase) = self.phase(time)? else {
                continue;
            };
            // One init segment describes all tracks of a moof.
            let phase = match self.config.renews_init() {
                true => *init_phase.get_or_insert(phase),
                false => phase,
            };
            new_init |= self.renew_init(phase)?;
            if let Phase::Period(period) = phase {
                self.enter(period, time.start)?;
                let is_signaled = time.sync && self.in_moof(period).is_some();
                signaled_period = signaled_period.or(is_signaled.then_some(period));
            }
            if let Some(rule) = rules.get_mut(index) {
                *rule = self.rule_in(phase, time.track_id);
            }
        }
        self.changes.join_after(announced);
        Ok(FragmentProtection {
            rules,
            pssh: signaled_period
                .and_then(|period| self.in_moof(period))
                .map(ReadyPeriod::pssh)
                .unwrap_or_default(),
            announced: self.changes.len() > announced,
            new_init,
        })
    }

    /// Replaces the keys of the init segment if the settings say that it changes with this phase. Returns true if it did.
    fn renew_init(&mut self, phase: Phase) -> Result<bool, Error> {
        let signals_keys = self.config.key_change == KeyChangeForm::Init;
        let signals_clear = self.config.clear_signaling == ClearSignaling::Init;
        let (period, is_clear) = match phase {
            Phase::Clear if signals_clear => (self.moov_period, true),
            Phase::Period(period) if signals_keys || self.is_clear_init => (period, false),
            Phase::Clear | Phase::Period(_) => return Ok(false),
        };
        if (period, is_clear) == (self.moov_period, self.is_clear_init) {
            return Ok(false);
        }
        self.moov_period = period;
        self.is_clear_init = is_clear;
        // Fragments of the period need no other signaling.
        self.ready.retain(|ready| ready.number != period);
        self.init_keys = Some(self.prepare_init(period)?);
        self.sample_keys.forget_unused();
        Ok(true)
    }

    /// Returns the phase of a fragment; None for a track that is not protected.
    fn phase(&mut self, time: &FragmentTime) -> Result<Option<Phase>, Error> {
        let is_protected = self
            .protected_tracks()
            .any(|track| track.track_id == time.track_id);
        // The next init segment may protect any track.
        if !is_protected && self.config.key_change != KeyChangeForm::Init {
            return Ok(None);
        }
        self.advance_cues(time);
        let required = self.required_phase(time);
        let decision = self.timeline.phase(time, required);
        self.note_length(time.track_id);
        if decision.leads {
            let is_clear = decision.phase == Phase::Clear;
            self.changes.note_state(is_clear, time.start);
        }
        self.config.check_flavor_phase(decision.phase)?;
        Ok(Some(decision.phase))
    }

    /// Notes that a track's key cannot change in time, for one warning. Fragments are a little longer or shorter than they should be.
    fn note_length(&mut self, track_id: u32) {
        let crypto_period = self.config.crypto_period;
        let fragment = self.timeline.since_sync(track_id);
        let is_short = self.source.rotates() && !crypto_period.is_zero();
        if is_short && !self.warned_of_short_period && fragment > crypto_period * 11 / 10 {
            self.warned_of_short_period = true;
            self.short_period = Some(Warning::ShortPeriod {
                crypto_period,
                fragment,
            });
        }
    }

    /// Returns the phase that the settings require at a time.
    fn required_phase(&mut self, time: &FragmentTime) -> Phase {
        if !self.controls.protect()
            || self.cues.is_clear()
            || time.middle() < self.config.clear_lead
        {
            return Phase::Clear;
        }
        let period = self.period_at(time);
        match self.keeps_current_key(period) {
            true => Phase::Period(self.current),
            false => Phase::Period(period),
        }
    }

    /// Returns the crypto period of a fragment.
    fn period_at(&mut self, time: &FragmentTime) -> u64 {
        if !self.source.rotates() {
            return self.moov_period;
        }
        let middle = time.middle().as_nanos().cast_signed();
        let at = match self.config.clock {
            PeriodClock::Stream => middle,
            PeriodClock::Utc => self.media_start(time).saturating_add(middle),
        };
        period_index(at, self.config.crypto_period)
            .saturating_add(self.controls.rotations())
            .saturating_add(self.cues.periods())
    }

    /// Returns the wall clock time of media time 0, on the assumption that a fragment arrives when it ends. An offset of less than
    /// half a period is taken as network jitter, not as a new clock.
    fn media_start(&mut self, time: &FragmentTime) -> i128 {
        let found = self.config.host.clock.since_1970().as_nanos().cast_signed()
            - time.end.as_nanos().cast_signed();
        let tolerance = self.config.crypto_period.max(Self::HICCUP).as_nanos() / 2;
        *self.media_start.insert(
            self.media_start
                .filter(|known| known.abs_diff(found) <= tolerance)
                .unwrap_or(found),
        )
    }

    /// True if the current key stays in use since that of the period is not available.
    fn keeps_current_key(&mut self, period: u64) -> bool {
        if self.config.on_key_missing == OnKeyMissing::Stop || period == self.current {
            return false;
        }
        match self.config.clock {
            PeriodClock::Utc => !self.source.has(period),
            PeriodClock::Stream => self.source.keys(period).is_err(),
        }
    }

    /// Removes and returns the new warnings: one for each period whose key is missing and needed now or soon (with [`OnKeyMissing::Stop`],
    /// for each as soon as its request fails), one for each use of `rotate-key` that changes nothing, and one for the stream if video and
    /// audio have one key.
    pub fn warnings(&mut self) -> Vec<Warning> {
        self.shared_key
            .take()
            .map(Warning::SharedKey)
            .into_iter()
            .chain(self.short_period.take())
            .chain(self.vain_rotation())
            .chain(self.cue_warnings.next())
            .chain(std::iter::from_fn(|| self.next_missing_keys()))
            .collect()
    }

    /// Returns the warning of a rotation that a source of one key cannot follow.
    fn vain_rotation(&mut self) -> Option<Warning> {
        let is_new = self.controls.rotations() > self.followed_rotations;
        if !is_new || !self.source.has_begun() {
            return None;
        }
        self.followed_rotations = self.controls.rotations();
        (!self.source.rotates()).then_some(Warning::NothingToRotate)
    }

    fn next_missing_keys(&mut self) -> Option<Warning> {
        while let Some(PeriodFailure { period, reason }) = self.source.next_failure() {
            // A stream that is going to stop needs the warning as early as the source fails.
            let is_near = self.config.on_key_missing == OnKeyMissing::Stop
                || period <= self.current.saturating_add(1);
            let is_new = self.warned_period.is_none_or(|warned| warned < period);
            if is_near && is_new {
                self.warned_period = Some(period);
                return Some(Warning::MissingKeys { period, reason });
            }
        }
        None
    }

    pub(super) fn is_video(&self, track_id: u32) -> bool {
        self.protected_tracks()
            .any(|track| track.track_id == track_id && matches!(track.media, Media::Video { .. }))
    }

    /// Prepares the keys of a period, and queues the change of keys when the period starts.
    fn enter(&mut self, period: u64, start: Duration) -> Result<(), Error> {
        if period != self.moov_period && self.ready(period).is_none() {
            let ready = self.prepare(period, SignalPosition::Moof)?;
            self.check_same_tracks(&ready)?;
            self.ready.push_back(ready);
            if self.ready.len() > Self::READY {
                self.ready.pop_front();
            }
            self.sample_keys.forget_unused();
        }
        if [Some(self.current), self.previous].contains(&Some(period)) {
            self.announce_first(period, start);
            return Ok(());
        }
        self.previous = Some(std::mem::replace(&mut self.current, period));
        self.source.start_period(period);
        let signals = match self.ready(period) {
            Some(ready) => ready.signals.clone(),
            None => self.signals.clone(),
        };
        self.announce_keys(period, start, signals);
        Ok(())
    }

    /// Queues the announcement of the first crypto period if the first `moov` does not list its KIDs.
    fn announce_first(&mut self, period: u64, start: Duration) {
        if self.announced_first || period != self.moov_period {
            return;
        }
        self.announced_first = true;
        let signals = match &self.first_on_demand {
            Some(first) => first.signals.clone(),
            None if self.started_clear => self.signals.clone(),
            None => None,
        };
        self.announce_keys(period, start, signals);
    }

    fn announce_keys(&mut self, period: u64, start: Duration, signals: Option<Signals>) {
        if let Some(signals) = signals {
            self.changes.add_keys(KeyChange {
                period,
                start,
                signals,
                in_init: period == self.moov_period && !self.config.lists_kids_in_moof(),
            });
        }
    }

    /// Returns a period as the `moof` boxes with random access points signal it; None if `moov` does.
    fn in_moof(&self, period: u64) -> Option<&ReadyPeriod> {
        if !self.config.pssh_places.moof {
            return None;
        }
        match (period == self.moov_period, self.config.pssh_places.init) {
            (true, true) => self.first_on_demand.as_ref(),
            (true, false) => self.first_on_demand.as_ref().or(self.init_keys.as_ref()),
            (false, _) => self.ready(period),
        }
    }

    fn ready(&self, period: u64) -> Option<&ReadyPeriod> {
        self.ready.iter().find(|ready| ready.number == period)
    }

    /// Returns the keys of the last `moov` if fragments must name them, since `tenc` may name root keys.
    fn leaf_keys(&self, period: u64) -> Option<&ReadyPeriod> {
        let is_embedded = self.config.key_change == KeyChangeForm::Embedded;
        self.init_keys
            .as_ref()
            .filter(|keys| is_embedded && keys.number == period)
    }

    fn rule_in(&self, phase: Phase, track_id: u32) -> FragmentRule {
        match phase {
            Phase::Clear => FragmentRule::Clear,
            Phase::Period(period) => {
                let index = self.tracks.iter().position(|t| t.track_id == track_id);
                let key = self
                    .ready(period)
                    .or_else(|| self.leaf_keys(period))
                    .zip(index)
                    .and_then(|(ready, index)| ready.protection(index));
                key.map_or(FragmentRule::Track, |key| {
                    FragmentRule::Key(TrackProtection {
                        root_kid: None,
                        ..key.clone()
                    })
                })
            }
        }
    }
}

/// Returns the number of the crypto period at a time in nanoseconds; 0 if keys never change.
pub(super) fn period_index(nanoseconds: i128, crypto_period: Duration) -> u64 {
    let length = crypto_period.as_nanos().cast_signed();
    u64::try_from(nanoseconds.checked_div(length).unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod forms;
#[cfg(test)]
mod tests;
