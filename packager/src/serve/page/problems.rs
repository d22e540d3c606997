// SPDX-License-Identifier: MPL-2.0
//! What the services' errors are as problems.

use crate::serve::problem::{FieldProblem, Problem};
use crate::service::Error;

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Store(error) => error.into(),
            Error::Draft(findings) => super::settings::all_wrong(
                findings
                    .iter()
                    .map(|finding| FieldProblem {
                        field: format!("{:?}", finding.field).to_lowercase(),
                        detail: finding.text.clone(),
                    })
                    .collect(),
            ),
            _ => Problem::new(
                axum::http::StatusCode::UNPROCESSABLE_ENTITY,
                error.to_string(),
            ),
        }
    }
}
