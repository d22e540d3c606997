// SPDX-License-Identifier: MPL-2.0
//! The form of a rule in the table of profiles.

use super::ClientProfile;
use crate::inspect::facts::{FactPlaces, TrackFact};
use crate::inspect::findings::{FindingPlace, Severity};
use crate::inspect::report::{InspectionReport, TrackReport};

/// A rule that profiles have.
pub struct ProfileRule {
    /// A stable name for scripts.
    pub code: &'static str,
    /// The cause, as findings state it.
    pub cause: &'static str,
    /// The remedy, by the names of our options where there is one.
    pub remedy: &'static str,
    /// The demands of profiles.
    pub demands: &'static [ProfileDemand],
    /// The streams it is applied to, and the function that finds breaches.
    pub scope: RuleScope,
}

/// A demand of profiles, with its source.
pub struct ProfileDemand {
    /// The profiles.
    pub profiles: &'static [ClientProfile],
    /// Error: the source excludes it. Warning: the source advises against it, or reports clients that fail. Note: it may be intended.
    pub severity: Severity,
    /// Document and clause, page and heading, or report.
    pub source: &'static str,
}

/// The input of a rule.
pub enum RuleScope {
    /// Each stream by itself.
    Stream(fn(&InspectionReport) -> Vec<RuleBreach>),
    /// All streams that are inspected together; each breach has the index of its stream.
    Streams(fn(&[InspectionReport]) -> Vec<(usize, RuleBreach)>),
}

/// A place where a stream breaks a rule.
pub struct RuleBreach {
    /// The place.
    pub place: FindingPlace,
    /// Details of the place; empty if the cause says it all.
    pub detail: String,
    /// The number of occurrences.
    pub count: u64,
}

impl RuleBreach {
    /// A breach that occurs once.
    pub fn new(place: FindingPlace, detail: impl Into<String>) -> Self {
        Self {
            place,
            detail: detail.into(),
            count: 1,
        }
    }

    /// A breach of a whole track.
    pub fn of_track(track: &TrackReport, detail: impl Into<String>) -> Self {
        Self::new(FindingPlace::track(track.track_id, ""), detail)
    }
}

/// Returns a breach for each track with the fact.
pub fn breaches_of(fact: TrackFact, report: &InspectionReport) -> Vec<RuleBreach> {
    report
        .tracks
        .iter()
        .filter_map(|track| Some((track, track.facts.get(fact)?)))
        .map(|(track, FactPlaces { first, count })| RuleBreach {
            place: FindingPlace::track(track.track_id, first),
            detail: String::new(),
            count: *count,
        })
        .collect()
}
