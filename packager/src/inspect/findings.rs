// SPDX-License-Identifier: MPL-2.0
//! What is wrong or worth knowing, each kind once for each track.

use serde::Serialize;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Against a standard, or against another part of the file.
    Error,
    /// Allowed, but seldom meant or not read by every client.
    Note,
}

/// A finding; the same one in later places only counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// A stable name for scripts.
    pub code: &'static str,
    /// The track; None for what concerns the whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track_id: Option<u32>,
    /// The box or byte where it was first seen.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// What is wrong, of the first place.
    pub message: String,
    /// How often it was seen.
    pub count: u64,
}

/// The most findings that are told apart; a file with more kinds of faults is no better known by them.
const MAX_FINDINGS: usize = 1000;

/// Collects findings.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

/// Where something is looked at.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The track, if it is about one.
    pub track_id: Option<u32>,
    /// The box.
    pub text: String,
}

impl Place {
    /// A place that belongs to no track.
    pub fn file(text: impl Into<String>) -> Self {
        Self {
            track_id: None,
            text: text.into(),
        }
    }

    /// A place in a track.
    pub fn track(track_id: u32, text: impl Into<String>) -> Self {
        Self {
            track_id: Some(track_id),
            text: text.into(),
        }
    }
}

impl Findings {
    /// Notes what is wrong.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "messages are made in the call"
    )]
    pub fn error(&mut self, code: &'static str, place: &Place, message: impl ToString) {
        self.push((Severity::Error, code), place, message.to_string());
    }

    /// Notes what is worth knowing.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "messages are made in the call"
    )]
    pub fn note(&mut self, code: &'static str, place: &Place, message: impl ToString) {
        self.push((Severity::Note, code), place, message.to_string());
    }

    /// Errors first, each group in the order of sight.
    pub fn into_vec(mut self) -> Vec<Finding> {
        self.0
            .sort_by_key(|finding| finding.severity == Severity::Note);
        self.0
    }

    fn push(&mut self, (severity, code): (Severity, &'static str), place: &Place, message: String) {
        // Faults of one kind differ by their figures from fragment to fragment; those of headers and KIDs are apart.
        let is_known = |known: &&mut Finding| {
            known.code == code
                && known.track_id == place.track_id
                && (known.track_id.is_some() || known.message == message)
        };
        let has_room = self.0.len() < MAX_FINDINGS;
        let known = self.0.iter_mut().find(is_known);
        match known {
            Some(known) => known.count += 1,
            None if has_room => self.0.push(Finding {
                severity,
                code,
                track_id: place.track_id,
                place: place.text.clone(),
                message,
                count: 1,
            }),
            None => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_fault_of_a_track_counts_and_errors_come_first() {
        let mut findings = Findings::default();
        findings.note("unused", &Place::file(""), "a");
        for fragment in 0..3 {
            let place = Place::track(1, format!("moof {fragment}"));
            findings.error("sizes", &place, format!("{fragment} bytes"));
        }
        findings.error("sizes", &Place::track(2, ""), "4 bytes");
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
