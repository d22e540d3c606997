// SPDX-License-Identifier: MPL-2.0
//! The model of the presentation, from the files that were written and the keys in them.

use std::time::Duration;

use cenc_types::{KeyId, Scheme};
use drm_signaling::Drm;
use presentation::model::{KeyChange, PresentedTrack, TrackFiles, TrackMedia, TrackSignaling};
use protection_policy::Signals;

use super::Error;
use super::described_track::DescribedTrack;
use super::folder::NewVersion;
use super::inputs::Inputs;
use super::names::TrackNames;
use super::track_writer::WrittenTrack;
use crate::cut::SegmentKey;

/// A track as the manifests show it.
pub struct ShownTrack {
    /// Its name.
    pub name: String,
    /// Its description.
    pub described: DescribedTrack,
}

/// The keys of the presentation.
pub struct PresentedKeys {
    /// The scheme.
    pub scheme: Scheme,
    /// The signaling of the first crypto period; None if no track is protected.
    pub signals: Option<Signals>,
    /// The KID of each track.
    pub default_kids: Vec<Option<KeyId>>,
    /// The later crypto periods.
    pub key_changes: Vec<protection_policy::KeyChange>,
}

/// The keys of one track.
pub struct TrackKeys<'a> {
    keys: &'a PresentedKeys,
    default_kid: Option<KeyId>,
}

impl PresentedKeys {
    /// Returns the keys of a track.
    pub fn of_track(&self, index: usize) -> TrackKeys<'_> {
        TrackKeys {
            keys: self,
            default_kid: self.default_kids.get(index).copied().flatten(),
        }
    }

    /// Returns the DRM systems with all KIDs of the first crypto period.
    pub fn drms(&self) -> Vec<Drm> {
        let signals = self.signals.as_ref();
        signals.map_or_else(Vec::new, |signals| signals.drms.clone())
    }

    /// Returns the signaling of a KID for each DRM system: that for all KIDs, or where a key server gives one for each, its own.
    fn drms_of(&self, kid: &KeyId) -> Vec<Drm> {
        let all = self
            .key_changes
            .iter()
            .map(|change| &change.signals)
            .chain(&self.signals)
            .find(|signals| signals.kids.contains(kid))
            .map_or_else(Vec::new, |signals| signals.drms.clone());
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
}

impl TrackKeys<'_> {
    fn signaling(&self, segments: &[SegmentKey]) -> Option<TrackSignaling> {
        let default_kid = self.default_kid?;
        let mut in_use = default_kid;
        let mut key_changes = Vec::new();
        for SegmentKey { segment, kid } in segments {
            if let Some(kid) = kid
                && *kid != in_use
            {
                in_use = *kid;
                key_changes.push(KeyChange {
                    segment: *segment,
                    kid: *kid,
                    drms: self.keys.drms_of(kid),
                });
            }
        }
        let first_protected = segments.iter().find(|key| key.kid.is_some());
        Some(TrackSignaling {
            scheme: self.keys.scheme,
            default_kid,
            drms: self.keys.drms_of(&default_kid),
            key_changes,
            first_protected: first_protected.map_or(0, |key| key.segment),
        })
    }
}

impl ShownTrack {
    /// Returns the track of the model.
    pub fn present(
        self,
        version: &NewVersion,
        written: WrittenTrack,
        keys: &TrackKeys<'_>,
        segment_keys: &[SegmentKey],
    ) -> PresentedTrack {
        let end = written
            .segments
            .last()
            .map_or(0, |last| last.start.saturating_add(last.duration));
        PresentedTrack {
            name: self.name,
            media: self.described.media,
            codecs: self.described.codecs,
            language: self.described.language,
            label: self.described.label,
            roles: self.described.roles,
            folder: Some(version.name().to_owned()),
            files: written.files,
            timescale: written.timescale,
            duration: Duration::from_nanos(
                u64::try_from(
                    u128::from(end) * 1_000_000_000 / u128::from(written.timescale.max(1)),
                )
                .unwrap_or(u64::MAX),
            ),
            segments: written.segments,
            protection: keys.signaling(segment_keys),
            smooth: self.described.smooth,
        }
    }
}

/// Copies the WebVTT files.
///
/// # Errors
/// [`Error::Output`].
pub fn write_texts(
    inputs: &Inputs,
    version: &NewVersion,
    names: &mut TrackNames,
) -> Result<Vec<PresentedTrack>, Error> {
    inputs
        .texts
        .iter()
        .map(|file| {
            let properties = file.properties.clone();
            let name = names.choose(&TrackMedia::Text, properties.language.as_deref());
            let file_name = format!("{name}.vtt");
            version.write(&file_name, &file.text.bytes)?;
            Ok(PresentedTrack {
                name,
                media: TrackMedia::Text,
                codecs: String::new(),
                language: properties.language,
                label: properties.label,
                roles: properties.roles,
                folder: Some(version.name().to_owned()),
                files: TrackFiles::WebVtt {
                    name: file_name,
                    size: file.text.bytes.len() as u64,
                },
                timescale: 1000,
                segments: Vec::new(),
                duration: file.text.duration,
                protection: None,
                smooth: None,
            })
        })
        .collect()
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
            let keys = PresentedKeys {
                scheme: Scheme::Cenc,
                signals: Some(Signals {
                    kids: vec![one, other],
                    drms,
                }),
                default_kids: vec![Some(one), Some(other), None],
                key_changes: Vec::new(),
            };
            let signaling = keys.of_track(1).signaling(&[]).expect("it is protected");
            assert_eq!(signaling.drms, [expected]);
            assert_eq!(keys.of_track(2).signaling(&[]), None);
        }
    }
}
