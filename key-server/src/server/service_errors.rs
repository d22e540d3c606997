// SPDX-License-Identifier: MPL-2.0
//! Converts the errors of the services into problems.

use axum::http::StatusCode;
use content_key_store::Error as StoreError;

use crate::accounts::AccountError;
use crate::delivery;
use crate::operations::Error;
use crate::operations::finding::Finding;
use crate::server::problem_details::{FieldProblem, Problem};
use crate::targets::TargetError;

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Store(error) => error.into(),
            Error::Refused(findings) => Self {
                fields: findings.iter().map(FieldProblem::from).collect(),
                ..unprocessable(findings.first().map_or("", |finding| &finding.text))
            },
            Error::NoKeys(_) | Error::NoCryptoPeriod(_) => {
                Self::new(StatusCode::CONFLICT, error.to_string())
            }
            Error::Generator(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
            _ => unprocessable(error.to_string()),
        }
    }
}

impl From<&Finding> for FieldProblem {
    fn from(finding: &Finding) -> Self {
        Self {
            field: finding.field.to_owned(),
            detail: finding.text.clone(),
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        let status = match error {
            AccountError::Store(error) => return error.into(),
            AccountError::NoAccount(_) | AccountError::NoToken => StatusCode::NOT_FOUND,
            AccountError::LastAdmin
            | AccountError::CertificateTaken(_)
            | AccountError::TokenTaken
            | AccountError::TokenEnded => StatusCode::CONFLICT,
            AccountError::BadRole | AccountError::BadToken | AccountError::WholeStore(_) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            // Logged as a failure of the store.
            AccountError::Generator(error) => return StoreError::from(error).into(),
        };
        Self::new(status, error.to_string())
    }
}

impl From<TargetError> for Problem {
    fn from(error: TargetError) -> Self {
        let status = match error {
            TargetError::Store(error) => return error.into(),
            TargetError::NoTarget(_) => StatusCode::NOT_FOUND,
            TargetError::TargetRequired { .. } => StatusCode::CONFLICT,
            TargetError::BadTarget(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, error.to_string())
    }
}

impl From<delivery::Error> for Problem {
    fn from(error: delivery::Error) -> Self {
        match error {
            delivery::Error::Store(error) => error.into(),
            delivery::Error::Settings(error) => error.into(),
            _ => unprocessable(error.to_string()),
        }
    }
}

/// Makes the problem (422) of a request that is well formed but cannot be fulfilled.
pub fn unprocessable(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
}
