// SPDX-License-Identifier: MPL-2.0
//! The request: a content with its tracks, crypto period and DRM systems.

use std::collections::HashSet;

use sha1::{Digest, Sha1};

use cenc_types::{CipherMode, KeyId, Scheme};
use cpix::{
    Bounds, ContentKey, ContentProtection, Document, DrmSystem, HlsSignaling, Period, Playlist,
    UsageRule,
};
use drm_signaling::{RequestedSignaling, System};

use super::{Error, SpekeVersion, TrackRule};

/// The namespace of the client's KIDs, for RFC 9562, 5.5 (UUID version 5).
const NAMESPACE: [u8; 16] = 0x2a6f3b0e_5d1c_4c57_9e0b_7f6d1b8a4c93_u128.to_be_bytes();

/// A request for the keys of one content in one crypto period.
#[derive(Debug, Clone)]
pub struct KeyRequest {
    /// The content id of the server.
    pub content_id: String,
    /// The scheme that the keys are for.
    pub scheme: Scheme,
    /// The tracks, which have a key each.
    pub tracks: Vec<TrackRule>,
    /// SystemIDs of the DRM systems whose signaling is wanted, in UUID order.
    pub systems: Vec<[u8; 16]>,
    /// The crypto period; None if keys do not rotate.
    pub period: Option<KeyPeriod>,
}

/// A crypto period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPeriod {
    /// Its number.
    pub index: u64,
    /// Its start and end, which are sent from SPEKE 2.1 on.
    pub bounds: Option<Bounds>,
}

/// Returns the KID that is requested. Equal arguments give the same KID, so that redundant packagers agree and requests can be
/// repeated. Counter and chaining mode have different KIDs, since no key may be used in both.
///
/// The KID is a version 5 UUID (RFC 9562) over content id, `ctr` or `cbc`, label, and the period's number or `-`, each preceded by
/// its length in 64 bits.
///
/// ```
/// use cenc_types::CipherMode;
/// use content_keys::speke::key_id_for;
///
/// // The value of Python's uuid and hashlib.
/// assert_eq!(
///     key_id_for("film", CipherMode::Cbc, "SD+HD1", Some(7)).to_string(),
///     "8b53f935-a9e9-5018-acf2-7526afa686f5"
/// );
/// ```
pub fn key_id_for(content_id: &str, mode: CipherMode, label: &str, period: Option<u64>) -> KeyId {
    let mode = match mode {
        CipherMode::Ctr => "ctr",
        CipherMode::Cbc => "cbc",
    };
    let period = period.map_or_else(|| "-".to_owned(), |index| index.to_string());
    let mut hash = Sha1::new_with_prefix(NAMESPACE);
    for part in [content_id, mode, label, &period] {
        // The lengths keep different arguments from having the same text.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..]: [u8; 20] = hash.finalize().into();
    KeyId::from_bytes(
        uuid::Builder::from_sha1_bytes([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
            .into_uuid()
            .into_bytes(),
    )
}

impl KeyRequest {
    /// Returns the KID that is requested for the tracks.
    pub fn key_id(&self, rule: &TrackRule) -> KeyId {
        key_id_for(
            &self.content_id,
            self.scheme.cipher_mode(),
            &rule.label,
            self.period.map(|period| period.index),
        )
    }

    pub(super) fn to_document(&self, version: SpekeVersion) -> Result<Document, Error> {
        self.check(version)?;
        let kids = self.tracks.iter().map(|rule| self.key_id(rule));
        let keys = kids.clone().map(|kid| {
            let mut key = ContentKey::request(kid, self.scheme);
            // SPEKE 1.0 does not have the attribute.
            key.scheme = key.scheme.filter(|_| version != SpekeVersion::V1_0);
            key
        });
        let signaling = |kid| {
            self.systems
                .iter()
                .map(move |id| placeholders(*id, kid, version))
        };
        let period = self.period.map(|period| period_element(period, version));
        Ok(Document {
            content_id: Some(self.content_id.clone()),
            content_keys: keys.collect(),
            drm_systems: kids.flat_map(signaling).collect(),
            usage_rules: self
                .tracks
                .iter()
                .map(|rule| self.usage_rule(rule, period.as_ref(), version))
                .filter(|_| version != SpekeVersion::V1_0 || period.is_some())
                .collect(),
            periods: period.into_iter().collect(),
            ..Document::default()
        })
    }

    fn check(&self, version: SpekeVersion) -> Result<(), Error> {
        let labels: HashSet<_> = self.tracks.iter().map(|rule| rule.label.as_str()).collect();
        let has_all = labels.contains("ALL");
        if self.content_id.is_empty() {
            return Err(Error::Request("the content id is empty"));
        }
        if self.tracks.is_empty() || labels.len() != self.tracks.len() {
            return Err(Error::Request("name each of the tracks once"));
        }
        if has_all && labels.len() > 1 {
            return Err(Error::Request(
                "ALL means all tracks and cannot be joined with others",
            ));
        }
        if version == SpekeVersion::V1_0 && !has_all {
            return Err(Error::Request(
                "speke 1.0 has one key for all tracks: request ALL, or use 2.0",
            ));
        }
        Ok(())
    }

    fn usage_rule(
        &self,
        tracks: &TrackRule,
        period: Option<&Period>,
        version: SpekeVersion,
    ) -> UsageRule {
        let mut rule = UsageRule::new(self.key_id(tracks));
        rule.periods = period
            .and_then(|period| period.id.clone())
            .into_iter()
            .collect();
        if version != SpekeVersion::V1_0 {
            rule.intended_track_type = Some(tracks.label.clone());
            rule.video.clone_from(&tracks.video);
            rule.audio.clone_from(&tracks.audio);
        }
        rule
    }
}

/// Writes a period. Before SPEKE 2.1 it has only a number.
fn period_element(period: KeyPeriod, version: SpekeVersion) -> Period {
    let mut element = Period::with_index(&format!("period-{}", period.index), period.index);
    element.bounds = period.bounds.filter(|_| version == SpekeVersion::V2_1);
    element
}

/// Writes empty elements for the server to fill in.
fn placeholders(system_id: [u8; 16], kid: KeyId, version: SpekeVersion) -> DrmSystem {
    let mut system = DrmSystem::new(system_id, kid);
    let known = System::from_id(&system_id);
    let requested = known.map_or(RequestedSignaling::GENERAL, |known| known.facts().requested);
    if requested.boxes {
        system.pssh = Some(Vec::new());
        system.content_protection = Some(ContentProtection::default());
    }
    if requested.smooth {
        system.smooth = Some(String::new());
    }
    match version {
        SpekeVersion::V1_0 => system.uri_ext_x_key = requested.key_uri.then(String::new),
        SpekeVersion::V2_0 | SpekeVersion::V2_1 => {
            let lines = |playlist| HlsSignaling {
                playlist: Some(playlist),
                ..HlsSignaling::default()
            };
            system.hls = vec![lines(Playlist::Media), lines(Playlist::MultiVariant)];
        }
    }
    system
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(labels: &[&str]) -> KeyRequest {
        let tracks = labels
            .iter()
            .map(|label| TrackRule::from_label(label).unwrap());
        KeyRequest {
            content_id: "film".into(),
            scheme: Scheme::Cenc,
            tracks: tracks.collect(),
            systems: vec![System::PlayReady.id()],
            period: None,
        }
    }

    #[test]
    fn each_question_has_a_kid_of_its_own_and_always_the_same() {
        let kid = |content, mode, label, period| key_id_for(content, mode, label, period);
        let (ctr, cbc) = (CipherMode::Ctr, CipherMode::Cbc);
        let kids = [
            kid("a", ctr, "SD", None),
            kid("a", cbc, "SD", None),
            kid("a", ctr, "HD", None),
            kid("aS", ctr, "D", None),
            kid("a", ctr, "SD", Some(0)),
            kid("a", ctr, "SD", Some(1)),
        ];
        assert_eq!(HashSet::from(kids).len(), kids.len());
        assert_eq!(kids[0], kid("a", ctr, "SD", None));
        // RFC 9562, 4.1 and 4.2: version 5, variant 10.
        assert!(
            kids.iter()
                .all(|kid| kid.as_bytes()[6] >> 4 == 5 && kid.as_bytes()[8] >> 6 == 2)
        );
    }

    // The value is computed by Python's hashlib and uuid from the rule in the comment of key_id_for.
    #[test]
    fn kids_do_not_change_between_releases() {
        let kid = key_id_for("film", CipherMode::Cbc, "SD+HD1", Some(7));
        assert_eq!(kid.to_string(), "8b53f935-a9e9-5018-acf2-7526afa686f5");
    }

    #[test]
    fn questions_that_a_version_cannot_ask_are_refused() {
        let refused = |labels: &[&str], version| request(labels).to_document(version).is_err();
        assert!(refused(&[], SpekeVersion::V2_0));
        assert!(refused(&["SD", "SD"], SpekeVersion::V2_0));
        assert!(refused(&["ALL", "SD"], SpekeVersion::V2_0));
        assert!(refused(&["SD", "AUDIO"], SpekeVersion::V1_0));
        assert!(!refused(&["ALL"], SpekeVersion::V1_0));
        let nameless = KeyRequest {
            content_id: String::new(),
            ..request(&["ALL"])
        };
        assert!(nameless.to_document(SpekeVersion::V2_0).is_err());
    }

    #[test]
    fn only_2_1_tells_when_a_period_is() {
        let start = "2026-11-22T00:00:00Z".parse().unwrap();
        let end = "2026-11-22T01:00:00Z".parse().unwrap();
        let bounds = Some(Bounds::Time { start, end });
        let mut request = request(&["SD", "AUDIO"]);
        request.period = Some(KeyPeriod { index: 3, bounds });
        let of = |version| request.to_document(version).unwrap().periods[0].bounds;
        assert_eq!(
            [of(SpekeVersion::V2_0), of(SpekeVersion::V2_1)],
            [None, bounds]
        );
        let document = request.to_document(SpekeVersion::V2_0).unwrap();
        assert!(
            document
                .usage_rules
                .iter()
                .all(|rule| rule.periods == ["period-3"])
        );
    }
}
