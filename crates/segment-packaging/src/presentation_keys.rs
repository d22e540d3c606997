// SPDX-License-Identifier: MPL-2.0
//! The signaling of tracks in manifests, from the keys of their init segments and segments.

use std::ops::Range;

use cenc_types::{KeyId, Scheme};
use drm_signaling::{Drm, System};
use presentation::model::{KeyChange, TrackSignaling};
use protection_policy::Signals;

use super::watched_keys::InitKeys;

/// The keys of a presentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentationKeys {
    /// The scheme.
    pub scheme: Scheme,
    /// Those of the init segments, in their order. A live presentation needs those of listed segments only.
    pub inits: Vec<InitKeys>,
    /// The later crypto periods. A live presentation needs those of listed segments only.
    pub key_changes: Vec<protection_policy::KeyChange>,
}

/// The key of the segments from one on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentKey {
    /// Index of the first segment.
    pub segment: usize,
    /// The KID; None if they are clear.
    pub kid: Option<KeyId>,
}

/// The segments of a track under one init segment.
#[derive(Debug, Clone)]
pub struct PartKeys<'a> {
    /// Index of the track in `moov`.
    pub track: usize,
    /// The keys of the init segment.
    pub init: &'a InitKeys,
    /// The indices of the segments.
    pub segments: Range<usize>,
    /// The keys of the track's segments in their order: an entry for each segment, or only where the key is another than before. Those of
    /// other segments are left out of account. Without one at the first segment, that has the key of the init segment.
    pub keys: &'a [SegmentKey],
}

impl PresentationKeys {
    /// Returns the DRM systems with all KIDs of the first protected crypto period; none if all tracks are clear.
    pub fn drms(&self) -> Vec<Drm> {
        let signals = self.inits.iter().find_map(|init| init.signals.as_ref());
        signals.map_or_else(Vec::new, |signals| signals.drms.clone())
    }

    /// Returns the signaling of a KID for each DRM system: that for all KIDs, or where a key server gives one for each, its own. None for
    /// a KID that no init segment and no crypto period has.
    pub fn drms_of(&self, kid: &KeyId) -> Vec<Drm> {
        let all = self
            .key_changes
            .iter()
            .map(|change| &change.signals)
            .chain(self.inits.iter().filter_map(|init| init.signals.as_ref()))
            .find(|signals| signals.kids.contains(kid))
            .map_or(&[][..], |signals: &Signals| &signals.drms);
        let names_it = |drm: &Drm| drm.key_ids().contains(kid);
        let has_own = |system_id| {
            all.iter()
                .any(|drm| drm.system_id() == system_id && names_it(drm))
        };
        all.iter()
            .filter(|drm| names_it(drm) || !has_own(drm.system_id()))
            .cloned()
            .collect()
    }

    /// Returns the signaling of a KID under an init segment. Leaf licences are in the segments only, so that PlayReady has the ONDEMAND
    /// header of the init segment throughout.
    fn drms_under(&self, init: &InitKeys, kid: &KeyId) -> Vec<Drm> {
        let own = self.drms_of(kid);
        let Some(signals) = init.signals.as_ref().filter(|_| init.has_leaf_licences) else {
            return own;
        };
        let is_playready = |drm: &&Drm| drm.system_id() == System::PlayReady.id();
        let on_demand = signals.drms.iter().filter(is_playready);
        // No system but PlayReady has signaling of a root key.
        let other = match own.is_empty() {
            true => &signals.drms,
            false => &own,
        };
        let other = other.iter().filter(|drm| !is_playready(drm));
        on_demand.chain(other).cloned().collect()
    }

    /// Returns the signaling of a part of a track; None if its init segment describes it as clear. `expects_changes` is false: a live
    /// presentation whose keys change within the segments sets it.
    pub fn signaling(&self, part: &PartKeys<'_>) -> Option<TrackSignaling> {
        part.init.signals.as_ref()?;
        let default_kid = part.init.default_kids.get(part.track).copied().flatten()?;
        let index_of = |segment| part.keys.partition_point(|key| key.segment < segment);
        let own = part
            .keys
            .get(index_of(part.segments.start)..index_of(part.segments.end))
            .unwrap_or_default();
        let mut in_use = default_kid;
        let mut key_changes = Vec::new();
        for SegmentKey { segment, kid } in own {
            if let Some(kid) = kid
                && *kid != in_use
            {
                in_use = *kid;
                key_changes.push(KeyChange {
                    segment: *segment,
                    kid: *kid,
                    drms: self.drms_under(part.init, kid),
                });
            }
        }
        let first_protected = own.iter().find(|key| key.kid.is_some());
        Some(TrackSignaling {
            scheme: self.scheme,
            default_kid,
            drms: self.drms_under(part.init, &default_kid),
            key_changes,
            expects_changes: false,
            first_protected: first_protected.map_or(part.segments.start, |key| key.segment),
        })
    }
}

#[cfg(test)]
mod tests {
    use drm_signaling::{DrmContent, PlayReadyContent, System};

    use super::*;

    fn widevine(kids: &[KeyId]) -> Drm {
        let content = DrmContent {
            kids,
            scheme: Scheme::Cenc,
            content_id: None,
            playready: PlayReadyContent::default(),
            clear_key_url: None,
        };
        System::Widevine.signal(&content).expect("KIDs are enough")
    }

    fn presentation_keys(kids: &[KeyId], drms: Vec<Drm>) -> PresentationKeys {
        PresentationKeys {
            scheme: Scheme::Cenc,
            inits: vec![InitKeys {
                default_kids: kids.iter().copied().map(Some).chain([None]).collect(),
                signals: Some(Signals {
                    kids: kids.to_vec(),
                    drms,
                }),
                has_leaf_licences: false,
            }],
            key_changes: Vec::new(),
        }
    }

    // SPEKE servers give the data of each system for each KID; other sources give it once for all.
    #[test]
    fn track_has_the_signaling_of_its_own_key() {
        let [one, other] = [1, 2].map(|byte| KeyId::from_bytes([byte; 16]));
        let all = widevine(&[one, other]);
        for (drms, expected) in [
            (
                vec![widevine(&[one]), widevine(&[other])],
                widevine(&[other]),
            ),
            (vec![all.clone()], all),
        ] {
            let keys = presentation_keys(&[one, other], drms);
            let signaling = |track| {
                keys.signaling(&PartKeys {
                    track,
                    init: &keys.inits[0],
                    segments: 0..1,
                    keys: &[],
                })
            };
            assert_eq!(signaling(1).expect("it is protected").drms, [expected]);
            assert_eq!(signaling(2), None);
        }
    }

    // A window moves over the segments: a clear lead of two, two under the key of the init segment, two under the next key.
    #[test]
    fn listed_segments_say_which_key_they_have() {
        let [first, next] = [1, 2].map(|byte| KeyId::from_bytes([byte; 16]));
        let mut keys = presentation_keys(&[first], vec![widevine(&[first])]);
        keys.key_changes.push(protection_policy::KeyChange {
            period: 1,
            start: std::time::Duration::from_secs(8),
            signals: Signals {
                kids: vec![next],
                drms: vec![widevine(&[next])],
            },
            in_init: false,
        });
        let kids = [None, None, Some(first), Some(first), Some(next), Some(next)];
        let listed = |from: usize| {
            let of_segments: Vec<SegmentKey> = (0..)
                .zip(kids.get(from..).unwrap_or_default())
                .map(|(segment, kid)| SegmentKey { segment, kid: *kid })
                .collect();
            let signaling = keys.signaling(&PartKeys {
                track: 0,
                init: &keys.inits[0],
                segments: 0..of_segments.len(),
                keys: &of_segments,
            });
            signaling.expect("it is protected")
        };
        let change = |segment| KeyChange {
            segment,
            kid: next,
            drms: vec![widevine(&[next])],
        };
        for (from, first_protected, changed_at) in
            [(0, 2, 4), (1, 1, 3), (2, 0, 2), (3, 0, 1), (4, 0, 0)]
        {
            let found = listed(from);
            assert_eq!(found.default_kid, first);
            assert_eq!(found.drms, [widevine(&[first])]);
            assert_eq!(found.first_protected, first_protected);
            assert_eq!(found.key_changes, [change(changed_at)]);
        }
        assert_eq!(listed(5).key_changes, [change(0)]);
    }
}
