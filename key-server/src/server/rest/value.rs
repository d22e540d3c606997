// SPDX-License-Identifier: MPL-2.0
//! `/keys/{kid}/value`: one key for a licence server.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use content_key_store::{Batcher, StoredKey};
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

/// A key in clear, and what it is used for.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the document's: the answer is written by hand")]
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
/// The audit says who fetched it. Takes the role license-server.
#[utoipa::path(get, path = "/keys/{kid}/value", tag = "keys", params(("kid" = String, Path, description = "In any notation; `/` as `%2F`.")),
    responses((status = 200, body = KeyValue)))]
async fn value(caller: Caller<License>, Kid(kid): Kid) -> Result<Response, Problem> {
    let ask = |batcher: &Batcher, answer| batcher.key(caller.name(), kid, answer);
    let found = caller.app.with_batcher(ask).await?;
    let kind = HeaderValue::from_static("application/json");
    let body = Body::from(Bytes::from_owner(json(&found)));
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

/// Written by hand, so that no copy of the key is left behind; none of the texts needs an escape.
fn json(found: &StoredKey) -> Zeroizing<String> {
    let scheme = found.info.mode.usual_scheme();
    let mut text = Zeroizing::new(String::with_capacity(128));
    text.push_str("{\"kid\":\"");
    text.push_str(&found.info.kid.to_string());
    text.push_str("\",\"key\":\"");
    STANDARD.encode_string(found.key.as_bytes(), &mut text);
    text.push_str("\",\"scheme\":\"");
    text.push_str(scheme.name());
    text.push_str("\"}");
    text
}
