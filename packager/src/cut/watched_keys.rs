// SPDX-License-Identifier: MPL-2.0
//! Notes how each fragment is protected, for the manifests.

use std::collections::VecDeque;

use cenc_types::KeyId;
use common_encryption::{
    FragmentProtection, FragmentRule, FragmentTime, InitProtection, ObservedProtector,
    ProtectionObserver,
};
use protection_policy::{Packaging, Signals};

/// The configuration and the keys, with notes of the keys in use.
pub type WatchedPackaging = ObservedProtector<Packaging, WatchedKeys>;

/// The keys in use.
#[derive(Default)]
pub struct WatchedKeys {
    /// The init segments so far, that of the start first.
    pub inits: Vec<WatchedInit>,
    /// The keys of the fragments that are not written yet.
    fragments: VecDeque<WatchedFragment>,
}

/// The keys of an init segment.
pub struct WatchedInit {
    /// The KID of each track; None for a clear one.
    pub default_kids: Vec<Option<KeyId>>,
    /// The signaling of all of them; None if nothing is protected.
    pub signals: Option<Signals>,
}

/// A fragment that is not written yet.
struct WatchedFragment {
    key: FragmentKey,
    /// Index of its init segment.
    init: usize,
}

/// The key of a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FragmentKey {
    /// That of its track, if it has one.
    OfTrack,
    /// Another key.
    Other(KeyId),
    /// None: its samples are clear.
    Clear,
}

impl WatchedKeys {
    /// Returns the KID of the fragment that is written next, which is of the track with index `track`; None if it is clear.
    pub fn next_kid(&mut self, track: usize) -> Option<KeyId> {
        let WatchedFragment { key, init } = self.fragments.pop_front().unwrap_or(WatchedFragment {
            key: FragmentKey::OfTrack,
            init: 0,
        });
        match key {
            FragmentKey::OfTrack => *self.inits.get(init)?.default_kids.get(track)?,
            FragmentKey::Other(kid) => Some(kid),
            FragmentKey::Clear => None,
        }
    }
}

impl ProtectionObserver<Packaging> for WatchedKeys {
    fn note_init(&mut self, packaging: &Packaging, protection: &InitProtection) {
        let kids = protection.tracks.iter();
        self.inits.push(WatchedInit {
            default_kids: kids
                .map(|track| track.as_ref().map(|track| track.key.kid()))
                .collect(),
            signals: packaging.signals().cloned(),
        });
    }

    fn note_fragment(&mut self, _fragments: &[FragmentTime], protection: &FragmentProtection) {
        let next = self.inits.len();
        let init = match protection.new_init {
            true => next,
            false => next.saturating_sub(1),
        };
        self.fragments
            .extend(protection.rules.iter().map(|rule| WatchedFragment {
                key: match rule {
                    FragmentRule::Track => FragmentKey::OfTrack,
                    FragmentRule::Clear => FragmentKey::Clear,
                    FragmentRule::Key(other) => FragmentKey::Other(other.key.kid()),
                },
                init,
            }));
    }
}
