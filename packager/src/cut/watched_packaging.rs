// SPDX-License-Identifier: MPL-2.0
//! Notes how each fragment is protected, for the manifests.

use std::collections::VecDeque;
use std::error::Error;

use cenc_types::{KeyId, Track};
use common_encryption::{
    BoxFlavor, FragmentProtection, FragmentRule, FragmentTime, InitProtection, Protector,
};
use protection_policy::Packaging;

/// The configuration and the keys, with notes of the keys in use.
pub struct WatchedPackaging {
    /// The configuration and the keys.
    pub packaging: Packaging,
    /// The KID of each track; None for a clear one.
    pub default_kids: Vec<Option<KeyId>>,
    /// The keys of the fragments that are not written yet.
    fragments: VecDeque<FragmentKey>,
}

/// The key of a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FragmentKey {
    /// That of its track, if it has one.
    OfTrack,
    /// Another key.
    Other(KeyId),
    /// None: its samples are clear.
    Clear,
}

impl WatchedPackaging {
    /// Watches a packaging.
    pub const fn new(packaging: Packaging) -> Self {
        Self {
            packaging,
            default_kids: Vec::new(),
            fragments: VecDeque::new(),
        }
    }

    /// Returns the key of the fragment that is written next.
    pub fn next_fragment_key(&mut self) -> FragmentKey {
        self.fragments.pop_front().unwrap_or(FragmentKey::OfTrack)
    }
}

impl Protector for WatchedPackaging {
    fn flavor(&self) -> BoxFlavor {
        self.packaging.flavor()
    }

    fn protect(
        &mut self,
        tracks: &[Track],
    ) -> Result<InitProtection, Box<dyn Error + Send + Sync>> {
        let protection = self.packaging.protect(tracks)?;
        self.default_kids = protection
            .tracks
            .iter()
            .map(|track| track.as_ref().map(|track| track.key.kid()))
            .collect();
        Ok(protection)
    }

    fn follows_time(&self) -> bool {
        self.packaging.follows_time()
    }

    fn fragment(
        &mut self,
        fragments: &[FragmentTime],
    ) -> Result<FragmentProtection, Box<dyn Error + Send + Sync>> {
        let protection = self.packaging.fragment(fragments)?;
        self.fragments
            .extend(protection.rules.iter().map(|rule| match rule {
                FragmentRule::Track => FragmentKey::OfTrack,
                FragmentRule::Clear => FragmentKey::Clear,
                FragmentRule::Key(other) => FragmentKey::Other(other.key.kid()),
            }));
        Ok(protection)
    }
}
