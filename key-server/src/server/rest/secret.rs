// SPDX-License-Identifier: MPL-2.0
//! Secrets in requests and responses: wiped after use, never printed, and never stored with a response.

use std::borrow::Cow;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use zeroize::Zeroizing;

use crate::server::problem_details::Problem;

/// A secret text.
pub struct Secret(pub Zeroizing<String>);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl PartialSchema for Secret {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A secret."))
            .into()
    }
}

impl ToSchema for Secret {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Secret")
    }
}

/// Marks responses that must not be stored.
#[derive(Debug, Clone, Copy)]
pub struct HoldsSecret;

/// A response that holds a secret.
pub struct Confidential<R>(pub R);

/// JSON with a secret, written to memory that is wiped. The connection still copies it on its way out.
pub struct SecretJson<T> {
    value: T,
    /// The most bytes that it takes: growing would leave copies behind.
    size: usize,
}

impl<T: Serialize> Confidential<SecretJson<T>> {
    /// Makes a response of JSON that takes at most `size` bytes.
    pub const fn json(value: T, size: usize) -> Self {
        Self(SecretJson { value, size })
    }
}

impl<T: Serialize> IntoResponse for SecretJson<T> {
    fn into_response(self) -> Response {
        let mut text = Zeroizing::new(Vec::with_capacity(self.size));
        match serde_json::to_writer(&mut *text, &self.value) {
            Ok(()) => (
                [(header::CONTENT_TYPE, "application/json")],
                Body::from(Bytes::from_owner(text)),
            )
                .into_response(),
            Err(error) => {
                tracing::error!(%error, "a response was not written");
                Problem::failed().into_response()
            }
        }
    }
}

impl<R: IntoResponse> IntoResponse for Confidential<R> {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        response.extensions_mut().insert(HoldsSecret);
        response
    }
}
