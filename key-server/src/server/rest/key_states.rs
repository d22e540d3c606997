// SPDX-License-Identifier: MPL-2.0
//! `/keys/{kid}/retire` and `/keys/{kid}/compromise`: end the use of a key.

use axum::Json;
use cenc_types::KeyId;
use content_key_store::KeyState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, ManageKeys};
use super::keys::{KeyDetail, detail};
use super::path::Kid;
use crate::server::app::App;
use crate::server::problem_details::Problem;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(retire))
        .routes(routes!(compromise))
}

/// Retire a key
///
/// It protects no new content; licence servers keep it. Repeating the request changes nothing. Requires the role key-admin.
#[utoipa::path(post, path = "/keys/{kid}/retire", tag = "keys", params(("kid" = String, Path, description = "In any notation; `/` as `%2F`.")),
    responses((status = 200, body = KeyDetail)))]
async fn retire(caller: Caller<ManageKeys>, Kid(kid): Kid) -> Result<Json<KeyDetail>, Problem> {
    advance(&caller, kid, KeyState::Retired).await
}

/// Report a key as compromised
///
/// It protects no new content, and licence servers do not get it any more. This cannot be undone. Repeating the request changes nothing.
/// Requires the role key-admin.
#[utoipa::path(post, path = "/keys/{kid}/compromise", tag = "keys", params(("kid" = String, Path, description = "In any notation; `/` as `%2F`.")),
    responses((status = 200, body = KeyDetail)))]
async fn compromise(caller: Caller<ManageKeys>, Kid(kid): Kid) -> Result<Json<KeyDetail>, Problem> {
    advance(&caller, kid, KeyState::Compromised).await
}

/// Moves a key to a state, unless it is there already or beyond.
async fn advance(
    caller: &Caller<ManageKeys>,
    kid: KeyId,
    state: KeyState,
) -> Result<Json<KeyDetail>, Problem> {
    caller
        .with_store(move |store| {
            if store.info(&kid)?.state < state {
                store.set_state(&kid, state)?;
            }
            detail(store, store.info(&kid)?)
        })
        .await
        .map(Json)
}
