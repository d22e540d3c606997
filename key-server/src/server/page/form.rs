// SPDX-License-Identifier: MPL-2.0
//! A form as a screen shows it: empty, filled, or with what was wrong with it. Secrets are never in it.

use super::fields::Fields;
use crate::server::problem_details::{FieldProblem, Problem};

/// Fields that are never shown again.
const SECRETS: [&str; 7] = [
    "csrf",
    "token",
    "key",
    "value",
    "credentials",
    "private",
    "cpix",
];

/// A form's values and problems.
#[derive(Default)]
pub struct Form {
    values: Fields,
    /// What is wrong, by field; an empty name where it is about all.
    pub problems: Vec<FieldProblem>,
}

impl Form {
    /// A form with values and nothing wrong.
    pub fn filled(values: Fields) -> Self {
        Self {
            values: values.without(&SECRETS),
            problems: Vec::new(),
        }
    }

    /// A form that was refused, if the request was at fault and not the server or the person's roles.
    ///
    /// # Errors
    /// Any other problem.
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

    /// What stands in a field.
    pub fn value(&self, name: &str) -> &str {
        self.values.text(name)
    }

    /// Whether a box is ticked or an option chosen.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.values.has(name, value)
    }

    /// What is wrong with a field; an empty text: nothing.
    pub fn problem(&self, name: &str) -> &str {
        let mut of = self.problems.iter();
        let found = of.find(|problem| problem.field == name);
        found.map_or("", |problem| &problem.detail)
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
