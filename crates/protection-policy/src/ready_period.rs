// SPDX-License-Identifier: MPL-2.0
//! A crypto period with the keys of a stream's tracks.

use common_encryption::TrackProtection;
use drm_signaling::Drm;

use super::Signals;

/// A crypto period whose keys are prepared for the tracks.
pub(super) struct ReadyPeriod {
    pub(super) number: u64,
    pub(super) tracks: Vec<Option<TrackProtection>>,
    pub(super) signals: Option<Signals>,
}

impl ReadyPeriod {
    /// Returns the protection of a track by its index in `moov`.
    pub(super) fn protection(&self, index: usize) -> Option<&TrackProtection> {
        self.tracks.get(index)?.as_ref()
    }

    /// Returns the `pssh` boxes of its keys.
    pub(super) fn pssh(&self) -> Vec<Vec<u8>> {
        self.signals
            .iter()
            .flat_map(|signals| &signals.drms)
            .filter_map(Drm::pssh)
            .map(<[u8]>::to_vec)
            .collect()
    }
}
