// SPDX-License-Identifier: MPL-2.0
//! A form as a page shows it: empty, filled, or with its problems. It never holds a secret.

use super::fields::Fields;
use crate::operations::finding::{Finding, Severity};
use crate::server::problem_details::{FieldProblem, Problem};

/// The fields that are never shown again.
const SECRETS: [&str; 7] = [
    "csrf",
    "token",
    "key",
    "value",
    "credentials",
    "private",
    "cpix",
];

/// The values and problems of a form.
#[derive(Default)]
pub struct Form {
    values: Fields,
    /// The problems by field; the name is empty for a problem of the whole form.
    pub problems: Vec<FieldProblem>,
    /// Warnings that the operator has not accepted yet.
    pub warnings: Vec<String>,
}

/// The result of a form that was sent.
pub enum Submitted<T> {
    /// It was done.
    Done(T),
    /// Nothing was done: the operator must accept these warnings first.
    Warned(Vec<String>),
}

/// Returns the texts of warnings.
pub fn warnings(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .filter(|finding| finding.severity == Severity::Warning)
        .map(|finding| finding.text.clone())
        .collect()
}

impl Form {
    /// Makes a form with values and without problems.
    pub fn filled(values: Fields) -> Self {
        Self {
            values: values.without(&SECRETS),
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// True if the operator has read the warnings and accepts them.
    pub fn accepts(values: &Fields) -> bool {
        values.has("anyway", "yes")
    }

    /// Makes a form whose warnings the operator must accept.
    pub fn warned(values: Fields, warnings: Vec<String>) -> Self {
        Self {
            warnings,
            ..Self::filled(values)
        }
    }

    /// Makes a form that was refused, with `field` for a problem that names no field.
    ///
    /// # Errors
    /// The problem itself, when it is no fault of the form but of the server or of the visitor's roles.
    pub fn refused(values: Fields, problem: Problem, field: &str) -> Result<Self, Problem> {
        if !matches!(problem.status, 400 | 404 | 409 | 413 | 422) {
            return Err(problem);
        }
        let mut form = Self::filled(values);
        form.problems = problem.fields;
        if form.problems.is_empty() {
            form.problems.push(FieldProblem {
                field: field.to_owned(),
                detail: problem.detail,
            });
        }
        Ok(form)
    }

    /// Returns the value of a field.
    pub fn value(&self, name: &str) -> &str {
        self.values.text(name)
    }

    /// True if a box is ticked or an option chosen.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.values.has(name, value)
    }

    /// Returns the problem of a field; empty when there is none.
    pub fn problem(&self, name: &str) -> &str {
        self.problems
            .iter()
            .find(|problem| problem.field == name)
            .map_or("", |problem| &problem.detail)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[test]
    fn secrets_do_not_come_back() {
        let fields = Fields::default().with("kid", "1").with("key", "2");
        let problem = Problem::new(StatusCode::CONFLICT, "taken");
        let form = Form::refused(fields, problem, "kid").unwrap();
        assert_eq!((form.value("kid"), form.value("key")), ("1", ""));
        assert_eq!(form.problem("kid"), "taken");
    }

    #[test]
    fn failures_of_the_server_are_no_problem_of_the_form() {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store");
        assert!(Form::refused(Fields::default(), problem, "kid").is_err());
        let problem = Problem::new(StatusCode::FORBIDDEN, "roles");
        assert!(Form::refused(Fields::default(), problem, "kid").is_err());
    }
}
