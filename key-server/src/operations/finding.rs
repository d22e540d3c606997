// SPDX-License-Identifier: MPL-2.0
//! Findings about data that somebody wants to store: errors, warnings and notes.

use serde::Serialize;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It is refused.
    Error,
    /// It can be done, but the operator should think again.
    Warning,
    /// For information.
    Note,
}

/// A statement about a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The name of the field in the API.
    pub field: &'static str,
    /// Its severity.
    pub severity: Severity,
    /// The text for people.
    pub text: String,
}

/// The findings of a check.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Severity {
    /// Returns its word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl Finding {
    /// True if it is refused.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl Findings {
    pub(super) fn error(&mut self, field: &'static str, text: &impl ToString) {
        self.add(field, Severity::Error, text);
    }

    pub(super) fn warning(&mut self, field: &'static str, text: &impl ToString) {
        self.add(field, Severity::Warning, text);
    }

    pub(super) fn note(&mut self, field: &'static str, text: &impl ToString) {
        self.add(field, Severity::Note, text);
    }

    fn add(&mut self, field: &'static str, severity: Severity, text: &impl ToString) {
        self.0.push(Finding {
            field,
            severity,
            text: text.to_string(),
        });
    }
}

/// Returns the warnings and notes.
///
/// # Errors
/// [`Error::Refused`](super::Error::Refused) with the errors, if there are some.
pub fn unless_refused(findings: Vec<Finding>) -> Result<Vec<Finding>, super::Error> {
    let (errors, rest): (Vec<_>, Vec<_>) = findings.into_iter().partition(Finding::is_error);
    match errors.is_empty() {
        true => Ok(rest),
        false => Err(super::Error::Refused(errors)),
    }
}
