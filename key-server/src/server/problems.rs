// SPDX-License-Identifier: MPL-2.0
//! What the services' errors are as problems.

use crate::delivery as handoff;
use axum::http::StatusCode;

use crate::operations::Error;
use crate::operations::new_key::Finding;
use crate::{server::problem::FieldProblem, server::problem::Problem};

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Store(error) => error.into(),
            Error::Draft(findings) => Self {
                fields: findings.iter().map(FieldProblem::from).collect(),
                ..unfit(findings.first().map_or("", |finding| &finding.text))
            },
            Error::NoKeys(_) | Error::NoCryptoPeriod(_) => {
                Self::new(StatusCode::CONFLICT, error.to_string())
            }
            Error::Generator(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
            _ => unfit(error.to_string()),
        }
    }
}

impl From<&Finding> for FieldProblem {
    fn from(finding: &Finding) -> Self {
        Self {
            field: finding.field.name().to_owned(),
            detail: finding.text.clone(),
        }
    }
}

impl From<handoff::Error> for Problem {
    fn from(error: handoff::Error) -> Self {
        match error {
            handoff::Error::Store(error) => error.into(),
            _ => unfit(error.to_string()),
        }
    }
}

/// A request that is well formed and asks for what cannot be.
pub fn unfit(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
}
