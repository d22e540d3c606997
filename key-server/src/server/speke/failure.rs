// SPDX-License-Identifier: MPL-2.0
//! Refusals as SPEKE has them: a status and the cause as plain text.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cenc_types::KeyId;
use content_key_store::Error as StoreError;

use crate::server::problem_details::Problem;
use crate::speke::Error;

/// Why there is no answer with keys.
pub enum Failure {
    /// The request.
    Request(Error),
    /// The store.
    Store(StoreError),
    /// A licence server has not acknowledged a key yet.
    NotDelivered(KeyId),
    /// The server itself.
    Problem(Problem),
}

impl Failure {
    fn parts(self) -> (StatusCode, String, Option<u64>) {
        match self {
            Self::Request(error) => {
                let status = StatusCode::from_u16(error.status());
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                (status, error.to_string(), None)
            }
            // The same KID in both modes: SPEKE's words for what schemes do not go together.
            Self::Store(StoreError::OtherMode { .. }) => {
                Self::Request(Error::SchemeCombination).parts()
            }
            Self::Store(
                error @ (StoreError::OtherContent(_)
                | StoreError::NilKeyId
                | StoreError::BadName(_)
                | StoreError::OutOfRange(_)
                | StoreError::NoContent(_)),
            ) => (StatusCode::UNPROCESSABLE_ENTITY, error.to_string(), None),
            Self::Store(error) => Self::Problem(error.into()).parts(),
            Self::NotDelivered(kid) => {
                let text = format!("key {kid} is on its way to licence servers: ask again");
                (StatusCode::SERVICE_UNAVAILABLE, text, Some(1))
            }
            Self::Problem(problem) => (problem.status(), problem.detail, problem.retry_after),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, text, retry_after) = self.parts();
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("text/plain; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, kind);
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
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
