// SPDX-License-Identifier: MPL-2.0
//! `/keys/{kid}/value`: one key for a licence server.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use gstplayready::cenc::KeyId;
use gstplayready::keys::store::StoredKey;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use crate::serve::app::App;
use crate::serve::auth::{Client, Permission};
use crate::serve::problem::Problem;

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
    scheme: String,
}

/// Fetch a key for a licence server
///
/// The audit says who fetched it. Takes the role license-server.
#[utoipa::path(get, path = "/keys/{kid}/value", tag = "keys", params(("kid" = String, Path, description = "A UUID.")),
    responses((status = 200, body = KeyValue)))]
async fn value(
    State(app): State<App>,
    client: Client,
    Path(kid): Path<String>,
) -> Result<Response, Problem> {
    client.needs(Permission::License)?;
    let kid: KeyId = kid.parse().map_err(|_| {
        let detail = "the key id in the path is no UUID other than zero";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    })?;
    let found = app.ask(|batcher, answer| batcher.key(client.name(), kid, answer));
    let found = found.await?;
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
