// SPDX-License-Identifier: MPL-2.0
//! Refusals in the form of SPEKE: a status and the cause as plain text.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use cenc_types::KeyId;
use content_key_store::Error as StoreError;

use crate::server::problem_details::Problem;
use crate::speke::Error;

/// The failure of a request for keys.
pub enum Failure {
    /// The request is not valid.
    Request(Error),
    /// The store failed or refused the request.
    Store(StoreError),
    /// A licence server has not acknowledged a key yet.
    NotDelivered(KeyId),
    /// The server failed.
    Problem(Problem),
}

impl Failure {
    fn parts(self) -> (StatusCode, String, Option<u64>) {
        match self {
            Self::Request(error) => (
                StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                error.to_string(),
                None,
            ),
            Self::Store(
                error @ (StoreError::Retired(_)
                | StoreError::Compromised(_)
                | StoreError::Superseded(_)
                | StoreError::NilKeyId
                | StoreError::BadName(_)
                | StoreError::OutOfRange(_)
                | StoreError::FarPeriod(_)
                | StoreError::UnknownLabel { .. }
                | StoreError::NoContent(_)),
            ) => (StatusCode::UNPROCESSABLE_ENTITY, error.to_string(), None),
            Self::Store(error) => Self::Problem(error.into()).parts(),
            Self::NotDelivered(kid) => (
                StatusCode::SERVICE_UNAVAILABLE,
                format!("key {kid} is on its way to licence servers: ask again"),
                Some(1),
            ),
            Self::Problem(problem) => (problem.status(), problem.detail, problem.retry_after),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let refused = match &self {
            Self::Store(error @ StoreError::OutsideContents { actor, .. }) => {
                Problem::forbidden(actor, error.to_string()).refused
            }
            _ => None,
        };
        let (status, text, retry_after) = self.parts();
        // Axum sets Content-Type to text/plain.
        let mut response = (status, text).into_response();
        if let Some(refusal) = refused {
            response.extensions_mut().insert(*refusal);
        }
        if let Some(seconds) = retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Request(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
