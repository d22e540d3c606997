// SPDX-License-Identifier: MPL-2.0
//! Rules about schemes, IVs and patterns.

use cenc_types::{CipherMode, Pattern, Scheme};

use super::ClientProfile::{Cmaf, DashIf, Hbbtv, PlayReady3, PlayReady4};
use super::rule::{ProfileDemand, ProfileRule, RuleBreach, RuleScope};
use crate::inspect::findings::FindingPlace;
use crate::inspect::findings::Severity::{Error, Warning};
use crate::inspect::lint;
use crate::inspect::report::{
    InspectionReport, ProtectionReport, SampleEntryReport, TrackReport, pattern_text,
};

/// The rules.
pub const RULES: [ProfileRule; 9] = [
    ProfileRule {
        code: "scheme-cbcs",
        cause: "the scheme is cbcs, which encrypts by AES-CBC",
        remedy: "protect the clear file with --scheme cenc",
        demands: &[
            ProfileDemand {
                profiles: &[PlayReady3],
                severity: Error,
                source: "Microsoft, PlayReady Content Encryption Modes, support for the 'cbcs' scheme: from client 4.0 on",
            },
            ProfileDemand {
                profiles: &[Hbbtv],
                severity: Warning,
                source: "ETSI TS 103 285 clause 8.4: cbcs from V1.3.1 on, so that older televisions take only cenc",
            },
        ],
        scope: RuleScope::Stream(|report| {
            entries_with(report, |_, entry| scheme_of(entry) == Some(Scheme::Cbcs))
        }),
    },
    ProfileRule {
        code: "scheme-cens-cbc1",
        cause: "the scheme is neither cenc nor cbcs",
        remedy: "protect the clear file with --scheme cenc or --scheme cbcs",
        demands: &[
            ProfileDemand {
                profiles: &[PlayReady3, PlayReady4],
                severity: Error,
                source: "Microsoft, PlayReady Content Encryption Modes, Common Encryption modes: cens and cbc1 are not supported",
            },
            ProfileDemand {
                profiles: &[DashIf],
                severity: Error,
                source: "DASH-IF, Content Protection and Security, content encryption and DRM: cenc or cbcs",
            },
            ProfileDemand {
                profiles: &[Hbbtv],
                severity: Error,
                source: "ETSI TS 103 285 clause 8.4: cenc or cbcs",
            },
            ProfileDemand {
                profiles: &[Cmaf],
                severity: Warning,
                source: "ISO/IEC 23000-19 annex A.1: presentation profiles for cenc and cbcs only",
            },
        ],
        scope: RuleScope::Stream(|report| {
            entries_with(report, |_, entry| {
                matches!(scheme_of(entry), Some(Scheme::Cens | Scheme::Cbc1))
            })
        }),
    },
    ProfileRule {
        code: "scheme-piff",
        cause: "the protection has the boxes of PIFF, not those of Common Encryption",
        remedy: "protect the clear file with --flavor cenc; PIFF is for Smooth Streaming",
        demands: &[
            ProfileDemand {
                profiles: &[Cmaf],
                severity: Error,
                source: "ISO/IEC 23000-19 clause 7.5.11: Common Encryption",
            },
            ProfileDemand {
                profiles: &[DashIf],
                severity: Error,
                source: "DASH-IF, Content Protection and Security, core concepts: Common Encryption",
            },
            ProfileDemand {
                profiles: &[Hbbtv],
                severity: Error,
                source: "ETSI TS 103 285 clause 8.4: cenc or cbcs",
            },
        ],
        scope: RuleScope::Stream(|report| {
            entries_with(report, |_, entry| entry.scheme.as_deref() == Some("piff"))
        }),
    },
    ProfileRule {
        code: "scheme-version",
        cause: "the version of 'schm' is not 1.0",
        remedy: "protect the clear file again; playready-packager writes version 1.0",
        demands: &[ProfileDemand {
            profiles: &[Cmaf],
            severity: Error,
            source: "ISO/IEC 23000-19 clause 7.5.11: scheme_version 0x00010000",
        }],
        scope: RuleScope::Stream(|report| {
            entries_with(report, |_, entry| {
                entry.scheme.as_deref() != Some("piff")
                    && entry
                        .scheme_version
                        .is_some_and(|version| version != 0x1_0000)
            })
        }),
    },
    ProfileRule {
        code: "schemes-mixed",
        cause: "the tracks have different schemes",
        remedy: "protect all tracks with one --scheme, and offer another scheme as a copy of the whole presentation",
        demands: &[
            ProfileDemand {
                profiles: &[PlayReady4],
                severity: Error,
                source: "Microsoft, PlayReady Content Encryption Modes, limitations: one ALGID for all keys of a header",
            },
            ProfileDemand {
                profiles: &[DashIf],
                severity: Error,
                source: "DASH-IF, Content Protection and Security, content encryption and DRM: clients take one scheme at a time",
            },
            ProfileDemand {
                profiles: &[Cmaf],
                severity: Error,
                source: "ISO/IEC 23000-19 annex A.1: a presentation profile has one scheme",
            },
        ],
        scope: RuleScope::Stream(find_mixed_schemes),
    },
    ProfileRule {
        code: "iv-16",
        cause: "the IVs of counter mode have 16 bytes",
        remedy: "protect the clear file with --iv-size 8",
        demands: &[ProfileDemand {
            profiles: &[PlayReady3],
            severity: Error,
            source: "Microsoft, PlayReady Content Encryption Modes, initialization vectors: 8 bytes up to version 3.3",
        }],
        scope: RuleScope::Stream(|report| {
            entries_with(report, |track, entry| {
                is_counter_mode(entry)
                    && protections(track, entry).any(|protection| protection.iv_size == 16)
            })
        }),
    },
    ProfileRule {
        code: "pattern-video",
        cause: "the pattern of pictures in cbcs is not 1:9",
        remedy: "protect the clear file without --crypt-byte-block and --skip-byte-block",
        demands: &[ProfileDemand {
            profiles: &[Cmaf],
            severity: Warning,
            source: "CTA-5005-A (DASH and HLS from one CMAF presentation) clause 4.3.2: pattern 1:9",
        }],
        scope: RuleScope::Stream(|report| {
            patterns_with(report, |track, pattern| {
                track.is_video() && pattern != Pattern::ONE_IN_TEN
            })
        }),
    },
    ProfileRule {
        code: "pattern-audio",
        cause: "sound has a pattern, so that most of it is clear",
        remedy: "protect the clear file again; playready-packager encrypts all blocks of sound",
        demands: &[ProfileDemand {
            profiles: &[Cmaf, DashIf],
            severity: Error,
            source: "ISO/IEC 23001-7 clause 10.4: the blocks of other tracks than video are all encrypted",
        }],
        scope: RuleScope::Stream(|report| {
            patterns_with(report, |track, pattern| {
                track.is_audio() && pattern.skip_byte_block != 0
            })
        }),
    },
    ProfileRule {
        code: "text-protected",
        cause: "text is protected",
        remedy: "protect the clear file with --clear-tracks text",
        demands: &[ProfileDemand {
            profiles: &[PlayReady3, PlayReady4],
            severity: Warning,
            source: "Microsoft, Content Packaging and Delivery, content type: PlayReady protects audio and video",
        }],
        scope: RuleScope::Stream(|report| {
            entries_with(report, |track, _| !track.is_video() && !track.is_audio())
        }),
    },
];

/// Returns the scheme of a protected sample entry with the boxes of Common Encryption.
fn scheme_of(entry: &SampleEntryReport) -> Option<Scheme> {
    entry
        .scheme
        .as_deref()
        .filter(|scheme| *scheme != "piff")
        .and_then(lint::scheme_named)
}

fn is_counter_mode(entry: &SampleEntryReport) -> bool {
    entry
        .scheme
        .as_deref()
        .and_then(lint::scheme_named)
        .is_some_and(|scheme| scheme.cipher_mode() == CipherMode::Ctr)
}

/// Returns the protection of a sample entry and of the track's groups.
fn protections<'a>(
    track: &'a TrackReport,
    entry: &'a SampleEntryReport,
) -> impl Iterator<Item = &'a ProtectionReport> {
    entry.tenc.iter().chain(&track.seig)
}

/// Returns a breach for each protected sample entry that `is_breach` finds.
fn entries_with(
    report: &InspectionReport,
    is_breach: impl Fn(&TrackReport, &SampleEntryReport) -> bool,
) -> Vec<RuleBreach> {
    let mut breaches = Vec::new();
    for track in &report.tracks {
        for (number, entry) in (1..).zip(&track.sample_entries) {
            if entry.is_protected() && is_breach(track, entry) {
                breaches.push(RuleBreach::new(entry_place(track, number, entry), ""));
            }
        }
    }
    breaches
}

fn entry_place(track: &TrackReport, number: usize, entry: &SampleEntryReport) -> FindingPlace {
    FindingPlace::track(
        track.track_id,
        format!("stsd, entry {number} ({})", entry.format),
    )
}

/// Returns a breach for each sample entry in cbcs with a pattern that `is_breach` finds.
fn patterns_with(
    report: &InspectionReport,
    is_breach: impl Fn(&TrackReport, Pattern) -> bool,
) -> Vec<RuleBreach> {
    let mut breaches = Vec::new();
    for track in &report.tracks {
        for (number, entry) in (1..).zip(&track.sample_entries) {
            let pattern = protections(track, entry)
                .filter(|protection| protection.is_protected != 0)
                .map(|protection| protection.pattern)
                .find(|pattern| is_breach(track, *pattern));
            if let Some(pattern) = pattern
                && scheme_of(entry) == Some(Scheme::Cbcs)
            {
                breaches.push(RuleBreach::new(
                    entry_place(track, number, entry),
                    format!("it is {}", pattern_text(pattern)),
                ));
            }
        }
    }
    breaches
}

fn find_mixed_schemes(report: &InspectionReport) -> Vec<RuleBreach> {
    let mut schemes: Vec<_> = report
        .tracks
        .iter()
        .flat_map(|track| &track.sample_entries)
        .filter_map(|entry| entry.scheme.as_deref())
        .collect();
    schemes.sort_unstable();
    schemes.dedup();
    match schemes.len() {
        0 | 1 => Vec::new(),
        _ => vec![RuleBreach::new(
            FindingPlace::default(),
            schemes.join(" and "),
        )],
    }
}
