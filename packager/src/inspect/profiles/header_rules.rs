// SPDX-License-Identifier: MPL-2.0
//! Rules about `pssh` boxes and PlayReady Headers.

use std::collections::BTreeSet;

use cenc_types::KeyId;

use super::ClientProfile::{Cmaf, DashIf, PlayReady3, PlayReady4};
use super::rule::{ProfileDemand, ProfileRule, RuleBreach, RuleScope};
use crate::inspect::findings::FindingPlace;
use crate::inspect::findings::Severity::{Error, Note, Warning};
use crate::inspect::report::{Container, InspectionReport, PlayReadyHeaderReport, PsshReport};

/// The record type of an embedded licence store in a PlayReady Object.
const LICENCE_STORE: u16 = 3;

/// The rules.
pub const RULES: [ProfileRule; 7] = [
    ProfileRule {
        code: "header-version",
        cause: "the PlayReady Header has version 4.3, which clients before 4.0 refuse",
        remedy: "protect the clear file with --scheme cenc --header-version 4.2",
        demands: &[ProfileDemand {
            profiles: &[PlayReady3],
            severity: Error,
            source: "Microsoft, PlayReady Header Specification, sections 3.1 and 3.3.1",
        }],
        scope: RuleScope::Stream(|report| {
            headers_with(report, |_, header| {
                (header.version == "4.3").then(String::new)
            })
        }),
    },
    ProfileRule {
        code: "header-kids",
        cause: "the tracks have several KIDs, and the PlayReady Header is of a version that can name only one",
        remedy: "protect the clear file with --header-version 4.2, or with auto, the default",
        demands: &[ProfileDemand {
            profiles: &[PlayReady3, PlayReady4],
            severity: Error,
            source: "Microsoft, PlayReady Header Specification, section 3.4: several KIDs from version 4.2 on",
        }],
        scope: RuleScope::Stream(find_single_key_headers),
    },
    ProfileRule {
        code: "header-algid",
        cause: "the PlayReady Header names KIDs without ALGID",
        remedy: "protect the clear file again; playready-packager writes ALGID",
        demands: &[ProfileDemand {
            profiles: &[PlayReady4],
            severity: Warning,
            source: "Microsoft, PlayReady Header Specification, section 3.3.1: ALGID is recommended in content",
        }],
        scope: RuleScope::Stream(|report| {
            headers_with(report, |_, header| {
                (header.version == "4.3"
                    && header.key_ids.iter().any(|key| key.algorithm.is_none()))
                .then(String::new)
            })
        }),
    },
    ProfileRule {
        code: "pssh-missing",
        cause: "the file has no PlayReady Object, so that the manifest must have it",
        remedy: "add it with playready-packager manifest, or protect the clear file with --pssh-in init",
        demands: &[ProfileDemand {
            profiles: &[PlayReady3, PlayReady4],
            severity: Note,
            source: "Microsoft, DASH Content Protection using Microsoft PlayReady, section 2.2.3",
        }],
        scope: RuleScope::Stream(find_missing_object),
    },
    ProfileRule {
        code: "pssh-in-moov",
        cause: "the init segment has 'pssh' boxes, which belong into the manifest",
        remedy: "protect the clear file with --pssh-in none, and write the manifest with package or manifest",
        demands: &[
            ProfileDemand {
                profiles: &[DashIf],
                severity: Warning,
                source: "DASH-IF, Content Protection and Security, content protection constraints for CMAF",
            },
            ProfileDemand {
                profiles: &[Cmaf],
                severity: Warning,
                source: "ISO/IEC 23000-19 clause 7.4.3",
            },
        ],
        scope: RuleScope::Stream(find_init_pssh),
    },
    ProfileRule {
        code: "on-demand-licences",
        cause: "the PlayReady Header says ONDEMAND, but the fragments have no leaf licences",
        remedy: "protect the clear file with --key-change embedded and a source of keys with leaf licences, or without --on-demand",
        demands: &[ProfileDemand {
            profiles: &[PlayReady3, PlayReady4],
            severity: Error,
            source: "Microsoft, MP4-based Formats Supported by PlayReady Clients, DASH Rotating Keys",
        }],
        scope: RuleScope::Stream(|report| {
            let lacks_licences = report.fragments > 0 && !has_leaf_licences(report);
            headers_with(report, |pssh, header| {
                (lacks_licences && pssh.place == "moov" && is_on_demand(header)).then(String::new)
            })
        }),
    },
    ProfileRule {
        code: "leaf-licences",
        cause: "the fragments have leaf licences, but the PlayReady Header of the init segment does not say ONDEMAND",
        remedy: "protect the clear file with --key-change embedded, which writes an ONDEMAND header",
        demands: &[ProfileDemand {
            profiles: &[PlayReady3, PlayReady4],
            severity: Warning,
            source: "Microsoft, MP4-based Formats Supported by PlayReady Clients, DASH Rotating Keys",
        }],
        scope: RuleScope::Stream(|report| {
            let has_licences = has_leaf_licences(report);
            headers_with(report, |pssh, header| {
                (has_licences && pssh.place == "moov" && !is_on_demand(header)).then(String::new)
            })
        }),
    },
];

/// True if a `moof` has a PlayReady Object with a licence.
pub fn has_leaf_licences(report: &InspectionReport) -> bool {
    report
        .pssh
        .iter()
        .filter(|pssh| pssh.place == "moof")
        .filter_map(|pssh| pssh.playready.as_ref())
        .flat_map(|object| &object.records)
        .any(|record| record.number == LICENCE_STORE)
}

fn is_on_demand(header: &PlayReadyHeaderReport) -> bool {
    header.decryptor_setup.as_deref() == Some("ONDEMAND")
}

/// Returns a breach for each PlayReady Header of which `detail` says something.
fn headers_with(
    report: &InspectionReport,
    detail: impl Fn(&PsshReport, &PlayReadyHeaderReport) -> Option<String>,
) -> Vec<RuleBreach> {
    report
        .pssh
        .iter()
        .filter_map(|pssh| {
            let header = pssh.playready.as_ref()?.header.as_ref()?;
            let place = FindingPlace::file(format!("PlayReady Header in {}", pssh.place));
            Some(RuleBreach {
                count: pssh.count,
                ..RuleBreach::new(place, detail(pssh, header)?)
            })
        })
        .collect()
}

fn find_single_key_headers(report: &InspectionReport) -> Vec<RuleBreach> {
    let kids: BTreeSet<KeyId> = report
        .tracks
        .iter()
        .flat_map(|track| &track.sample_entries)
        .filter_map(|entry| entry.tenc.as_ref())
        .map(|tenc| tenc.kid)
        .filter(|kid| !kid.is_nil())
        .collect();
    headers_with(report, |pssh, header| {
        (kids.len() > 1 && pssh.place == "moov" && matches!(header.version, "4.0" | "4.1"))
            .then(|| format!("version {}, {} KIDs", header.version, kids.len()))
    })
}

fn find_missing_object(report: &InspectionReport) -> Vec<RuleBreach> {
    let is_protected = report
        .tracks
        .iter()
        .any(|track| track.protected_entries().next().is_some());
    let has_object = report.pssh.iter().any(|pssh| pssh.playready.is_some());
    match report.container.has_moov() && is_protected && !has_object {
        true => vec![RuleBreach::new(FindingPlace::default(), "")],
        false => Vec::new(),
    }
}

fn find_init_pssh(report: &InspectionReport) -> Vec<RuleBreach> {
    let systems: Vec<_> = report
        .pssh
        .iter()
        .filter(|pssh| pssh.place == "moov")
        .map(|pssh| pssh.system.unwrap_or(&pssh.system_id))
        .collect();
    match report.container == Container::Fragmented && !systems.is_empty() {
        true => vec![RuleBreach::new(
            FindingPlace::file("moov"),
            format!("of {}", systems.join(", ")),
        )],
        false => Vec::new(),
    }
}
