// SPDX-License-Identifier: MPL-2.0
//! The findings of an inspection, each kind once per track.

use serde::Serialize;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A violation of a standard or of a profile, or a contradiction to another part of the file.
    Error,
    /// Allowed, but a part of the media may be clear that should not be, or some clients of a profile may fail.
    Warning,
    /// Allowed, but rarely intended or not supported by every client.
    Note,
}

/// A finding; repeated findings are counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The severity.
    pub severity: Severity,
    /// A stable name for scripts.
    pub code: &'static str,
    /// The track; None if the finding concerns the whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track_id: Option<u32>,
    /// The box or byte where it was first seen.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// The description of the first occurrence.
    pub message: String,
    /// The number of occurrences.
    pub count: u64,
    /// The demand of profiles, if it is theirs.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileFinding>,
}

/// The part that only findings of profiles have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProfileFinding {
    /// The names of the profiles.
    pub profiles: Vec<&'static str>,
    /// The remedy.
    pub remedy: &'static str,
    /// The source of the demand.
    pub source: &'static str,
}

/// The largest number of different findings in a report.
const MAX_FINDINGS: usize = 1000;

/// Collects findings.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

/// The place that a finding refers to.
#[derive(Debug, Clone, Default)]
pub struct FindingPlace {
    /// The track, if it belongs to one.
    pub track_id: Option<u32>,
    /// The box or byte, such as `moof at byte 4096`.
    pub text: String,
}

impl FindingPlace {
    /// Names a place that belongs to no track.
    pub fn file(text: impl Into<String>) -> Self {
        Self {
            track_id: None,
            text: text.into(),
        }
    }

    /// Names a place in a track.
    pub fn track(track_id: u32, text: impl Into<String>) -> Self {
        Self {
            track_id: Some(track_id),
            text: text.into(),
        }
    }
}

impl Findings {
    /// Adds an error.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers create the message in the call"
    )]
    pub fn error(&mut self, code: &'static str, place: &FindingPlace, message: impl ToString) {
        self.push(Severity::Error, code, place, message.to_string());
    }

    /// Adds a warning.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers create the message in the call"
    )]
    pub fn warning(&mut self, code: &'static str, place: &FindingPlace, message: impl ToString) {
        self.push(Severity::Warning, code, place, message.to_string());
    }

    /// Adds a note.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers create the message in the call"
    )]
    pub fn note(&mut self, code: &'static str, place: &FindingPlace, message: impl ToString) {
        self.push(Severity::Note, code, place, message.to_string());
    }

    /// Returns the errors, then the warnings, then the notes, each in the order of their first occurrence.
    pub fn into_vec(mut self) -> Vec<Finding> {
        self.0.sort_by_key(|finding| finding.severity);
        self.0
    }

    fn push(
        &mut self,
        severity: Severity,
        code: &'static str,
        place: &FindingPlace,
        message: String,
    ) {
        // In a track, the numbers in a message may differ between fragments; outside, each message is a finding of its own.
        let is_known = |known: &&mut Finding| {
            known.code == code
                && known.track_id == place.track_id
                && (known.track_id.is_some() || known.message == message)
        };
        if let Some(known) = self.0.iter_mut().find(is_known) {
            known.count += 1;
        } else if self.0.len() < MAX_FINDINGS {
            self.0.push(Finding {
                severity,
                code,
                track_id: place.track_id,
                place: place.text.clone(),
                message,
                count: 1,
                profile: None,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_fault_of_a_track_counts_and_errors_come_first() {
        let mut findings = Findings::default();
        findings.note("unused", &FindingPlace::file(""), "a");
        for fragment in 0..3 {
            let place = FindingPlace::track(1, format!("moof {fragment}"));
            findings.error("sizes", &place, format!("{fragment} bytes"));
        }
        findings.error("sizes", &FindingPlace::track(2, ""), "4 bytes");
        let found = findings.into_vec();
        let codes: Vec<_> = found
            .iter()
            .map(|f| (f.code, f.track_id, f.count))
            .collect();
        assert_eq!(
            codes,
            [
                ("sizes", Some(1), 3),
                ("sizes", Some(2), 1),
                ("unused", None, 1)
            ]
        );
        assert_eq!(
            (found[0].place.as_str(), found[0].message.as_str()),
            ("moof 0", "0 bytes")
        );
    }
}
