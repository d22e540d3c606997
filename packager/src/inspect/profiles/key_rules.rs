// SPDX-License-Identifier: MPL-2.0
//! Rules about keys, key changes and clear samples. Keys are distinguished by their KIDs.

use std::collections::{BTreeMap, BTreeSet};

use cenc_types::{CipherMode, KeyId};

use super::ClientProfile::{Cmaf, DashIf, Hbbtv, PlayReady3, PlayReady4};
use super::header_rules::has_leaf_licences;
use super::rule::{ProfileDemand, ProfileRule, RuleBreach, RuleScope, breaches_of};
use crate::inspect::facts::TrackFact;
use crate::inspect::findings::FindingPlace;
use crate::inspect::findings::Severity::{Error, Warning};
use crate::inspect::lint;
use crate::inspect::report::{InspectionReport, TrackReport};

/// The rules.
pub const RULES: [ProfileRule; 7] = [
    ProfileRule {
        code: "kid-shared",
        cause: "audio and video share a KID, and so a key",
        remedy: "give audio a key of its own, such as by a line 'audio KID KEY' in the .keys file",
        demands: &[ProfileDemand {
            profiles: &[PlayReady3, PlayReady4, Hbbtv],
            severity: Warning,
            source: "HbbTV-Association/ReferenceApplication#56, which quotes Microsoft: security level 3000 needs other keys for video",
        }],
        scope: RuleScope::Streams(find_shared_keys),
    },
    ProfileRule {
        code: "kid-modes",
        cause: "another file has the KID in the other cipher mode",
        remedy: "protect each scheme with KIDs and keys of its own",
        demands: &[
            ProfileDemand {
                profiles: &[PlayReady3, PlayReady4],
                severity: Error,
                source: "Microsoft, PlayReady Content Encryption Modes, limitations: no key in CTR and CBC",
            },
            ProfileDemand {
                profiles: &[DashIf],
                severity: Warning,
                source: "DASH-IF, Content Protection and Security, content encryption and DRM: different keys for different schemes",
            },
        ],
        scope: RuleScope::Streams(find_keys_of_two_modes),
    },
    ProfileRule {
        code: "tenc-kid-nil",
        cause: "'tenc' names no KID",
        remedy: "protect the clear file again: playready-packager writes the first KID of the track into 'tenc'",
        demands: &[ProfileDemand {
            profiles: &[DashIf],
            severity: Error,
            source: "DASH-IF, Content Protection and Security, default_KID: it identifies the key, and is that of 'tenc'",
        }],
        scope: RuleScope::Stream(|report| {
            tracks_with(report, |track| {
                track
                    .protected_entries()
                    .filter_map(|entry| entry.tenc.as_ref())
                    .any(|tenc| tenc.kid.is_nil())
                    .then(String::new)
            })
        }),
    },
    ProfileRule {
        code: "seig-keys",
        cause: "the key changes within one init segment",
        remedy: "protect the clear file with --key-change init, or with --key-change embedded and leaf licences",
        demands: &[
            ProfileDemand {
                profiles: &[PlayReady3, PlayReady4],
                severity: Error,
                source: "Microsoft, MP4-based Formats Supported by PlayReady Clients, DASH Changing Keys and DASH Rotating Keys; shaka-project/shaka-player#4401",
            },
            ProfileDemand {
                profiles: &[DashIf],
                severity: Error,
                source: "DASH-IF, Content Protection and Security, periodic re-authorization: keys change with the init segment",
            },
        ],
        scope: RuleScope::Stream(find_changing_keys),
    },
    ProfileRule {
        code: "seig-in-moov",
        cause: "an 'sbgp' refers to a 'seig' entry in 'moov' instead of its own fragment",
        remedy: "protect the clear file again; playready-packager writes the entries into the fragments",
        demands: &[
            ProfileDemand {
                profiles: &[PlayReady3, PlayReady4],
                severity: Error,
                source: "Microsoft, DASH Content Protection using Microsoft PlayReady, section 2.2: 'sgpd' in each 'moof' with 'sbgp'",
            },
            ProfileDemand {
                profiles: &[DashIf],
                severity: Error,
                source: "DASH-IF, Content Protection and Security, content protection data in CMAF containers: 'sgpd' in the segment",
            },
        ],
        scope: RuleScope::Stream(|report| breaches_of(TrackFact::GroupsOfMoov, report)),
    },
    ProfileRule {
        code: "clear-samples",
        cause: "clear and protected samples have one init segment",
        remedy: "protect the clear file with --clear-signaling init, or without --clear-lead",
        demands: &[ProfileDemand {
            profiles: &[PlayReady3, PlayReady4],
            severity: Warning,
            source: "shaka-project/shaka-player#775, canalplus/rx-player#1403: PlayReady clients fail on the change",
        }],
        scope: RuleScope::Stream(|report| tracks_with(report, clear_samples)),
    },
    ProfileRule {
        code: "tenc-clear",
        cause: "isProtected of 'tenc' is 0 in a protected track",
        remedy: "protect the clear file again: playready-packager states the protection in 'tenc', and clear samples by groups",
        demands: &[ProfileDemand {
            profiles: &[Cmaf],
            severity: Error,
            source: "ISO/IEC 23000-19 clause 8.2.3.2",
        }],
        scope: RuleScope::Stream(|report| {
            tracks_with(report, |track| {
                track
                    .protected_entries()
                    .filter_map(|entry| entry.tenc.as_ref())
                    .any(|tenc| tenc.is_protected == 0)
                    .then(String::new)
            })
        }),
    },
];

/// Returns a breach for each track of which `detail` says something.
fn tracks_with(
    report: &InspectionReport,
    detail: impl Fn(&TrackReport) -> Option<String>,
) -> Vec<RuleBreach> {
    report
        .tracks
        .iter()
        .filter_map(|track| Some(RuleBreach::of_track(track, detail(track)?)))
        .collect()
}

/// Describes the clear samples of a track that is otherwise protected.
fn clear_samples(track: &TrackReport) -> Option<String> {
    let clear = track.samples - track.signaled_samples.min(track.samples);
    if clear > 0 && track.signaled_samples > 0 {
        return Some(format!("{clear} of {} samples are clear", track.samples));
    }
    let protected = track.protected_entries().count();
    (protected > 0 && protected < track.sample_entries.len())
        .then(|| "it has a clear and a protected sample entry".to_owned())
}

fn find_changing_keys(report: &InspectionReport) -> Vec<RuleBreach> {
    if has_leaf_licences(report) {
        return Vec::new();
    }
    tracks_with(report, |track| {
        let default: Vec<KeyId> = track
            .protected_entries()
            .filter_map(|entry| Some(entry.tenc.as_ref()?.kid))
            .collect();
        let others = track
            .seig
            .iter()
            .filter(|seig| seig.is_protected != 0 && !default.contains(&seig.kid))
            .count();
        (others > 0).then(|| match others {
            1 => "a 'seig' entry names another KID than 'tenc'".to_owned(),
            _ => format!("{others} 'seig' entries name other KIDs than 'tenc'"),
        })
    })
}

/// A KID of a track.
struct KeyUse<'a> {
    /// The index of the stream.
    stream: usize,
    track: &'a TrackReport,
    kid: KeyId,
    mode: Option<CipherMode>,
}

fn key_uses(reports: &[InspectionReport]) -> Vec<KeyUse<'_>> {
    let mut uses = Vec::new();
    for (stream, report) in reports.iter().enumerate() {
        for track in &report.tracks {
            let mode = track
                .protected_entries()
                .find_map(|entry| lint::scheme_named(entry.scheme.as_deref()?))
                .map(|scheme| scheme.cipher_mode());
            uses.extend(track.key_ids().into_iter().map(|kid| KeyUse {
                stream,
                track,
                kid,
                mode,
            }));
        }
    }
    uses
}

/// Describes the earlier one of two uses of a KID, as seen from the later one.
fn other_place(later: &KeyUse<'_>, earlier: &KeyUse<'_>, reports: &[InspectionReport]) -> String {
    match reports.get(earlier.stream) {
        Some(other) if earlier.stream != later.stream => {
            format!("KID {}, also in {}", later.kid, other.files.join(" + "))
        }
        _ => format!("KID {}", later.kid),
    }
}

/// Returns a breach for each KID that an earlier track has too in a way that `is_breach` finds; one for each KID and stream.
fn repeated_keys(
    reports: &[InspectionReport],
    is_breach: impl Fn(&KeyUse<'_>, &KeyUse<'_>) -> bool,
) -> Vec<(usize, RuleBreach)> {
    let mut uses_by_kid: BTreeMap<KeyId, Vec<KeyUse<'_>>> = BTreeMap::new();
    let mut found = BTreeSet::new();
    let mut breaches = Vec::new();
    for later in key_uses(reports) {
        let earlier_uses = uses_by_kid.entry(later.kid).or_default();
        let earlier = earlier_uses
            .iter()
            .find(|earlier| is_breach(earlier, &later));
        if let Some(earlier) = earlier
            && found.insert((later.stream, later.kid))
        {
            let detail = other_place(&later, earlier, reports);
            breaches.push((
                later.stream,
                RuleBreach::new(FindingPlace::default(), detail),
            ));
        }
        earlier_uses.push(later);
    }
    breaches
}

fn find_shared_keys(reports: &[InspectionReport]) -> Vec<(usize, RuleBreach)> {
    repeated_keys(reports, |earlier, later| {
        (earlier.track.is_audio() && later.track.is_video())
            || (earlier.track.is_video() && later.track.is_audio())
    })
}

/// Within a stream, every inspection reports such a key as an error.
fn find_keys_of_two_modes(reports: &[InspectionReport]) -> Vec<(usize, RuleBreach)> {
    repeated_keys(reports, |earlier, later| {
        earlier.stream != later.stream
            && earlier.mode.is_some()
            && later.mode.is_some()
            && earlier.mode != later.mode
    })
}
