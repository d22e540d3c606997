// SPDX-License-Identifier: MPL-2.0
//! Rules about the container: fragments, tracks and brands.

use super::ClientProfile::{Cmaf, DashIf, Hbbtv};
use super::rule::{ProfileDemand, ProfileRule, RuleBreach, RuleScope, breaches_of};
use crate::inspect::facts::TrackFact;
use crate::inspect::findings::FindingPlace;
use crate::inspect::findings::Severity::{Error, Warning};
use crate::inspect::report::Container;

/// The structural brands of CMAF, ISO/IEC 23000-19 clauses 7.6 and 7.7.
const CMAF_BRANDS: [&str; 2] = ["cmfc", "cmf2"];

/// The rules.
pub const RULES: [ProfileRule; 6] = [
    ProfileRule {
        code: "progressive",
        cause: "the samples are in 'moov': the file has no fragments",
        remedy: "make segments of the clear file with package, or protect it with --fragment",
        demands: &[
            ProfileDemand {
                profiles: &[Cmaf],
                severity: Error,
                source: "ISO/IEC 23000-19 clause 7.5.12: sample counts of 0",
            },
            ProfileDemand {
                profiles: &[DashIf, Hbbtv],
                severity: Error,
                source: "ISO/IEC 23009-1 clause 6.3.3: no samples in 'moov'",
            },
        ],
        scope: RuleScope::Stream(|report| {
            whole_stream(report.container == Container::Progressive, String::new)
        }),
    },
    ProfileRule {
        code: "several-tracks",
        cause: "several tracks are in one file",
        remedy: "make a file of each track with package",
        demands: &[ProfileDemand {
            profiles: &[Cmaf, DashIf],
            severity: Error,
            source: "ISO/IEC 23000-19 clause 7.3.2.1: one track",
        }],
        scope: RuleScope::Stream(|report| {
            let tracks = report.tracks.len();
            whole_stream(report.container.has_moov() && tracks > 1, || {
                format!("{tracks} of them")
            })
        }),
    },
    ProfileRule {
        code: "several-trafs",
        cause: "a 'moof' has several 'traf' boxes",
        remedy: "make a file of each track with package",
        demands: &[ProfileDemand {
            profiles: &[Hbbtv],
            severity: Error,
            source: "ETSI TS 103 285 clause 4.3, ETSI TS 102 796 clause E.3.1.1: one 'traf'",
        }],
        scope: RuleScope::Stream(|report| breaches_of(TrackFact::SharedMoof, report)),
    },
    ProfileRule {
        code: "ftyp-missing",
        cause: "the file has no 'ftyp'",
        remedy: "write the file anew before it is protected, such as by cmafmux, or by package",
        demands: &[
            ProfileDemand {
                profiles: &[Cmaf],
                severity: Error,
                source: "ISO/IEC 23000-19 clause 7.3.2.1",
            },
            ProfileDemand {
                profiles: &[DashIf, Hbbtv],
                severity: Error,
                source: "ISO/IEC 23009-1 clause 6.3.3",
            },
        ],
        scope: RuleScope::Stream(|report| {
            whole_stream(
                report.container.has_moov() && report.minor_version.is_none(),
                String::new,
            )
        }),
    },
    ProfileRule {
        code: "brand-missing",
        cause: "'ftyp' has none of the brands cmfc and cmf2",
        remedy: "write the file anew before it is protected, such as by cmafmux, or by package",
        demands: &[ProfileDemand {
            profiles: &[Cmaf],
            severity: Warning,
            source: "ISO/IEC 23000-19 clause 7.3.2.2: a structural brand",
        }],
        scope: RuleScope::Stream(|report| {
            let has_brand = report
                .brands
                .iter()
                .any(|brand| CMAF_BRANDS.contains(&brand.as_str()));
            whole_stream(report.minor_version.is_some() && !has_brand, String::new)
        }),
    },
    ProfileRule {
        code: "brand-version",
        cause: "a structural brand of CMAF is the major brand, and minor_version is not 0",
        remedy: "write the file anew before it is protected, such as by cmafmux, or by package",
        demands: &[ProfileDemand {
            profiles: &[Cmaf],
            severity: Error,
            source: "ISO/IEC 23000-19 clause 7.2",
        }],
        scope: RuleScope::Stream(|report| {
            let is_major = report
                .brands
                .first()
                .is_some_and(|brand| CMAF_BRANDS.contains(&brand.as_str()));
            let version = report.minor_version.unwrap_or(0);
            whole_stream(is_major && version != 0, || format!("it is {version}"))
        }),
    },
];

/// Returns a breach of the whole stream if it is one.
fn whole_stream(is_breach: bool, detail: impl Fn() -> String) -> Vec<RuleBreach> {
    match is_breach {
        true => vec![RuleBreach::new(FindingPlace::default(), detail())],
        false => Vec::new(),
    }
}
