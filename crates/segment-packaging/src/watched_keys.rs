// SPDX-License-Identifier: MPL-2.0
//! Notes how init segments and fragments are protected, until they are written.

use std::collections::VecDeque;

use cenc_types::KeyId;
use common_encryption::{
    FragmentProtection, FragmentRule, FragmentTime, InitProtection, ObservedProtector,
    ProtectionObserver, TrackProtection,
};
use protection_policy::{KeyChangeForm, Packaging, Signals};

use super::segment_sink::StartedInit;

/// The configuration and the keys, with notes of the keys in use.
pub type WatchedPackaging = ObservedProtector<Packaging, WatchedKeys>;

/// The keys of an init segment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InitKeys {
    /// The KID of each track in `tenc`, which is that of the root key where leaf licences follow; None for a clear track.
    pub default_kids: Vec<Option<KeyId>>,
    /// The signaling of all of them; None if nothing is protected.
    pub signals: Option<Signals>,
    /// True if the fragments have leaf licences under the ONDEMAND header of the init segment.
    pub has_leaf_licences: bool,
}

/// The keys in use.
#[derive(Default)]
pub struct WatchedKeys {
    /// Those of the init segment that was written last.
    in_force: InitKeys,
    /// Those of the init segments that are not written yet.
    next_inits: VecDeque<InitKeys>,
    /// Those of the fragments that are not written yet.
    fragments: VecDeque<FragmentKey>,
}

/// The key of a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FragmentKey {
    /// That of its track in the init segment, if it has one.
    OfTrack,
    /// Another key.
    Other(KeyId),
    /// None: its samples are clear.
    Clear,
}

impl WatchedKeys {
    /// Returns the init segment that is written next, and which describes the fragments after it.
    pub(super) fn start_init<'a>(&'a mut self, bytes: &'a [u8]) -> StartedInit<'a> {
        if let Some(next) = self.next_inits.pop_front() {
            self.in_force = next;
        }
        StartedInit {
            bytes,
            keys: &self.in_force,
        }
    }

    /// Returns the KID of the fragment that is written next, which is of the track with index `track`; None if it is clear.
    pub(super) fn start_fragment(&mut self, track: usize) -> Option<KeyId> {
        match self.fragments.pop_front().unwrap_or(FragmentKey::OfTrack) {
            FragmentKey::OfTrack => *self.in_force.default_kids.get(track)?,
            FragmentKey::Other(kid) => Some(kid),
            FragmentKey::Clear => None,
        }
    }
}

impl ProtectionObserver<Packaging> for WatchedKeys {
    fn note_init(&mut self, packaging: &Packaging, protection: &InitProtection) {
        let stated = |track: &Option<TrackProtection>| {
            let track = track.as_ref().filter(|_| !protection.is_clear);
            track.map(|track| track.root_kid.unwrap_or_else(|| track.key.kid()))
        };
        self.next_inits.push_back(InitKeys {
            default_kids: protection.tracks.iter().map(stated).collect(),
            signals: packaging.signals().cloned(),
            has_leaf_licences: packaging.config().key_change == KeyChangeForm::Embedded,
        });
    }

    // A fragment has one track here.
    fn note_fragment(&mut self, _fragments: &[FragmentTime], protection: &FragmentProtection) {
        self.fragments.push_back(match protection.rules.first() {
            None | Some(FragmentRule::Track) => FragmentKey::OfTrack,
            Some(FragmentRule::Clear) => FragmentKey::Clear,
            Some(FragmentRule::Key(other)) => FragmentKey::Other(other.key.kid()),
        });
    }
}
