// SPDX-License-Identifier: MPL-2.0
//! The model of the presentation, from the files that were written and the keys in them.

use std::ops::Range;
use std::time::Duration;

use cenc_types::{KeyId, Scheme};
use drm_signaling::Drm;
use presentation::model::{
    KeyChange, LaterPart, Presentation, PresentedTrack, TrackFiles, TrackMedia, TrackSignaling,
};

use super::Error;
use super::described_track::DescribedTrack;
use super::folder::NewVersion;
use super::inputs::Inputs;
use super::names::TrackNames;
use super::written_track::{WrittenPart, WrittenTrack};
use crate::cut::{SegmentKey, WatchedInit};

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
    /// The keys of each init segment.
    pub inits: Vec<WatchedInit>,
    /// The later crypto periods.
    pub key_changes: Vec<protection_policy::KeyChange>,
}

/// A track whose files are complete.
pub struct FinishedTrack {
    /// How the manifests show it.
    pub shown: ShownTrack,
    /// Its files.
    pub written: WrittenTrack,
    /// The KIDs of its segments.
    pub segment_keys: Vec<SegmentKey>,
}

/// The keys of one track.
struct TrackKeys<'a> {
    /// Those of the presentation.
    keys: &'a PresentedKeys,
    /// Index of the track.
    track: usize,
    /// The KIDs of its segments.
    segments: &'a [SegmentKey],
}

impl PresentedKeys {
    /// Returns the model of tracks in the order of their track_IDs.
    pub fn present(&self, version: &NewVersion, tracks: Vec<FinishedTrack>) -> Presentation {
        Presentation {
            tracks: tracks
                .into_iter()
                .enumerate()
                .map(|(index, track)| {
                    let keys = TrackKeys {
                        keys: self,
                        track: index,
                        segments: &track.segment_keys,
                    };
                    track.shown.present(version, track.written, &keys)
                })
                .collect(),
            drms: self.drms(),
            live: None,
        }
    }

    /// Returns the DRM systems with all KIDs of the first protected crypto period.
    fn drms(&self) -> Vec<Drm> {
        let signals = self.inits.iter().find_map(|init| init.signals.as_ref());
        signals.map_or_else(Vec::new, |signals| signals.drms.clone())
    }

    /// Returns the signaling of a KID for each DRM system: that for all KIDs, or where a key server gives one for each, its own.
    fn drms_of(&self, kid: &KeyId) -> Vec<Drm> {
        let all = self
            .key_changes
            .iter()
            .map(|change| &change.signals)
            .chain(self.inits.iter().filter_map(|init| init.signals.as_ref()))
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
    /// Returns the signaling of the segments in `part`; None if the init segment with this index describes them as clear.
    fn signaling(&self, init: usize, part: Range<usize>) -> Option<TrackSignaling> {
        let init = self.keys.inits.get(init)?;
        init.signals.as_ref()?;
        let default_kid = init.default_kids.get(self.track).copied().flatten()?;
        let mut in_use = default_kid;
        let mut key_changes = Vec::new();
        let within = || {
            let segments = self.segments.iter();
            segments.filter(|key| part.contains(&key.segment))
        };
        for SegmentKey { segment, kid } in within() {
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
        let first_protected = within().find(|key| key.kid.is_some());
        Some(TrackSignaling {
            scheme: self.keys.scheme,
            default_kid,
            drms: self.keys.drms_of(&default_kid),
            key_changes,
            expects_changes: false,
            first_protected: first_protected.map_or(part.start, |key| key.segment),
        })
    }
}

impl ShownTrack {
    /// Returns the track of the model.
    fn present(
        self,
        version: &NewVersion,
        written: WrittenTrack,
        keys: &TrackKeys<'_>,
    ) -> PresentedTrack {
        let end = written
            .segments
            .last()
            .map_or(0, |last| last.start.saturating_add(last.duration));
        let starts = written.later.iter().map(|part| part.first_segment);
        let ends: Vec<usize> = starts.chain([written.segments.len()]).collect();
        let mut ends = ends.into_iter();
        let mut signaling = |part: &WrittenPart| {
            let end = ends.next()?;
            keys.signaling(part.init_index, part.first_segment..end)
        };
        let protection = signaling(&written.first);
        let later_parts = written
            .later
            .into_iter()
            .zip(1..)
            .map(|(part, period)| LaterPart {
                protection: signaling(&part),
                first_segment: part.first_segment,
                period,
                is_discontinuity: false,
                files: part.files,
            })
            .collect();
        PresentedTrack {
            name: self.name,
            media: self.described.media,
            codecs: self.described.codecs,
            language: self.described.language,
            label: self.described.label,
            roles: self.described.roles,
            folder: Some(version.name().to_owned()),
            files: written.first.files,
            timescale: written.timescale,
            duration: Duration::from_nanos(
                u64::try_from(
                    u128::from(end) * 1_000_000_000 / u128::from(written.timescale.max(1)),
                )
                .unwrap_or(u64::MAX),
            ),
            segments: written.segments,
            first_number: 1,
            discontinuities: 0,
            bandwidth: None,
            period: 0,
            protection,
            later_parts,
            smooth: self.described.smooth,
        }
    }
}

/// Copies the WebVTT files, and writes the part of each for the Periods that start at `later_periods`.
///
/// # Errors
/// [`Error::Output`].
pub fn write_texts(
    inputs: &Inputs,
    version: &NewVersion,
    names: &mut TrackNames,
    later_periods: &[Duration],
) -> Result<Vec<PresentedTrack>, Error> {
    inputs
        .texts
        .iter()
        .map(|file| {
            let properties = file.properties.clone();
            let name = names.choose(&TrackMedia::Text, properties.language.as_deref());
            let file_name = format!("{name}.vtt");
            version.write(&file_name, &file.text.bytes)?;
            let mut period_names = Vec::new();
            for (index, start) in later_periods.iter().enumerate() {
                let period_name = format!("{name}-{}.vtt", index + 2);
                let end = later_periods.get(index + 1).copied();
                version.write(&period_name, file.text.part(*start, end).as_bytes())?;
                period_names.push(period_name);
            }
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
                    later_periods: period_names,
                },
                timescale: 1000,
                segments: Vec::new(),
                first_number: 1,
                discontinuities: 0,
                duration: file.text.duration,
                bandwidth: None,
                period: 0,
                protection: None,
                later_parts: Vec::new(),
                smooth: None,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use protection_policy::Signals;

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
                inits: vec![WatchedInit {
                    signals: Some(Signals {
                        kids: vec![one, other],
                        drms,
                    }),
                    default_kids: vec![Some(one), Some(other), None],
                }],
                key_changes: Vec::new(),
            };
            let signaling = |track| {
                let keys = TrackKeys {
                    keys: &keys,
                    track,
                    segments: &[],
                };
                keys.signaling(0, 0..1)
            };
            assert_eq!(signaling(1).expect("it is protected").drms, [expected]);
            assert_eq!(signaling(2), None);
        }
    }
}
