// SPDX-License-Identifier: MPL-2.0
//! The server's response: a key for each of the tracks, and the signaling as the server wrote it.

use crate::{KeyEntry, KeyRing};
use cenc_types::{ContentKey, Iv, KeyId, Scheme};
use cpix::{Document, DrmSystem};

use super::{Error, KeyRequest, TrackRule};

/// All keys of a request, after every check.
pub struct KeyResponse {
    /// A key for each of the tracks, in the request's order.
    pub keys: Vec<ResponseKey>,
    /// DRM signaling, unchanged: boxes, ContentProtection, playlist lines, Smooth headers.
    pub systems: Vec<DrmSystem>,
    /// The scheme that the keys are for.
    pub scheme: Scheme,
}

/// A key and the tracks that it protects.
pub struct ResponseKey {
    /// The tracks.
    pub tracks: TrackRule,
    /// The KID, which the server may have chosen.
    pub kid: KeyId,
    /// The key.
    pub key: ContentKey,
    /// The constant IV for `cbcs`, if the server sets it.
    pub explicit_iv: Option<[u8; 16]>,
    /// The root key's KID, if this is the key of a leaf licence.
    pub depends_on_key: Option<KeyId>,
}

impl KeyResponse {
    pub(super) fn new(
        request: &KeyRequest,
        sent: &Document,
        received: Document,
    ) -> Result<Self, Error> {
        let keys: Vec<_> = request
            .tracks
            .iter()
            .map(|tracks| {
                let missing = || Error::NoKey(tracks.label.clone());
                let kid = received_kid(request, tracks, sent, &received)?.ok_or_else(missing)?;
                let key = received.content_key(kid).ok_or_else(missing)?;
                Ok(ResponseKey {
                    tracks: tracks.clone(),
                    kid,
                    key: ContentKey::copy_of(key.key().map_err(|_| missing())?.as_bytes()),
                    explicit_iv: key.explicit_iv,
                    depends_on_key: key.depends_on_key,
                })
            })
            .collect::<Result<_, Error>>()?;
        check_kids(request, &keys)?;
        Ok(Self {
            keys,
            systems: received.drm_systems,
            scheme: request.scheme,
        })
    }

    /// Returns the keys by selector, for a packager. An explicit IV is kept for `cbcs` only: in other schemes, every sample would
    /// have the same IV.
    ///
    /// # Errors
    /// [`Error::NoSelector`].
    pub fn to_ring(&self) -> Result<KeyRing, Error> {
        let mut ring = KeyRing::default();
        for key in &self.keys {
            let iv = key.explicit_iv.filter(|_| self.scheme == Scheme::Cbcs);
            for selector in key.tracks.selectors()? {
                ring.add(KeyEntry {
                    selector,
                    kid: key.kid,
                    key: ContentKey::copy_of(key.key.as_bytes()),
                    iv: iv.and_then(|iv| Iv::new(&iv).ok()),
                    period: None,
                })
                .map_err(|_| Error::Request("two of the tracks share a selector"))?;
            }
        }
        Ok(ring)
    }

    /// Returns the `pssh` box of a leaf licence for `moof`, if the key `kid` depends on another.
    pub fn leaf_pssh(&self, kid: KeyId, system_id: [u8; 16]) -> Option<&[u8]> {
        self.keys
            .iter()
            .find(|key| key.kid == kid && key.depends_on_key.is_some())?;
        self.systems
            .iter()
            .find(|system| system.kid == kid && system.system_id == system_id)?
            .pssh
            .as_deref()
    }
}

/// Returns the KID that the server sent for the tracks: that of the rule with the same name in the same period.
fn received_kid(
    request: &KeyRequest,
    tracks: &TrackRule,
    sent: &Document,
    received: &Document,
) -> Result<Option<KeyId>, Error> {
    let kid = request.key_id(tracks);
    let Some(sent_rule) = sent.usage_rules.iter().find(|rule| rule.kid == kid) else {
        // A SPEKE 1.0 request without periods has one key and no rule.
        return match received.content_keys.as_slice() {
            [only] => Ok(Some(only.kid)),
            _ => Err(Error::Echo("number of keys")),
        };
    };
    let mut rules = received.usage_rules.iter().filter(|rule| {
        rule.intended_track_type == sent_rule.intended_track_type
            && rule.periods == sent_rule.periods
    });
    match (rules.next(), rules.next()) {
        (_, Some(_)) => Err(Error::Echo("number of usage rules")),
        (rule, None) => Ok(rule.map(|rule| rule.kid)),
    }
}

/// Checks that no KID that was requested for some tracks came for others: a document's encryption does not bind keys to tracks. Tracks
/// may share a key.
fn check_kids(request: &KeyRequest, keys: &[ResponseKey]) -> Result<(), Error> {
    let swapped = keys.iter().find(|key| {
        keys.iter().any(|other| {
            request.key_id(&other.tracks) == key.kid
                && request.key_id(&key.tracks) != key.kid
                && other.kid != key.kid
        })
    });
    match swapped {
        Some(key) => Err(Error::Swapped(key.tracks.label.clone())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speke::SpekeVersion;

    /// Answers a request for VIDEO and AUDIO with the KIDs that a server gives them.
    fn answer(kids: impl FnOnce([KeyId; 2]) -> [KeyId; 2]) -> Result<KeyResponse, Error> {
        let request = KeyRequest {
            content_id: "film".to_owned(),
            scheme: Scheme::Cbcs,
            tracks: ["VIDEO", "AUDIO"]
                .map(|label| TrackRule::from_label(label).unwrap())
                .into(),
            systems: Vec::new(),
            period: None,
        };
        let sent = request.to_document(SpekeVersion::V2_0).unwrap();
        let mut received = request.to_document(SpekeVersion::V2_0).unwrap();
        let [video, audio] = [0, 1].map(|index: usize| request.key_id(&request.tracks[index]));
        let given = kids([video, audio]);
        for (rule, kid) in received.usage_rules.iter_mut().zip(given) {
            rule.kid = kid;
        }
        received.content_keys = given
            .into_iter()
            .map(|kid| {
                let key = ContentKey::generate(&host_access::SystemRandom).unwrap();
                cpix::ContentKey::new(kid, key, Scheme::Cbcs)
            })
            .collect();
        KeyResponse::new(&request, &sent, received)
    }

    #[test]
    fn kids_that_were_requested_for_other_tracks_are_refused() {
        let own = KeyId::from_bytes([7; 16]);
        assert!(answer(|kids| kids).is_ok());
        assert!(answer(|[_, audio]| [own, audio]).is_ok(), "its own KID");
        assert!(
            answer(|[video, _]| [video, video]).is_ok(),
            "one key for both"
        );
        for swapped in [
            answer(|[video, audio]| [audio, video]),
            answer(|[_, audio]| [audio, own]),
        ] {
            let refused = swapped.err().unwrap();
            assert!(matches!(refused, Error::Swapped(_)), "{refused}");
        }
    }
}
