// SPDX-License-Identifier: MPL-2.0
//! Errors of requests as problem details (RFC 9457, `application/problem+json`).

use std::num::NonZeroU64;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::Refusal;
use super::readiness::NotReady;

/// The problem of a request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// The type of the problem: always `about:blank`, since the status says all.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The cause and the remedy.
    pub detail: String,
    /// The fields that are wrong, if any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
    /// The number of a request that the server failed to handle, as in its log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>)]
    pub request_id: Option<NonZeroU64>,
    /// The number of seconds after which the client may try again.
    #[serde(skip)]
    pub retry_after: Option<u64>,
    /// The account that was refused, for the audit.
    #[serde(skip)]
    pub refused: Option<Box<Refusal>>,
}

/// The problem of a field.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// The field's name.
    pub field: String,
    /// The cause and the remedy.
    pub detail: String,
}

impl Problem {
    /// Makes a problem with its cause and remedy.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            fields: Vec::new(),
            request_id: None,
            retry_after: None,
            refused: None,
        }
    }

    /// Makes the problem of an account that may not do what it requests. The audit records it.
    pub fn forbidden(account: &str, detail: impl Into<String>) -> Self {
        let problem = Self::new(StatusCode::FORBIDDEN, detail);
        Self {
            refused: Some(Box::new(Refusal {
                account: account.to_owned(),
                detail: problem.detail.clone(),
            })),
            ..problem
        }
    }

    /// Makes the problem of a client that has not signed in, or with an unknown token or certificate.
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "sign in: a token as 'Authorization: Bearer …', or as the password of Basic",
        )
    }

    /// Makes the problem of a request that the server failed to handle.
    pub fn failed() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the server failed to handle the request; its log has the cause",
        )
    }

    /// Sets the number of seconds after which the client may try again.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status(), self.retry_after);
        let mut response = (status, Json(&self)).into_response();
        if let Some(refusal) = &self.refused {
            response.extensions_mut().insert(Refusal::clone(refusal));
        }
        // For the pages, which show it to people.
        response.extensions_mut().insert(self);
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer, Basic realm=\"playready-packager\""),
            );
        }
        response
    }
}

impl From<content_key_store::Error> for Problem {
    fn from(error: content_key_store::Error) -> Self {
        if let content_key_store::Error::OutsideContents { actor, .. } = &error {
            return Self::forbidden(actor, error.to_string());
        }
        let status = status_of(&error);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            tracing::warn!(%error, "the key store is not available");
            let NotReady { text, retry_after } = NotReady::of(&error);
            return Self::new(status, text).retry_after(retry_after);
        }
        if status.is_server_error() {
            // The error names the place of the store, which clients must not see.
            tracing::error!(%error, "the key store failed");
            return Self::new(
                status,
                "the key store failed; the server's log has the cause",
            )
            .retry_after(5);
        }
        Self::new(status, error.to_string())
    }
}

fn status_of(error: &content_key_store::Error) -> StatusCode {
    use content_key_store::Error;
    match error {
        Error::OutsideContents { .. } => StatusCode::FORBIDDEN,
        Error::NoKey(_) | Error::NoContent(_) | Error::NoSeed(_) | Error::NoDelivery { .. } => {
            StatusCode::NOT_FOUND
        }
        Error::Rule(_)
        | Error::OtherKey(_)
        | Error::OtherMode { .. }
        | Error::SameKeyOtherMode { .. }
        | Error::SlotTaken(_)
        | Error::SeedNameTaken(_)
        | Error::SameSeed(_)
        | Error::Retired(_)
        | Error::Compromised(_)
        | Error::Superseded(_)
        | Error::ContentHasKeys(_) => StatusCode::CONFLICT,
        Error::BadCursor => StatusCode::BAD_REQUEST,
        Error::NilKeyId
        | Error::GuessableKey
        | Error::BadName(_)
        | Error::OutOfRange(_)
        | Error::FarPeriod(_)
        | Error::UnknownLabel { .. }
        | Error::BadPattern(_)
        | Error::TooManyPatterns(_)
        | Error::Seed(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Unavailable { .. }
        | Error::Locked { .. }
        | Error::Changed(_)
        | Error::Busy
        | Error::Restored(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
