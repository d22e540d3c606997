// SPDX-License-Identifier: MPL-2.0
//! `/keys/{kid}/value`: the key of a KID for a licence server.

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use content_key_store::StoredKey;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::caller::{Caller, License};
use super::names::SchemeName;
use super::path::Kid;
use crate::server::app::App;
use crate::server::problem_details::Problem;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(value))
}

/// A key in the clear, with its scheme.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes the response, which is written without serde"
)]
struct KeyValue {
    /// The KID as a UUID.
    kid: String,
    /// The 16 bytes of the key in base64.
    key: String,
    /// `cenc` for a key of counter mode, `cbcs` for one of CBC.
    scheme: SchemeName,
}

/// Fetch a key for a licence server
///
/// The audit records the caller. Requires the role license-server.
#[utoipa::path(get, path = "/keys/{kid}/value", tag = "keys", params(("kid" = String, Path, description = "In any notation; `/` as `%2F`.")),
    responses((status = 200, body = KeyValue)))]
async fn value(caller: Caller<License>, Kid(kid): Kid) -> Result<Response, Problem> {
    let found = caller
        .app
        .with_batcher(|batcher, answer| batcher.key(caller.actor(), kid, answer))
        .await?;
    Ok((
        [(header::CONTENT_TYPE, "application/json")],
        Body::from(Bytes::from_owner(json(&found))),
    )
        .into_response())
}

/// Returns the JSON, written without serde so that no copy of the key stays in memory; none of the texts needs an escape.
fn json(found: &StoredKey) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(128));
    text.push_str("{\"kid\":\"");
    text.push_str(&found.info.kid.to_string());
    text.push_str("\",\"key\":\"");
    STANDARD.encode_string(found.key.as_bytes(), &mut text);
    text.push_str("\",\"scheme\":\"");
    text.push_str(found.info.mode.usual_scheme().name());
    text.push_str("\"}");
    text
}
