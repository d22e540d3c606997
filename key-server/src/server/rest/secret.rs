// SPDX-License-Identifier: MPL-2.0
//! Secrets in requests and responses: wiped after use, never printed, and never stored with a response.

use std::borrow::Cow;

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use zeroize::Zeroizing;

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

impl<T: Serialize> Confidential<Json<T>> {
    /// Makes a response of JSON.
    pub const fn json(value: T) -> Self {
        Self(Json(value))
    }
}

impl<R: IntoResponse> IntoResponse for Confidential<R> {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        response.extensions_mut().insert(HoldsSecret);
        response
    }
}
