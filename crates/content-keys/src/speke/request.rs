// SPDX-License-Identifier: MPL-2.0
//! The request: a content with its tracks, crypto period and DRM systems.

use std::collections::HashSet;

use cenc_types::{KeyId, Scheme};
use cpix::{
    Bounds, ContentKey, ContentProtection, Document, DrmSystem, HlsSignaling, Period, Playlist,
    UsageRule,
};
use drm_signaling::{RequestedSignaling, System};

use super::{Error, SpekeVersion, TrackRule};
use crate::key_id_for;

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
