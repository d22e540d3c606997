// SPDX-License-Identifier: MPL-2.0
//! The keys of a crypto period for the tracks of a stream.

use cenc_types::Media;
use common_encryption::TrackProtection;
use content_keys::{KeyEntry, PeriodKeys, Selector};
use drm_signaling::System;

use super::drms::{SignalPosition, SignaledKeys, drms};
use super::ready_period::ReadyPeriod;
use super::{Error, KeyChangeForm, Packaging, Signals};

impl Packaging {
    /// Prepares the keys of a crypto period for the tracks.
    pub(super) fn prepare(
        &mut self,
        period: u64,
        position: SignalPosition,
    ) -> Result<ReadyPeriod, Error> {
        let keys = self.source.keys(period)?;
        self.check_leaf_licence(&keys, period, position)?;
        let signals_root =
            position == SignalPosition::Moov && self.config.key_change == KeyChangeForm::Embedded;
        let mut signaled = SignaledKeys::new(&keys, period, position);
        let mut protections = Vec::with_capacity(self.tracks.len());
        for track in &self.tracks {
            let entry = keys.select_unless_clear(track, period, &self.config.clear_tracks)?;
            if let Some(entry) = entry {
                self.check_first_iv(entry)?;
            }
            let protection = entry.map(|entry| {
                let key = self.sample_keys.key(&self.config, entry)?;
                let method = self.config.method(track.media);
                self.config.check_flavor(&key)?;
                Ok::<_, Error>(TrackProtection {
                    root_kid: keys.root_kid(key.kid()).filter(|_| signals_root),
                    key,
                    method,
                })
            });
            protections.push(protection.transpose()?);
            signaled.used.extend(entry);
        }
        if signaled.used.is_empty() && !self.may_stay_clear(&keys) {
            return Err(Error::NothingProtected);
        }
        let kids = signaled.used_kids();
        let signals = match kids.is_empty() {
            true => None,
            false => Some(Signals {
                kids,
                drms: drms(&self.config, &signaled)?,
            }),
        };
        Ok(ReadyPeriod {
            number: period,
            tracks: protections,
            signals,
        })
    }

    /// Refuses a crypto period without the leaf licence that its fragments should have.
    fn check_leaf_licence(
        &self,
        keys: &PeriodKeys,
        period: u64,
        position: SignalPosition,
    ) -> Result<(), Error> {
        let is_needed =
            position == SignalPosition::Moof && self.config.key_change == KeyChangeForm::Embedded;
        match is_needed && !keys.has_license(System::PlayReady.id()) {
            true => Err(Error::NoLeafLicence { period }),
            false => Ok(()),
        }
    }

    /// Refuses a first IV for a key that other streams get with the same IV: in counter mode they would repeat the key stream.
    fn check_first_iv(&self, entry: &KeyEntry) -> Result<(), Error> {
        match entry.iv.or(self.config.iv.first()) {
            Some(_) if !self.takes_first_iv => Err(Error::FirstIv {
                kid: entry.kid,
                scheme: self.config.scheme,
            }),
            _ => Ok(()),
        }
    }

    /// True if the user left a track of the stream clear on purpose, or all tracks of any stream.
    fn may_stay_clear(&self, keys: &PeriodKeys) -> bool {
        keys.keys
            .clear_selectors()
            .iter()
            .chain(&self.config.clear_tracks)
            .any(|selector| {
                *selector == Selector::Any
                    || self
                        .tracks
                        .iter()
                        .any(|track| selector.specificity(track).is_some())
            })
    }

    /// Notes a key that video and audio share, for one warning, if PlayReady is signaled.
    pub(super) fn note_shared_key(&mut self, ready: &ReadyPeriod) {
        if self.warned_of_shared_key || !self.config.systems.contains(&System::PlayReady) {
            return;
        }
        let kids = |is_wanted: fn(&Media) -> bool| {
            self.tracks
                .iter()
                .zip(&ready.tracks)
                .filter(move |(track, _)| is_wanted(&track.media))
                .filter_map(|(_, protection)| Some(protection.as_ref()?.key.kid()))
        };
        self.shared_key = kids(|media| matches!(media, Media::Video { .. }))
            .find(|video| kids(|media| *media == Media::Audio).any(|audio| audio == *video));
        self.warned_of_shared_key = self.shared_key.is_some();
    }
}
