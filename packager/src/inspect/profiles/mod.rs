// SPDX-License-Identifier: MPL-2.0
//! `inspect --profile`: finds what clients of a kind do not take, by one table of rules with cause, remedy and source.

mod container_rules;
mod fragment_rules;
mod header_rules;
mod key_rules;
mod rule;
mod scheme_rules;
#[cfg(test)]
mod tests;

use clap::ValueEnum;
use serde::{Serialize, Serializer};

use super::findings::{Finding, ProfileFinding};
use super::report::InspectionReport;
use rule::{ProfileRule, RuleBreach, RuleScope};

/// A kind of clients, or a standard that clients follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClientProfile {
    /// PlayReady clients of versions 3.0 to 3.3, such as Windows 10 and televisions from 2017 on
    #[value(name = "playready-3")]
    PlayReady3,
    /// PlayReady clients from version 4.0 on, such as Xbox One from 1709 on
    #[value(name = "playready-4")]
    PlayReady4,
    /// CMAF tracks, ISO/IEC 23000-19
    Cmaf,
    /// DASH clients that follow the guidelines of DASH-IF
    DashIf,
    /// Televisions with HbbTV, ETSI TS 102 796 and TS 103 285
    Hbbtv,
}

impl ClientProfile {
    /// Returns the name, as on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PlayReady3 => "playready-3",
            Self::PlayReady4 => "playready-4",
            Self::Cmaf => "cmaf",
            Self::DashIf => "dash-if",
            Self::Hbbtv => "hbbtv",
        }
    }
}

impl Serialize for ClientProfile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// All rules, by subject.
const RULES: [&[ProfileRule]; 5] = [
    &scheme_rules::RULES,
    &header_rules::RULES,
    &key_rules::RULES,
    &fragment_rules::RULES,
    &container_rules::RULES,
];

/// Adds to each report what its stream has that clients of the profiles do not take. Keys are compared across all streams.
pub fn check(reports: &mut [InspectionReport], profiles: &[ClientProfile]) {
    for report in reports.iter_mut() {
        report.profiles = profiles.to_vec();
    }
    for rule in RULES.into_iter().flatten() {
        let demands = Demanded::of(rule, profiles);
        if !demands.is_empty() {
            apply(rule, &demands, reports);
        }
    }
    for report in reports {
        report.findings.sort_by_key(|finding| finding.severity);
    }
}

/// A demand of a rule, with its profiles among the requested ones.
struct Demanded {
    demand: &'static rule::ProfileDemand,
    profiles: Vec<&'static str>,
}

impl Demanded {
    fn of(rule: &ProfileRule, requested: &[ClientProfile]) -> Vec<Self> {
        rule.demands
            .iter()
            .map(|demand| Self {
                demand,
                profiles: demand
                    .profiles
                    .iter()
                    .filter(|profile| requested.contains(profile))
                    .map(|profile| profile.name())
                    .collect(),
            })
            .filter(|demanded| !demanded.profiles.is_empty())
            .collect()
    }
}

fn apply(rule: &ProfileRule, demands: &[Demanded], reports: &mut [InspectionReport]) {
    match rule.scope {
        RuleScope::Stream(find) => {
            for report in reports {
                for breach in find(report) {
                    add(rule, demands, &breach, report);
                }
            }
        }
        RuleScope::Streams(find) => {
            for (index, breach) in find(reports) {
                if let Some(report) = reports.get_mut(index) {
                    add(rule, demands, &breach, report);
                }
            }
        }
    }
}

fn add(
    rule: &ProfileRule,
    demands: &[Demanded],
    breach: &RuleBreach,
    report: &mut InspectionReport,
) {
    // The finding of a profile says more than the one that every inspection has.
    report
        .findings
        .retain(|finding| finding.code != rule.code || finding.profile.is_some());
    report
        .findings
        .extend(demands.iter().map(|demanded| Finding {
            severity: demanded.demand.severity,
            code: rule.code,
            track_id: breach.place.track_id,
            place: breach.place.text.clone(),
            message: match breach.detail.as_str() {
                "" => rule.cause.to_owned(),
                detail => format!("{}: {detail}", rule.cause),
            },
            count: breach.count,
            profile: Some(ProfileFinding {
                profiles: demanded.profiles.clone(),
                remedy: rule.remedy,
                source: demanded.demand.source,
            }),
        }));
}
