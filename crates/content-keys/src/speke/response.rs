// SPDX-License-Identifier: MPL-2.0
//! The answer: a key for each of the tracks, and the signaling as the server wrote it.

use zeroize::Zeroizing;

use crate::{KeyEntry, KeyRing};
use cenc_types::{ContentKey, Iv, KeyId, Scheme};
use cpix::{Document, DrmSystem, UsageRule};

use super::{Error, KeyRequest, TrackRule};

/// All keys of a request, after every check.
pub struct KeyResponse {
    /// A key for each of the tracks, in the request's order.
    pub keys: Vec<ResponseKey>,
    /// What DRM systems signal, as it came: boxes, ContentProtection, playlist lines, Smooth headers.
    pub systems: Vec<DrmSystem>,
    /// What the keys protect with.
    pub scheme: Scheme,
}

/// A key and the tracks that it is for.
pub struct ResponseKey {
    /// The tracks.
    pub tracks: TrackRule,
    /// The KID, which may be the server's choice.
    pub kid: KeyId,
    /// The key.
    pub key: ContentKey,
    /// The constant IV for `cbcs`, if the server sets it.
    pub explicit_iv: Option<[u8; 16]>,
    /// The root key's KID, where this is the key of a leaf licence.
    pub depends_on_key: Option<KeyId>,
}

impl KeyResponse {
    pub(super) fn new(
        request: &KeyRequest,
        asked: &Document,
        answer: Document,
    ) -> Result<Self, Error> {
        let keys = request.tracks.iter().map(|tracks| {
            let missing = || Error::NoKey(tracks.label.clone());
            let kid = kid_for(request, tracks, asked, &answer)?.ok_or_else(missing)?;
            let found = answer.content_key(kid).ok_or_else(missing)?;
            Ok(ResponseKey {
                tracks: tracks.clone(),
                kid,
                key: copy(found.key().map_err(|_| missing())?),
                explicit_iv: found.explicit_iv,
                depends_on_key: found.depends_on_key,
            })
        });
        Ok(Self {
            keys: keys.collect::<Result<_, Error>>()?,
            systems: answer.drm_systems,
            scheme: request.scheme,
        })
    }

    /// The keys by selector, for a packager. An explicit IV is kept for `cbcs` only: as the IV of samples it would repeat.
    ///
    /// # Errors
    /// [`Error::NoSelector`].
    pub fn to_ring(&self) -> Result<KeyRing, Error> {
        let mut ring = KeyRing::default();
        for key in &self.keys {
            let iv = key.explicit_iv.filter(|_| self.scheme == Scheme::Cbcs);
            for selector in key.tracks.selectors()? {
                let entry = KeyEntry {
                    selector,
                    kid: key.kid,
                    key: copy(&key.key),
                    iv: iv.and_then(|iv| Iv::new(&iv).ok()),
                    period: None,
                };
                let added = ring.add(entry);
                added.map_err(|_| Error::Request("two of the tracks share a selector"))?;
            }
        }
        Ok(ring)
    }

    /// The `pssh` box of a leaf licence, for `moof`: that of a key which depends on another.
    pub fn leaf_pssh(&self, kid: KeyId, system_id: [u8; 16]) -> Option<&[u8]> {
        let mut leaves = self.keys.iter().filter(|key| key.depends_on_key.is_some());
        leaves.find(|key| key.kid == kid)?;
        let mut systems = self.systems.iter();
        let system = systems.find(|system| system.kid == kid && system.system_id == system_id);
        system?.pssh.as_deref()
    }
}

/// The KID that the answer has in place of the one that was asked for: that of the rule with the same name in the same period.
fn kid_for(
    request: &KeyRequest,
    tracks: &TrackRule,
    asked: &Document,
    answer: &Document,
) -> Result<Option<KeyId>, Error> {
    let kid = request.key_id(tracks);
    let Some(rule) = asked.usage_rules.iter().find(|rule| rule.kid == kid) else {
        // SPEKE 1.0 without periods: one key and no rule.
        return match answer.content_keys.as_slice() {
            [only] => Ok(Some(only.kid)),
            _ => Err(Error::Echo("number of keys")),
        };
    };
    let same = |other: &&UsageRule| {
        other.intended_track_type == rule.intended_track_type && other.periods == rule.periods
    };
    let mut found = answer.usage_rules.iter().filter(same);
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(Error::Echo("number of usage rules")),
        (found, None) => Ok(found.map(|rule| rule.kid)),
    }
}

/// Keys are not cloned by accident: this is where two selectors share one.
fn copy(key: &ContentKey) -> ContentKey {
    ContentKey::from_bytes(Zeroizing::new(*key.as_bytes()))
}
